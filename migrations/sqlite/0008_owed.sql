-- What is owed: an order's amount is what is due now or was paid and stays so; a line keeps the shipping terms that it was
-- placed with. Lines that were placed before have the terms that their products have today, once and for all: they are kept
-- beside the product, and no later change of it reaches them.

ALTER TABLE tb_pd_gds ADD COLUMN kept_dlv_fee INTEGER; -- 보존개별배송비: shipping fee of the product alone when lines began to keep their own, won; that of older lines
ALTER TABLE tb_pd_gds ADD COLUMN kept_bndl_yn INTEGER NOT NULL DEFAULT 0 CHECK (kept_bndl_yn IN (0, 1)); -- 보존합포장여부: might be bundled then
ALTER TABLE tb_pd_gds ADD COLUMN kept_free_dlv_yn INTEGER NOT NULL DEFAULT 0 CHECK (kept_free_dlv_yn IN (0, 1)); -- 보존무료배송여부: shipped free then
UPDATE tb_pd_gds SET kept_dlv_fee = dlv_fee, kept_bndl_yn = bndl_yn, kept_free_dlv_yn = free_dlv_yn;

ALTER TABLE tb_od_ord_gds ADD COLUMN indv_dlv_fee INTEGER; -- 개별배송비: shipping fee of the goods alone at order time, won; empty: a gift, or placed before it was kept
ALTER TABLE tb_od_ord_gds ADD COLUMN bndl_yn INTEGER NOT NULL DEFAULT 0 CHECK (bndl_yn IN (0, 1)); -- 합포장여부: might be bundled at order time
ALTER TABLE tb_od_ord_gds ADD COLUMN free_dlv_yn INTEGER NOT NULL DEFAULT 0 CHECK (free_dlv_yn IN (0, 1)); -- 무료배송여부: shipped free at order time

ALTER TABLE tb_od_ord ADD COLUMN due_amt INTEGER NOT NULL DEFAULT 0; -- 미결제금액: what is to be paid now, won

-- a placement that failed never was
UPDATE tb_od_ord SET ord_amt = 0
WHERE ord_stat_cd = 'OUT_OF_STOCK' AND NOT EXISTS (SELECT 1 FROM tb_od_ord_gds AS g WHERE g.ord_id = tb_od_ord.ord_id);

UPDATE tb_od_ord SET
    dlv_fee_amt = (SELECT coalesce(sum(f.fee_amt - f.rfnd_fee_amt), 0) FROM tb_od_dlv_fee AS f
        WHERE f.ord_id = tb_od_ord.ord_id AND f.fee_knd_cd <> 'RETURN'),
    ord_amt = CASE WHEN ord_stat_cd IN ('PAYMENT_EXPIRED', 'PAYMENT_CANCELLED') THEN 0 ELSE
        (SELECT coalesce(sum(g.pay_amt), 0) FROM tb_od_ord_gds AS g WHERE g.ord_id = tb_od_ord.ord_id)
        + (SELECT coalesce(sum(f.fee_amt - f.rfnd_fee_amt), 0) FROM tb_od_dlv_fee AS f
            WHERE f.ord_id = tb_od_ord.ord_id AND f.fee_knd_cd <> 'RETURN')
        - (SELECT coalesce(sum(c.cncl_amt), 0) FROM tb_od_cncl AS c WHERE c.ord_id = tb_od_ord.ord_id)
        - (SELECT coalesce(sum(r.rtn_amt), 0) FROM tb_od_rtn AS r
            WHERE r.ord_id = tb_od_ord.ord_id AND r.rtn_stat_cd NOT IN ('REJECTED', 'WITHDRAWN')) END
WHERE EXISTS (SELECT 1 FROM tb_od_ord_gds AS g WHERE g.ord_id = tb_od_ord.ord_id);

UPDATE tb_od_ord SET due_amt = CASE WHEN ord_stat_cd = 'PAYMENT_PENDING' THEN ord_amt ELSE
    (SELECT coalesce(sum(f.fee_amt - f.rfnd_fee_amt), 0) FROM tb_od_dlv_fee AS f
        WHERE f.ord_id = tb_od_ord.ord_id AND f.fee_knd_cd <> 'RETURN' AND f.unpd_yn = 1) END;

-- a deadline is for what is unpaid
UPDATE tb_od_ord SET pay_ddln_dttm = NULL
WHERE pay_ddln_dttm IS NOT NULL AND ord_stat_cd NOT IN ('PAYMENT_PENDING', 'PAYMENT_EXPIRED', 'PAYMENT_CANCELLED');

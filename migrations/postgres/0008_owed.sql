-- What is owed: an order's amount is what is due now or was paid and stays so; a line keeps the shipping terms that it was
-- placed with. Lines that were placed before have the terms that their products have today, once and for all: they are kept
-- beside the product, and no later change of it reaches them.

ALTER TABLE tb_pd_gds
    ADD COLUMN kept_dlv_fee bigint,
    ADD COLUMN kept_bndl_yn boolean NOT NULL DEFAULT false,
    ADD COLUMN kept_free_dlv_yn boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tb_pd_gds.kept_dlv_fee IS '보존개별배송비: shipping fee of the product alone when lines began to keep their own, won; that of older lines';
COMMENT ON COLUMN tb_pd_gds.kept_bndl_yn IS '보존합포장여부: might be bundled then';
COMMENT ON COLUMN tb_pd_gds.kept_free_dlv_yn IS '보존무료배송여부: shipped free then';
UPDATE tb_pd_gds SET kept_dlv_fee = dlv_fee, kept_bndl_yn = bndl_yn, kept_free_dlv_yn = free_dlv_yn;

ALTER TABLE tb_od_ord_gds
    ADD COLUMN indv_dlv_fee bigint,
    ADD COLUMN bndl_yn boolean NOT NULL DEFAULT false,
    ADD COLUMN free_dlv_yn boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tb_od_ord_gds.indv_dlv_fee IS '개별배송비: shipping fee of the goods alone at order time, won; empty: a gift, or placed before it was kept';
COMMENT ON COLUMN tb_od_ord_gds.bndl_yn IS '합포장여부: might be bundled at order time';
COMMENT ON COLUMN tb_od_ord_gds.free_dlv_yn IS '무료배송여부: shipped free at order time';

ALTER TABLE tb_od_ord ADD COLUMN due_amt bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN tb_od_ord.due_amt IS '미결제금액: what is to be paid now, won';
COMMENT ON COLUMN tb_od_ord.ord_amt IS '주문금액: what is due now, or was paid and stays so, won';
COMMENT ON COLUMN tb_od_ord.gds_amt IS '상품금액: total of the goods as they were ordered, won';
COMMENT ON COLUMN tb_od_ord.dscnt_amt IS '할인금액: discount of the goods as they were ordered, won';
COMMENT ON COLUMN tb_od_ord.dlv_fee_amt IS '배송비금액: total of the shipping fees that stand, won';
COMMENT ON COLUMN tb_od_ord.pay_ddln_dttm IS '결제기한일시: payment deadline, of what is or stayed unpaid';

-- a placement that failed never was
UPDATE tb_od_ord AS o SET ord_amt = 0
WHERE o.ord_stat_cd = 'OUT_OF_STOCK' AND NOT EXISTS (SELECT FROM tb_od_ord_gds AS g WHERE g.ord_id = o.ord_id);

WITH fee AS (
    SELECT ord_id, sum(fee_amt - rfnd_fee_amt)::bigint AS stands FROM tb_od_dlv_fee WHERE fee_knd_cd <> 'RETURN' GROUP BY ord_id
), cut AS (
    SELECT ord_id, sum(cncl_amt)::bigint AS gone FROM tb_od_cncl GROUP BY ord_id
), rtn AS (
    SELECT ord_id, sum(rtn_amt)::bigint AS gone FROM tb_od_rtn WHERE rtn_stat_cd NOT IN ('REJECTED', 'WITHDRAWN') GROUP BY ord_id
), amt AS (
    SELECT g.ord_id, g.bought, coalesce(fee.stands, 0) AS stands, coalesce(cut.gone, 0) + coalesce(rtn.gone, 0) AS gone
    FROM (SELECT ord_id, sum(pay_amt)::bigint AS bought FROM tb_od_ord_gds GROUP BY ord_id) AS g
    LEFT JOIN fee USING (ord_id) LEFT JOIN cut USING (ord_id) LEFT JOIN rtn USING (ord_id)
)
UPDATE tb_od_ord AS o SET
    dlv_fee_amt = amt.stands,
    ord_amt = CASE WHEN o.ord_stat_cd IN ('PAYMENT_EXPIRED', 'PAYMENT_CANCELLED') THEN 0
        ELSE amt.bought + amt.stands - amt.gone END
FROM amt WHERE amt.ord_id = o.ord_id;

UPDATE tb_od_ord SET due_amt = ord_amt WHERE ord_stat_cd = 'PAYMENT_PENDING';
UPDATE tb_od_ord AS o SET due_amt = f.due
FROM (SELECT ord_id, sum(fee_amt - rfnd_fee_amt)::bigint AS due FROM tb_od_dlv_fee
    WHERE unpd_yn AND fee_knd_cd <> 'RETURN' GROUP BY ord_id) AS f
WHERE f.ord_id = o.ord_id AND o.ord_stat_cd <> 'PAYMENT_PENDING' AND f.due > 0;

-- a deadline is for what is unpaid
UPDATE tb_od_ord SET pay_ddln_dttm = NULL
WHERE pay_ddln_dttm IS NOT NULL AND ord_stat_cd NOT IN ('PAYMENT_PENDING', 'PAYMENT_EXPIRED', 'PAYMENT_CANCELLED');

-- Whom a partner sells to: nobody buys from it by purchase_from_partner before it has said so.

CREATE TABLE tb_pt_ptnr_byr (
    ptnr_id text COLLATE "C" NOT NULL,
    byr_id text COLLATE "C" NOT NULL,
    alw_yn boolean NOT NULL,
    chg_dttm timestamptz NOT NULL,
    PRIMARY KEY (ptnr_id, byr_id)
);
COMMENT ON TABLE tb_pt_ptnr_byr IS '협력사구매허용: whether a partner sells to a seller, which may then buy from it';
COMMENT ON COLUMN tb_pt_ptnr_byr.ptnr_id IS '협력사ID: partner id: who sells';
COMMENT ON COLUMN tb_pt_ptnr_byr.byr_id IS '구매협력사ID: who may buy, a partner id too';
COMMENT ON COLUMN tb_pt_ptnr_byr.alw_yn IS '허용여부: whether it may';
COMMENT ON COLUMN tb_pt_ptnr_byr.chg_dttm IS '변경일시: last said';

-- who has bought from a partner before goes on: an upgrade stops no business
INSERT INTO tb_pt_ptnr_byr (ptnr_id, byr_id, alw_yn, chg_dttm)
SELECT l.ptnr_id, o.cust_id, true, max(l.lnk_dttm)
FROM tb_od_lnk AS l
JOIN tb_od_ord AS o ON o.ord_id = l.chld_ord_id AND o.prnt_ord_id = l.prnt_ord_id
JOIN tb_pt_ptnr AS p ON p.ptnr_id = l.ptnr_id
WHERE l.lnk_knd_cd = 'PURCHASE' AND l.lnk_stat_cd <> 'REFUSED'
GROUP BY l.ptnr_id, o.cust_id;

COMMENT ON COLUMN tb_sy_adit.adit_knd_cd IS '감사종류코드: FORCED_DELIVERY, GIFT_ADDED, REFUND_TRANSFERRED, STOCK_LOSS, PROCUREMENT_CANCELLED, FAULT_CORRECTED, INSPECTION, COLLECTION_WAIVED, WRITTEN_OFF, EARLY_REFUND, GIFTS_WAIVED, PURCHASE_UNASKED';

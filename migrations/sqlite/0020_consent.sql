-- Whom a partner sells to: nobody buys from it by purchase_from_partner before it has said so.

CREATE TABLE tb_pt_ptnr_byr (
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id: who sells
    byr_id TEXT NOT NULL, -- 구매협력사ID: who may buy, a partner id too
    alw_yn INTEGER NOT NULL, -- 허용여부: whether it may
    chg_dttm INTEGER NOT NULL, -- 변경일시: last said
    PRIMARY KEY (ptnr_id, byr_id)
);

-- who has bought from a partner before goes on: an upgrade stops no business
INSERT INTO tb_pt_ptnr_byr (ptnr_id, byr_id, alw_yn, chg_dttm)
SELECT l.ptnr_id, o.cust_id, 1, max(l.lnk_dttm)
FROM tb_od_lnk AS l
JOIN tb_od_ord AS o ON o.ord_id = l.chld_ord_id AND o.prnt_ord_id = l.prnt_ord_id
JOIN tb_pt_ptnr AS p ON p.ptnr_id = l.ptnr_id
WHERE l.lnk_knd_cd = 'PURCHASE' AND l.lnk_stat_cd <> 'REFUSED'
GROUP BY l.ptnr_id, o.cust_id;

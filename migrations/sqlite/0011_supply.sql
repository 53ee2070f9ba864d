-- Procurement by several sources, delivery by other means than parcels, partners who buy, installers' own work.

ALTER TABLE tb_od_ord_gds ADD COLUMN ship_dttm INTEGER; -- 출고일시: when it left
ALTER TABLE tb_od_ord_gds ADD COLUMN dlv_mthd_cd TEXT CHECK (dlv_mthd_cd IN ('PARCEL', 'OWN', 'QUICK', 'PICKUP')); -- 배송방법코드: PARCEL, OWN, QUICK, PICKUP; nothing before it is shipped
ALTER TABLE tb_od_ord_gds ADD COLUMN stck_jdg_dttm INTEGER; -- 재고판정일시: when its stock was last looked at
ALTER TABLE tb_od_ord_gds ADD COLUMN auto_cnfm_dttm INTEGER; -- 자동구매확정일시: when it is confirmed by itself, unless a claim or an installation is open then
-- what left before this migration left by parcel, when its history says so
UPDATE tb_od_ord_gds SET ship_dttm = s.left_at, dlv_mthd_cd = 'PARCEL'
FROM (
    SELECT h.ord_id AS ord_id, line.value AS ord_seq, max(h.hist_dttm) AS left_at
    FROM tb_od_ord_hist h, json_each(h.evnt, '$.lines') AS line
    WHERE h.evnt_typ_cd = 'shipped'
    GROUP BY h.ord_id, line.value
) AS s
WHERE tb_od_ord_gds.ord_id = s.ord_id AND tb_od_ord_gds.ord_seq = s.ord_seq;

ALTER TABLE tb_od_wybl ADD COLUMN carr_nm TEXT; -- 배송사명: name of the carrier, where it was said or is known

-- 연결주문: an order that another one had made: a purchase order (매입주문) or an installation order (설치주문); made anew,
-- because a check can't be changed here
CREATE TABLE tb_od_lnk_new (
    prnt_ord_id TEXT NOT NULL, -- 상위주문ID: parent order id
    chld_ord_id TEXT NOT NULL, -- 하위주문ID: linked order id
    lnk_knd_cd TEXT NOT NULL, -- 연결종류코드: PURCHASE or INSTALLATION
    lnk_stat_cd TEXT NOT NULL, -- 연결상태코드: ASKED, OPEN, DONE, SHIPPED, ENDED, REFUSED, CANCELLED
    prnt_prtn_no INTEGER NOT NULL, -- 상위파티션번호: partition of the parent
    chld_prtn_no INTEGER NOT NULL, -- 하위파티션번호: partition of the linked order
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    lnk_seqs TEXT NOT NULL, -- 연결주문순번: line numbers of the parent, in the order of the linked order
    lnk_dttm INTEGER NOT NULL, -- 연결일시: asked at
    end_dttm INTEGER, -- 종료일시: ended, refused or cancelled at
    PRIMARY KEY (prnt_ord_id, chld_ord_id),
    CONSTRAINT tb_od_lnk_lnk_knd_cd_ck CHECK (lnk_knd_cd IN ('PURCHASE', 'INSTALLATION')),
    CONSTRAINT tb_od_lnk_lnk_stat_cd_ck CHECK (lnk_stat_cd IN ('ASKED', 'OPEN', 'DONE', 'SHIPPED', 'ENDED', 'REFUSED', 'CANCELLED')),
    CONSTRAINT tb_od_lnk_self_ck CHECK (prnt_ord_id <> chld_ord_id)
) STRICT;
INSERT INTO tb_od_lnk_new (prnt_ord_id, chld_ord_id, lnk_knd_cd, lnk_stat_cd, prnt_prtn_no, chld_prtn_no, ptnr_id, lnk_seqs, lnk_dttm, end_dttm)
SELECT prnt_ord_id, chld_ord_id, lnk_knd_cd, lnk_stat_cd, prnt_prtn_no, chld_prtn_no, ptnr_id, lnk_seqs, lnk_dttm, end_dttm FROM tb_od_lnk;
DROP TABLE tb_od_lnk;
ALTER TABLE tb_od_lnk_new RENAME TO tb_od_lnk;
-- a linked order finds its parent; who gets an id is decided where it is placed
CREATE INDEX tb_od_lnk_chld ON tb_od_lnk (chld_ord_id);
-- what was asked of a partner
CREATE INDEX tb_od_lnk_ptnr ON tb_od_lnk (ptnr_id);

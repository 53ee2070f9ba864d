-- Procurement by several sources, delivery by other means than parcels, partners who buy, installers' own work.

ALTER TABLE tb_od_ord_gds ADD COLUMN ship_dttm timestamptz;
ALTER TABLE tb_od_ord_gds ADD COLUMN dlv_mthd_cd text;
ALTER TABLE tb_od_ord_gds ADD COLUMN stck_jdg_dttm timestamptz;
ALTER TABLE tb_od_ord_gds ADD COLUMN auto_cnfm_dttm timestamptz;
COMMENT ON COLUMN tb_od_ord_gds.ship_dttm IS '출고일시: when it left';
COMMENT ON COLUMN tb_od_ord_gds.dlv_mthd_cd IS '배송방법코드: PARCEL, OWN, QUICK, PICKUP; nothing before it is shipped';
COMMENT ON COLUMN tb_od_ord_gds.stck_jdg_dttm IS '재고판정일시: when its stock was last looked at';
COMMENT ON COLUMN tb_od_ord_gds.auto_cnfm_dttm IS '자동구매확정일시: when it is confirmed by itself, unless a claim or an installation is open then';
ALTER TABLE tb_od_ord_gds ADD CONSTRAINT tb_od_ord_gds_dlv_mthd_cd_ck CHECK (dlv_mthd_cd IN ('PARCEL', 'OWN', 'QUICK', 'PICKUP'));
-- what left before this migration left by parcel, when its history says so
UPDATE tb_od_ord_gds g SET ship_dttm = s.left_at, dlv_mthd_cd = 'PARCEL'
FROM (
    SELECT h.ord_id, line.no::bigint AS ord_seq, max(h.hist_dttm) AS left_at
    FROM tb_od_ord_hist h CROSS JOIN LATERAL json_array_elements_text(h.evnt::json -> 'lines') AS line(no)
    WHERE h.evnt_typ_cd = 'shipped'
    GROUP BY h.ord_id, line.no
) s
WHERE g.ord_id = s.ord_id AND g.ord_seq = s.ord_seq;

ALTER TABLE tb_od_wybl ADD COLUMN carr_nm text;
COMMENT ON COLUMN tb_od_wybl.carr_nm IS '배송사명: name of the carrier, where it was said or is known';

ALTER TABLE tb_od_lnk DROP CONSTRAINT tb_od_lnk_lnk_stat_cd_ck;
ALTER TABLE tb_od_lnk ADD CONSTRAINT tb_od_lnk_lnk_stat_cd_ck CHECK (lnk_stat_cd IN ('ASKED', 'OPEN', 'DONE', 'SHIPPED', 'ENDED', 'REFUSED', 'CANCELLED'));
COMMENT ON COLUMN tb_od_lnk.lnk_stat_cd IS '연결상태코드: ASKED, OPEN, DONE, SHIPPED, ENDED, REFUSED, CANCELLED';

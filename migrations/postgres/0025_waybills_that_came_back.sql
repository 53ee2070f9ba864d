-- A parcel that came back undelivered has nothing on its waybill any more.

ALTER TABLE tb_od_wybl DROP CONSTRAINT tb_od_wybl_wybl_qty_ck;
ALTER TABLE tb_od_wybl ADD CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 0);
COMMENT ON COLUMN tb_od_wybl.wybl_qty IS '운송장수량: quantity on this waybill; 0: its parcel came back undelivered';
COMMENT ON COLUMN tb_od_wybl_arch.wybl_qty IS '운송장수량: quantity on this waybill; 0: its parcel came back undelivered';

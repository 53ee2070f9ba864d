-- A parcel that came back undelivered has nothing on its waybill any more.

-- 운송장: a waybill: a line may have several; made anew, because a check can't be changed here
CREATE TABLE tb_od_wybl_new (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    carr_cd TEXT NOT NULL, -- 배송사코드: carrier code
    wybl_no TEXT NOT NULL, -- 운송장번호: waybill number
    wybl_qty INTEGER NOT NULL, -- 운송장수량: quantity on this waybill; 0: its parcel came back undelivered
    reg_dttm INTEGER NOT NULL, -- 등록일시: registered at
    chg_dttm INTEGER, -- 변경일시: quantity changed at
    dlv_cmpl_dttm INTEGER, -- 배송완료일시: delivered at
    carr_nm TEXT, -- 배송사명: name of the carrier, where it was said or is known
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no),
    CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 0)
) STRICT;
INSERT INTO tb_od_wybl_new (ord_id, ord_seq, carr_cd, wybl_no, wybl_qty, reg_dttm, chg_dttm, dlv_cmpl_dttm, carr_nm)
SELECT ord_id, ord_seq, carr_cd, wybl_no, wybl_qty, reg_dttm, chg_dttm, dlv_cmpl_dttm, carr_nm FROM tb_od_wybl;
DROP TABLE tb_od_wybl;
ALTER TABLE tb_od_wybl_new RENAME TO tb_od_wybl;
-- a carrier reports by its number
CREATE INDEX tb_od_wybl_no ON tb_od_wybl (carr_cd, wybl_no);

-- 교환검수: what an inspection of exchanged goods comes to.
ALTER TABLE tb_od_exch ADD COLUMN rjct_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_exch ADD COLUMN keep_amt bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN tb_od_exch.rjct_qty IS '반송수량: went back to the buyer after inspection';
COMMENT ON COLUMN tb_od_exch.keep_amt IS '검수차감금액: kept back by inspection, won; owed by the buyer as a fee of its own';
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_rjct_qty_ck CHECK (rjct_qty >= 0);
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_keep_amt_ck CHECK (keep_amt >= 0);
COMMENT ON COLUMN tb_od_dlv_fee.fee_knd_cd IS '배송비종류코드: ORDER, SURCHARGE (islands and Jeju), RETURN, EXCHANGE, UNRETURNED (goods that never came back) or DAMAGED (exchanged goods that came back worth less)';

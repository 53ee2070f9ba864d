-- 교환검수: what an inspection of exchanged goods comes to.
ALTER TABLE tb_od_exch ADD COLUMN rjct_qty INTEGER NOT NULL DEFAULT 0 CONSTRAINT tb_od_exch_rjct_qty_ck CHECK (rjct_qty >= 0); -- 반송수량: went back to the buyer after inspection
ALTER TABLE tb_od_exch ADD COLUMN keep_amt INTEGER NOT NULL DEFAULT 0 CONSTRAINT tb_od_exch_keep_amt_ck CHECK (keep_amt >= 0); -- 검수차감금액: kept back by inspection, won; owed by the buyer as a fee of its own

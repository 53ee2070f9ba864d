-- Claims: returns that come short or are inspected with consequences, exchanged goods that come back, exchanges withdrawn.

ALTER TABLE tb_od_rtn ADD COLUMN rjct_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_rtn ADD COLUMN wdrw_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_rtn ADD COLUMN wrof_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_rtn ADD COLUMN keep_amt bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_rtn ALTER COLUMN rjct_qty DROP DEFAULT;
ALTER TABLE tb_od_rtn ALTER COLUMN wdrw_qty DROP DEFAULT;
ALTER TABLE tb_od_rtn ALTER COLUMN wrof_qty DROP DEFAULT;
ALTER TABLE tb_od_rtn ALTER COLUMN keep_amt DROP DEFAULT;
-- of a line that the buyer kept after all nothing is left in the return
ALTER TABLE tb_od_rtn DROP CONSTRAINT tb_od_rtn_rtn_qty_ck;
ALTER TABLE tb_od_rtn ADD CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 0 AND rtn_qty + rjct_qty + wdrw_qty >= 1);
ALTER TABLE tb_od_rtn DROP CONSTRAINT tb_od_rtn_clct_ck;
ALTER TABLE tb_od_rtn ADD CONSTRAINT tb_od_rtn_clct_ck CHECK (rtn_stat_cd <> 'COMPLETED' OR clct_qty + wrof_qty = rtn_qty OR NOT clct_need_yn);
ALTER TABLE tb_od_rtn ADD CONSTRAINT tb_od_rtn_left_ck CHECK (rjct_qty >= 0 AND wdrw_qty >= 0 AND wrof_qty >= 0 AND clct_qty + wrof_qty <= rtn_qty);
ALTER TABLE tb_od_rtn ADD CONSTRAINT tb_od_rtn_keep_amt_ck CHECK (keep_amt >= 0 AND keep_amt <= rtn_amt);
COMMENT ON COLUMN tb_od_rtn.rtn_qty IS '반품수량: returned quantity; what went back to the buyer, or stayed there, is not in it';
COMMENT ON COLUMN tb_od_rtn.excl_amt IS '환불제외금액: kept back of the whole group, won: fees, inspection, debts set off; on its first line';
COMMENT ON COLUMN tb_od_rtn.rjct_qty IS '반송수량: sent back to the buyer after inspection';
COMMENT ON COLUMN tb_od_rtn.wdrw_qty IS '철회수량: still out, and withdrawn: it stays with the buyer';
COMMENT ON COLUMN tb_od_rtn.wrof_qty IS '손실수량: never came, though its money went; written off';
COMMENT ON COLUMN tb_od_rtn.keep_amt IS '검수차감금액: kept back by inspection, won';

ALTER TABLE tb_od_exch ADD COLUMN clct_stat_cd text;
ALTER TABLE tb_od_exch ADD COLUMN clct_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_exch ADD COLUMN gvup_qty bigint NOT NULL DEFAULT 0;
ALTER TABLE tb_od_exch ADD COLUMN sell_qty bigint;
ALTER TABLE tb_od_exch ADD COLUMN dlv_fee_no bigint;
ALTER TABLE tb_od_exch ALTER COLUMN clct_qty DROP DEFAULT;
ALTER TABLE tb_od_exch ALTER COLUMN gvup_qty DROP DEFAULT;
ALTER TABLE tb_od_exch DROP CONSTRAINT tb_od_exch_exch_stat_cd_ck;
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_exch_stat_cd_ck CHECK (exch_stat_cd IN ('REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'FAILED', 'WITHDRAWN'));
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_clct_stat_cd_ck CHECK (clct_stat_cd IN ('DUE', 'COLLECTED', 'INSPECTED', 'WAIVED', 'WRITTEN_OFF', 'MOVED'));
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_clct_qty_ck CHECK (clct_qty >= 0 AND gvup_qty >= 0 AND clct_qty + gvup_qty <= exch_qty);
ALTER TABLE tb_od_exch ADD CONSTRAINT tb_od_exch_sell_qty_ck CHECK (sell_qty >= 0 AND sell_qty <= clct_qty);
COMMENT ON COLUMN tb_od_exch.exch_stat_cd IS '교환상태코드: REQUESTED, APPROVED, COMPLETED, REJECTED, FAILED, WITHDRAWN';
COMMENT ON COLUMN tb_od_exch.clct_stat_cd IS '회수상태코드: of exchanged goods that are to come back: DUE, COLLECTED, INSPECTED, WAIVED, WRITTEN_OFF, MOVED (to the return of a failed exchange)';
COMMENT ON COLUMN tb_od_exch.clct_qty IS '회수수량: quantity of the exchanged goods collected';
COMMENT ON COLUMN tb_od_exch.gvup_qty IS '회수포기수량: waived or written off';
COMMENT ON COLUMN tb_od_exch.sell_qty IS '재판매가능수량: sellable after inspection';
COMMENT ON COLUMN tb_od_exch.dlv_fee_no IS '배송비번호: number of the row of the exchange fee';

COMMENT ON COLUMN tb_od_dlv_fee.fee_knd_cd IS '배송비종류코드: ORDER, SURCHARGE (islands and Jeju), RETURN, EXCHANGE or UNRETURNED (goods that never came back)';

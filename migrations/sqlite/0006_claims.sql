-- Claims: returns that come short or are inspected with consequences, exchanged goods that come back, exchanges withdrawn.
-- SQLite changes no CHECK: the two tables are made anew.

-- 반품: a return: one row a line and return group
CREATE TABLE tb_od_rtn_new (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    rtn_grp_no INTEGER NOT NULL, -- 반품그룹번호: return group number; returns and exchanges share one count
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    rtn_qty INTEGER NOT NULL, -- 반품수량: returned quantity; what went back to the buyer, or stayed there, is not in it
    clct_qty INTEGER NOT NULL, -- 회수수량: quantity collected
    sell_qty INTEGER, -- 재판매가능수량: sellable after inspection
    rtn_amt INTEGER NOT NULL, -- 반품금액: what the units were paid, won
    excl_amt INTEGER NOT NULL, -- 환불제외금액: kept back of the whole group, won: fees, inspection, debts set off; on its first line
    rtn_stat_cd TEXT NOT NULL, -- 반품상태코드: REQUESTED, APPROVED, COLLECTED, COMPLETED, REJECTED, WITHDRAWN
    rtn_rsn_cd TEXT NOT NULL, -- 반품사유코드: return reason code
    falt_cd TEXT NOT NULL, -- 귀책코드: at fault: BUYER, SELLER or INSTALLATION
    rfnd_tmng_cd TEXT NOT NULL, -- 환불구분코드: refund timing code: BEFORE or AFTER collection
    ship_yn INTEGER NOT NULL CHECK (ship_yn IN (0, 1)), -- 출고여부: had left the warehouse
    clct_need_yn INTEGER NOT NULL CHECK (clct_need_yn IN (0, 1)), -- 회수필요여부: the goods must come back
    exch_grp_no INTEGER, -- 교환그룹번호: the exchange that it ends
    acpt_dttm INTEGER NOT NULL, -- 접수일시: requested at
    aprv_rslt_dttm INTEGER, -- 승인처리일시: approved, rejected or withdrawn at
    clct_dttm INTEGER, -- 회수확정일시: collection confirmed at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    rjct_qty INTEGER NOT NULL, -- 반송수량: sent back to the buyer after inspection
    wdrw_qty INTEGER NOT NULL, -- 철회수량: still out, and withdrawn: it stays with the buyer
    wrof_qty INTEGER NOT NULL, -- 손실수량: never came, though its money went; written off
    keep_amt INTEGER NOT NULL, -- 검수차감금액: kept back by inspection, won
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq),
    CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 0 AND rtn_qty + rjct_qty + wdrw_qty >= 1),
    CONSTRAINT tb_od_rtn_clct_qty_ck CHECK (clct_qty >= 0 AND clct_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_sell_qty_ck CHECK (sell_qty >= 0 AND sell_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_amt_ck CHECK (rtn_amt >= 0 AND excl_amt >= 0),
    CONSTRAINT tb_od_rtn_rtn_stat_cd_ck CHECK (rtn_stat_cd IN ('REQUESTED', 'APPROVED', 'COLLECTED', 'COMPLETED', 'REJECTED', 'WITHDRAWN')),
    CONSTRAINT tb_od_rtn_falt_cd_ck CHECK (falt_cd IN ('BUYER', 'SELLER', 'INSTALLATION')),
    CONSTRAINT tb_od_rtn_rfnd_tmng_cd_ck CHECK (rfnd_tmng_cd IN ('BEFORE', 'AFTER')),
    CONSTRAINT tb_od_rtn_clct_ck CHECK (rtn_stat_cd <> 'COMPLETED' OR clct_qty + wrof_qty = rtn_qty OR NOT clct_need_yn = 1),
    CONSTRAINT tb_od_rtn_left_ck CHECK (rjct_qty >= 0 AND wdrw_qty >= 0 AND wrof_qty >= 0 AND clct_qty + wrof_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_keep_amt_ck CHECK (keep_amt >= 0 AND keep_amt <= rtn_amt)
) STRICT;
INSERT INTO tb_od_rtn_new (ord_id, rtn_grp_no, ord_seq, rtn_qty, clct_qty, sell_qty, rtn_amt, excl_amt, rtn_stat_cd, rtn_rsn_cd, falt_cd, rfnd_tmng_cd, ship_yn, clct_need_yn, exch_grp_no, acpt_dttm, aprv_rslt_dttm, clct_dttm, cmpl_dttm, rjct_qty, wdrw_qty, wrof_qty, keep_amt)
SELECT ord_id, rtn_grp_no, ord_seq, rtn_qty, clct_qty, sell_qty, rtn_amt, excl_amt, rtn_stat_cd, rtn_rsn_cd, falt_cd, rfnd_tmng_cd, ship_yn, clct_need_yn, exch_grp_no, acpt_dttm, aprv_rslt_dttm, clct_dttm, cmpl_dttm, 0, 0, 0, 0 FROM tb_od_rtn;
DROP TABLE tb_od_rtn;
ALTER TABLE tb_od_rtn_new RENAME TO tb_od_rtn;

-- 교환: an exchange of units of one line
CREATE TABLE tb_od_exch_new (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    exch_grp_no INTEGER NOT NULL, -- 교환그룹번호: exchange group number; returns and exchanges share one count
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    exch_qty INTEGER NOT NULL, -- 교환수량: exchanged quantity
    ship_yn INTEGER NOT NULL CHECK (ship_yn IN (0, 1)), -- 출고여부: had left the warehouse
    exch_stat_cd TEXT NOT NULL, -- 교환상태코드: REQUESTED, APPROVED, COMPLETED, REJECTED, FAILED, WITHDRAWN
    exch_brch_cd TEXT, -- 교환방식코드: branch: PICKUP or ADD_PRODUCT
    exch_rsn_cd TEXT NOT NULL, -- 교환사유코드: exchange reason code
    falt_cd TEXT NOT NULL, -- 귀책코드: at fault: BUYER or SELLER
    want_unt_id TEXT, -- 희망단품ID: SKU that the buyer would like
    new_ord_seq INTEGER, -- 신규주문순번: line number of the product added
    move_amt INTEGER NOT NULL, -- 이전금액: what the units took to the new line, won
    acpt_dttm INTEGER NOT NULL, -- 접수일시: requested at
    aprv_rslt_dttm INTEGER, -- 승인처리일시: approved, rejected or failed at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    clct_stat_cd TEXT, -- 회수상태코드: of exchanged goods that are to come back: DUE, COLLECTED, INSPECTED, WAIVED, WRITTEN_OFF, MOVED (to the return of a failed exchange)
    clct_qty INTEGER NOT NULL, -- 회수수량: quantity of the exchanged goods collected
    gvup_qty INTEGER NOT NULL, -- 회수포기수량: waived or written off
    sell_qty INTEGER, -- 재판매가능수량: sellable after inspection
    dlv_fee_no INTEGER, -- 배송비번호: number of the row of the exchange fee
    PRIMARY KEY (ord_id, exch_grp_no),
    CONSTRAINT tb_od_exch_exch_qty_ck CHECK (exch_qty >= 1),
    CONSTRAINT tb_od_exch_move_amt_ck CHECK (move_amt >= 0),
    CONSTRAINT tb_od_exch_exch_stat_cd_ck CHECK (exch_stat_cd IN ('REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'FAILED', 'WITHDRAWN')),
    CONSTRAINT tb_od_exch_exch_brch_cd_ck CHECK (exch_brch_cd IN ('PICKUP', 'ADD_PRODUCT')),
    CONSTRAINT tb_od_exch_clct_stat_cd_ck CHECK (clct_stat_cd IN ('DUE', 'COLLECTED', 'INSPECTED', 'WAIVED', 'WRITTEN_OFF', 'MOVED')),
    CONSTRAINT tb_od_exch_clct_qty_ck CHECK (clct_qty >= 0 AND gvup_qty >= 0 AND clct_qty + gvup_qty <= exch_qty),
    CONSTRAINT tb_od_exch_sell_qty_ck CHECK (sell_qty >= 0 AND sell_qty <= clct_qty)
) STRICT;
INSERT INTO tb_od_exch_new (ord_id, exch_grp_no, ord_seq, exch_qty, ship_yn, exch_stat_cd, exch_brch_cd, exch_rsn_cd, falt_cd, want_unt_id, new_ord_seq, move_amt, acpt_dttm, aprv_rslt_dttm, cmpl_dttm, clct_stat_cd, clct_qty, gvup_qty, sell_qty, dlv_fee_no)
SELECT ord_id, exch_grp_no, ord_seq, exch_qty, ship_yn, exch_stat_cd, exch_brch_cd, exch_rsn_cd, falt_cd, want_unt_id, new_ord_seq, move_amt, acpt_dttm, aprv_rslt_dttm, cmpl_dttm, NULL, 0, 0, NULL, NULL FROM tb_od_exch;
DROP TABLE tb_od_exch;
ALTER TABLE tb_od_exch_new RENAME TO tb_od_exch;

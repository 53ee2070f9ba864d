-- The archive (보관): orders that have ended, moved whole by jumun archive, and the older rows of the stock ledgers. The tables have
-- the columns of those that their rows come from, and a suffix. They hold no personal data: that stays apart in tb_od_ord_prsn.
-- A migration that adds a column there adds it here; a test says so.
CREATE TABLE tb_od_ord_arch (LIKE tb_od_ord INCLUDING COMMENTS, PRIMARY KEY (ord_id));
COMMENT ON TABLE tb_od_ord_arch IS '주문 보관: archived rows of tb_od_ord';
CREATE TABLE tb_od_ord_gds_arch (LIKE tb_od_ord_gds INCLUDING COMMENTS, PRIMARY KEY (ord_id, ord_seq));
COMMENT ON TABLE tb_od_ord_gds_arch IS '주문상품 보관: archived rows of tb_od_ord_gds';
CREATE TABLE tb_od_ord_gft_arch (LIKE tb_od_ord_gft INCLUDING COMMENTS, PRIMARY KEY (ord_id, ord_seq));
COMMENT ON TABLE tb_od_ord_gft_arch IS '사은품근거 보관: archived rows of tb_od_ord_gft';
CREATE TABLE tb_od_stlm_arch (LIKE tb_od_stlm INCLUDING COMMENTS, PRIMARY KEY (ord_id, stlm_no));
COMMENT ON TABLE tb_od_stlm_arch IS '결제 보관: archived rows of tb_od_stlm';
CREATE TABLE tb_sc_crcd_aprv_arch (LIKE tb_sc_crcd_aprv INCLUDING COMMENTS, PRIMARY KEY (ord_id, stlm_no));
COMMENT ON TABLE tb_sc_crcd_aprv_arch IS '카드승인 보관: archived rows of tb_sc_crcd_aprv';
CREATE TABLE tb_od_rfnd_arch (LIKE tb_od_rfnd INCLUDING COMMENTS, PRIMARY KEY (rfnd_key, rfnd_seq));
COMMENT ON TABLE tb_od_rfnd_arch IS '환불 보관: archived rows of tb_od_rfnd';
CREATE TABLE tb_od_cncl_arch (LIKE tb_od_cncl INCLUDING COMMENTS, PRIMARY KEY (ord_id, cncl_grp_no, ord_seq));
COMMENT ON TABLE tb_od_cncl_arch IS '취소 보관: archived rows of tb_od_cncl';
CREATE TABLE tb_od_dlv_fee_arch (LIKE tb_od_dlv_fee INCLUDING COMMENTS, PRIMARY KEY (ord_id, dlv_fee_no));
COMMENT ON TABLE tb_od_dlv_fee_arch IS '배송비 보관: archived rows of tb_od_dlv_fee';
CREATE TABLE tb_od_dscnt_hist_arch (LIKE tb_od_dscnt_hist INCLUDING COMMENTS, PRIMARY KEY (ord_id, ord_seq, dscnt_no));
COMMENT ON TABLE tb_od_dscnt_hist_arch IS '할인이력 보관: archived rows of tb_od_dscnt_hist';
CREATE TABLE tb_od_pnt_hist_arch (LIKE tb_od_pnt_hist INCLUDING COMMENTS, PRIMARY KEY (ord_id, pnt_no));
COMMENT ON TABLE tb_od_pnt_hist_arch IS '적립금이력 보관: archived rows of tb_od_pnt_hist';
CREATE TABLE tb_od_prcr_arch (LIKE tb_od_prcr INCLUDING COMMENTS, PRIMARY KEY (ord_id, prcr_no, ord_seq));
COMMENT ON TABLE tb_od_prcr_arch IS '발주 보관: archived rows of tb_od_prcr';
CREATE TABLE tb_od_lnk_arch (LIKE tb_od_lnk INCLUDING COMMENTS, PRIMARY KEY (prnt_ord_id, chld_ord_id));
COMMENT ON TABLE tb_od_lnk_arch IS '연결주문 보관: archived rows of tb_od_lnk';
CREATE TABLE tb_od_wybl_arch (LIKE tb_od_wybl INCLUDING COMMENTS, PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no));
COMMENT ON TABLE tb_od_wybl_arch IS '운송장 보관: archived rows of tb_od_wybl';
CREATE TABLE tb_od_rtn_arch (LIKE tb_od_rtn INCLUDING COMMENTS, PRIMARY KEY (ord_id, rtn_grp_no, ord_seq));
COMMENT ON TABLE tb_od_rtn_arch IS '반품 보관: archived rows of tb_od_rtn';
CREATE TABLE tb_od_exch_arch (LIKE tb_od_exch INCLUDING COMMENTS, PRIMARY KEY (ord_id, exch_grp_no));
COMMENT ON TABLE tb_od_exch_arch IS '교환 보관: archived rows of tb_od_exch';
CREATE TABLE tb_od_rvw_arch (LIKE tb_od_rvw INCLUDING COMMENTS, PRIMARY KEY (ord_id, ord_seq));
COMMENT ON TABLE tb_od_rvw_arch IS '리뷰 보관: archived rows of tb_od_rvw';
CREATE TABLE tb_sy_adit_arch (LIKE tb_sy_adit INCLUDING COMMENTS, PRIMARY KEY (cmd_id, adit_knd_cd));
COMMENT ON TABLE tb_sy_adit_arch IS '감사이력 보관: archived rows of tb_sy_adit';
CREATE TABLE tb_sy_rsv_arch (LIKE tb_sy_rsv INCLUDING COMMENTS, PRIMARY KEY (rsv_id));
COMMENT ON TABLE tb_sy_rsv_arch IS '예약 보관: archived rows of tb_sy_rsv';
CREATE TABLE tb_od_ord_hist_arch (LIKE tb_od_ord_hist INCLUDING COMMENTS, PRIMARY KEY (ord_id, hist_no));
COMMENT ON TABLE tb_od_ord_hist_arch IS '주문이력 보관: archived rows of tb_od_ord_hist';
CREATE TABLE tb_pd_unt_ldgr_arch (LIKE tb_pd_unt_ldgr INCLUDING COMMENTS, PRIMARY KEY (unt_id, ldgr_no));
COMMENT ON TABLE tb_pd_unt_ldgr_arch IS '재고원장 보관: archived rows of tb_pd_unt_ldgr';
-- what a customer has had, and all by time; what a command's id stands for, and when it was decided
CREATE INDEX tb_od_ord_arch_cust ON tb_od_ord_arch (cust_id, rcpt_dttm);
CREATE INDEX tb_od_ord_arch_rcpt ON tb_od_ord_arch (rcpt_dttm);
CREATE UNIQUE INDEX tb_od_ord_hist_arch_cmd ON tb_od_ord_hist_arch (cmd_id, cmd_evnt_no);
CREATE INDEX tb_od_ord_hist_arch_dttm ON tb_od_ord_hist_arch USING brin (hist_dttm) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX tb_od_lnk_arch_chld ON tb_od_lnk_arch (chld_ord_id);
CREATE INDEX tb_od_rvw_arch_dttm ON tb_od_rvw_arch (rvw_dttm);
-- an order's refunds, reservations and audit are moved and looked at with it
CREATE INDEX tb_od_rfnd_arch_ord ON tb_od_rfnd_arch (ord_id);
CREATE INDEX tb_sy_rsv_arch_ord ON tb_sy_rsv_arch (ord_id);
CREATE INDEX tb_sy_adit_arch_ord ON tb_sy_adit_arch (ord_id);
CREATE INDEX tb_od_rfnd_ord ON tb_od_rfnd (ord_id);
CREATE INDEX tb_sy_rsv_ord ON tb_sy_rsv (ord_id);

CREATE TABLE tb_sy_arch (
    arch_knd_cd text NOT NULL,
    trgt_id text COLLATE "C" NOT NULL,
    frst_no bigint NOT NULL,
    last_no bigint NOT NULL,
    row_cnt bigint NOT NULL,
    row_dgst text NOT NULL,
    arch_dttm timestamptz NOT NULL,
    PRIMARY KEY (arch_knd_cd, trgt_id, frst_no)
);
COMMENT ON TABLE tb_sy_arch IS '보관목록: what was archived: an order, or a stretch of a SKU''s ledger, with the number of its rows and their digest';
COMMENT ON COLUMN tb_sy_arch.arch_knd_cd IS '보관종류코드: ORDER or LEDGER';
COMMENT ON COLUMN tb_sy_arch.trgt_id IS '대상ID: order id or SKU id';
COMMENT ON COLUMN tb_sy_arch.frst_no IS '시작번호: number of the first event or ledger row';
COMMENT ON COLUMN tb_sy_arch.last_no IS '종료번호: number of the last event or ledger row';
COMMENT ON COLUMN tb_sy_arch.row_cnt IS '행수: rows in all tables';
COMMENT ON COLUMN tb_sy_arch.row_dgst IS '행다이제스트: SHA-256 over all of the rows, hexadecimal';
COMMENT ON COLUMN tb_sy_arch.arch_dttm IS '보관일시: archived at';

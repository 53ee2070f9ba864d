-- The archive (보관): see the other database's file of this name.
-- 주문 보관: archived rows of tb_od_ord
CREATE TABLE tb_od_ord_arch (
    ord_id TEXT NOT NULL,
    prtn_no INTEGER NOT NULL,
    cust_id TEXT NOT NULL,
    ord_stat_cd TEXT NOT NULL,
    ord_ver INTEGER NOT NULL,
    rcpt_dttm INTEGER NOT NULL,
    pay_ddln_dttm INTEGER,
    due_dttm INTEGER,
    part_alw_yn INTEGER NOT NULL,
    gds_amt INTEGER NOT NULL,
    dscnt_amt INTEGER NOT NULL,
    dlv_fee_amt INTEGER NOT NULL,
    ord_amt INTEGER NOT NULL,
    prnt_ord_id TEXT,
    dstn_knd_cd TEXT,
    dstn_zone_cd TEXT,
    due_amt INTEGER NOT NULL,
    PRIMARY KEY (ord_id)
) STRICT;
-- 주문상품 보관: archived rows of tb_od_ord_gds
CREATE TABLE tb_od_ord_gds_arch (
    ord_id TEXT NOT NULL,
    ord_seq INTEGER NOT NULL,
    unt_id TEXT NOT NULL,
    gds_id TEXT NOT NULL,
    ord_stat_cd TEXT NOT NULL,
    dlv_sub_stat_cd TEXT,
    main_gds_yn INTEGER NOT NULL,
    gft_incl_yn INTEGER NOT NULL,
    gft_yn INTEGER NOT NULL,
    main_ord_seq INTEGER,
    gft_prm_id TEXT,
    gft_rsn_cd TEXT,
    org_ord_seq INTEGER,
    ord_qty INTEGER NOT NULL,
    cncl_qty INTEGER NOT NULL,
    rtn_acpt_qty INTEGER NOT NULL,
    rtn_qty INTEGER NOT NULL,
    exch_acpt_qty INTEGER NOT NULL,
    exch_qty INTEGER NOT NULL,
    dlv_qty INTEGER NOT NULL,
    hold_qty INTEGER NOT NULL,
    dduct_qty INTEGER NOT NULL,
    cmpn_id TEXT,
    stck_plcy_cd TEXT NOT NULL,
    sl_upr INTEGER NOT NULL,
    sl_tot_amt INTEGER NOT NULL,
    prm_id TEXT,
    prm_dscnt_amt INTEGER NOT NULL,
    cpn_id TEXT,
    cpn_dscnt_amt INTEGER NOT NULL,
    pay_amt INTEGER NOT NULL,
    pnt_rate_bp INTEGER NOT NULL,
    pnt_amt INTEGER NOT NULL,
    dlv_fee_no INTEGER NOT NULL,
    pre_rfnd_yn INTEGER NOT NULL,
    rfnd_tmng_cd TEXT,
    avg_lead_days INTEGER NOT NULL,
    ship_inst_dttm INTEGER,
    dlv_expt_dttm INTEGER,
    dlv_prep_dttm INTEGER,
    dlv_strt_dttm INTEGER,
    dlv_cmpl_dttm INTEGER,
    carr_dlv_cmpl_dttm INTEGER,
    rvn_dttm INTEGER,
    indv_dlv_fee INTEGER,
    bndl_yn INTEGER NOT NULL,
    free_dlv_yn INTEGER NOT NULL,
    ship_dttm INTEGER,
    dlv_mthd_cd TEXT,
    stck_jdg_dttm INTEGER,
    auto_cnfm_dttm INTEGER,
    PRIMARY KEY (ord_id, ord_seq)
) STRICT;
-- 사은품근거 보관: archived rows of tb_od_ord_gft
CREATE TABLE tb_od_ord_gft_arch (
    ord_id TEXT NOT NULL,
    ord_seq INTEGER NOT NULL,
    main_ord_seq INTEGER NOT NULL,
    gft_prm_id TEXT,
    gft_qty INTEGER NOT NULL,
    main_qty INTEGER NOT NULL,
    sld_out_cd TEXT NOT NULL,
    PRIMARY KEY (ord_id, ord_seq)
) STRICT;
-- 결제 보관: archived rows of tb_od_stlm
CREATE TABLE tb_od_stlm_arch (
    ord_id TEXT NOT NULL,
    stlm_no INTEGER NOT NULL,
    pay_grp_no INTEGER NOT NULL,
    pay_mns_cd TEXT NOT NULL,
    pay_mns_rel_id TEXT,
    expt_amt INTEGER NOT NULL,
    pay_amt INTEGER NOT NULL,
    rfnd_psbl_amt INTEGER NOT NULL,
    rfnd_plan_amt INTEGER NOT NULL,
    rfnd_excl_amt INTEGER NOT NULL,
    rfnd_amt INTEGER NOT NULL,
    pay_dttm INTEGER,
    PRIMARY KEY (ord_id, stlm_no)
) STRICT;
-- 카드승인 보관: archived rows of tb_sc_crcd_aprv
CREATE TABLE tb_sc_crcd_aprv_arch (
    aprv_id TEXT NOT NULL,
    ord_id TEXT NOT NULL,
    stlm_no INTEGER NOT NULL,
    aprv_tkn TEXT,
    aprv_amt INTEGER NOT NULL,
    vrtl_acct_no TEXT,
    bank_cd TEXT,
    aprv_dttm INTEGER,
    PRIMARY KEY (ord_id, stlm_no)
) STRICT;
-- 환불 보관: archived rows of tb_od_rfnd
CREATE TABLE tb_od_rfnd_arch (
    rfnd_key TEXT NOT NULL,
    rfnd_seq INTEGER NOT NULL,
    ord_id TEXT NOT NULL,
    stlm_no INTEGER NOT NULL,
    cncl_grp_no INTEGER,
    rtn_grp_no INTEGER,
    rfnd_stat_cd TEXT NOT NULL,
    rfnd_mns_cd TEXT NOT NULL,
    rfnd_plan_amt INTEGER NOT NULL,
    rfnd_amt INTEGER NOT NULL,
    rfnd_rsn TEXT,
    rfnd_dttm INTEGER NOT NULL,
    PRIMARY KEY (rfnd_key, rfnd_seq)
) STRICT;
-- 취소 보관: archived rows of tb_od_cncl
CREATE TABLE tb_od_cncl_arch (
    ord_id TEXT NOT NULL,
    cncl_grp_no INTEGER NOT NULL,
    ord_seq INTEGER NOT NULL,
    cncl_qty INTEGER NOT NULL,
    cncl_amt INTEGER NOT NULL,
    cncl_rsn_cd TEXT NOT NULL,
    cncl_dttm INTEGER NOT NULL,
    cncl_rsn TEXT,
    PRIMARY KEY (ord_id, cncl_grp_no, ord_seq)
) STRICT;
-- 배송비 보관: archived rows of tb_od_dlv_fee
CREATE TABLE tb_od_dlv_fee_arch (
    ord_id TEXT NOT NULL,
    dlv_fee_no INTEGER NOT NULL,
    pay_grp_no INTEGER NOT NULL,
    ptnr_id TEXT NOT NULL,
    dlv_tmpl_id TEXT NOT NULL,
    fee_knd_cd TEXT NOT NULL,
    rtn_grp_no INTEGER,
    falt_cd TEXT,
    bndl_fee_amt INTEGER NOT NULL,
    thrs_amt INTEGER,
    bas_fee_amt INTEGER NOT NULL,
    fee_amt INTEGER NOT NULL,
    rfnd_fee_amt INTEGER NOT NULL,
    fee_rsn_cd TEXT NOT NULL,
    unpd_yn INTEGER NOT NULL,
    PRIMARY KEY (ord_id, dlv_fee_no)
) STRICT;
-- 할인이력 보관: archived rows of tb_od_dscnt_hist
CREATE TABLE tb_od_dscnt_hist_arch (
    ord_id TEXT NOT NULL,
    ord_seq INTEGER NOT NULL,
    dscnt_no INTEGER NOT NULL,
    dscnt_knd_cd TEXT NOT NULL,
    prm_id TEXT NOT NULL,
    dscnt_rate_bp INTEGER NOT NULL,
    dscnt_amt INTEGER NOT NULL,
    dscnt_dttm INTEGER NOT NULL,
    PRIMARY KEY (ord_id, ord_seq, dscnt_no)
) STRICT;
-- 적립금이력 보관: archived rows of tb_od_pnt_hist
CREATE TABLE tb_od_pnt_hist_arch (
    ord_id TEXT NOT NULL,
    pnt_no INTEGER NOT NULL,
    cust_id TEXT NOT NULL,
    pnt_knd_cd TEXT NOT NULL,
    pnt_amt INTEGER NOT NULL,
    pnt_rel_id TEXT,
    pnt_dttm INTEGER NOT NULL,
    PRIMARY KEY (ord_id, pnt_no)
) STRICT;
-- 발주 보관: archived rows of tb_od_prcr
CREATE TABLE tb_od_prcr_arch (
    ord_id TEXT NOT NULL,
    prcr_no INTEGER NOT NULL,
    ord_seq INTEGER NOT NULL,
    prcr_knd_cd TEXT NOT NULL,
    prcr_stat_cd TEXT NOT NULL,
    unt_id TEXT NOT NULL,
    prcr_qty INTEGER NOT NULL,
    ptnr_id TEXT,
    selr_nm TEXT,
    prch_amt INTEGER,
    prcr_dttm INTEGER NOT NULL,
    cmpl_dttm INTEGER,
    PRIMARY KEY (ord_id, prcr_no, ord_seq)
) STRICT;
-- 연결주문 보관: archived rows of tb_od_lnk
CREATE TABLE tb_od_lnk_arch (
    prnt_ord_id TEXT NOT NULL,
    chld_ord_id TEXT NOT NULL,
    lnk_knd_cd TEXT NOT NULL,
    lnk_stat_cd TEXT NOT NULL,
    prnt_prtn_no INTEGER NOT NULL,
    chld_prtn_no INTEGER NOT NULL,
    ptnr_id TEXT NOT NULL,
    lnk_seqs TEXT NOT NULL,
    lnk_dttm INTEGER NOT NULL,
    end_dttm INTEGER,
    PRIMARY KEY (prnt_ord_id, chld_ord_id)
) STRICT;
-- 운송장 보관: archived rows of tb_od_wybl
CREATE TABLE tb_od_wybl_arch (
    ord_id TEXT NOT NULL,
    ord_seq INTEGER NOT NULL,
    carr_cd TEXT NOT NULL,
    wybl_no TEXT NOT NULL,
    wybl_qty INTEGER NOT NULL,
    reg_dttm INTEGER NOT NULL,
    chg_dttm INTEGER,
    dlv_cmpl_dttm INTEGER,
    carr_nm TEXT,
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no)
) STRICT;
-- 반품 보관: archived rows of tb_od_rtn
CREATE TABLE tb_od_rtn_arch (
    ord_id TEXT NOT NULL,
    rtn_grp_no INTEGER NOT NULL,
    ord_seq INTEGER NOT NULL,
    rtn_qty INTEGER NOT NULL,
    clct_qty INTEGER NOT NULL,
    sell_qty INTEGER,
    rtn_amt INTEGER NOT NULL,
    excl_amt INTEGER NOT NULL,
    rtn_stat_cd TEXT NOT NULL,
    rtn_rsn_cd TEXT NOT NULL,
    falt_cd TEXT NOT NULL,
    rfnd_tmng_cd TEXT NOT NULL,
    ship_yn INTEGER NOT NULL,
    clct_need_yn INTEGER NOT NULL,
    exch_grp_no INTEGER,
    acpt_dttm INTEGER NOT NULL,
    aprv_rslt_dttm INTEGER,
    clct_dttm INTEGER,
    cmpl_dttm INTEGER,
    rjct_qty INTEGER NOT NULL,
    wdrw_qty INTEGER NOT NULL,
    wrof_qty INTEGER NOT NULL,
    keep_amt INTEGER NOT NULL,
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq)
) STRICT;
-- 교환 보관: archived rows of tb_od_exch
CREATE TABLE tb_od_exch_arch (
    ord_id TEXT NOT NULL,
    exch_grp_no INTEGER NOT NULL,
    ord_seq INTEGER NOT NULL,
    exch_qty INTEGER NOT NULL,
    ship_yn INTEGER NOT NULL,
    exch_stat_cd TEXT NOT NULL,
    exch_brch_cd TEXT,
    exch_rsn_cd TEXT NOT NULL,
    falt_cd TEXT NOT NULL,
    want_unt_id TEXT,
    new_ord_seq INTEGER,
    move_amt INTEGER NOT NULL,
    acpt_dttm INTEGER NOT NULL,
    aprv_rslt_dttm INTEGER,
    cmpl_dttm INTEGER,
    clct_stat_cd TEXT,
    clct_qty INTEGER NOT NULL,
    gvup_qty INTEGER NOT NULL,
    sell_qty INTEGER,
    dlv_fee_no INTEGER,
    rjct_qty INTEGER NOT NULL,
    keep_amt INTEGER NOT NULL,
    PRIMARY KEY (ord_id, exch_grp_no)
) STRICT;
-- 리뷰 보관: archived rows of tb_od_rvw
CREATE TABLE tb_od_rvw_arch (
    ord_id TEXT NOT NULL,
    ord_seq INTEGER NOT NULL,
    rvw_scor INTEGER NOT NULL,
    rvw_dttm INTEGER NOT NULL,
    PRIMARY KEY (ord_id, ord_seq)
) STRICT;
-- 감사이력 보관: archived rows of tb_sy_adit
CREATE TABLE tb_sy_adit_arch (
    cmd_id TEXT NOT NULL,
    adit_knd_cd TEXT NOT NULL,
    ord_id TEXT NOT NULL,
    actr TEXT NOT NULL,
    adit_rsn TEXT,
    adit_dttm INTEGER NOT NULL,
    PRIMARY KEY (cmd_id, adit_knd_cd)
) STRICT;
-- 예약 보관: archived rows of tb_sy_rsv
CREATE TABLE tb_sy_rsv_arch (
    rsv_id TEXT NOT NULL,
    prtn_no INTEGER NOT NULL,
    ord_prtn_no INTEGER NOT NULL,
    ord_id TEXT NOT NULL,
    rsv_stat_cd TEXT NOT NULL,
    rsv_lines TEXT NOT NULL,
    rsv_dttm INTEGER NOT NULL,
    PRIMARY KEY (rsv_id)
) STRICT;
-- 주문이력 보관: archived rows of tb_od_ord_hist
CREATE TABLE tb_od_ord_hist_arch (
    ord_id TEXT NOT NULL,
    hist_no INTEGER NOT NULL,
    cmd_id TEXT NOT NULL,
    cmd_evnt_no INTEGER NOT NULL,
    cmd_dgst TEXT NOT NULL,
    evnt_typ_cd TEXT NOT NULL,
    evnt_ver INTEGER NOT NULL,
    evnt TEXT NOT NULL,
    actr TEXT NOT NULL,
    ord_stat_cd TEXT NOT NULL,
    ansr TEXT,
    strm_entr TEXT,
    hist_dttm INTEGER NOT NULL,
    PRIMARY KEY (ord_id, hist_no)
) STRICT;
-- 재고원장 보관: archived rows of tb_pd_unt_ldgr
CREATE TABLE tb_pd_unt_ldgr_arch (
    unt_id TEXT NOT NULL,
    ldgr_no INTEGER NOT NULL,
    mvmt_cd TEXT NOT NULL,
    mvmt_qty INTEGER NOT NULL,
    stck_dlt INTEGER NOT NULL,
    hold_dlt INTEGER NOT NULL,
    sold_dlt INTEGER NOT NULL,
    stck_qty INTEGER NOT NULL,
    hold_qty INTEGER NOT NULL,
    sold_qty INTEGER NOT NULL,
    cmpn_id TEXT,
    cust_id TEXT,
    cmpn_dlt INTEGER NOT NULL,
    ord_id TEXT,
    ord_seq INTEGER,
    cmd_id TEXT NOT NULL,
    mvmt_rsn TEXT,
    mvmt_dttm INTEGER NOT NULL,
    PRIMARY KEY (unt_id, ldgr_no)
) STRICT;
-- what a customer has had, and all by time; what a command's id stands for, and when it was decided
CREATE INDEX tb_od_ord_arch_cust ON tb_od_ord_arch (cust_id, rcpt_dttm);
CREATE INDEX tb_od_ord_arch_rcpt ON tb_od_ord_arch (rcpt_dttm);
CREATE UNIQUE INDEX tb_od_ord_hist_arch_cmd ON tb_od_ord_hist_arch (cmd_id, cmd_evnt_no);
CREATE INDEX tb_od_ord_hist_arch_dttm ON tb_od_ord_hist_arch (hist_dttm);
CREATE INDEX tb_od_lnk_arch_chld ON tb_od_lnk_arch (chld_ord_id);
CREATE INDEX tb_od_rvw_arch_dttm ON tb_od_rvw_arch (rvw_dttm);
-- an order's refunds, reservations and audit are moved and looked at with it
CREATE INDEX tb_od_rfnd_arch_ord ON tb_od_rfnd_arch (ord_id);
CREATE INDEX tb_sy_rsv_arch_ord ON tb_sy_rsv_arch (ord_id);
CREATE INDEX tb_sy_adit_arch_ord ON tb_sy_adit_arch (ord_id);
CREATE INDEX tb_od_rfnd_ord ON tb_od_rfnd (ord_id);
CREATE INDEX tb_sy_rsv_ord ON tb_sy_rsv (ord_id);

-- 보관목록: what was archived, with the number of its rows and their digest
CREATE TABLE tb_sy_arch (
    arch_knd_cd TEXT NOT NULL, -- 보관종류코드: ORDER or LEDGER
    trgt_id TEXT NOT NULL, -- 대상ID: order id or SKU id
    frst_no INTEGER NOT NULL, -- 시작번호: number of the first event or ledger row
    last_no INTEGER NOT NULL, -- 종료번호: number of the last event or ledger row
    row_cnt INTEGER NOT NULL, -- 행수: rows in all tables
    row_dgst TEXT NOT NULL, -- 행다이제스트: SHA-256 over all of the rows, hexadecimal
    arch_dttm INTEGER NOT NULL, -- 보관일시: archived at
    PRIMARY KEY (arch_knd_cd, trgt_id, frst_no)
) STRICT;

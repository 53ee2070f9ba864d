-- Laid out for the next stage (claims, waybills, linked orders, partners); no code writes these yet.

CREATE TABLE tb_od_rtn (
    ord_id text COLLATE "C" NOT NULL,
    rtn_grp_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    rtn_qty bigint NOT NULL,
    clct_qty bigint NOT NULL,
    rtn_stat_cd text NOT NULL,
    bfr_stat_cd text NOT NULL,
    rtn_rsn_cd text NOT NULL,
    falt_cd text NOT NULL,
    rfnd_tmng_cd text NOT NULL,
    clct_need_yn boolean NOT NULL,
    gft_clct_yn boolean NOT NULL,
    rtn_fee_amt bigint NOT NULL,
    resl_yn boolean,
    acpt_dttm timestamptz NOT NULL,
    aprv_rslt_dttm timestamptz,
    clct_dttm timestamptz,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq),
    CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 0),
    CONSTRAINT tb_od_rtn_clct_qty_ck CHECK (clct_qty >= 0),
    CONSTRAINT tb_od_rtn_parts_ck CHECK (rtn_qty >= clct_qty)
);
COMMENT ON TABLE tb_od_rtn IS '반품: a return: one row a line and return group (next stage)';
COMMENT ON COLUMN tb_od_rtn.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_rtn.rtn_grp_no IS '반품그룹번호: return group number';
COMMENT ON COLUMN tb_od_rtn.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_rtn.rtn_qty IS '반품수량: returned quantity';
COMMENT ON COLUMN tb_od_rtn.clct_qty IS '회수수량: quantity collected';
COMMENT ON COLUMN tb_od_rtn.rtn_stat_cd IS '반품상태코드: return status code: REQUESTED, APPROVED, REJECTED, WITHDRAWN, COLLECTED, COMPLETED';
COMMENT ON COLUMN tb_od_rtn.bfr_stat_cd IS '이전상태코드: status of the line before the claim, restored on rejection';
COMMENT ON COLUMN tb_od_rtn.rtn_rsn_cd IS '반품사유코드: return reason code';
COMMENT ON COLUMN tb_od_rtn.falt_cd IS '귀책코드: at fault: BUYER, SELLER or INSTALLATION';
COMMENT ON COLUMN tb_od_rtn.rfnd_tmng_cd IS '환불구분코드: refund timing code: before or after collection';
COMMENT ON COLUMN tb_od_rtn.clct_need_yn IS '회수필요여부: the goods must come back';
COMMENT ON COLUMN tb_od_rtn.gft_clct_yn IS '사은품회수여부: the gifts must come back';
COMMENT ON COLUMN tb_od_rtn.rtn_fee_amt IS '반품배송비금액: return shipping fee, won';
COMMENT ON COLUMN tb_od_rtn.resl_yn IS '재판매가능여부: sellable after inspection';
COMMENT ON COLUMN tb_od_rtn.acpt_dttm IS '접수일시: requested at';
COMMENT ON COLUMN tb_od_rtn.aprv_rslt_dttm IS '승인처리일시: approved, rejected or withdrawn at';
COMMENT ON COLUMN tb_od_rtn.clct_dttm IS '회수확정일시: collection confirmed at';
COMMENT ON COLUMN tb_od_rtn.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_od_exch (
    ord_id text COLLATE "C" NOT NULL,
    exch_grp_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    exch_qty bigint NOT NULL,
    clct_qty bigint NOT NULL,
    exch_stat_cd text NOT NULL,
    exch_brch_cd text,
    bfr_stat_cd text NOT NULL,
    exch_rsn_cd text NOT NULL,
    falt_cd text NOT NULL,
    new_ord_seq bigint,
    new_unt_id text COLLATE "C",
    acpt_dttm timestamptz NOT NULL,
    aprv_rslt_dttm timestamptz,
    clct_dttm timestamptz,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, exch_grp_no, ord_seq),
    CONSTRAINT tb_od_exch_exch_qty_ck CHECK (exch_qty >= 0),
    CONSTRAINT tb_od_exch_clct_qty_ck CHECK (clct_qty >= 0),
    CONSTRAINT tb_od_exch_parts_ck CHECK (exch_qty >= clct_qty)
);
COMMENT ON TABLE tb_od_exch IS '교환: an exchange: one row a line and exchange group (next stage)';
COMMENT ON COLUMN tb_od_exch.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_exch.exch_grp_no IS '교환그룹번호: exchange group number';
COMMENT ON COLUMN tb_od_exch.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_exch.exch_qty IS '교환수량: exchanged quantity';
COMMENT ON COLUMN tb_od_exch.clct_qty IS '회수수량: quantity collected';
COMMENT ON COLUMN tb_od_exch.exch_stat_cd IS '교환상태코드: exchange status code: REQUESTED, APPROVED, REJECTED, COMPLETED, FAILED';
COMMENT ON COLUMN tb_od_exch.exch_brch_cd IS '교환방식코드: branch: PICKUP or ADD_PRODUCT';
COMMENT ON COLUMN tb_od_exch.bfr_stat_cd IS '이전상태코드: status of the line before the claim, restored on rejection';
COMMENT ON COLUMN tb_od_exch.exch_rsn_cd IS '교환사유코드: exchange reason code';
COMMENT ON COLUMN tb_od_exch.falt_cd IS '귀책코드: at fault: BUYER, SELLER or INSTALLATION';
COMMENT ON COLUMN tb_od_exch.new_ord_seq IS '신규주문순번: line number of the product added';
COMMENT ON COLUMN tb_od_exch.new_unt_id IS '신규단품ID: SKU of the product added';
COMMENT ON COLUMN tb_od_exch.acpt_dttm IS '접수일시: requested at';
COMMENT ON COLUMN tb_od_exch.aprv_rslt_dttm IS '승인처리일시: approved, rejected or withdrawn at';
COMMENT ON COLUMN tb_od_exch.clct_dttm IS '회수확정일시: collection confirmed at';
COMMENT ON COLUMN tb_od_exch.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_od_wybl (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    carr_cd text COLLATE "C" NOT NULL,
    wybl_no text COLLATE "C" NOT NULL,
    wybl_knd_cd text NOT NULL,
    wybl_qty bigint NOT NULL,
    reg_dttm timestamptz NOT NULL,
    chg_dttm timestamptz,
    dlv_cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no),
    CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 0),
    CONSTRAINT tb_od_wybl_wybl_knd_cd_ck CHECK (wybl_knd_cd IN ('DELIVERY', 'COLLECTION'))
);
COMMENT ON TABLE tb_od_wybl IS '운송장: a waybill: a line may have several (next stage)';
COMMENT ON COLUMN tb_od_wybl.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_wybl.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_wybl.carr_cd IS '배송사코드: carrier code';
COMMENT ON COLUMN tb_od_wybl.wybl_no IS '운송장번호: waybill number';
COMMENT ON COLUMN tb_od_wybl.wybl_knd_cd IS '운송장종류코드: DELIVERY or COLLECTION';
COMMENT ON COLUMN tb_od_wybl.wybl_qty IS '운송장수량: quantity on this waybill';
COMMENT ON COLUMN tb_od_wybl.reg_dttm IS '등록일시: registered at';
COMMENT ON COLUMN tb_od_wybl.chg_dttm IS '변경일시: changed at';
COMMENT ON COLUMN tb_od_wybl.dlv_cmpl_dttm IS '배송완료일시: delivered at';

CREATE TABLE tb_od_lnk (
    prnt_ord_id text COLLATE "C" NOT NULL,
    chld_ord_id text COLLATE "C" NOT NULL,
    lnk_knd_cd text NOT NULL,
    lnk_stat_cd text NOT NULL,
    prnt_prtn_no bigint NOT NULL,
    chld_prtn_no bigint NOT NULL,
    ptnr_id text COLLATE "C" NOT NULL,
    lnk_dttm timestamptz NOT NULL,
    cmpl_dttm timestamptz,
    PRIMARY KEY (prnt_ord_id, chld_ord_id),
    CONSTRAINT tb_od_lnk_lnk_knd_cd_ck CHECK (lnk_knd_cd IN ('PURCHASE', 'INSTALLATION'))
);
-- a child finds its parent
CREATE INDEX tb_od_lnk_chld ON tb_od_lnk (chld_ord_id);
COMMENT ON TABLE tb_od_lnk IS '연결주문: a linked order: a purchase or an installation that serves a parent order (next stage)';
COMMENT ON COLUMN tb_od_lnk.prnt_ord_id IS '상위주문ID: parent order id';
COMMENT ON COLUMN tb_od_lnk.chld_ord_id IS '하위주문ID: child order id';
COMMENT ON COLUMN tb_od_lnk.lnk_knd_cd IS '연결종류코드: PURCHASE or INSTALLATION';
COMMENT ON COLUMN tb_od_lnk.lnk_stat_cd IS '연결상태코드: OPEN, DONE, OUT_OF_STOCK or CANCELLED';
COMMENT ON COLUMN tb_od_lnk.prnt_prtn_no IS '상위파티션번호: partition of the parent';
COMMENT ON COLUMN tb_od_lnk.chld_prtn_no IS '하위파티션번호: partition of the child';
COMMENT ON COLUMN tb_od_lnk.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_od_lnk.lnk_dttm IS '연결일시: linked at';
COMMENT ON COLUMN tb_od_lnk.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_od_prch_rcpt (
    ord_id text COLLATE "C" NOT NULL,
    rcpt_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    unt_id text COLLATE "C" NOT NULL,
    selr_nm text NOT NULL,
    prch_qty bigint NOT NULL,
    prch_amt bigint NOT NULL,
    prch_stat_cd text NOT NULL,
    prch_dttm timestamptz NOT NULL,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, rcpt_no, ord_seq),
    CONSTRAINT tb_od_prch_rcpt_prch_qty_ck CHECK (prch_qty >= 0)
);
COMMENT ON TABLE tb_od_prch_rcpt IS '매입거래: a purchase receipt from a seller that is no partner; not an order (next stage)';
COMMENT ON COLUMN tb_od_prch_rcpt.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_prch_rcpt.rcpt_no IS '영수증번호: receipt number within the order';
COMMENT ON COLUMN tb_od_prch_rcpt.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_prch_rcpt.unt_id IS '단품ID: SKU id';
COMMENT ON COLUMN tb_od_prch_rcpt.selr_nm IS '판매처명: seller as written on the receipt; a business, not a person';
COMMENT ON COLUMN tb_od_prch_rcpt.prch_qty IS '매입수량: quantity purchased';
COMMENT ON COLUMN tb_od_prch_rcpt.prch_amt IS '매입금액: purchase amount, won';
COMMENT ON COLUMN tb_od_prch_rcpt.prch_stat_cd IS '매입상태코드: OPEN, DONE or CANCELLED';
COMMENT ON COLUMN tb_od_prch_rcpt.prch_dttm IS '매입일시: purchased at';
COMMENT ON COLUMN tb_od_prch_rcpt.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_pt_ptnr (
    ptnr_id text COLLATE "C" NOT NULL,
    ptnr_nm text NOT NULL,
    ptnr_knd_cd text NOT NULL,
    use_yn boolean NOT NULL,
    biz_zip_no text,
    biz_addr text,
    reg_dttm timestamptz NOT NULL,
    PRIMARY KEY (ptnr_id),
    CONSTRAINT tb_pt_ptnr_ptnr_knd_cd_ck CHECK (ptnr_knd_cd IN ('RETAILER', 'WHOLESALER', 'INSTALLER'))
);
COMMENT ON TABLE tb_pt_ptnr IS '협력사: a partner: retailer, wholesaler, installer (next stage)';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_nm IS '협력사명: partner name';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_knd_cd IS '협력사종류코드: RETAILER, WHOLESALER or INSTALLER';
COMMENT ON COLUMN tb_pt_ptnr.use_yn IS '사용여부: in use';
COMMENT ON COLUMN tb_pt_ptnr.biz_zip_no IS '사업장우편번호: postal code of the business address';
COMMENT ON COLUMN tb_pt_ptnr.biz_addr IS '사업장주소: business address';
COMMENT ON COLUMN tb_pt_ptnr.reg_dttm IS '등록일시: registered at';

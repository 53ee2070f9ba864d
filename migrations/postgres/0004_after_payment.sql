-- What comes after payment: procurement, linked orders, waybills, claims, reviews; partners; the audit.

CREATE TABLE tb_od_prcr (
    ord_id text COLLATE "C" NOT NULL,
    prcr_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    prcr_knd_cd text NOT NULL,
    prcr_stat_cd text NOT NULL,
    unt_id text COLLATE "C" NOT NULL,
    prcr_qty bigint NOT NULL,
    ptnr_id text COLLATE "C",
    selr_nm text,
    prch_amt bigint,
    prcr_dttm timestamptz NOT NULL,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, prcr_no, ord_seq),
    CONSTRAINT tb_od_prcr_prcr_knd_cd_ck CHECK (prcr_knd_cd IN ('PARTNER', 'NON_PARTNER', 'OWN_STOCK')),
    CONSTRAINT tb_od_prcr_prcr_stat_cd_ck CHECK (prcr_stat_cd IN ('OPEN', 'DONE', 'CANCELLED')),
    CONSTRAINT tb_od_prcr_prcr_qty_ck CHECK (prcr_qty >= 1),
    CONSTRAINT tb_od_prcr_rcpt_ck CHECK (prcr_knd_cd <> 'NON_PARTNER' OR (selr_nm IS NOT NULL AND prch_amt >= 0))
);
COMMENT ON TABLE tb_od_prcr IS '발주: a procurement: one row a line; a purchase from a non-partner (매입거래) is a receipt, and no order';
COMMENT ON COLUMN tb_od_prcr.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_prcr.prcr_no IS '발주번호: procurement number within the order';
COMMENT ON COLUMN tb_od_prcr.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_prcr.prcr_knd_cd IS '발주종류코드: PARTNER, NON_PARTNER, OWN_STOCK';
COMMENT ON COLUMN tb_od_prcr.prcr_stat_cd IS '발주상태코드: OPEN, DONE, CANCELLED';
COMMENT ON COLUMN tb_od_prcr.unt_id IS '단품ID: SKU that is bought or allocated';
COMMENT ON COLUMN tb_od_prcr.prcr_qty IS '발주수량: quantity';
COMMENT ON COLUMN tb_od_prcr.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_od_prcr.selr_nm IS '판매자명: business that sold it, of a receipt';
COMMENT ON COLUMN tb_od_prcr.prch_amt IS '매입금액: amount of the whole receipt, won';
COMMENT ON COLUMN tb_od_prcr.prcr_dttm IS '발주일시: started at';
COMMENT ON COLUMN tb_od_prcr.cmpl_dttm IS '완료일시: done or cancelled at';

CREATE TABLE tb_od_lnk (
    prnt_ord_id text COLLATE "C" NOT NULL,
    chld_ord_id text COLLATE "C" NOT NULL,
    lnk_knd_cd text NOT NULL,
    lnk_stat_cd text NOT NULL,
    prnt_prtn_no bigint NOT NULL,
    chld_prtn_no bigint NOT NULL,
    ptnr_id text COLLATE "C" NOT NULL,
    lnk_seqs text NOT NULL,
    lnk_dttm timestamptz NOT NULL,
    end_dttm timestamptz,
    PRIMARY KEY (prnt_ord_id, chld_ord_id),
    CONSTRAINT tb_od_lnk_lnk_knd_cd_ck CHECK (lnk_knd_cd IN ('PURCHASE', 'INSTALLATION')),
    CONSTRAINT tb_od_lnk_lnk_stat_cd_ck CHECK (lnk_stat_cd IN ('ASKED', 'OPEN', 'DONE', 'ENDED', 'REFUSED', 'CANCELLED')),
    CONSTRAINT tb_od_lnk_self_ck CHECK (prnt_ord_id <> chld_ord_id)
);
-- a linked order finds its parent; who gets an id is decided where it is placed
CREATE INDEX tb_od_lnk_chld ON tb_od_lnk (chld_ord_id);
-- what was asked of a partner
CREATE INDEX tb_od_lnk_ptnr ON tb_od_lnk (ptnr_id);
COMMENT ON TABLE tb_od_lnk IS '연결주문: an order that another one had made: a purchase order (매입주문) or an installation order (설치주문)';
COMMENT ON COLUMN tb_od_lnk.prnt_ord_id IS '상위주문ID: parent order id';
COMMENT ON COLUMN tb_od_lnk.chld_ord_id IS '하위주문ID: linked order id';
COMMENT ON COLUMN tb_od_lnk.lnk_knd_cd IS '연결종류코드: PURCHASE or INSTALLATION';
COMMENT ON COLUMN tb_od_lnk.lnk_stat_cd IS '연결상태코드: ASKED, OPEN, DONE, ENDED, REFUSED, CANCELLED';
COMMENT ON COLUMN tb_od_lnk.prnt_prtn_no IS '상위파티션번호: partition of the parent';
COMMENT ON COLUMN tb_od_lnk.chld_prtn_no IS '하위파티션번호: partition of the linked order';
COMMENT ON COLUMN tb_od_lnk.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_od_lnk.lnk_seqs IS '연결주문순번: line numbers of the parent, in the order of the linked order';
COMMENT ON COLUMN tb_od_lnk.lnk_dttm IS '연결일시: asked at';
COMMENT ON COLUMN tb_od_lnk.end_dttm IS '종료일시: ended, refused or cancelled at';

CREATE TABLE tb_od_wybl (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    carr_cd text COLLATE "C" NOT NULL,
    wybl_no text COLLATE "C" NOT NULL,
    wybl_qty bigint NOT NULL,
    reg_dttm timestamptz NOT NULL,
    chg_dttm timestamptz,
    dlv_cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no),
    CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 1)
);
-- a carrier reports by its number
CREATE INDEX tb_od_wybl_no ON tb_od_wybl (carr_cd, wybl_no);
COMMENT ON TABLE tb_od_wybl IS '운송장: a waybill: a line may have several';
COMMENT ON COLUMN tb_od_wybl.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_wybl.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_wybl.carr_cd IS '배송사코드: carrier code';
COMMENT ON COLUMN tb_od_wybl.wybl_no IS '운송장번호: waybill number';
COMMENT ON COLUMN tb_od_wybl.wybl_qty IS '운송장수량: quantity on this waybill';
COMMENT ON COLUMN tb_od_wybl.reg_dttm IS '등록일시: registered at';
COMMENT ON COLUMN tb_od_wybl.chg_dttm IS '변경일시: quantity changed at';
COMMENT ON COLUMN tb_od_wybl.dlv_cmpl_dttm IS '배송완료일시: delivered at';

CREATE TABLE tb_od_rtn (
    ord_id text COLLATE "C" NOT NULL,
    rtn_grp_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    rtn_qty bigint NOT NULL,
    clct_qty bigint NOT NULL,
    sell_qty bigint,
    rtn_amt bigint NOT NULL,
    excl_amt bigint NOT NULL,
    rtn_stat_cd text NOT NULL,
    rtn_rsn_cd text NOT NULL,
    falt_cd text NOT NULL,
    rfnd_tmng_cd text NOT NULL,
    ship_yn boolean NOT NULL,
    clct_need_yn boolean NOT NULL,
    exch_grp_no bigint,
    acpt_dttm timestamptz NOT NULL,
    aprv_rslt_dttm timestamptz,
    clct_dttm timestamptz,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq),
    CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 1),
    CONSTRAINT tb_od_rtn_clct_qty_ck CHECK (clct_qty >= 0 AND clct_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_sell_qty_ck CHECK (sell_qty >= 0 AND sell_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_amt_ck CHECK (rtn_amt >= 0 AND excl_amt >= 0),
    CONSTRAINT tb_od_rtn_rtn_stat_cd_ck CHECK (rtn_stat_cd IN ('REQUESTED', 'APPROVED', 'COLLECTED', 'COMPLETED', 'REJECTED', 'WITHDRAWN')),
    CONSTRAINT tb_od_rtn_falt_cd_ck CHECK (falt_cd IN ('BUYER', 'SELLER', 'INSTALLATION')),
    CONSTRAINT tb_od_rtn_rfnd_tmng_cd_ck CHECK (rfnd_tmng_cd IN ('BEFORE', 'AFTER')),
    CONSTRAINT tb_od_rtn_clct_ck CHECK (rtn_stat_cd <> 'COMPLETED' OR clct_qty = rtn_qty OR NOT clct_need_yn)
);
COMMENT ON TABLE tb_od_rtn IS '반품: a return: one row a line and return group';
COMMENT ON COLUMN tb_od_rtn.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_rtn.rtn_grp_no IS '반품그룹번호: return group number; returns and exchanges share one count';
COMMENT ON COLUMN tb_od_rtn.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_rtn.rtn_qty IS '반품수량: returned quantity';
COMMENT ON COLUMN tb_od_rtn.clct_qty IS '회수수량: quantity collected';
COMMENT ON COLUMN tb_od_rtn.sell_qty IS '재판매가능수량: sellable after inspection';
COMMENT ON COLUMN tb_od_rtn.rtn_amt IS '반품금액: what the units were paid, won';
COMMENT ON COLUMN tb_od_rtn.excl_amt IS '환불제외금액: kept back for the return fee of the whole group, won; on its first line';
COMMENT ON COLUMN tb_od_rtn.rtn_stat_cd IS '반품상태코드: REQUESTED, APPROVED, COLLECTED, COMPLETED, REJECTED, WITHDRAWN';
COMMENT ON COLUMN tb_od_rtn.rtn_rsn_cd IS '반품사유코드: return reason code';
COMMENT ON COLUMN tb_od_rtn.falt_cd IS '귀책코드: at fault: BUYER, SELLER or INSTALLATION';
COMMENT ON COLUMN tb_od_rtn.rfnd_tmng_cd IS '환불구분코드: refund timing code: BEFORE or AFTER collection';
COMMENT ON COLUMN tb_od_rtn.ship_yn IS '출고여부: had left the warehouse';
COMMENT ON COLUMN tb_od_rtn.clct_need_yn IS '회수필요여부: the goods must come back';
COMMENT ON COLUMN tb_od_rtn.exch_grp_no IS '교환그룹번호: the exchange that it ends';
COMMENT ON COLUMN tb_od_rtn.acpt_dttm IS '접수일시: requested at';
COMMENT ON COLUMN tb_od_rtn.aprv_rslt_dttm IS '승인처리일시: approved, rejected or withdrawn at';
COMMENT ON COLUMN tb_od_rtn.clct_dttm IS '회수확정일시: collection confirmed at';
COMMENT ON COLUMN tb_od_rtn.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_od_exch (
    ord_id text COLLATE "C" NOT NULL,
    exch_grp_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    exch_qty bigint NOT NULL,
    ship_yn boolean NOT NULL,
    exch_stat_cd text NOT NULL,
    exch_brch_cd text,
    exch_rsn_cd text NOT NULL,
    falt_cd text NOT NULL,
    want_unt_id text COLLATE "C",
    new_ord_seq bigint,
    move_amt bigint NOT NULL,
    acpt_dttm timestamptz NOT NULL,
    aprv_rslt_dttm timestamptz,
    cmpl_dttm timestamptz,
    PRIMARY KEY (ord_id, exch_grp_no),
    CONSTRAINT tb_od_exch_exch_qty_ck CHECK (exch_qty >= 1),
    CONSTRAINT tb_od_exch_move_amt_ck CHECK (move_amt >= 0),
    CONSTRAINT tb_od_exch_exch_stat_cd_ck CHECK (exch_stat_cd IN ('REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'FAILED')),
    CONSTRAINT tb_od_exch_exch_brch_cd_ck CHECK (exch_brch_cd IN ('PICKUP', 'ADD_PRODUCT'))
);
COMMENT ON TABLE tb_od_exch IS '교환: an exchange of units of one line';
COMMENT ON COLUMN tb_od_exch.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_exch.exch_grp_no IS '교환그룹번호: exchange group number; returns and exchanges share one count';
COMMENT ON COLUMN tb_od_exch.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_exch.exch_qty IS '교환수량: exchanged quantity';
COMMENT ON COLUMN tb_od_exch.ship_yn IS '출고여부: had left the warehouse';
COMMENT ON COLUMN tb_od_exch.exch_stat_cd IS '교환상태코드: REQUESTED, APPROVED, COMPLETED, REJECTED, FAILED';
COMMENT ON COLUMN tb_od_exch.exch_brch_cd IS '교환방식코드: branch: PICKUP or ADD_PRODUCT';
COMMENT ON COLUMN tb_od_exch.exch_rsn_cd IS '교환사유코드: exchange reason code';
COMMENT ON COLUMN tb_od_exch.falt_cd IS '귀책코드: at fault: BUYER or SELLER';
COMMENT ON COLUMN tb_od_exch.want_unt_id IS '희망단품ID: SKU that the buyer would like';
COMMENT ON COLUMN tb_od_exch.new_ord_seq IS '신규주문순번: line number of the product added';
COMMENT ON COLUMN tb_od_exch.move_amt IS '이전금액: what the units took to the new line, won';
COMMENT ON COLUMN tb_od_exch.acpt_dttm IS '접수일시: requested at';
COMMENT ON COLUMN tb_od_exch.aprv_rslt_dttm IS '승인처리일시: approved, rejected or failed at';
COMMENT ON COLUMN tb_od_exch.cmpl_dttm IS '완료일시: completed at';

CREATE TABLE tb_od_rvw (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    rvw_scor bigint NOT NULL,
    rvw_dttm timestamptz NOT NULL,
    PRIMARY KEY (ord_id, ord_seq),
    CONSTRAINT tb_od_rvw_rvw_scor_ck CHECK (rvw_scor >= 1 AND rvw_scor <= 5)
);
COMMENT ON TABLE tb_od_rvw IS '리뷰: a review of a line; its words are personal data';
COMMENT ON COLUMN tb_od_rvw.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_rvw.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_rvw.rvw_scor IS '리뷰점수: rating, 1 to 5';
COMMENT ON COLUMN tb_od_rvw.rvw_dttm IS '리뷰일시: written at';

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
COMMENT ON TABLE tb_pt_ptnr IS '협력사: a partner: a business that sells, supplies or installs';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_nm IS '협력사명: partner name';
COMMENT ON COLUMN tb_pt_ptnr.ptnr_knd_cd IS '협력사구분코드: RETAILER, WHOLESALER, INSTALLER';
COMMENT ON COLUMN tb_pt_ptnr.use_yn IS '사용여부: trades with us now';
COMMENT ON COLUMN tb_pt_ptnr.biz_zip_no IS '사업장우편번호: postal code of the business';
COMMENT ON COLUMN tb_pt_ptnr.biz_addr IS '사업장주소: business address';
COMMENT ON COLUMN tb_pt_ptnr.reg_dttm IS '등록일시: registered at';

CREATE TABLE tb_sy_adit (
    cmd_id text COLLATE "C" NOT NULL,
    adit_knd_cd text NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    actr text NOT NULL,
    adit_rsn text,
    adit_dttm timestamptz NOT NULL,
    PRIMARY KEY (cmd_id, adit_knd_cd)
);
-- what was done to an order
CREATE INDEX tb_sy_adit_ord ON tb_sy_adit (ord_id);
COMMENT ON TABLE tb_sy_adit IS '감사이력: an audit row: a privileged action on an order, by whom and why';
COMMENT ON COLUMN tb_sy_adit.cmd_id IS '명령ID: command id';
COMMENT ON COLUMN tb_sy_adit.adit_knd_cd IS '감사종류코드: FORCED_DELIVERY, GIFT_ADDED, REFUND_TRANSFERRED, STOCK_LOSS, PROCUREMENT_CANCELLED, EARLY_REFUND, GIFTS_WAIVED';
COMMENT ON COLUMN tb_sy_adit.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_sy_adit.actr IS '행위자: who acted';
COMMENT ON COLUMN tb_sy_adit.adit_rsn IS '감사사유: why';
COMMENT ON COLUMN tb_sy_adit.adit_dttm IS '감사일시: acted at';

-- What comes after payment: procurement, linked orders, waybills, claims, reviews; partners; the audit.

-- 발주: a procurement: one row a line; a purchase from a non-partner (매입거래) is a receipt, and no order
CREATE TABLE tb_od_prcr (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    prcr_no INTEGER NOT NULL, -- 발주번호: procurement number within the order
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    prcr_knd_cd TEXT NOT NULL, -- 발주종류코드: PARTNER, NON_PARTNER, OWN_STOCK
    prcr_stat_cd TEXT NOT NULL, -- 발주상태코드: OPEN, DONE, CANCELLED
    unt_id TEXT NOT NULL, -- 단품ID: SKU that is bought or allocated
    prcr_qty INTEGER NOT NULL, -- 발주수량: quantity
    ptnr_id TEXT, -- 협력사ID: partner id
    selr_nm TEXT, -- 판매자명: business that sold it, of a receipt
    prch_amt INTEGER, -- 매입금액: amount of the whole receipt, won
    prcr_dttm INTEGER NOT NULL, -- 발주일시: started at
    cmpl_dttm INTEGER, -- 완료일시: done or cancelled at
    PRIMARY KEY (ord_id, prcr_no, ord_seq),
    CONSTRAINT tb_od_prcr_prcr_knd_cd_ck CHECK (prcr_knd_cd IN ('PARTNER', 'NON_PARTNER', 'OWN_STOCK')),
    CONSTRAINT tb_od_prcr_prcr_stat_cd_ck CHECK (prcr_stat_cd IN ('OPEN', 'DONE', 'CANCELLED')),
    CONSTRAINT tb_od_prcr_prcr_qty_ck CHECK (prcr_qty >= 1),
    CONSTRAINT tb_od_prcr_rcpt_ck CHECK (prcr_knd_cd <> 'NON_PARTNER' OR (selr_nm IS NOT NULL AND prch_amt >= 0))
) STRICT;

-- 연결주문: an order that another one had made: a purchase order (매입주문) or an installation order (설치주문)
CREATE TABLE tb_od_lnk (
    prnt_ord_id TEXT NOT NULL, -- 상위주문ID: parent order id
    chld_ord_id TEXT NOT NULL, -- 하위주문ID: linked order id
    lnk_knd_cd TEXT NOT NULL, -- 연결종류코드: PURCHASE or INSTALLATION
    lnk_stat_cd TEXT NOT NULL, -- 연결상태코드: ASKED, OPEN, DONE, ENDED, REFUSED, CANCELLED
    prnt_prtn_no INTEGER NOT NULL, -- 상위파티션번호: partition of the parent
    chld_prtn_no INTEGER NOT NULL, -- 하위파티션번호: partition of the linked order
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    lnk_seqs TEXT NOT NULL, -- 연결주문순번: line numbers of the parent, in the order of the linked order
    lnk_dttm INTEGER NOT NULL, -- 연결일시: asked at
    end_dttm INTEGER, -- 종료일시: ended, refused or cancelled at
    PRIMARY KEY (prnt_ord_id, chld_ord_id),
    CONSTRAINT tb_od_lnk_lnk_knd_cd_ck CHECK (lnk_knd_cd IN ('PURCHASE', 'INSTALLATION')),
    CONSTRAINT tb_od_lnk_lnk_stat_cd_ck CHECK (lnk_stat_cd IN ('ASKED', 'OPEN', 'DONE', 'ENDED', 'REFUSED', 'CANCELLED')),
    CONSTRAINT tb_od_lnk_self_ck CHECK (prnt_ord_id <> chld_ord_id)
) STRICT;
-- a linked order finds its parent; who gets an id is decided where it is placed
CREATE INDEX tb_od_lnk_chld ON tb_od_lnk (chld_ord_id);
-- what was asked of a partner
CREATE INDEX tb_od_lnk_ptnr ON tb_od_lnk (ptnr_id);

-- 운송장: a waybill: a line may have several
CREATE TABLE tb_od_wybl (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    carr_cd TEXT NOT NULL, -- 배송사코드: carrier code
    wybl_no TEXT NOT NULL, -- 운송장번호: waybill number
    wybl_qty INTEGER NOT NULL, -- 운송장수량: quantity on this waybill
    reg_dttm INTEGER NOT NULL, -- 등록일시: registered at
    chg_dttm INTEGER, -- 변경일시: quantity changed at
    dlv_cmpl_dttm INTEGER, -- 배송완료일시: delivered at
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no),
    CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 1)
) STRICT;
-- a carrier reports by its number
CREATE INDEX tb_od_wybl_no ON tb_od_wybl (carr_cd, wybl_no);

-- 반품: a return: one row a line and return group
CREATE TABLE tb_od_rtn (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    rtn_grp_no INTEGER NOT NULL, -- 반품그룹번호: return group number; returns and exchanges share one count
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    rtn_qty INTEGER NOT NULL, -- 반품수량: returned quantity
    clct_qty INTEGER NOT NULL, -- 회수수량: quantity collected
    sell_qty INTEGER, -- 재판매가능수량: sellable after inspection
    rtn_amt INTEGER NOT NULL, -- 반품금액: what the units were paid, won
    excl_amt INTEGER NOT NULL, -- 환불제외금액: kept back for the return fee of the whole group, won; on its first line
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
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq),
    CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 1),
    CONSTRAINT tb_od_rtn_clct_qty_ck CHECK (clct_qty >= 0 AND clct_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_sell_qty_ck CHECK (sell_qty >= 0 AND sell_qty <= rtn_qty),
    CONSTRAINT tb_od_rtn_amt_ck CHECK (rtn_amt >= 0 AND excl_amt >= 0),
    CONSTRAINT tb_od_rtn_rtn_stat_cd_ck CHECK (rtn_stat_cd IN ('REQUESTED', 'APPROVED', 'COLLECTED', 'COMPLETED', 'REJECTED', 'WITHDRAWN')),
    CONSTRAINT tb_od_rtn_falt_cd_ck CHECK (falt_cd IN ('BUYER', 'SELLER', 'INSTALLATION')),
    CONSTRAINT tb_od_rtn_rfnd_tmng_cd_ck CHECK (rfnd_tmng_cd IN ('BEFORE', 'AFTER')),
    CONSTRAINT tb_od_rtn_clct_ck CHECK (rtn_stat_cd <> 'COMPLETED' OR clct_qty = rtn_qty OR NOT clct_need_yn = 1)
) STRICT;

-- 교환: an exchange of units of one line
CREATE TABLE tb_od_exch (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    exch_grp_no INTEGER NOT NULL, -- 교환그룹번호: exchange group number; returns and exchanges share one count
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    exch_qty INTEGER NOT NULL, -- 교환수량: exchanged quantity
    ship_yn INTEGER NOT NULL CHECK (ship_yn IN (0, 1)), -- 출고여부: had left the warehouse
    exch_stat_cd TEXT NOT NULL, -- 교환상태코드: REQUESTED, APPROVED, COMPLETED, REJECTED, FAILED
    exch_brch_cd TEXT, -- 교환방식코드: branch: PICKUP or ADD_PRODUCT
    exch_rsn_cd TEXT NOT NULL, -- 교환사유코드: exchange reason code
    falt_cd TEXT NOT NULL, -- 귀책코드: at fault: BUYER or SELLER
    want_unt_id TEXT, -- 희망단품ID: SKU that the buyer would like
    new_ord_seq INTEGER, -- 신규주문순번: line number of the product added
    move_amt INTEGER NOT NULL, -- 이전금액: what the units took to the new line, won
    acpt_dttm INTEGER NOT NULL, -- 접수일시: requested at
    aprv_rslt_dttm INTEGER, -- 승인처리일시: approved, rejected or failed at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    PRIMARY KEY (ord_id, exch_grp_no),
    CONSTRAINT tb_od_exch_exch_qty_ck CHECK (exch_qty >= 1),
    CONSTRAINT tb_od_exch_move_amt_ck CHECK (move_amt >= 0),
    CONSTRAINT tb_od_exch_exch_stat_cd_ck CHECK (exch_stat_cd IN ('REQUESTED', 'APPROVED', 'COMPLETED', 'REJECTED', 'FAILED')),
    CONSTRAINT tb_od_exch_exch_brch_cd_ck CHECK (exch_brch_cd IN ('PICKUP', 'ADD_PRODUCT'))
) STRICT;

-- 리뷰: a review of a line; its words are personal data
CREATE TABLE tb_od_rvw (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    rvw_scor INTEGER NOT NULL, -- 리뷰점수: rating, 1 to 5
    rvw_dttm INTEGER NOT NULL, -- 리뷰일시: written at
    PRIMARY KEY (ord_id, ord_seq),
    CONSTRAINT tb_od_rvw_rvw_scor_ck CHECK (rvw_scor >= 1 AND rvw_scor <= 5)
) STRICT;

-- 협력사: a partner: a business that sells, supplies or installs
CREATE TABLE tb_pt_ptnr (
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    ptnr_nm TEXT NOT NULL, -- 협력사명: partner name
    ptnr_knd_cd TEXT NOT NULL, -- 협력사구분코드: RETAILER, WHOLESALER, INSTALLER
    use_yn INTEGER NOT NULL CHECK (use_yn IN (0, 1)), -- 사용여부: trades with us now
    biz_zip_no TEXT, -- 사업장우편번호: postal code of the business
    biz_addr TEXT, -- 사업장주소: business address
    reg_dttm INTEGER NOT NULL, -- 등록일시: registered at
    PRIMARY KEY (ptnr_id),
    CONSTRAINT tb_pt_ptnr_ptnr_knd_cd_ck CHECK (ptnr_knd_cd IN ('RETAILER', 'WHOLESALER', 'INSTALLER'))
) STRICT;

-- 감사이력: an audit row: a privileged action on an order, by whom and why
CREATE TABLE tb_sy_adit (
    cmd_id TEXT NOT NULL, -- 명령ID: command id
    adit_knd_cd TEXT NOT NULL, -- 감사종류코드: FORCED_DELIVERY, GIFT_ADDED, REFUND_TRANSFERRED, STOCK_LOSS, PROCUREMENT_CANCELLED, EARLY_REFUND, GIFTS_WAIVED
    ord_id TEXT NOT NULL, -- 주문ID: order id
    actr TEXT NOT NULL, -- 행위자: who acted
    adit_rsn TEXT, -- 감사사유: why
    adit_dttm INTEGER NOT NULL, -- 감사일시: acted at
    PRIMARY KEY (cmd_id, adit_knd_cd)
) STRICT;
-- what was done to an order
CREATE INDEX tb_sy_adit_ord ON tb_sy_adit (ord_id);

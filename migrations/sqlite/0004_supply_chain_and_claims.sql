-- Laid out for the next stage (claims, waybills, linked orders, partners); no code writes these yet.

-- 반품: a return: one row a line and return group (next stage)
CREATE TABLE tb_od_rtn (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    rtn_grp_no INTEGER NOT NULL, -- 반품그룹번호: return group number
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    rtn_qty INTEGER NOT NULL, -- 반품수량: returned quantity
    clct_qty INTEGER NOT NULL, -- 회수수량: quantity collected
    rtn_stat_cd TEXT NOT NULL, -- 반품상태코드: return status code: REQUESTED, APPROVED, REJECTED, WITHDRAWN, COLLECTED, COMPLETED
    bfr_stat_cd TEXT NOT NULL, -- 이전상태코드: status of the line before the claim, restored on rejection
    rtn_rsn_cd TEXT NOT NULL, -- 반품사유코드: return reason code
    falt_cd TEXT NOT NULL, -- 귀책코드: at fault: BUYER, SELLER or INSTALLATION
    rfnd_tmng_cd TEXT NOT NULL, -- 환불구분코드: refund timing code: before or after collection
    clct_need_yn INTEGER NOT NULL CHECK (clct_need_yn IN (0, 1)), -- 회수필요여부: the goods must come back
    gft_clct_yn INTEGER NOT NULL CHECK (gft_clct_yn IN (0, 1)), -- 사은품회수여부: the gifts must come back
    rtn_fee_amt INTEGER NOT NULL, -- 반품배송비금액: return shipping fee, won
    resl_yn INTEGER CHECK (resl_yn IN (0, 1)), -- 재판매가능여부: sellable after inspection
    acpt_dttm INTEGER NOT NULL, -- 접수일시: requested at
    aprv_rslt_dttm INTEGER, -- 승인처리일시: approved, rejected or withdrawn at
    clct_dttm INTEGER, -- 회수확정일시: collection confirmed at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    PRIMARY KEY (ord_id, rtn_grp_no, ord_seq),
    CONSTRAINT tb_od_rtn_rtn_qty_ck CHECK (rtn_qty >= 0),
    CONSTRAINT tb_od_rtn_clct_qty_ck CHECK (clct_qty >= 0),
    CONSTRAINT tb_od_rtn_parts_ck CHECK (rtn_qty >= clct_qty)
) STRICT;

-- 교환: an exchange: one row a line and exchange group (next stage)
CREATE TABLE tb_od_exch (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    exch_grp_no INTEGER NOT NULL, -- 교환그룹번호: exchange group number
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    exch_qty INTEGER NOT NULL, -- 교환수량: exchanged quantity
    clct_qty INTEGER NOT NULL, -- 회수수량: quantity collected
    exch_stat_cd TEXT NOT NULL, -- 교환상태코드: exchange status code: REQUESTED, APPROVED, REJECTED, COMPLETED, FAILED
    exch_brch_cd TEXT, -- 교환방식코드: branch: PICKUP or ADD_PRODUCT
    bfr_stat_cd TEXT NOT NULL, -- 이전상태코드: status of the line before the claim, restored on rejection
    exch_rsn_cd TEXT NOT NULL, -- 교환사유코드: exchange reason code
    falt_cd TEXT NOT NULL, -- 귀책코드: at fault: BUYER, SELLER or INSTALLATION
    new_ord_seq INTEGER, -- 신규주문순번: line number of the product added
    new_unt_id TEXT, -- 신규단품ID: SKU of the product added
    acpt_dttm INTEGER NOT NULL, -- 접수일시: requested at
    aprv_rslt_dttm INTEGER, -- 승인처리일시: approved, rejected or withdrawn at
    clct_dttm INTEGER, -- 회수확정일시: collection confirmed at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    PRIMARY KEY (ord_id, exch_grp_no, ord_seq),
    CONSTRAINT tb_od_exch_exch_qty_ck CHECK (exch_qty >= 0),
    CONSTRAINT tb_od_exch_clct_qty_ck CHECK (clct_qty >= 0),
    CONSTRAINT tb_od_exch_parts_ck CHECK (exch_qty >= clct_qty)
) STRICT;

-- 운송장: a waybill: a line may have several (next stage)
CREATE TABLE tb_od_wybl (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    carr_cd TEXT NOT NULL, -- 배송사코드: carrier code
    wybl_no TEXT NOT NULL, -- 운송장번호: waybill number
    wybl_knd_cd TEXT NOT NULL, -- 운송장종류코드: DELIVERY or COLLECTION
    wybl_qty INTEGER NOT NULL, -- 운송장수량: quantity on this waybill
    reg_dttm INTEGER NOT NULL, -- 등록일시: registered at
    chg_dttm INTEGER, -- 변경일시: changed at
    dlv_cmpl_dttm INTEGER, -- 배송완료일시: delivered at
    PRIMARY KEY (ord_id, ord_seq, carr_cd, wybl_no),
    CONSTRAINT tb_od_wybl_wybl_qty_ck CHECK (wybl_qty >= 0),
    CONSTRAINT tb_od_wybl_wybl_knd_cd_ck CHECK (wybl_knd_cd IN ('DELIVERY', 'COLLECTION'))
) STRICT;

-- 연결주문: a linked order: a purchase or an installation that serves a parent order (next stage)
CREATE TABLE tb_od_lnk (
    prnt_ord_id TEXT NOT NULL, -- 상위주문ID: parent order id
    chld_ord_id TEXT NOT NULL, -- 하위주문ID: child order id
    lnk_knd_cd TEXT NOT NULL, -- 연결종류코드: PURCHASE or INSTALLATION
    lnk_stat_cd TEXT NOT NULL, -- 연결상태코드: OPEN, DONE, OUT_OF_STOCK or CANCELLED
    prnt_prtn_no INTEGER NOT NULL, -- 상위파티션번호: partition of the parent
    chld_prtn_no INTEGER NOT NULL, -- 하위파티션번호: partition of the child
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    lnk_dttm INTEGER NOT NULL, -- 연결일시: linked at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    PRIMARY KEY (prnt_ord_id, chld_ord_id),
    CONSTRAINT tb_od_lnk_lnk_knd_cd_ck CHECK (lnk_knd_cd IN ('PURCHASE', 'INSTALLATION'))
) STRICT;
-- a child finds its parent
CREATE INDEX tb_od_lnk_chld ON tb_od_lnk (chld_ord_id);

-- 매입거래: a purchase receipt from a seller that is no partner; not an order (next stage)
CREATE TABLE tb_od_prch_rcpt (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    rcpt_no INTEGER NOT NULL, -- 영수증번호: receipt number within the order
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    unt_id TEXT NOT NULL, -- 단품ID: SKU id
    selr_nm TEXT NOT NULL, -- 판매처명: seller as written on the receipt; a business, not a person
    prch_qty INTEGER NOT NULL, -- 매입수량: quantity purchased
    prch_amt INTEGER NOT NULL, -- 매입금액: purchase amount, won
    prch_stat_cd TEXT NOT NULL, -- 매입상태코드: OPEN, DONE or CANCELLED
    prch_dttm INTEGER NOT NULL, -- 매입일시: purchased at
    cmpl_dttm INTEGER, -- 완료일시: completed at
    PRIMARY KEY (ord_id, rcpt_no, ord_seq),
    CONSTRAINT tb_od_prch_rcpt_prch_qty_ck CHECK (prch_qty >= 0)
) STRICT;

-- 협력사: a partner: retailer, wholesaler, installer (next stage)
CREATE TABLE tb_pt_ptnr (
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    ptnr_nm TEXT NOT NULL, -- 협력사명: partner name
    ptnr_knd_cd TEXT NOT NULL, -- 협력사종류코드: RETAILER, WHOLESALER or INSTALLER
    use_yn INTEGER NOT NULL CHECK (use_yn IN (0, 1)), -- 사용여부: in use
    biz_zip_no TEXT, -- 사업장우편번호: postal code of the business address
    biz_addr TEXT, -- 사업장주소: business address
    reg_dttm INTEGER NOT NULL, -- 등록일시: registered at
    PRIMARY KEY (ptnr_id),
    CONSTRAINT tb_pt_ptnr_ptnr_knd_cd_ck CHECK (ptnr_knd_cd IN ('RETAILER', 'WHOLESALER', 'INSTALLER'))
) STRICT;

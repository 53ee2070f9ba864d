-- Orders, their money and their history.
-- No foreign keys here nor on the stock tables: a check of one costs every row an index probe and a lock on the row it
-- points to, and the hot SKU's row would be locked once for every order line. A lane is the only writer of its rows and
-- writes them all in one statement; the checker proves that they belong together.
-- Every index beside a primary key is argued for, because each one costs the hot path.
-- Ids compare as bytes (COLLATE "C"): faster than any language, and the same order in every database.

CREATE TABLE tb_od_ord (
    ord_id text COLLATE "C" NOT NULL,
    prtn_no bigint NOT NULL,
    cust_id text COLLATE "C" NOT NULL,
    ord_stat_cd text NOT NULL,
    ord_ver bigint NOT NULL,
    rcpt_dttm timestamptz NOT NULL,
    pay_ddln_dttm timestamptz,
    due_dttm timestamptz,
    part_alw_yn boolean NOT NULL,
    gds_amt bigint NOT NULL,
    dscnt_amt bigint NOT NULL,
    dlv_fee_amt bigint NOT NULL,
    ord_amt bigint NOT NULL,
    prnt_ord_id text COLLATE "C",
    dstn_knd_cd text,
    dstn_zone_cd text,
    PRIMARY KEY (ord_id)
) WITH (fillfactor = 90);
-- what is due next
CREATE INDEX tb_od_ord_due ON tb_od_ord (prtn_no, due_dttm) WHERE due_dttm IS NOT NULL;
-- a customer's orders, and all orders, by when they came
CREATE INDEX tb_od_ord_cust ON tb_od_ord (cust_id, rcpt_dttm);
CREATE INDEX tb_od_ord_rcpt ON tb_od_ord (rcpt_dttm);
COMMENT ON TABLE tb_od_ord IS '주문: an order; one row, the projection of its events';
COMMENT ON COLUMN tb_od_ord.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_ord.prtn_no IS '파티션번호: partition that owns the row';
COMMENT ON COLUMN tb_od_ord.cust_id IS '고객ID: customer id, opaque';
COMMENT ON COLUMN tb_od_ord.ord_stat_cd IS '주문상태코드: order status code';
COMMENT ON COLUMN tb_od_ord.ord_ver IS '주문버전: number of the last event';
COMMENT ON COLUMN tb_od_ord.rcpt_dttm IS '주문접수일시: received at';
COMMENT ON COLUMN tb_od_ord.pay_ddln_dttm IS '결제기한일시: payment deadline';
COMMENT ON COLUMN tb_od_ord.due_dttm IS '처리예정일시: when the order next wants attention';
COMMENT ON COLUMN tb_od_ord.part_alw_yn IS '부분주문허용여부: whether short lines may be amended';
COMMENT ON COLUMN tb_od_ord.gds_amt IS '상품금액: total of the goods, won';
COMMENT ON COLUMN tb_od_ord.dscnt_amt IS '할인금액: discount, won';
COMMENT ON COLUMN tb_od_ord.dlv_fee_amt IS '배송비금액: total of the shipping fees, won';
COMMENT ON COLUMN tb_od_ord.ord_amt IS '주문금액: what the buyer owes or paid, won';
COMMENT ON COLUMN tb_od_ord.prnt_ord_id IS '상위주문ID: the order that this one was made for';
COMMENT ON COLUMN tb_od_ord.dstn_knd_cd IS '배송지구분코드: HOME or BUSINESS';
COMMENT ON COLUMN tb_od_ord.dstn_zone_cd IS '배송권역코드: MAINLAND, JEJU or ISLAND';

CREATE TABLE tb_od_ord_gds (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    unt_id text COLLATE "C" NOT NULL,
    gds_id text COLLATE "C" NOT NULL,
    ord_stat_cd text NOT NULL,
    dlv_sub_stat_cd text,
    main_gds_yn boolean NOT NULL,
    gft_incl_yn boolean NOT NULL,
    gft_yn boolean NOT NULL,
    main_ord_seq bigint,
    gft_prm_id text COLLATE "C",
    gft_rsn_cd text,
    org_ord_seq bigint,
    ord_qty bigint NOT NULL,
    cncl_qty bigint NOT NULL,
    rtn_acpt_qty bigint NOT NULL,
    rtn_qty bigint NOT NULL,
    exch_acpt_qty bigint NOT NULL,
    exch_qty bigint NOT NULL,
    dlv_qty bigint NOT NULL,
    hold_qty bigint NOT NULL,
    dduct_qty bigint NOT NULL,
    cmpn_id text COLLATE "C",
    stck_plcy_cd text NOT NULL,
    sl_upr bigint NOT NULL,
    sl_tot_amt bigint NOT NULL,
    prm_id text COLLATE "C",
    prm_dscnt_amt bigint NOT NULL,
    cpn_id text COLLATE "C",
    cpn_dscnt_amt bigint NOT NULL,
    pay_amt bigint NOT NULL,
    pnt_rate_bp bigint NOT NULL,
    pnt_amt bigint NOT NULL,
    dlv_fee_no bigint NOT NULL,
    pre_rfnd_yn boolean NOT NULL,
    rfnd_tmng_cd text,
    avg_lead_days bigint NOT NULL,
    ship_inst_dttm timestamptz,
    dlv_expt_dttm timestamptz,
    dlv_prep_dttm timestamptz,
    dlv_strt_dttm timestamptz,
    dlv_cmpl_dttm timestamptz,
    carr_dlv_cmpl_dttm timestamptz,
    rvn_dttm timestamptz,
    PRIMARY KEY (ord_id, ord_seq),
    CONSTRAINT tb_od_ord_gds_ord_qty_ck CHECK (ord_qty >= 0),
    CONSTRAINT tb_od_ord_gds_cncl_qty_ck CHECK (cncl_qty >= 0),
    CONSTRAINT tb_od_ord_gds_rtn_acpt_qty_ck CHECK (rtn_acpt_qty >= 0),
    CONSTRAINT tb_od_ord_gds_rtn_qty_ck CHECK (rtn_qty >= 0),
    CONSTRAINT tb_od_ord_gds_exch_acpt_qty_ck CHECK (exch_acpt_qty >= 0),
    CONSTRAINT tb_od_ord_gds_exch_qty_ck CHECK (exch_qty >= 0),
    CONSTRAINT tb_od_ord_gds_dlv_qty_ck CHECK (dlv_qty >= 0),
    CONSTRAINT tb_od_ord_gds_hold_qty_ck CHECK (hold_qty >= 0),
    CONSTRAINT tb_od_ord_gds_dduct_qty_ck CHECK (dduct_qty >= 0),
    CONSTRAINT tb_od_ord_gds_parts_ck CHECK (ord_qty >= cncl_qty + rtn_qty + exch_qty),
    CONSTRAINT tb_od_ord_gds_claims_ck CHECK (ord_qty >= cncl_qty + rtn_acpt_qty + exch_acpt_qty),
    CONSTRAINT tb_od_ord_gds_stock_ck CHECK (ord_qty >= cncl_qty + hold_qty + dduct_qty)
) WITH (fillfactor = 90);
COMMENT ON TABLE tb_od_ord_gds IS '주문상품: an order line';
COMMENT ON COLUMN tb_od_ord_gds.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_ord_gds.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_ord_gds.unt_id IS '단품ID: SKU id';
COMMENT ON COLUMN tb_od_ord_gds.gds_id IS '상품ID: product id';
COMMENT ON COLUMN tb_od_ord_gds.ord_stat_cd IS '주문상태코드: status code of the line';
COMMENT ON COLUMN tb_od_ord_gds.dlv_sub_stat_cd IS '배송상태코드: delivery sub-status code';
COMMENT ON COLUMN tb_od_ord_gds.main_gds_yn IS '메인상품여부: main line';
COMMENT ON COLUMN tb_od_ord_gds.gft_incl_yn IS '사은품포함여부: gifts are included';
COMMENT ON COLUMN tb_od_ord_gds.gft_yn IS '사은품여부: the line is a gift';
COMMENT ON COLUMN tb_od_ord_gds.main_ord_seq IS '메인상품주문순번: line number of the main line';
COMMENT ON COLUMN tb_od_ord_gds.gft_prm_id IS '사은품프로모션ID: gift promotion id, as it was at order time';
COMMENT ON COLUMN tb_od_ord_gds.gft_rsn_cd IS '사은품사유코드: gift reason code, set by hand';
COMMENT ON COLUMN tb_od_ord_gds.org_ord_seq IS '원주문순번: line number of the first line of an exchange chain';
COMMENT ON COLUMN tb_od_ord_gds.ord_qty IS '주문수량: ordered quantity';
COMMENT ON COLUMN tb_od_ord_gds.cncl_qty IS '취소수량: cancelled quantity';
COMMENT ON COLUMN tb_od_ord_gds.rtn_acpt_qty IS '반품접수수량: quantity accepted for return';
COMMENT ON COLUMN tb_od_ord_gds.rtn_qty IS '반품수량: returned quantity';
COMMENT ON COLUMN tb_od_ord_gds.exch_acpt_qty IS '교환접수수량: quantity accepted for exchange';
COMMENT ON COLUMN tb_od_ord_gds.exch_qty IS '교환수량: exchanged quantity';
COMMENT ON COLUMN tb_od_ord_gds.dlv_qty IS '배송수량: delivered quantity';
COMMENT ON COLUMN tb_od_ord_gds.hold_qty IS '선점수량: units this line holds, unpaid';
COMMENT ON COLUMN tb_od_ord_gds.dduct_qty IS '차감수량: units deducted';
COMMENT ON COLUMN tb_od_ord_gds.cmpn_id IS '판매행사ID: campaign id';
COMMENT ON COLUMN tb_od_ord_gds.stck_plcy_cd IS '재고정책코드: stock policy code: hold at placement or deduct at payment';
COMMENT ON COLUMN tb_od_ord_gds.sl_upr IS '판매단가: unit price, won';
COMMENT ON COLUMN tb_od_ord_gds.sl_tot_amt IS '합계가: unit price times quantity, won';
COMMENT ON COLUMN tb_od_ord_gds.prm_id IS '프로모션ID: promotion id';
COMMENT ON COLUMN tb_od_ord_gds.prm_dscnt_amt IS '프로모션할인금액: promotion discount, won';
COMMENT ON COLUMN tb_od_ord_gds.cpn_id IS '쿠폰ID: coupon id';
COMMENT ON COLUMN tb_od_ord_gds.cpn_dscnt_amt IS '쿠폰할인금액: coupon discount, won';
COMMENT ON COLUMN tb_od_ord_gds.pay_amt IS '결제금액: amount due or paid for the line, won';
COMMENT ON COLUMN tb_od_ord_gds.pnt_rate_bp IS '적립율: points earned, basis points of what was paid, at order time';
COMMENT ON COLUMN tb_od_ord_gds.pnt_amt IS '적립금액: points earned, less those reversed';
COMMENT ON COLUMN tb_od_ord_gds.dlv_fee_no IS '배송비번호: shipping fee row of the line';
COMMENT ON COLUMN tb_od_ord_gds.pre_rfnd_yn IS '선환불대상여부: may be refunded before collection';
COMMENT ON COLUMN tb_od_ord_gds.rfnd_tmng_cd IS '환불구분코드: refund timing code: before or after collection';
COMMENT ON COLUMN tb_od_ord_gds.avg_lead_days IS '평균배송소요기간: average lead time, days';
COMMENT ON COLUMN tb_od_ord_gds.ship_inst_dttm IS '출고지시일시: ship instruction at';
COMMENT ON COLUMN tb_od_ord_gds.dlv_expt_dttm IS '배송예정일시: delivery expected at';
COMMENT ON COLUMN tb_od_ord_gds.dlv_prep_dttm IS '배송준비일시: prepared at: the partner took the order list';
COMMENT ON COLUMN tb_od_ord_gds.dlv_strt_dttm IS '배송시작일시: started at: the waybill was registered';
COMMENT ON COLUMN tb_od_ord_gds.dlv_cmpl_dttm IS '배송완료일시: delivered at';
COMMENT ON COLUMN tb_od_ord_gds.carr_dlv_cmpl_dttm IS '배송사배송완료일시: delivered at, by the carrier itself';
COMMENT ON COLUMN tb_od_ord_gds.rvn_dttm IS '매출확정일시: revenue recognised at';

CREATE TABLE tb_od_stlm (
    ord_id text COLLATE "C" NOT NULL,
    stlm_no bigint NOT NULL,
    pay_grp_no bigint NOT NULL,
    pay_mns_cd text NOT NULL,
    pay_mns_rel_id text COLLATE "C",
    expt_amt bigint NOT NULL,
    pay_amt bigint NOT NULL,
    rfnd_psbl_amt bigint NOT NULL,
    rfnd_plan_amt bigint NOT NULL,
    rfnd_excl_amt bigint NOT NULL,
    rfnd_amt bigint NOT NULL,
    pay_dttm timestamptz,
    PRIMARY KEY (ord_id, stlm_no),
    CONSTRAINT tb_od_stlm_expt_amt_ck CHECK (expt_amt >= 0),
    CONSTRAINT tb_od_stlm_pay_amt_ck CHECK (pay_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_psbl_amt_ck CHECK (rfnd_psbl_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_plan_amt_ck CHECK (rfnd_plan_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_excl_amt_ck CHECK (rfnd_excl_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_amt_ck CHECK (rfnd_amt >= 0),
    CONSTRAINT tb_od_stlm_balance_ck CHECK (pay_amt = rfnd_psbl_amt + rfnd_plan_amt + rfnd_excl_amt + rfnd_amt)
) WITH (fillfactor = 90);
COMMENT ON TABLE tb_od_stlm IS '결제: a settlement: one row a means of payment';
COMMENT ON COLUMN tb_od_stlm.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_stlm.stlm_no IS '결제번호: settlement number within the order';
COMMENT ON COLUMN tb_od_stlm.pay_grp_no IS '결제그룹번호: payment group number';
COMMENT ON COLUMN tb_od_stlm.pay_mns_cd IS '결제수단코드: means of payment code';
COMMENT ON COLUMN tb_od_stlm.pay_mns_rel_id IS '결제수단관련ID: approval id, or the customer-points id';
COMMENT ON COLUMN tb_od_stlm.expt_amt IS '결제예정금액: amount expected, deposits only, won';
COMMENT ON COLUMN tb_od_stlm.pay_amt IS '결제금액: amount paid, won';
COMMENT ON COLUMN tb_od_stlm.rfnd_psbl_amt IS '환불가능금액: refundable, won';
COMMENT ON COLUMN tb_od_stlm.rfnd_plan_amt IS '환불예정금액: refund planned, won';
COMMENT ON COLUMN tb_od_stlm.rfnd_excl_amt IS '환불제외금액: excluded from refund, won';
COMMENT ON COLUMN tb_od_stlm.rfnd_amt IS '환불금액: refunded, won';
COMMENT ON COLUMN tb_od_stlm.pay_dttm IS '결제일시: paid at';

CREATE TABLE tb_sc_crcd_aprv (
    aprv_id text COLLATE "C" NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    stlm_no bigint NOT NULL,
    aprv_tkn text,
    aprv_amt bigint NOT NULL,
    vrtl_acct_no text,
    bank_cd text,
    aprv_dttm timestamptz,
    PRIMARY KEY (ord_id, stlm_no)
);
COMMENT ON TABLE tb_sc_crcd_aprv IS '카드승인: an approval; the token only, never a card number';
COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_id IS '승인ID: approval id';
COMMENT ON COLUMN tb_sc_crcd_aprv.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_sc_crcd_aprv.stlm_no IS '결제번호: settlement number within the order';
COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_tkn IS '승인토큰: token of the approval';
COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_amt IS '승인금액: approved amount, won';
COMMENT ON COLUMN tb_sc_crcd_aprv.vrtl_acct_no IS '가상계좌번호: virtual account number';
COMMENT ON COLUMN tb_sc_crcd_aprv.bank_cd IS '입금은행코드: bank code';
COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_dttm IS '승인일시: approved at';

CREATE TABLE tb_od_rfnd (
    rfnd_key text COLLATE "C" NOT NULL,
    rfnd_seq bigint NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    stlm_no bigint NOT NULL,
    cncl_grp_no bigint,
    rtn_grp_no bigint,
    rfnd_stat_cd text NOT NULL,
    rfnd_mns_cd text NOT NULL,
    rfnd_plan_amt bigint NOT NULL,
    rfnd_amt bigint NOT NULL,
    rfnd_rsn text,
    rfnd_dttm timestamptz NOT NULL,
    PRIMARY KEY (rfnd_key, rfnd_seq),
    CONSTRAINT tb_od_rfnd_rfnd_stat_cd_ck CHECK (rfnd_stat_cd IN ('PLANNED', 'REFUNDED', 'FAILED', 'WITHDRAWN'))
);
COMMENT ON TABLE tb_od_rfnd IS '환불: a refund: the request is one row, each outcome of it another; insert-only';
COMMENT ON COLUMN tb_od_rfnd.rfnd_key IS '환불멱등키: idempotency key of the refund, as the payment side sees it';
COMMENT ON COLUMN tb_od_rfnd.rfnd_seq IS '환불순번: 0 is the request, then one an outcome';
COMMENT ON COLUMN tb_od_rfnd.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_rfnd.stlm_no IS '결제번호: settlement number within the order';
COMMENT ON COLUMN tb_od_rfnd.cncl_grp_no IS '취소그룹번호: cancel group number';
COMMENT ON COLUMN tb_od_rfnd.rtn_grp_no IS '반품그룹번호: return group number';
COMMENT ON COLUMN tb_od_rfnd.rfnd_stat_cd IS '환불상태코드: refund status code: PLANNED, REFUNDED, FAILED';
COMMENT ON COLUMN tb_od_rfnd.rfnd_mns_cd IS '환불수단코드: refund means code';
COMMENT ON COLUMN tb_od_rfnd.rfnd_plan_amt IS '환불예정금액: amount of this request, won';
COMMENT ON COLUMN tb_od_rfnd.rfnd_amt IS '환불금액: refunded, won';
COMMENT ON COLUMN tb_od_rfnd.rfnd_rsn IS '환불사유: reason of the refund';
COMMENT ON COLUMN tb_od_rfnd.rfnd_dttm IS '환불일시: refund row written at';

CREATE TABLE tb_od_cncl (
    ord_id text COLLATE "C" NOT NULL,
    cncl_grp_no bigint NOT NULL,
    ord_seq bigint NOT NULL,
    cncl_qty bigint NOT NULL,
    cncl_amt bigint NOT NULL,
    cncl_rsn_cd text NOT NULL,
    cncl_dttm timestamptz NOT NULL,
    PRIMARY KEY (ord_id, cncl_grp_no, ord_seq),
    CONSTRAINT tb_od_cncl_cncl_qty_ck CHECK (cncl_qty >= 0)
);
COMMENT ON TABLE tb_od_cncl IS '취소: a cancellation: one row a line and cancel group; insert-only';
COMMENT ON COLUMN tb_od_cncl.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_cncl.cncl_grp_no IS '취소그룹번호: cancel group number';
COMMENT ON COLUMN tb_od_cncl.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_cncl.cncl_qty IS '취소수량: cancelled quantity';
COMMENT ON COLUMN tb_od_cncl.cncl_amt IS '취소금액: cancelled amount, won';
COMMENT ON COLUMN tb_od_cncl.cncl_rsn_cd IS '취소사유코드: cancellation reason code';
COMMENT ON COLUMN tb_od_cncl.cncl_dttm IS '취소일시: cancelled at';

CREATE TABLE tb_od_dlv_fee (
    ord_id text COLLATE "C" NOT NULL,
    dlv_fee_no bigint NOT NULL,
    pay_grp_no bigint NOT NULL,
    ptnr_id text COLLATE "C" NOT NULL,
    dlv_tmpl_id text COLLATE "C" NOT NULL,
    fee_knd_cd text NOT NULL,
    rtn_grp_no bigint,
    falt_cd text,
    bndl_fee_amt bigint NOT NULL,
    thrs_amt bigint,
    bas_fee_amt bigint NOT NULL,
    fee_amt bigint NOT NULL,
    rfnd_fee_amt bigint NOT NULL,
    fee_rsn_cd text NOT NULL,
    unpd_yn boolean NOT NULL,
    PRIMARY KEY (ord_id, dlv_fee_no)
);
-- what a partner sells (팔린 주문): every order has such a row, so it is kept small
CREATE INDEX tb_od_dlv_fee_ptnr ON tb_od_dlv_fee (ptnr_id) WHERE fee_knd_cd = 'ORDER';
COMMENT ON TABLE tb_od_dlv_fee IS '배송비: a shipping fee: one row a partner and delivery template';
COMMENT ON COLUMN tb_od_dlv_fee.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_dlv_fee.dlv_fee_no IS '배송비번호: shipping fee row number';
COMMENT ON COLUMN tb_od_dlv_fee.pay_grp_no IS '결제그룹번호: payment group number';
COMMENT ON COLUMN tb_od_dlv_fee.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_od_dlv_fee.dlv_tmpl_id IS '배송템플릿ID: delivery template id';
COMMENT ON COLUMN tb_od_dlv_fee.fee_knd_cd IS '배송비종류코드: ORDER, SURCHARGE (islands and Jeju) or RETURN';
COMMENT ON COLUMN tb_od_dlv_fee.rtn_grp_no IS '반품그룹번호: of a return: its group';
COMMENT ON COLUMN tb_od_dlv_fee.falt_cd IS '귀책코드: of a return: whose fault it is';
COMMENT ON COLUMN tb_od_dlv_fee.bndl_fee_amt IS '합포장배송비금액: what the bundled goods make of it, won';
COMMENT ON COLUMN tb_od_dlv_fee.thrs_amt IS '무료배송기준금액: free at or above this total, won';
COMMENT ON COLUMN tb_od_dlv_fee.bas_fee_amt IS '기본배송비금액: fee before the free threshold, won';
COMMENT ON COLUMN tb_od_dlv_fee.fee_amt IS '배송비금액: fee charged, won';
COMMENT ON COLUMN tb_od_dlv_fee.rfnd_fee_amt IS '환불배송비금액: fee given back, won';
COMMENT ON COLUMN tb_od_dlv_fee.fee_rsn_cd IS '배송비사유코드: why the fee is what it is';
COMMENT ON COLUMN tb_od_dlv_fee.unpd_yn IS '미결제여부: a surcharge that is still to be paid';

CREATE TABLE tb_od_dscnt_hist (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    dscnt_no bigint NOT NULL,
    dscnt_knd_cd text NOT NULL,
    prm_id text COLLATE "C" NOT NULL,
    dscnt_rate_bp bigint NOT NULL,
    dscnt_amt bigint NOT NULL,
    dscnt_dttm timestamptz NOT NULL,
    PRIMARY KEY (ord_id, ord_seq, dscnt_no)
);
COMMENT ON TABLE tb_od_dscnt_hist IS '할인이력: a discount given, written once the money is in';
COMMENT ON COLUMN tb_od_dscnt_hist.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_dscnt_hist.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_od_dscnt_hist.dscnt_no IS '할인번호: discount number within the line';
COMMENT ON COLUMN tb_od_dscnt_hist.dscnt_knd_cd IS '할인종류코드: discount kind code';
COMMENT ON COLUMN tb_od_dscnt_hist.prm_id IS '프로모션ID: promotion id';
COMMENT ON COLUMN tb_od_dscnt_hist.dscnt_rate_bp IS '할인율: discount rate, basis points';
COMMENT ON COLUMN tb_od_dscnt_hist.dscnt_amt IS '할인금액: discount, won';
COMMENT ON COLUMN tb_od_dscnt_hist.dscnt_dttm IS '할인일시: discounted at';

CREATE TABLE tb_od_pnt_hist (
    ord_id text COLLATE "C" NOT NULL,
    pnt_no bigint NOT NULL,
    cust_id text COLLATE "C" NOT NULL,
    pnt_knd_cd text NOT NULL,
    pnt_amt bigint NOT NULL,
    pnt_rel_id text COLLATE "C",
    pnt_dttm timestamptz NOT NULL,
    PRIMARY KEY (ord_id, pnt_no),
    CONSTRAINT tb_od_pnt_hist_pnt_knd_cd_ck CHECK (pnt_knd_cd IN ('USED', 'GIVEN_BACK', 'EARNED', 'REVERSED'))
);
COMMENT ON TABLE tb_od_pnt_hist IS '적립금이력: points used, given back, earned or reversed';
COMMENT ON COLUMN tb_od_pnt_hist.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_pnt_hist.pnt_no IS '적립금번호: points row number within the order';
COMMENT ON COLUMN tb_od_pnt_hist.cust_id IS '고객ID: customer id, opaque';
COMMENT ON COLUMN tb_od_pnt_hist.pnt_knd_cd IS '적립금종류코드: points kind code: USED, GIVEN_BACK, EARNED, REVERSED';
COMMENT ON COLUMN tb_od_pnt_hist.pnt_amt IS '적립금금액: points, won';
COMMENT ON COLUMN tb_od_pnt_hist.pnt_rel_id IS '적립금관련ID: customer-points id';
COMMENT ON COLUMN tb_od_pnt_hist.pnt_dttm IS '적립금일시: points written at';

CREATE TABLE tb_od_ord_prsn (
    ord_id text COLLATE "C" NOT NULL,
    prsn_knd_cd text NOT NULL,
    ord_seq bigint NOT NULL,
    rcvr_nm text,
    tel_no text,
    zip_no text,
    addr text,
    addr_dtl text,
    acct_ownr_nm text,
    dpst_hldr_nm text,
    rmtr_nm text,
    rvw_txt text,
    PRIMARY KEY (ord_id, prsn_knd_cd, ord_seq)
);
COMMENT ON TABLE tb_od_ord_prsn IS '주문개인정보: personal data of an order, which may be erased; in no event and no log';
COMMENT ON COLUMN tb_od_ord_prsn.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_ord_prsn.prsn_knd_cd IS '개인정보종류코드: RECIPIENT, PAYER, REFUND or REVIEW';
COMMENT ON COLUMN tb_od_ord_prsn.ord_seq IS '주문순번: line number; 0 for the order';
COMMENT ON COLUMN tb_od_ord_prsn.rcvr_nm IS '수령인명: receiver name';
COMMENT ON COLUMN tb_od_ord_prsn.tel_no IS '전화번호: telephone number';
COMMENT ON COLUMN tb_od_ord_prsn.zip_no IS '우편번호: postal code';
COMMENT ON COLUMN tb_od_ord_prsn.addr IS '주소: address';
COMMENT ON COLUMN tb_od_ord_prsn.addr_dtl IS '상세주소: address detail';
COMMENT ON COLUMN tb_od_ord_prsn.acct_ownr_nm IS '계좌소유자명: account owner name';
COMMENT ON COLUMN tb_od_ord_prsn.dpst_hldr_nm IS '예금주명: account holder name';
COMMENT ON COLUMN tb_od_ord_prsn.rmtr_nm IS '송금인명: remitter name';
COMMENT ON COLUMN tb_od_ord_prsn.rvw_txt IS '리뷰내용: words of a review';

CREATE TABLE tb_od_ord_hist (
    ord_id text COLLATE "C" NOT NULL,
    hist_no bigint NOT NULL,
    cmd_id text COLLATE "C" NOT NULL,
    cmd_evnt_no bigint NOT NULL,
    cmd_dgst text NOT NULL,
    evnt_typ_cd text NOT NULL,
    evnt_ver bigint NOT NULL,
    evnt text NOT NULL,
    actr text NOT NULL,
    ord_stat_cd text NOT NULL,
    ansr text,
    strm_entr text,
    hist_dttm timestamptz NOT NULL,
    PRIMARY KEY (ord_id, hist_no),
    CONSTRAINT tb_od_ord_hist_hist_no_ck CHECK (hist_no >= 1)
);
-- one effect a command, over all lanes
CREATE UNIQUE INDEX tb_od_ord_hist_cmd ON tb_od_ord_hist (cmd_id, cmd_evnt_no);
COMMENT ON TABLE tb_od_ord_hist IS '주문이력: the events of the orders; an order is the fold of its events';
COMMENT ON COLUMN tb_od_ord_hist.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_ord_hist.hist_no IS '이력번호: event number within the order, from 1, without gaps';
COMMENT ON COLUMN tb_od_ord_hist.cmd_id IS '명령ID: command id';
COMMENT ON COLUMN tb_od_ord_hist.cmd_evnt_no IS '명령이벤트번호: number of the event within its command, from 0';
COMMENT ON COLUMN tb_od_ord_hist.cmd_dgst IS '명령다이제스트: digest of the content of the command, hexadecimal';
COMMENT ON COLUMN tb_od_ord_hist.evnt_typ_cd IS '이벤트유형코드: event type code';
COMMENT ON COLUMN tb_od_ord_hist.evnt_ver IS '이벤트버전: version of the event format';
COMMENT ON COLUMN tb_od_ord_hist.evnt IS '이벤트: the event, JSON';
COMMENT ON COLUMN tb_od_ord_hist.actr IS '행위자: who acted';
COMMENT ON COLUMN tb_od_ord_hist.ord_stat_cd IS '주문상태코드: status of the order after the event';
COMMENT ON COLUMN tb_od_ord_hist.ansr IS '응답: facts of the answer, JSON';
COMMENT ON COLUMN tb_od_ord_hist.strm_entr IS '스트림항목: stream entry that brought the command';
COMMENT ON COLUMN tb_od_ord_hist.hist_dttm IS '이력일시: decided at';

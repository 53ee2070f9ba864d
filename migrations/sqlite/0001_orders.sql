-- Orders, their money and their history.
-- No foreign keys here nor on the stock tables: a check of one costs every row an index probe and a lock on the row it
-- points to, and the hot SKU's row would be locked once for every order line. A lane is the only writer of its rows and
-- writes them all in one statement; the checker proves that they belong together.
-- Every index beside a primary key is argued for, because each one costs the hot path.
-- Times are milliseconds since 1970-01-01 UTC; booleans are 0 or 1; money is whole won.
-- Rowid tables on purpose: ids come in no order, and only the small key index should pay for that, not the wide rows.

-- 주문: an order; one row, the projection of its events
CREATE TABLE tb_od_ord (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition that owns the row
    cust_id TEXT NOT NULL, -- 고객ID: customer id, opaque
    ord_stat_cd TEXT NOT NULL, -- 주문상태코드: order status code
    ord_ver INTEGER NOT NULL, -- 주문버전: number of the last event
    rcpt_dttm INTEGER NOT NULL, -- 주문접수일시: received at
    pay_ddln_dttm INTEGER, -- 결제기한일시: payment deadline
    due_dttm INTEGER, -- 처리예정일시: when the order next wants attention
    part_alw_yn INTEGER NOT NULL CHECK (part_alw_yn IN (0, 1)), -- 부분주문허용여부: whether short lines may be amended
    gds_amt INTEGER NOT NULL, -- 상품금액: total of the goods, won
    dscnt_amt INTEGER NOT NULL, -- 할인금액: discount, won
    dlv_fee_amt INTEGER NOT NULL, -- 배송비금액: total of the shipping fees, won
    ord_amt INTEGER NOT NULL, -- 주문금액: what the buyer owes or paid, won
    prnt_ord_id TEXT, -- 상위주문ID: the order that this one was made for
    dstn_knd_cd TEXT, -- 배송지구분코드: HOME or BUSINESS
    dstn_zone_cd TEXT, -- 배송권역코드: MAINLAND, JEJU or ISLAND
    PRIMARY KEY (ord_id)
) STRICT;
-- what is due next
CREATE INDEX tb_od_ord_due ON tb_od_ord (prtn_no, due_dttm) WHERE due_dttm IS NOT NULL;
-- a customer's orders, and all orders, by when they came
CREATE INDEX tb_od_ord_cust ON tb_od_ord (cust_id, rcpt_dttm);
CREATE INDEX tb_od_ord_rcpt ON tb_od_ord (rcpt_dttm);

-- 주문상품: an order line
CREATE TABLE tb_od_ord_gds (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    unt_id TEXT NOT NULL, -- 단품ID: SKU id
    gds_id TEXT NOT NULL, -- 상품ID: product id
    ord_stat_cd TEXT NOT NULL, -- 주문상태코드: status code of the line
    dlv_sub_stat_cd TEXT, -- 배송상태코드: delivery sub-status code
    main_gds_yn INTEGER NOT NULL CHECK (main_gds_yn IN (0, 1)), -- 메인상품여부: main line
    gft_incl_yn INTEGER NOT NULL CHECK (gft_incl_yn IN (0, 1)), -- 사은품포함여부: gifts are included
    gft_yn INTEGER NOT NULL CHECK (gft_yn IN (0, 1)), -- 사은품여부: the line is a gift
    main_ord_seq INTEGER, -- 메인상품주문순번: line number of the main line
    gft_prm_id TEXT, -- 사은품프로모션ID: gift promotion id, as it was at order time
    gft_rsn_cd TEXT, -- 사은품사유코드: gift reason code, set by hand
    org_ord_seq INTEGER, -- 원주문순번: line number of the first line of an exchange chain
    ord_qty INTEGER NOT NULL, -- 주문수량: ordered quantity
    cncl_qty INTEGER NOT NULL, -- 취소수량: cancelled quantity
    rtn_acpt_qty INTEGER NOT NULL, -- 반품접수수량: quantity accepted for return
    rtn_qty INTEGER NOT NULL, -- 반품수량: returned quantity
    exch_acpt_qty INTEGER NOT NULL, -- 교환접수수량: quantity accepted for exchange
    exch_qty INTEGER NOT NULL, -- 교환수량: exchanged quantity
    dlv_qty INTEGER NOT NULL, -- 배송수량: delivered quantity
    hold_qty INTEGER NOT NULL, -- 선점수량: units this line holds, unpaid
    dduct_qty INTEGER NOT NULL, -- 차감수량: units deducted
    cmpn_id TEXT, -- 판매행사ID: campaign id
    stck_plcy_cd TEXT NOT NULL, -- 재고정책코드: stock policy code: hold at placement or deduct at payment
    sl_upr INTEGER NOT NULL, -- 판매단가: unit price, won
    sl_tot_amt INTEGER NOT NULL, -- 합계가: unit price times quantity, won
    prm_id TEXT, -- 프로모션ID: promotion id
    prm_dscnt_amt INTEGER NOT NULL, -- 프로모션할인금액: promotion discount, won
    cpn_id TEXT, -- 쿠폰ID: coupon id
    cpn_dscnt_amt INTEGER NOT NULL, -- 쿠폰할인금액: coupon discount, won
    pay_amt INTEGER NOT NULL, -- 결제금액: amount due or paid for the line, won
    pnt_rate_bp INTEGER NOT NULL, -- 적립율: points earned, basis points of what was paid, at order time
    pnt_amt INTEGER NOT NULL, -- 적립금액: points earned, less those reversed
    dlv_fee_no INTEGER NOT NULL, -- 배송비번호: shipping fee row of the line
    pre_rfnd_yn INTEGER NOT NULL CHECK (pre_rfnd_yn IN (0, 1)), -- 선환불대상여부: may be refunded before collection
    rfnd_tmng_cd TEXT, -- 환불구분코드: refund timing code: before or after collection
    avg_lead_days INTEGER NOT NULL, -- 평균배송소요기간: average lead time, days
    ship_inst_dttm INTEGER, -- 출고지시일시: ship instruction at
    dlv_expt_dttm INTEGER, -- 배송예정일시: delivery expected at
    dlv_prep_dttm INTEGER, -- 배송준비일시: prepared at: the partner took the order list
    dlv_strt_dttm INTEGER, -- 배송시작일시: started at: the waybill was registered
    dlv_cmpl_dttm INTEGER, -- 배송완료일시: delivered at
    carr_dlv_cmpl_dttm INTEGER, -- 배송사배송완료일시: delivered at, by the carrier itself
    rvn_dttm INTEGER, -- 매출확정일시: revenue recognised at
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
) STRICT;

-- 결제: a settlement: one row a means of payment
CREATE TABLE tb_od_stlm (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    stlm_no INTEGER NOT NULL, -- 결제번호: settlement number within the order
    pay_grp_no INTEGER NOT NULL, -- 결제그룹번호: payment group number
    pay_mns_cd TEXT NOT NULL, -- 결제수단코드: means of payment code
    pay_mns_rel_id TEXT, -- 결제수단관련ID: approval id, or the customer-points id
    expt_amt INTEGER NOT NULL, -- 결제예정금액: amount expected, deposits only, won
    pay_amt INTEGER NOT NULL, -- 결제금액: amount paid, won
    rfnd_psbl_amt INTEGER NOT NULL, -- 환불가능금액: refundable, won
    rfnd_plan_amt INTEGER NOT NULL, -- 환불예정금액: refund planned, won
    rfnd_excl_amt INTEGER NOT NULL, -- 환불제외금액: excluded from refund, won
    rfnd_amt INTEGER NOT NULL, -- 환불금액: refunded, won
    pay_dttm INTEGER, -- 결제일시: paid at
    PRIMARY KEY (ord_id, stlm_no),
    CONSTRAINT tb_od_stlm_expt_amt_ck CHECK (expt_amt >= 0),
    CONSTRAINT tb_od_stlm_pay_amt_ck CHECK (pay_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_psbl_amt_ck CHECK (rfnd_psbl_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_plan_amt_ck CHECK (rfnd_plan_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_excl_amt_ck CHECK (rfnd_excl_amt >= 0),
    CONSTRAINT tb_od_stlm_rfnd_amt_ck CHECK (rfnd_amt >= 0),
    CONSTRAINT tb_od_stlm_balance_ck CHECK (pay_amt = rfnd_psbl_amt + rfnd_plan_amt + rfnd_excl_amt + rfnd_amt)
) STRICT;

-- 카드승인: an approval; the token only, never a card number
CREATE TABLE tb_sc_crcd_aprv (
    aprv_id TEXT NOT NULL, -- 승인ID: approval id
    ord_id TEXT NOT NULL, -- 주문ID: order id
    stlm_no INTEGER NOT NULL, -- 결제번호: settlement number within the order
    aprv_tkn TEXT, -- 승인토큰: token of the approval
    aprv_amt INTEGER NOT NULL, -- 승인금액: approved amount, won
    vrtl_acct_no TEXT, -- 가상계좌번호: virtual account number
    bank_cd TEXT, -- 입금은행코드: bank code
    aprv_dttm INTEGER, -- 승인일시: approved at
    PRIMARY KEY (ord_id, stlm_no)
) STRICT;

-- 환불: a refund: the request is one row, each outcome of it another; insert-only
CREATE TABLE tb_od_rfnd (
    rfnd_key TEXT NOT NULL, -- 환불멱등키: idempotency key of the refund, as the payment side sees it
    rfnd_seq INTEGER NOT NULL, -- 환불순번: 0 is the request, then one an outcome
    ord_id TEXT NOT NULL, -- 주문ID: order id
    stlm_no INTEGER NOT NULL, -- 결제번호: settlement number within the order
    cncl_grp_no INTEGER, -- 취소그룹번호: cancel group number
    rtn_grp_no INTEGER, -- 반품그룹번호: return group number
    rfnd_stat_cd TEXT NOT NULL, -- 환불상태코드: refund status code: PLANNED, REFUNDED, FAILED
    rfnd_mns_cd TEXT NOT NULL, -- 환불수단코드: refund means code
    rfnd_plan_amt INTEGER NOT NULL, -- 환불예정금액: amount of this request, won
    rfnd_amt INTEGER NOT NULL, -- 환불금액: refunded, won
    rfnd_rsn TEXT, -- 환불사유: reason of the refund
    rfnd_dttm INTEGER NOT NULL, -- 환불일시: refund row written at
    PRIMARY KEY (rfnd_key, rfnd_seq),
    CONSTRAINT tb_od_rfnd_rfnd_stat_cd_ck CHECK (rfnd_stat_cd IN ('PLANNED', 'REFUNDED', 'FAILED', 'WITHDRAWN'))
) STRICT;

-- 취소: a cancellation: one row a line and cancel group; insert-only
CREATE TABLE tb_od_cncl (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    cncl_grp_no INTEGER NOT NULL, -- 취소그룹번호: cancel group number
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    cncl_qty INTEGER NOT NULL, -- 취소수량: cancelled quantity
    cncl_amt INTEGER NOT NULL, -- 취소금액: cancelled amount, won
    cncl_rsn_cd TEXT NOT NULL, -- 취소사유코드: cancellation reason code
    cncl_dttm INTEGER NOT NULL, -- 취소일시: cancelled at
    PRIMARY KEY (ord_id, cncl_grp_no, ord_seq),
    CONSTRAINT tb_od_cncl_cncl_qty_ck CHECK (cncl_qty >= 0)
) STRICT;

-- 배송비: a shipping fee: one row a partner and delivery template
CREATE TABLE tb_od_dlv_fee (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    dlv_fee_no INTEGER NOT NULL, -- 배송비번호: shipping fee row number
    pay_grp_no INTEGER NOT NULL, -- 결제그룹번호: payment group number
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    dlv_tmpl_id TEXT NOT NULL, -- 배송템플릿ID: delivery template id
    fee_knd_cd TEXT NOT NULL, -- 배송비종류코드: ORDER, SURCHARGE (islands and Jeju) or RETURN
    rtn_grp_no INTEGER, -- 반품그룹번호: of a return: its group
    falt_cd TEXT, -- 귀책코드: of a return: whose fault it is
    bndl_fee_amt INTEGER NOT NULL, -- 합포장배송비금액: what the bundled goods make of it, won
    thrs_amt INTEGER, -- 무료배송기준금액: free at or above this total, won
    bas_fee_amt INTEGER NOT NULL, -- 기본배송비금액: fee before the free threshold, won
    fee_amt INTEGER NOT NULL, -- 배송비금액: fee charged, won
    rfnd_fee_amt INTEGER NOT NULL, -- 환불배송비금액: fee given back, won
    fee_rsn_cd TEXT NOT NULL, -- 배송비사유코드: why the fee is what it is
    unpd_yn INTEGER NOT NULL CHECK (unpd_yn IN (0, 1)), -- 미결제여부: a surcharge that is still to be paid
    PRIMARY KEY (ord_id, dlv_fee_no)
) STRICT;
-- what a partner sells (팔린 주문): every order has such a row, so it is kept small
CREATE INDEX tb_od_dlv_fee_ptnr ON tb_od_dlv_fee (ptnr_id) WHERE fee_knd_cd = 'ORDER';

-- 할인이력: a discount given, written once the money is in
CREATE TABLE tb_od_dscnt_hist (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number
    dscnt_no INTEGER NOT NULL, -- 할인번호: discount number within the line
    dscnt_knd_cd TEXT NOT NULL, -- 할인종류코드: discount kind code
    prm_id TEXT NOT NULL, -- 프로모션ID: promotion id
    dscnt_rate_bp INTEGER NOT NULL, -- 할인율: discount rate, basis points
    dscnt_amt INTEGER NOT NULL, -- 할인금액: discount, won
    dscnt_dttm INTEGER NOT NULL, -- 할인일시: discounted at
    PRIMARY KEY (ord_id, ord_seq, dscnt_no)
) STRICT;

-- 적립금이력: points used, given back, earned or reversed
CREATE TABLE tb_od_pnt_hist (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    pnt_no INTEGER NOT NULL, -- 적립금번호: points row number within the order
    cust_id TEXT NOT NULL, -- 고객ID: customer id, opaque
    pnt_knd_cd TEXT NOT NULL, -- 적립금종류코드: points kind code: USED, GIVEN_BACK, EARNED, REVERSED
    pnt_amt INTEGER NOT NULL, -- 적립금금액: points, won
    pnt_rel_id TEXT, -- 적립금관련ID: customer-points id
    pnt_dttm INTEGER NOT NULL, -- 적립금일시: points written at
    PRIMARY KEY (ord_id, pnt_no),
    CONSTRAINT tb_od_pnt_hist_pnt_knd_cd_ck CHECK (pnt_knd_cd IN ('USED', 'GIVEN_BACK', 'EARNED', 'REVERSED'))
) STRICT;

-- 주문개인정보: personal data of an order, which may be erased; in no event and no log
CREATE TABLE tb_od_ord_prsn (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    prsn_knd_cd TEXT NOT NULL, -- 개인정보종류코드: RECIPIENT, PAYER, REFUND or REVIEW
    ord_seq INTEGER NOT NULL, -- 주문순번: line number; 0 for the order
    rcvr_nm TEXT, -- 수령인명: receiver name
    tel_no TEXT, -- 전화번호: telephone number
    zip_no TEXT, -- 우편번호: postal code
    addr TEXT, -- 주소: address
    addr_dtl TEXT, -- 상세주소: address detail
    acct_ownr_nm TEXT, -- 계좌소유자명: account owner name
    dpst_hldr_nm TEXT, -- 예금주명: account holder name
    rmtr_nm TEXT, -- 송금인명: remitter name
    rvw_txt TEXT, -- 리뷰내용: words of a review
    PRIMARY KEY (ord_id, prsn_knd_cd, ord_seq)
) STRICT;

-- 주문이력: the events of the orders; an order is the fold of its events
CREATE TABLE tb_od_ord_hist (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    hist_no INTEGER NOT NULL, -- 이력번호: event number within the order, from 1, without gaps
    cmd_id TEXT NOT NULL, -- 명령ID: command id
    cmd_evnt_no INTEGER NOT NULL, -- 명령이벤트번호: number of the event within its command, from 0
    cmd_dgst TEXT NOT NULL, -- 명령다이제스트: digest of the content of the command, hexadecimal
    evnt_typ_cd TEXT NOT NULL, -- 이벤트유형코드: event type code
    evnt_ver INTEGER NOT NULL, -- 이벤트버전: version of the event format
    evnt TEXT NOT NULL, -- 이벤트: the event, JSON
    actr TEXT NOT NULL, -- 행위자: who acted
    ord_stat_cd TEXT NOT NULL, -- 주문상태코드: status of the order after the event
    ansr TEXT, -- 응답: facts of the answer, JSON
    strm_entr TEXT, -- 스트림항목: stream entry that brought the command
    hist_dttm INTEGER NOT NULL, -- 이력일시: decided at
    PRIMARY KEY (ord_id, hist_no),
    CONSTRAINT tb_od_ord_hist_hist_no_ck CHECK (hist_no >= 1)
) STRICT;
-- one effect a command, over all lanes
CREATE UNIQUE INDEX tb_od_ord_hist_cmd ON tb_od_ord_hist (cmd_id, cmd_evnt_no);

-- Stock and reference data. The CHECKs on tb_pd_unt stand behind the actors: never oversold, whatever happens above.

-- 단품: a SKU with its running balance
CREATE TABLE tb_pd_unt (
    unt_id TEXT NOT NULL, -- 단품ID: SKU id
    gds_id TEXT NOT NULL, -- 상품ID: product id
    opt_nm TEXT NOT NULL, -- 옵션명: option name
    hldr_id TEXT, -- 보유자ID: whose stock it is
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition that owns the SKU
    stck_qty INTEGER NOT NULL, -- 재고수량: units on hand, free to sell
    hold_qty INTEGER NOT NULL, -- 선점수량: units held and not yet paid
    sold_qty INTEGER NOT NULL, -- 판매수량: units sold
    ldgr_no INTEGER NOT NULL, -- 원장번호: number of the last ledger row that this balance includes
    PRIMARY KEY (unt_id),
    CONSTRAINT tb_pd_unt_stck_qty_ck CHECK (stck_qty >= 0),
    CONSTRAINT tb_pd_unt_hold_qty_ck CHECK (hold_qty >= 0),
    CONSTRAINT tb_pd_unt_sold_qty_ck CHECK (sold_qty >= 0)
) STRICT;

-- 재고원장: the stock ledger: one row a movement, numbered per SKU
CREATE TABLE tb_pd_unt_ldgr (
    unt_id TEXT NOT NULL, -- 단품ID: SKU id
    ldgr_no INTEGER NOT NULL, -- 원장번호: ledger number within the SKU, from 1
    mvmt_cd TEXT NOT NULL, -- 이동코드: movement code
    mvmt_qty INTEGER NOT NULL, -- 이동수량: quantity moved
    stck_dlt INTEGER NOT NULL, -- 재고증감: change of the units on hand
    hold_dlt INTEGER NOT NULL, -- 선점증감: change of the units held
    sold_dlt INTEGER NOT NULL, -- 판매증감: change of the units sold
    stck_qty INTEGER NOT NULL, -- 재고수량: units on hand, free to sell
    hold_qty INTEGER NOT NULL, -- 선점수량: units held and not yet paid
    sold_qty INTEGER NOT NULL, -- 판매수량: units sold
    cmpn_id TEXT, -- 판매행사ID: campaign id
    cust_id TEXT, -- 고객ID: customer id, opaque
    cmpn_dlt INTEGER NOT NULL, -- 행사증감: change of what the campaign has used
    ord_id TEXT, -- 주문ID: order id
    ord_seq INTEGER, -- 주문순번: line number
    cmd_id TEXT NOT NULL, -- 명령ID: command id
    mvmt_rsn TEXT, -- 이동사유: reason of the movement
    mvmt_dttm INTEGER NOT NULL, -- 이동일시: moved at
    PRIMARY KEY (unt_id, ldgr_no),
    CONSTRAINT tb_pd_unt_ldgr_stck_qty_ck CHECK (stck_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_hold_qty_ck CHECK (hold_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_sold_qty_ck CHECK (sold_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_mvmt_cd_ck CHECK (mvmt_cd IN ('RECEIVE', 'HOLD', 'RELEASE', 'DEDUCT', 'RESTOCK', 'SHRINK', 'ADJUST', 'EXTERNAL')),
    CONSTRAINT tb_pd_unt_ldgr_ldgr_no_ck CHECK (ldgr_no >= 1)
) STRICT;

-- 상품: a product master
CREATE TABLE tb_pd_gds (
    gds_id TEXT NOT NULL, -- 상품ID: product id
    gds_nm TEXT NOT NULL, -- 상품명: product name
    gds_knd_cd TEXT NOT NULL, -- 상품구분코드: product kind code: GOODS or GIFT
    gds_typ_cd TEXT NOT NULL, -- 상품유형코드: product type code
    sl_upr INTEGER NOT NULL, -- 판매단가: unit price, won
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    dlv_tmpl_id TEXT NOT NULL, -- 배송템플릿ID: delivery template id
    bndl_yn INTEGER NOT NULL CHECK (bndl_yn IN (0, 1)), -- 합포장여부: may be bundled
    dlv_fee INTEGER NOT NULL, -- 개별배송비: shipping fee of the product alone, won
    free_dlv_yn INTEGER NOT NULL CHECK (free_dlv_yn IN (0, 1)), -- 무료배송여부: ships free
    dlv_lead_days INTEGER NOT NULL, -- 배송소요기간: lead time, days
    pre_rfnd_yn INTEGER NOT NULL CHECK (pre_rfnd_yn IN (0, 1)), -- 선환불대상여부: may be refunded before collection
    pnt_rate_bp INTEGER NOT NULL, -- 적립율: points earned at purchase confirmation, basis points
    PRIMARY KEY (gds_id),
    CONSTRAINT tb_pd_gds_gds_knd_cd_ck CHECK (gds_knd_cd IN ('GOODS', 'GIFT'))
) STRICT;

-- 배송템플릿: a delivery template
CREATE TABLE tb_dv_dlv_tmpl (
    dlv_tmpl_id TEXT NOT NULL, -- 배송템플릿ID: delivery template id
    ptnr_id TEXT NOT NULL, -- 협력사ID: partner id
    tmpl_nm TEXT NOT NULL, -- 템플릿명: template name
    free_thrs_amt INTEGER, -- 무료배송기준금액: free at or above this total, won
    PRIMARY KEY (dlv_tmpl_id)
) STRICT;

-- 프로모션·쿠폰: a promotion or a coupon, by rate
CREATE TABLE tb_pr_prm (
    prm_id TEXT NOT NULL, -- 프로모션ID: promotion id
    prm_knd_cd TEXT NOT NULL, -- 프로모션종류코드: PROMOTION or COUPON
    dscnt_rate_bp INTEGER NOT NULL, -- 할인율: discount rate, basis points
    opn_dttm INTEGER, -- 시작일시: opens at
    cls_dttm INTEGER, -- 종료일시: closes at
    PRIMARY KEY (prm_id),
    CONSTRAINT tb_pr_prm_prm_knd_cd_ck CHECK (prm_knd_cd IN ('PROMOTION', 'COUPON'))
) STRICT;

-- 판매행사: a sale campaign on one SKU
CREATE TABLE tb_pr_cmpn (
    cmpn_id TEXT NOT NULL, -- 판매행사ID: campaign id
    unt_id TEXT NOT NULL, -- 단품ID: SKU id
    cmpn_nm TEXT NOT NULL, -- 판매행사명: campaign name
    sl_upr INTEGER NOT NULL, -- 행사판매단가: sale price in the campaign, won
    alot_qty INTEGER NOT NULL, -- 배정수량: units allotted
    opn_dttm INTEGER NOT NULL, -- 시작일시: opens at
    cls_dttm INTEGER NOT NULL, -- 종료일시: closes at
    cust_lmt_qty INTEGER, -- 고객한도수량: purchase limit per customer
    stck_plcy_cd TEXT NOT NULL, -- 재고정책코드: stock policy code: hold at placement or deduct at payment
    paus_yn INTEGER NOT NULL CHECK (paus_yn IN (0, 1)), -- 일시중지여부: paused
    strt_ldgr_no INTEGER NOT NULL, -- 시작원장번호: ledger number of the SKU when the campaign was made
    PRIMARY KEY (cmpn_id, unt_id),
    CONSTRAINT tb_pr_cmpn_alot_qty_ck CHECK (alot_qty >= 0),
    CONSTRAINT tb_pr_cmpn_cust_lmt_qty_ck CHECK (cust_lmt_qty >= 0)
) STRICT;
-- a campaign is written by its SKU's lane; another SKU's under the same id conflicts
CREATE UNIQUE INDEX tb_pr_cmpn_id ON tb_pr_cmpn (cmpn_id);
-- campaigns of a SKU
CREATE INDEX tb_pr_cmpn_unt ON tb_pr_cmpn (unt_id);

-- Stock and reference data. The CHECKs on tb_pd_unt stand behind the actors: never oversold, whatever happens above.

CREATE TABLE tb_pd_unt (
    unt_id text COLLATE "C" NOT NULL,
    gds_id text COLLATE "C" NOT NULL,
    opt_nm text NOT NULL,
    hldr_id text COLLATE "C",
    prtn_no bigint NOT NULL,
    stck_qty bigint NOT NULL,
    hold_qty bigint NOT NULL,
    sold_qty bigint NOT NULL,
    ldgr_no bigint NOT NULL,
    PRIMARY KEY (unt_id),
    CONSTRAINT tb_pd_unt_stck_qty_ck CHECK (stck_qty >= 0),
    CONSTRAINT tb_pd_unt_hold_qty_ck CHECK (hold_qty >= 0),
    CONSTRAINT tb_pd_unt_sold_qty_ck CHECK (sold_qty >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE tb_pd_unt IS '단품: a SKU with its running balance';
COMMENT ON COLUMN tb_pd_unt.unt_id IS '단품ID: SKU id';
COMMENT ON COLUMN tb_pd_unt.gds_id IS '상품ID: product id';
COMMENT ON COLUMN tb_pd_unt.opt_nm IS '옵션명: option name';
COMMENT ON COLUMN tb_pd_unt.hldr_id IS '보유자ID: whose stock it is';
COMMENT ON COLUMN tb_pd_unt.prtn_no IS '파티션번호: partition that owns the SKU';
COMMENT ON COLUMN tb_pd_unt.stck_qty IS '재고수량: units on hand, free to sell';
COMMENT ON COLUMN tb_pd_unt.hold_qty IS '선점수량: units held and not yet paid';
COMMENT ON COLUMN tb_pd_unt.sold_qty IS '판매수량: units sold';
COMMENT ON COLUMN tb_pd_unt.ldgr_no IS '원장번호: number of the last ledger row that this balance includes';

CREATE TABLE tb_pd_unt_ldgr (
    unt_id text COLLATE "C" NOT NULL,
    ldgr_no bigint NOT NULL,
    mvmt_cd text NOT NULL,
    mvmt_qty bigint NOT NULL,
    stck_dlt bigint NOT NULL,
    hold_dlt bigint NOT NULL,
    sold_dlt bigint NOT NULL,
    stck_qty bigint NOT NULL,
    hold_qty bigint NOT NULL,
    sold_qty bigint NOT NULL,
    cmpn_id text COLLATE "C",
    cust_id text COLLATE "C",
    cmpn_dlt bigint NOT NULL,
    ord_id text COLLATE "C",
    ord_seq bigint,
    cmd_id text COLLATE "C" NOT NULL,
    mvmt_rsn text,
    mvmt_dttm timestamptz NOT NULL,
    PRIMARY KEY (unt_id, ldgr_no),
    CONSTRAINT tb_pd_unt_ldgr_stck_qty_ck CHECK (stck_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_hold_qty_ck CHECK (hold_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_sold_qty_ck CHECK (sold_qty >= 0),
    CONSTRAINT tb_pd_unt_ldgr_mvmt_cd_ck CHECK (mvmt_cd IN ('RECEIVE', 'HOLD', 'RELEASE', 'DEDUCT', 'RESTOCK', 'SHRINK', 'ADJUST', 'EXTERNAL')),
    CONSTRAINT tb_pd_unt_ldgr_ldgr_no_ck CHECK (ldgr_no >= 1)
);
COMMENT ON TABLE tb_pd_unt_ldgr IS '재고원장: the stock ledger: one row a movement, numbered per SKU';
COMMENT ON COLUMN tb_pd_unt_ldgr.unt_id IS '단품ID: SKU id';
COMMENT ON COLUMN tb_pd_unt_ldgr.ldgr_no IS '원장번호: ledger number within the SKU, from 1';
COMMENT ON COLUMN tb_pd_unt_ldgr.mvmt_cd IS '이동코드: movement code';
COMMENT ON COLUMN tb_pd_unt_ldgr.mvmt_qty IS '이동수량: quantity moved';
COMMENT ON COLUMN tb_pd_unt_ldgr.stck_dlt IS '재고증감: change of the units on hand';
COMMENT ON COLUMN tb_pd_unt_ldgr.hold_dlt IS '선점증감: change of the units held';
COMMENT ON COLUMN tb_pd_unt_ldgr.sold_dlt IS '판매증감: change of the units sold';
COMMENT ON COLUMN tb_pd_unt_ldgr.stck_qty IS '재고수량: units on hand, free to sell';
COMMENT ON COLUMN tb_pd_unt_ldgr.hold_qty IS '선점수량: units held and not yet paid';
COMMENT ON COLUMN tb_pd_unt_ldgr.sold_qty IS '판매수량: units sold';
COMMENT ON COLUMN tb_pd_unt_ldgr.cmpn_id IS '판매행사ID: campaign id';
COMMENT ON COLUMN tb_pd_unt_ldgr.cust_id IS '고객ID: customer id, opaque';
COMMENT ON COLUMN tb_pd_unt_ldgr.cmpn_dlt IS '행사증감: change of what the campaign has used';
COMMENT ON COLUMN tb_pd_unt_ldgr.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_pd_unt_ldgr.ord_seq IS '주문순번: line number';
COMMENT ON COLUMN tb_pd_unt_ldgr.cmd_id IS '명령ID: command id';
COMMENT ON COLUMN tb_pd_unt_ldgr.mvmt_rsn IS '이동사유: reason of the movement';
COMMENT ON COLUMN tb_pd_unt_ldgr.mvmt_dttm IS '이동일시: moved at';

CREATE TABLE tb_pd_gds (
    gds_id text COLLATE "C" NOT NULL,
    gds_nm text NOT NULL,
    gds_knd_cd text NOT NULL,
    gds_typ_cd text NOT NULL,
    sl_upr bigint NOT NULL,
    ptnr_id text COLLATE "C" NOT NULL,
    dlv_tmpl_id text COLLATE "C" NOT NULL,
    bndl_yn boolean NOT NULL,
    dlv_fee bigint NOT NULL,
    free_dlv_yn boolean NOT NULL,
    dlv_lead_days bigint NOT NULL,
    pre_rfnd_yn boolean NOT NULL,
    pnt_rate_bp bigint NOT NULL,
    PRIMARY KEY (gds_id),
    CONSTRAINT tb_pd_gds_gds_knd_cd_ck CHECK (gds_knd_cd IN ('GOODS', 'GIFT'))
);
COMMENT ON TABLE tb_pd_gds IS '상품: a product master';
COMMENT ON COLUMN tb_pd_gds.gds_id IS '상품ID: product id';
COMMENT ON COLUMN tb_pd_gds.gds_nm IS '상품명: product name';
COMMENT ON COLUMN tb_pd_gds.gds_knd_cd IS '상품구분코드: product kind code: GOODS or GIFT';
COMMENT ON COLUMN tb_pd_gds.gds_typ_cd IS '상품유형코드: product type code';
COMMENT ON COLUMN tb_pd_gds.sl_upr IS '판매단가: unit price, won';
COMMENT ON COLUMN tb_pd_gds.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_pd_gds.dlv_tmpl_id IS '배송템플릿ID: delivery template id';
COMMENT ON COLUMN tb_pd_gds.bndl_yn IS '합포장여부: may be bundled';
COMMENT ON COLUMN tb_pd_gds.dlv_fee IS '개별배송비: shipping fee of the product alone, won';
COMMENT ON COLUMN tb_pd_gds.free_dlv_yn IS '무료배송여부: ships free';
COMMENT ON COLUMN tb_pd_gds.dlv_lead_days IS '배송소요기간: lead time, days';
COMMENT ON COLUMN tb_pd_gds.pre_rfnd_yn IS '선환불대상여부: may be refunded before collection';
COMMENT ON COLUMN tb_pd_gds.pnt_rate_bp IS '적립율: points earned at purchase confirmation, basis points';

CREATE TABLE tb_dv_dlv_tmpl (
    dlv_tmpl_id text COLLATE "C" NOT NULL,
    ptnr_id text COLLATE "C" NOT NULL,
    tmpl_nm text NOT NULL,
    free_thrs_amt bigint,
    PRIMARY KEY (dlv_tmpl_id)
);
COMMENT ON TABLE tb_dv_dlv_tmpl IS '배송템플릿: a delivery template';
COMMENT ON COLUMN tb_dv_dlv_tmpl.dlv_tmpl_id IS '배송템플릿ID: delivery template id';
COMMENT ON COLUMN tb_dv_dlv_tmpl.ptnr_id IS '협력사ID: partner id';
COMMENT ON COLUMN tb_dv_dlv_tmpl.tmpl_nm IS '템플릿명: template name';
COMMENT ON COLUMN tb_dv_dlv_tmpl.free_thrs_amt IS '무료배송기준금액: free at or above this total, won';

CREATE TABLE tb_pr_prm (
    prm_id text COLLATE "C" NOT NULL,
    prm_knd_cd text NOT NULL,
    dscnt_rate_bp bigint NOT NULL,
    opn_dttm timestamptz,
    cls_dttm timestamptz,
    PRIMARY KEY (prm_id),
    CONSTRAINT tb_pr_prm_prm_knd_cd_ck CHECK (prm_knd_cd IN ('PROMOTION', 'COUPON'))
);
COMMENT ON TABLE tb_pr_prm IS '프로모션·쿠폰: a promotion or a coupon, by rate';
COMMENT ON COLUMN tb_pr_prm.prm_id IS '프로모션ID: promotion id';
COMMENT ON COLUMN tb_pr_prm.prm_knd_cd IS '프로모션종류코드: PROMOTION or COUPON';
COMMENT ON COLUMN tb_pr_prm.dscnt_rate_bp IS '할인율: discount rate, basis points';
COMMENT ON COLUMN tb_pr_prm.opn_dttm IS '시작일시: opens at';
COMMENT ON COLUMN tb_pr_prm.cls_dttm IS '종료일시: closes at';

CREATE TABLE tb_pr_cmpn (
    cmpn_id text COLLATE "C" NOT NULL,
    unt_id text COLLATE "C" NOT NULL,
    cmpn_nm text NOT NULL,
    sl_upr bigint NOT NULL,
    alot_qty bigint NOT NULL,
    opn_dttm timestamptz NOT NULL,
    cls_dttm timestamptz NOT NULL,
    cust_lmt_qty bigint,
    stck_plcy_cd text NOT NULL,
    paus_yn boolean NOT NULL,
    strt_ldgr_no bigint NOT NULL,
    PRIMARY KEY (cmpn_id, unt_id),
    CONSTRAINT tb_pr_cmpn_alot_qty_ck CHECK (alot_qty >= 0),
    CONSTRAINT tb_pr_cmpn_cust_lmt_qty_ck CHECK (cust_lmt_qty >= 0)
);
-- a campaign is written by its SKU's lane; another SKU's under the same id conflicts
CREATE UNIQUE INDEX tb_pr_cmpn_id ON tb_pr_cmpn (cmpn_id);
-- campaigns of a SKU
CREATE INDEX tb_pr_cmpn_unt ON tb_pr_cmpn (unt_id);
COMMENT ON TABLE tb_pr_cmpn IS '판매행사: a sale campaign on one SKU';
COMMENT ON COLUMN tb_pr_cmpn.cmpn_id IS '판매행사ID: campaign id';
COMMENT ON COLUMN tb_pr_cmpn.unt_id IS '단품ID: SKU id';
COMMENT ON COLUMN tb_pr_cmpn.cmpn_nm IS '판매행사명: campaign name';
COMMENT ON COLUMN tb_pr_cmpn.sl_upr IS '행사판매단가: sale price in the campaign, won';
COMMENT ON COLUMN tb_pr_cmpn.alot_qty IS '배정수량: units allotted';
COMMENT ON COLUMN tb_pr_cmpn.opn_dttm IS '시작일시: opens at';
COMMENT ON COLUMN tb_pr_cmpn.cls_dttm IS '종료일시: closes at';
COMMENT ON COLUMN tb_pr_cmpn.cust_lmt_qty IS '고객한도수량: purchase limit per customer';
COMMENT ON COLUMN tb_pr_cmpn.stck_plcy_cd IS '재고정책코드: stock policy code: hold at placement or deduct at payment';
COMMENT ON COLUMN tb_pr_cmpn.paus_yn IS '일시중지여부: paused';
COMMENT ON COLUMN tb_pr_cmpn.strt_ldgr_no IS '시작원장번호: ledger number of the SKU when the campaign was made';

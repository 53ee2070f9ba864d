-- 사은품: which goods are entitled to which gifts, and what entitled an order's gift lines.

CREATE TABLE tb_pr_gft_prm (
    gft_prm_id text COLLATE "C" NOT NULL,
    gft_qty bigint NOT NULL,
    main_qty bigint NOT NULL,
    opn_dttm timestamptz,
    cls_dttm timestamptz,
    sld_out_cd text NOT NULL,
    PRIMARY KEY (gft_prm_id),
    CONSTRAINT tb_pr_gft_prm_gft_qty_ck CHECK (gft_qty >= 1),
    CONSTRAINT tb_pr_gft_prm_main_qty_ck CHECK (main_qty >= 1),
    CONSTRAINT tb_pr_gft_prm_sld_out_cd_ck CHECK (sld_out_cd IN ('GO_ON', 'REFUSE'))
);
COMMENT ON TABLE tb_pr_gft_prm IS '사은품프로모션: a gift promotion: so many gifts for so many units of the main goods';
COMMENT ON COLUMN tb_pr_gft_prm.gft_prm_id IS '사은품프로모션ID: gift promotion id';
COMMENT ON COLUMN tb_pr_gft_prm.gft_qty IS '사은품수량: gift units for each main quantity';
COMMENT ON COLUMN tb_pr_gft_prm.main_qty IS '메인상품수량: units of the main line that they are for';
COMMENT ON COLUMN tb_pr_gft_prm.opn_dttm IS '시작일시: opens at';
COMMENT ON COLUMN tb_pr_gft_prm.cls_dttm IS '종료일시: closes at';
COMMENT ON COLUMN tb_pr_gft_prm.sld_out_cd IS '사은품소진정책코드: when the gift has run out: GO_ON without it, or REFUSE the order';

CREATE TABLE tb_pr_gft_prm_gds (
    gft_prm_id text COLLATE "C" NOT NULL,
    gds_id text COLLATE "C" NOT NULL,
    use_yn boolean NOT NULL,
    PRIMARY KEY (gft_prm_id, gds_id)
);
COMMENT ON TABLE tb_pr_gft_prm_gds IS '사은품프로모션메인상품: a main product of a gift promotion';
COMMENT ON COLUMN tb_pr_gft_prm_gds.gft_prm_id IS '사은품프로모션ID: gift promotion id';
COMMENT ON COLUMN tb_pr_gft_prm_gds.gds_id IS '상품ID: product id';
COMMENT ON COLUMN tb_pr_gft_prm_gds.use_yn IS '사용여부: is one now; false once it was taken out';

CREATE TABLE tb_pr_gft_prm_unt (
    gft_prm_id text COLLATE "C" NOT NULL,
    unt_id text COLLATE "C" NOT NULL,
    use_yn boolean NOT NULL,
    PRIMARY KEY (gft_prm_id, unt_id)
);
-- what gives a gift
CREATE INDEX tb_pr_gft_prm_unt_unt ON tb_pr_gft_prm_unt (unt_id);
COMMENT ON TABLE tb_pr_gft_prm_unt IS '사은품프로모션사은품: a gift of a gift promotion';
COMMENT ON COLUMN tb_pr_gft_prm_unt.gft_prm_id IS '사은품프로모션ID: gift promotion id';
COMMENT ON COLUMN tb_pr_gft_prm_unt.unt_id IS '단품ID: SKU id of the gift';
COMMENT ON COLUMN tb_pr_gft_prm_unt.use_yn IS '사용여부: is one now; false once it was taken out';

CREATE TABLE tb_od_ord_gft (
    ord_id text COLLATE "C" NOT NULL,
    ord_seq bigint NOT NULL,
    main_ord_seq bigint NOT NULL,
    gft_prm_id text COLLATE "C",
    gft_qty bigint NOT NULL,
    main_qty bigint NOT NULL,
    sld_out_cd text NOT NULL,
    PRIMARY KEY (ord_id, ord_seq),
    CONSTRAINT tb_od_ord_gft_gft_qty_ck CHECK (gft_qty >= 1),
    CONSTRAINT tb_od_ord_gft_main_qty_ck CHECK (main_qty >= 1),
    CONSTRAINT tb_od_ord_gft_sld_out_cd_ck CHECK (sld_out_cd IN ('GO_ON', 'REFUSE'))
);
COMMENT ON TABLE tb_od_ord_gft IS '사은품근거: what entitled an order to a gift line, as it was at order time';
COMMENT ON COLUMN tb_od_ord_gft.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_od_ord_gft.ord_seq IS '주문순번: line number of the gift';
COMMENT ON COLUMN tb_od_ord_gft.main_ord_seq IS '메인상품주문순번: line number that it came with';
COMMENT ON COLUMN tb_od_ord_gft.gft_prm_id IS '사은품프로모션ID: gift promotion id; empty where none was ever registered for the gift';
COMMENT ON COLUMN tb_od_ord_gft.gft_qty IS '사은품수량: gift units for each main quantity';
COMMENT ON COLUMN tb_od_ord_gft.main_qty IS '메인상품수량: units of the main line that they are for';
COMMENT ON COLUMN tb_od_ord_gft.sld_out_cd IS '사은품소진정책코드: when the gift has run out: GO_ON without it, or REFUSE the order';

-- 사은품: which goods are entitled to which gifts, and what entitled an order's gift lines.

-- 사은품프로모션: a gift promotion: so many gifts for so many units of the main goods
CREATE TABLE tb_pr_gft_prm (
    gft_prm_id TEXT NOT NULL, -- 사은품프로모션ID: gift promotion id
    gft_qty INTEGER NOT NULL, -- 사은품수량: gift units for each main quantity
    main_qty INTEGER NOT NULL, -- 메인상품수량: units of the main line that they are for
    opn_dttm INTEGER, -- 시작일시: opens at
    cls_dttm INTEGER, -- 종료일시: closes at
    sld_out_cd TEXT NOT NULL, -- 사은품소진정책코드: when the gift has run out: GO_ON without it, or REFUSE the order
    PRIMARY KEY (gft_prm_id),
    CONSTRAINT tb_pr_gft_prm_gft_qty_ck CHECK (gft_qty >= 1),
    CONSTRAINT tb_pr_gft_prm_main_qty_ck CHECK (main_qty >= 1),
    CONSTRAINT tb_pr_gft_prm_sld_out_cd_ck CHECK (sld_out_cd IN ('GO_ON', 'REFUSE'))
) STRICT;

-- 사은품프로모션메인상품: a main product of a gift promotion
CREATE TABLE tb_pr_gft_prm_gds (
    gft_prm_id TEXT NOT NULL, -- 사은품프로모션ID: gift promotion id
    gds_id TEXT NOT NULL, -- 상품ID: product id
    use_yn INTEGER NOT NULL CHECK (use_yn IN (0, 1)), -- 사용여부: is one now; false once it was taken out
    PRIMARY KEY (gft_prm_id, gds_id)
) STRICT;

-- 사은품프로모션사은품: a gift of a gift promotion
CREATE TABLE tb_pr_gft_prm_unt (
    gft_prm_id TEXT NOT NULL, -- 사은품프로모션ID: gift promotion id
    unt_id TEXT NOT NULL, -- 단품ID: SKU id of the gift
    use_yn INTEGER NOT NULL CHECK (use_yn IN (0, 1)), -- 사용여부: is one now; false once it was taken out
    PRIMARY KEY (gft_prm_id, unt_id)
) STRICT;
-- what gives a gift
CREATE INDEX tb_pr_gft_prm_unt_unt ON tb_pr_gft_prm_unt (unt_id);

-- 사은품근거: what entitled an order to a gift line, as it was at order time
CREATE TABLE tb_od_ord_gft (
    ord_id TEXT NOT NULL, -- 주문ID: order id
    ord_seq INTEGER NOT NULL, -- 주문순번: line number of the gift
    main_ord_seq INTEGER NOT NULL, -- 메인상품주문순번: line number that it came with
    gft_prm_id TEXT, -- 사은품프로모션ID: gift promotion id; empty where none was ever registered for the gift
    gft_qty INTEGER NOT NULL, -- 사은품수량: gift units for each main quantity
    main_qty INTEGER NOT NULL, -- 메인상품수량: units of the main line that they are for
    sld_out_cd TEXT NOT NULL, -- 사은품소진정책코드: when the gift has run out: GO_ON without it, or REFUSE the order
    PRIMARY KEY (ord_id, ord_seq),
    CONSTRAINT tb_od_ord_gft_gft_qty_ck CHECK (gft_qty >= 1),
    CONSTRAINT tb_od_ord_gft_main_qty_ck CHECK (main_qty >= 1),
    CONSTRAINT tb_od_ord_gft_sld_out_cd_ck CHECK (sld_out_cd IN ('GO_ON', 'REFUSE'))
) STRICT;

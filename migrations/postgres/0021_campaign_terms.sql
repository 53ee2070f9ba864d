-- A sale's allotment and limit may be changed while it runs: what they were, by the SKU's ledger, so that each unit sold is judged
-- by the terms that it was sold under.

ALTER TABLE tb_pr_cmpn ADD COLUMN trm_no bigint NOT NULL DEFAULT 1;
COMMENT ON COLUMN tb_pr_cmpn.trm_no IS '조건번호: number of its terms in force';

CREATE TABLE tb_pr_cmpn_trm (
    cmpn_id text COLLATE "C" NOT NULL,
    trm_no bigint NOT NULL,
    strt_ldgr_no bigint NOT NULL,
    alot_qty bigint NOT NULL,
    cust_lmt_qty bigint,
    PRIMARY KEY (cmpn_id, trm_no),
    CONSTRAINT tb_pr_cmpn_trm_alot_qty_ck CHECK (alot_qty >= 0),
    CONSTRAINT tb_pr_cmpn_trm_cust_lmt_qty_ck CHECK (cust_lmt_qty >= 0)
);
COMMENT ON TABLE tb_pr_cmpn_trm IS '판매행사조건: the terms of a sale campaign, one row each time that they were set';
COMMENT ON COLUMN tb_pr_cmpn_trm.cmpn_id IS '판매행사ID: campaign id';
COMMENT ON COLUMN tb_pr_cmpn_trm.trm_no IS '조건번호: 1 when the campaign was made';
COMMENT ON COLUMN tb_pr_cmpn_trm.strt_ldgr_no IS '시작원장번호: ledger number of the SKU when they were set: they hold for the rows after it';
COMMENT ON COLUMN tb_pr_cmpn_trm.alot_qty IS '배정수량: units allotted';
COMMENT ON COLUMN tb_pr_cmpn_trm.cust_lmt_qty IS '고객한도수량: purchase limit per customer';

-- what terms there were before is not known: today's, from the campaign's start
INSERT INTO tb_pr_cmpn_trm (cmpn_id, trm_no, strt_ldgr_no, alot_qty, cust_lmt_qty)
SELECT cmpn_id, 1, strt_ldgr_no, alot_qty, cust_lmt_qty FROM tb_pr_cmpn;

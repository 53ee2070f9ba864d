-- 순판매: units that came back, beside what was ever sold; what the ledger has of them so far.
ALTER TABLE tb_pd_unt ADD COLUMN rstk_qty bigint NOT NULL DEFAULT 0;
UPDATE tb_pd_unt AS u SET rstk_qty = l.back
FROM (SELECT unt_id, sum(mvmt_qty) AS back FROM tb_pd_unt_ldgr WHERE mvmt_cd = 'RESTOCK' GROUP BY unt_id) AS l
WHERE u.unt_id = l.unt_id;
ALTER TABLE tb_pd_unt ADD CONSTRAINT tb_pd_unt_rstk_qty_ck CHECK (rstk_qty >= 0);
COMMENT ON COLUMN tb_pd_unt.rstk_qty IS '재입고수량: units that came back after they were sold; sold_qty less these is what orders have';

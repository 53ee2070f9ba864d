-- 순판매: units that came back, beside what was ever sold; what the ledger has of them so far.
ALTER TABLE tb_pd_unt ADD COLUMN rstk_qty INTEGER NOT NULL DEFAULT 0 CONSTRAINT tb_pd_unt_rstk_qty_ck CHECK (rstk_qty >= 0); -- 재입고수량: units that came back after they were sold; sold_qty less these is what orders have
UPDATE tb_pd_unt SET rstk_qty = coalesce(
    (SELECT sum(mvmt_qty) FROM tb_pd_unt_ldgr AS l WHERE l.unt_id = tb_pd_unt.unt_id AND mvmt_cd = 'RESTOCK'), 0);

-- Who looked at whose personal data, and the work that waits.

CREATE TABLE tb_sy_prsn_accs (
    accs_id text COLLATE "C" NOT NULL,
    accs_knd_cd text NOT NULL,
    actr text NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    cust_id text COLLATE "C" NOT NULL,
    accs_plc text NOT NULL,
    req_id text NOT NULL,
    accs_dttm timestamptz NOT NULL,
    PRIMARY KEY (accs_id)
);
-- who looked at an order's recipient, and who at a person's
CREATE INDEX tb_sy_prsn_accs_ord ON tb_sy_prsn_accs (ord_id, accs_id);
CREATE INDEX tb_sy_prsn_accs_cust ON tb_sy_prsn_accs (cust_id, accs_id);
COMMENT ON TABLE tb_sy_prsn_accs IS '개인정보접속기록: an access row: somebody saw the recipient of an order unmasked; kept for two years';
COMMENT ON COLUMN tb_sy_prsn_accs.accs_id IS '접속ID: access id: grows with time';
COMMENT ON COLUMN tb_sy_prsn_accs.accs_knd_cd IS '접속종류코드: RECIPIENT (one was asked for), ORDER (with its order, at an open door), DOWNLOAD (in a list)';
COMMENT ON COLUMN tb_sy_prsn_accs.actr IS '행위자: who looked: role and name of the token';
COMMENT ON COLUMN tb_sy_prsn_accs.ord_id IS '주문ID: order id that was asked for';
COMMENT ON COLUMN tb_sy_prsn_accs.cust_id IS '고객ID: whose data it is: the customer of the order that keeps it';
COMMENT ON COLUMN tb_sy_prsn_accs.accs_plc IS '접속지: address that the request came from; behind a proxy also what the proxy says';
COMMENT ON COLUMN tb_sy_prsn_accs.req_id IS '요청ID: request id';
COMMENT ON COLUMN tb_sy_prsn_accs.accs_dttm IS '접속일시: looked at';

-- Orders with work left, by when they came: what lists and counts of lines (현황) look through. It is as long as the backlog,
-- whatever the shop has sold. It is on the order and not on the line, because an order's row moves at payment anyway (its
-- due_dttm is indexed), while a line's row is changed in place (HOT) and would not be any more with an index on its status.
CREATE INDEX tb_od_ord_work ON tb_od_ord (rcpt_dttm, ord_id) WHERE ord_stat_cd IN ('PAYMENT_PENDING', 'ORDERED', 'PREPARING', 'PROCUREMENT_CHECK', 'PROCUREMENT_DONE', 'RETURNING', 'EXCHANGING');
-- reviews, newest first
CREATE INDEX tb_od_rvw_dttm ON tb_od_rvw (rvw_dttm);

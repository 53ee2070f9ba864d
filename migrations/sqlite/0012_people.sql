-- Who looked at whose personal data, and the work that waits.

-- 개인정보접속기록: an access row: somebody saw the recipient of an order unmasked; kept for two years
CREATE TABLE tb_sy_prsn_accs (
    accs_id TEXT NOT NULL, -- 접속ID: access id: grows with time
    accs_knd_cd TEXT NOT NULL, -- 접속종류코드: RECIPIENT (one was asked for), ORDER (with its order, at an open door), DOWNLOAD (in a list)
    actr TEXT NOT NULL, -- 행위자: who looked: role and name of the token
    ord_id TEXT NOT NULL, -- 주문ID: order id that was asked for
    cust_id TEXT NOT NULL, -- 고객ID: whose data it is: the customer of the order that keeps it
    accs_plc TEXT NOT NULL, -- 접속지: address that the request came from; behind a proxy also what the proxy says
    req_id TEXT NOT NULL, -- 요청ID: request id
    accs_dttm INTEGER NOT NULL, -- 접속일시: looked at
    PRIMARY KEY (accs_id)
) STRICT;
-- who looked at an order's recipient, and who at a person's
CREATE INDEX tb_sy_prsn_accs_ord ON tb_sy_prsn_accs (ord_id, accs_id);
CREATE INDEX tb_sy_prsn_accs_cust ON tb_sy_prsn_accs (cust_id, accs_id);

-- Orders with work left, by when they came: what lists and counts of lines (현황) look through. It is as long as the backlog,
-- whatever the shop has sold.
CREATE INDEX tb_od_ord_work ON tb_od_ord (rcpt_dttm, ord_id) WHERE ord_stat_cd IN ('PAYMENT_PENDING', 'ORDERED', 'PREPARING', 'PROCUREMENT_CHECK', 'PROCUREMENT_DONE', 'RETURNING', 'EXCHANGING');
-- reviews, newest first
CREATE INDEX tb_od_rvw_dttm ON tb_od_rvw (rvw_dttm);

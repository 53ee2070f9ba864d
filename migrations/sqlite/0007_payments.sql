-- Payments: one register of all money that came in, where refunds go to, and why somebody cancelled.

-- 결제등록: the register of money that came in: a payment once, over all orders; insert-only
-- One payment pays one order, over all partitions: the key says who was first. It is looked for by the payment's id, which
-- therefore stands first; no other index, and no rows beside it.
CREATE TABLE tb_sc_pay_rgst (
    pay_id TEXT NOT NULL, -- 결제식별ID: the payment side's own id of an approval, a deposit or a movement of points; order id and settlement number, with a blank between, where it gave none
    pay_mns_cd TEXT NOT NULL, -- 결제수단코드: means of payment code
    ord_id TEXT NOT NULL, -- 주문ID: order id
    stlm_no INTEGER NOT NULL, -- 결제번호: settlement number within the order
    pay_amt INTEGER NOT NULL, -- 결제금액: amount paid, won
    pay_dttm INTEGER NOT NULL, -- 결제일시: paid at
    PRIMARY KEY (pay_id, pay_mns_cd)
) STRICT, WITHOUT ROWID;

-- What is there already. Of a payment that stands in two orders the first is entered; jumun verify tells the others.
INSERT INTO tb_sc_pay_rgst (pay_id, pay_mns_cd, ord_id, stlm_no, pay_amt, pay_dttm)
SELECT p.pay_id, p.pay_mns_cd, p.ord_id, p.stlm_no, p.pay_amt, p.pay_dttm
FROM (
    SELECT q.*, row_number() OVER (
        PARTITION BY q.pay_id, q.pay_mns_cd ORDER BY q.pay_dttm, q.ord_id, q.stlm_no
    ) AS place
    FROM (
        SELECT CASE
                WHEN s.pay_mns_cd = 'CARD' AND s.pay_mns_rel_id IS NOT NULL THEN s.pay_mns_rel_id
                -- the number of a virtual account names no payment: it is handed out again
                WHEN s.pay_mns_cd IN ('VIRTUAL_ACCOUNT', 'BANK_TRANSFER') AND s.pay_mns_rel_id <> 'deposit'
                    AND s.pay_mns_rel_id IS NOT a.vrtl_acct_no THEN s.pay_mns_rel_id
                ELSE s.ord_id || ' ' || s.stlm_no
            END AS pay_id,
            s.pay_mns_cd, s.ord_id, s.stlm_no, s.pay_amt, coalesce(s.pay_dttm, o.rcpt_dttm) AS pay_dttm
        FROM tb_od_stlm AS s
        JOIN tb_od_ord AS o ON o.ord_id = s.ord_id
        LEFT JOIN tb_sc_crcd_aprv AS a ON a.ord_id = s.ord_id AND a.stlm_no = s.stlm_no
        WHERE s.pay_amt > 0
    ) AS q
) AS p
WHERE p.place = 1;

-- what is in is awaited no longer
UPDATE tb_od_stlm SET expt_amt = 0 WHERE pay_amt > 0 AND expt_amt > 0;

ALTER TABLE tb_od_cncl ADD COLUMN cncl_rsn TEXT; -- 취소사유: why, in the buyer's words

ALTER TABLE tb_od_ord_prsn ADD COLUMN vrtl_acct_no TEXT; -- 가상계좌번호: virtual account that a deposit is awaited on
ALTER TABLE tb_od_ord_prsn ADD COLUMN acct_enc TEXT; -- 환불계좌: bank, number and holder of a refund account, encrypted

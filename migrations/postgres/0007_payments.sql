-- Payments: one register of all money that came in, where refunds go to, and why somebody cancelled.

-- One payment pays one order, over all partitions: the key says who was first. It is looked for by the payment's id, which
-- therefore stands first; no other index.
CREATE TABLE tb_sc_pay_rgst (
    pay_id text COLLATE "C" NOT NULL,
    pay_mns_cd text COLLATE "C" NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    stlm_no bigint NOT NULL,
    pay_amt bigint NOT NULL,
    pay_dttm timestamptz NOT NULL,
    PRIMARY KEY (pay_id, pay_mns_cd)
);
COMMENT ON TABLE tb_sc_pay_rgst IS '결제등록: the register of money that came in: a payment once, over all orders; insert-only';
COMMENT ON COLUMN tb_sc_pay_rgst.pay_id IS '결제식별ID: the payment side''s own id of an approval, a deposit or a movement of points; order id and settlement number, with a blank between, where it gave none';
COMMENT ON COLUMN tb_sc_pay_rgst.pay_mns_cd IS '결제수단코드: means of payment code';
COMMENT ON COLUMN tb_sc_pay_rgst.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_sc_pay_rgst.stlm_no IS '결제번호: settlement number within the order';
COMMENT ON COLUMN tb_sc_pay_rgst.pay_amt IS '결제금액: amount paid, won';
COMMENT ON COLUMN tb_sc_pay_rgst.pay_dttm IS '결제일시: paid at';

-- What is there already. Of a payment that stands in two orders the first is entered; jumun verify tells the others.
INSERT INTO tb_sc_pay_rgst (pay_id, pay_mns_cd, ord_id, stlm_no, pay_amt, pay_dttm)
SELECT DISTINCT ON (p.pay_id, p.pay_mns_cd) p.pay_id, p.pay_mns_cd, p.ord_id, p.stlm_no, p.pay_amt, p.pay_dttm
FROM (
    SELECT CASE
            WHEN s.pay_mns_cd = 'CARD' AND s.pay_mns_rel_id IS NOT NULL THEN s.pay_mns_rel_id
            -- the number of a virtual account names no payment: it is handed out again
            WHEN s.pay_mns_cd IN ('VIRTUAL_ACCOUNT', 'BANK_TRANSFER') AND s.pay_mns_rel_id <> 'deposit'
                AND s.pay_mns_rel_id IS DISTINCT FROM a.vrtl_acct_no THEN s.pay_mns_rel_id
            ELSE s.ord_id || ' ' || s.stlm_no
        END AS pay_id,
        s.pay_mns_cd, s.ord_id, s.stlm_no, s.pay_amt, coalesce(s.pay_dttm, o.rcpt_dttm) AS pay_dttm
    FROM tb_od_stlm AS s
    JOIN tb_od_ord AS o ON o.ord_id = s.ord_id
    LEFT JOIN tb_sc_crcd_aprv AS a ON a.ord_id = s.ord_id AND a.stlm_no = s.stlm_no
    WHERE s.pay_amt > 0
) AS p
ORDER BY p.pay_id, p.pay_mns_cd, p.pay_dttm, p.ord_id, p.stlm_no;

-- what is in is awaited no longer
UPDATE tb_od_stlm SET expt_amt = 0 WHERE pay_amt > 0 AND expt_amt > 0;
COMMENT ON COLUMN tb_od_stlm.expt_amt IS '결제예정금액: amount expected, of deposits that are not in yet, won';
COMMENT ON TABLE tb_sc_crcd_aprv IS '카드승인: an approval; the token only, never a card number. A settlement has one row; that an approval pays one order only, tb_sc_pay_rgst says';
COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_tkn IS '승인토큰: token of the approval; in no event';
COMMENT ON COLUMN tb_sc_crcd_aprv.vrtl_acct_no IS '가상계좌번호: virtual account number, of orders from before it was kept with personal data';

COMMENT ON COLUMN tb_sy_door_adit.adit_knd_cd IS '감사종류코드: LETTER_REQUEUED, LETTER_DISCARDED, PERSON_ERASED, WEBHOOK_RESENT, WEBHOOK_DISCARDED, ACCOUNT_READ, COMMAND';

ALTER TABLE tb_od_cncl ADD COLUMN cncl_rsn text;
COMMENT ON COLUMN tb_od_cncl.cncl_rsn IS '취소사유: why, in the buyer''s words';

ALTER TABLE tb_od_ord_prsn ADD COLUMN vrtl_acct_no text;
ALTER TABLE tb_od_ord_prsn ADD COLUMN acct_enc text;
COMMENT ON COLUMN tb_od_ord_prsn.prsn_knd_cd IS '개인정보종류코드: RECIPIENT, PAYER, REFUND_ACCOUNT (where refunds go), REFUND (where one has gone) or REVIEW';
COMMENT ON COLUMN tb_od_ord_prsn.vrtl_acct_no IS '가상계좌번호: virtual account that a deposit is awaited on';
COMMENT ON COLUMN tb_od_ord_prsn.acct_enc IS '환불계좌: bank, number and holder of a refund account, encrypted';

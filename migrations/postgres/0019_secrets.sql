-- Payment tokens and account numbers: in tb_od_ord_prsn only, sealed. Events of before 0007 that hold some lose them, with the
-- letters that webhooks' receivers would not take; what stands elsewhere in clear goes to personal data, where `jumun reseal`
-- seals it.

-- what deposits were awaited on, as the events have it, and as a text
CREATE TEMPORARY TABLE bare ON COMMIT DROP AS
SELECT DISTINCT h.ord_id, m.raw, CASE WHEN strpos(m.raw, '\') = 0 THEN m.raw
    WHEN strpos(m.raw, '\u0000') = 0 THEN ('"' || m.raw || '"')::json #>> '{}' END AS number
FROM tb_od_ord_hist AS h
CROSS JOIN LATERAL (SELECT substring(h.evnt FROM '"account_no":"((?:[^"\\]|\\.)*)"') AS raw) AS m
WHERE h.evnt_typ_cd IN ('placed', 'placement_started') AND m.raw IS NOT NULL;

-- of a person who was erased, and whose order kept nothing, it is not kept now
INSERT INTO tb_od_ord_prsn AS t (ord_id, prsn_knd_cd, ord_seq, vrtl_acct_no)
SELECT b.ord_id, 'PAYER', 0, min(b.number) FROM bare AS b
JOIN tb_od_ord AS o ON o.ord_id = b.ord_id
WHERE b.number IS NOT NULL AND (EXISTS (SELECT 1 FROM tb_od_ord_prsn AS p WHERE p.ord_id = b.ord_id)
    OR NOT EXISTS (SELECT 1 FROM tb_sy_door_adit AS e
        WHERE e.adit_knd_cd = 'PERSON_ERASED' AND e.trgt = 'customer:' || o.cust_id))
GROUP BY b.ord_id
ON CONFLICT (ord_id, prsn_knd_cd, ord_seq) DO UPDATE SET vrtl_acct_no = COALESCE(t.vrtl_acct_no, excluded.vrtl_acct_no);

-- a late deposit was called by the number that it came to
UPDATE tb_od_ord_hist AS h SET evnt = replace(h.evnt, '"approval_id":"' || b.raw || '"', '"approval_id":"deposit"')
FROM bare AS b
WHERE h.ord_id = b.ord_id AND h.evnt_typ_cd = 'late_payment_taken'
    AND strpos(h.evnt, '"approval_id":"' || b.raw || '"') > 0;
UPDATE tb_od_stlm AS s SET pay_mns_rel_id = CASE WHEN s.stlm_no = 1 THEN NULL ELSE 'deposit' END
FROM bare AS b
WHERE s.ord_id = b.ord_id AND s.pay_mns_rel_id = b.number AND s.pay_mns_cd IN ('VIRTUAL_ACCOUNT', 'BANK_TRANSFER');
UPDATE tb_sc_crcd_aprv AS a SET aprv_id = CASE WHEN a.aprv_id = b.number THEN 'deposit' ELSE a.aprv_id END, vrtl_acct_no = NULL
FROM bare AS b
WHERE a.ord_id = b.ord_id AND (a.aprv_id = b.number OR a.vrtl_acct_no = b.number);

-- a quotation mark within a text of JSON has a backslash before it, so that no text looks like a field
UPDATE tb_od_ord_hist SET evnt = regexp_replace(regexp_replace(evnt,
    ',"(account_no|token)":(null|"([^"\\]|\\.)*")', '', 'g'), '"(account_no|token)":(null|"([^"\\]|\\.)*"),', '', 'g')
WHERE strpos(evnt, '"account_no":') > 0 OR strpos(evnt, '"token":') > 0;
UPDATE tb_sy_hook_ltr SET evnts = regexp_replace(regexp_replace(evnts,
    ',"(account_no|token)":(null|"([^"\\]|\\.)*")', '', 'g'), '"(account_no|token)":(null|"([^"\\]|\\.)*"),', '', 'g')
WHERE strpos(evnts, '"account_no":') > 0 OR strpos(evnts, '"token":') > 0;

INSERT INTO tb_sy_meta (key, value) SELECT 'secrets_in_clear', 'yes'
WHERE EXISTS (SELECT 1 FROM tb_sc_crcd_aprv WHERE aprv_tkn IS NOT NULL OR vrtl_acct_no IS NOT NULL)
    OR EXISTS (SELECT 1 FROM tb_od_ord_prsn WHERE vrtl_acct_no IS NOT NULL);

COMMENT ON COLUMN tb_sc_crcd_aprv.aprv_tkn IS '승인토큰: token of the approval, from before it was kept with personal data; jumun reseal moves it there';
COMMENT ON COLUMN tb_sc_crcd_aprv.vrtl_acct_no IS '가상계좌번호: virtual account number, likewise';
COMMENT ON COLUMN tb_od_ord_prsn.prsn_knd_cd IS '개인정보종류코드: RECIPIENT, PAYER, REFUND_ACCOUNT (where refunds go), REFUND (where one has gone), TOKEN (of an approval) or REVIEW';
COMMENT ON COLUMN tb_od_ord_prsn.ord_seq IS '주문순번: line number; settlement number of a token; 0 for the order';
COMMENT ON COLUMN tb_od_ord_prsn.vrtl_acct_no IS '가상계좌번호: virtual account number, from before it was sealed; jumun reseal seals it';
COMMENT ON COLUMN tb_od_ord_prsn.acct_enc IS '암호화값: sealed by an account key: bank, number and holder of an account, the number that a deposit comes to (PAYER), or a token (TOKEN)';
COMMENT ON COLUMN tb_od_cncl.cncl_rsn IS '취소사유: why, in the buyer''s words; empty once they are erased';
COMMENT ON COLUMN tb_od_rfnd.rfnd_rsn IS '환불사유: why it failed; empty once a person is erased';

-- Payment tokens and account numbers: in tb_od_ord_prsn only, sealed. Events of before 0007 that hold some lose them, with the
-- letters that webhooks' receivers would not take; what stands elsewhere in clear goes to personal data, where `jumun reseal`
-- seals it.

-- what deposits were awaited on
CREATE TEMPORARY TABLE bare AS
SELECT DISTINCT h.ord_id, coalesce(json_extract(h.evnt, '$.deposit.account_no'),
    json_extract(h.evnt, '$.placed.deposit.account_no')) AS number
FROM tb_od_ord_hist AS h
WHERE h.evnt_typ_cd IN ('placed', 'placement_started') AND instr(h.evnt, '"account_no":') > 0;
DELETE FROM bare WHERE number IS NULL;

-- of a person who was erased, and whose order kept nothing, it is not kept now
INSERT INTO tb_od_ord_prsn AS t (ord_id, prsn_knd_cd, ord_seq, vrtl_acct_no)
SELECT b.ord_id, 'PAYER', 0, min(b.number) FROM bare AS b
JOIN tb_od_ord AS o ON o.ord_id = b.ord_id
WHERE EXISTS (SELECT 1 FROM tb_od_ord_prsn AS p WHERE p.ord_id = b.ord_id)
    OR NOT EXISTS (SELECT 1 FROM tb_sy_door_adit AS e
        WHERE e.adit_knd_cd = 'PERSON_ERASED' AND e.trgt = 'customer:' || o.cust_id)
GROUP BY b.ord_id
ON CONFLICT (ord_id, prsn_knd_cd, ord_seq) DO UPDATE SET vrtl_acct_no = COALESCE(t.vrtl_acct_no, excluded.vrtl_acct_no);

-- a late deposit was called by the number that it came to
UPDATE tb_od_ord_hist AS h SET evnt = json_set(h.evnt, '$.settlements', json((
    SELECT json_group_array(json(CASE WHEN json_extract(s.value, '$.approval_id') = b.number
        THEN json_set(s.value, '$.approval_id', 'deposit') ELSE s.value END))
    FROM json_each(h.evnt, '$.settlements') AS s)))
FROM bare AS b
WHERE h.ord_id = b.ord_id AND h.evnt_typ_cd = 'late_payment_taken';
UPDATE tb_od_stlm AS s SET pay_mns_rel_id = CASE WHEN s.stlm_no = 1 THEN NULL ELSE 'deposit' END
FROM bare AS b
WHERE s.ord_id = b.ord_id AND s.pay_mns_rel_id = b.number AND s.pay_mns_cd IN ('VIRTUAL_ACCOUNT', 'BANK_TRANSFER');
UPDATE tb_sc_crcd_aprv AS a SET aprv_id = CASE WHEN a.aprv_id = b.number THEN 'deposit' ELSE a.aprv_id END, vrtl_acct_no = NULL
FROM bare AS b
WHERE a.ord_id = b.ord_id AND (a.aprv_id = b.number OR a.vrtl_acct_no = b.number);
DROP TABLE bare;

UPDATE tb_od_ord_hist SET evnt = json_remove(evnt, '$.deposit.account_no', '$.placed.deposit.account_no')
WHERE instr(evnt, '"account_no":') > 0;
UPDATE tb_od_ord_hist SET evnt = json_set(evnt, '$.settlements', json((
    SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(evnt, '$.settlements') AS s)))
WHERE instr(evnt, '"token":') > 0 AND json_type(evnt, '$.settlements') = 'array';
UPDATE tb_od_ord_hist SET evnt = json_set(evnt, '$.paid', json((
    SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(evnt, '$.paid') AS s)))
WHERE instr(evnt, '"token":') > 0 AND json_type(evnt, '$.paid') = 'array';
UPDATE tb_od_ord_hist SET evnt = json_set(evnt, '$.placed.paid', json((
    SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(evnt, '$.placed.paid') AS s)))
WHERE instr(evnt, '"token":') > 0 AND json_type(evnt, '$.placed.paid') = 'array';
UPDATE tb_sy_hook_ltr SET evnts = (SELECT json_group_array(json(
    json_remove(e.value, '$.event.deposit.account_no', '$.event.placed.deposit.account_no'))) FROM json_each(evnts) AS e)
WHERE instr(evnts, '"account_no":') > 0;
UPDATE tb_sy_hook_ltr SET evnts = (SELECT json_group_array(json(CASE WHEN json_type(e.value, '$.event.settlements') = 'array'
    THEN json_set(e.value, '$.event.settlements', json((
        SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(e.value, '$.event.settlements') AS s)))
    ELSE e.value END)) FROM json_each(evnts) AS e)
WHERE instr(evnts, '"token":') > 0;
UPDATE tb_sy_hook_ltr SET evnts = (SELECT json_group_array(json(CASE WHEN json_type(e.value, '$.event.paid') = 'array'
    THEN json_set(e.value, '$.event.paid', json((
        SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(e.value, '$.event.paid') AS s)))
    ELSE e.value END)) FROM json_each(evnts) AS e)
WHERE instr(evnts, '"token":') > 0;
UPDATE tb_sy_hook_ltr SET evnts = (SELECT json_group_array(json(CASE WHEN json_type(e.value, '$.event.placed.paid') = 'array'
    THEN json_set(e.value, '$.event.placed.paid', json((
        SELECT json_group_array(json(json_remove(s.value, '$.token'))) FROM json_each(e.value, '$.event.placed.paid') AS s)))
    ELSE e.value END)) FROM json_each(evnts) AS e)
WHERE instr(evnts, '"token":') > 0;

INSERT INTO tb_sy_meta (key, value) SELECT 'secrets_in_clear', 'yes'
WHERE EXISTS (SELECT 1 FROM tb_sc_crcd_aprv WHERE aprv_tkn IS NOT NULL OR vrtl_acct_no IS NOT NULL)
    OR EXISTS (SELECT 1 FROM tb_od_ord_prsn WHERE vrtl_acct_no IS NOT NULL);

-- What goes by age is found by an index. What is kept at the HTTP door, accesses and letters have keys that grow with time; the
-- outcomes of commands have not: a block range index, since they are written in the order of time.
CREATE INDEX tb_sy_cmd_dttm ON tb_sy_cmd USING brin (cmd_dttm) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE tb_sy_prsn_accs IS '개인정보접속기록: an access row: somebody saw the recipient of an order unmasked; kept for two years, unless a setting says otherwise';
COMMENT ON COLUMN tb_sy_door_adit.adit_knd_cd IS '감사종류코드: LETTER_REQUEUED, LETTER_DISCARDED, PERSON_ERASED, PERSONS_DESTROYED (by age), WEBHOOK_RESENT, WEBHOOK_DISCARDED, ACCOUNT_READ, COMMAND';

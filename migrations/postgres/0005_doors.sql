-- What the doors need: who did what there, and how far webhooks have come.

CREATE TABLE tb_sy_door_adit (
    adit_id text COLLATE "C" NOT NULL,
    adit_knd_cd text NOT NULL,
    actr text NOT NULL,
    trgt text NOT NULL,
    adit_dtl text NOT NULL,
    req_id text NOT NULL,
    adit_dttm timestamptz NOT NULL,
    PRIMARY KEY (adit_id)
);
COMMENT ON TABLE tb_sy_door_adit IS '출입감사이력: an audit row: what was done at the HTTP door that is no command of an order';
COMMENT ON COLUMN tb_sy_door_adit.adit_id IS '감사ID: audit id: grows with time';
COMMENT ON COLUMN tb_sy_door_adit.adit_knd_cd IS '감사종류코드: LETTER_REQUEUED, LETTER_DISCARDED, PERSON_ERASED, WEBHOOK_RESENT, WEBHOOK_DISCARDED, COMMAND';
COMMENT ON COLUMN tb_sy_door_adit.actr IS '행위자: who acted: role and name of the token';
COMMENT ON COLUMN tb_sy_door_adit.trgt IS '대상: what was acted on';
COMMENT ON COLUMN tb_sy_door_adit.adit_dtl IS '감사상세: what there is to say of it, JSON';
COMMENT ON COLUMN tb_sy_door_adit.req_id IS '요청ID: request id';
COMMENT ON COLUMN tb_sy_door_adit.adit_dttm IS '감사일시: acted at';

CREATE TABLE tb_sy_hook (
    hook_id text COLLATE "C" NOT NULL,
    prtn_no bigint NOT NULL,
    strm_entr text NOT NULL,
    PRIMARY KEY (hook_id, prtn_no)
);
COMMENT ON TABLE tb_sy_hook IS '웹훅위치: how far a webhook has come in the events of a partition';
COMMENT ON COLUMN tb_sy_hook.hook_id IS '웹훅ID: name of the webhook';
COMMENT ON COLUMN tb_sy_hook.prtn_no IS '파티션번호: partition whose events these are';
COMMENT ON COLUMN tb_sy_hook.strm_entr IS '스트림항목: the last entry of the events stream that is dealt with';

CREATE TABLE tb_sy_hook_ltr (
    ltr_id text COLLATE "C" NOT NULL,
    hook_id text COLLATE "C" NOT NULL,
    prtn_no bigint NOT NULL,
    pcl_id text COLLATE "C" NOT NULL,
    evnts text NOT NULL,
    fail_rsn text NOT NULL,
    try_cnt bigint NOT NULL,
    ltr_dttm timestamptz NOT NULL,
    PRIMARY KEY (ltr_id)
);
COMMENT ON TABLE tb_sy_hook_ltr IS '웹훅미배달: events that the receiver of a webhook would not take';
COMMENT ON COLUMN tb_sy_hook_ltr.ltr_id IS '미배달ID: letter id: grows with time';
COMMENT ON COLUMN tb_sy_hook_ltr.hook_id IS '웹훅ID: name of the webhook';
COMMENT ON COLUMN tb_sy_hook_ltr.prtn_no IS '파티션번호: partition whose events these are';
COMMENT ON COLUMN tb_sy_hook_ltr.pcl_id IS '소포ID: id of the parcel, the same on every try';
COMMENT ON COLUMN tb_sy_hook_ltr.evnts IS '이벤트목록: the events, a JSON array';
COMMENT ON COLUMN tb_sy_hook_ltr.fail_rsn IS '실패사유: what the last try came to';
COMMENT ON COLUMN tb_sy_hook_ltr.try_cnt IS '시도횟수: tries';
COMMENT ON COLUMN tb_sy_hook_ltr.ltr_dttm IS '미배달일시: given up at';

-- What the doors need: who did what there, and how far webhooks have come.

-- 출입감사이력: an audit row: what was done at the HTTP door that is no command of an order
CREATE TABLE tb_sy_door_adit (
    adit_id TEXT NOT NULL, -- 감사ID: audit id: grows with time
    adit_knd_cd TEXT NOT NULL, -- 감사종류코드: LETTER_REQUEUED, LETTER_DISCARDED, PERSON_ERASED, WEBHOOK_RESENT, WEBHOOK_DISCARDED, COMMAND
    actr TEXT NOT NULL, -- 행위자: who acted: role and name of the token
    trgt TEXT NOT NULL, -- 대상: what was acted on
    adit_dtl TEXT NOT NULL, -- 감사상세: what there is to say of it, JSON
    req_id TEXT NOT NULL, -- 요청ID: request id
    adit_dttm INTEGER NOT NULL, -- 감사일시: acted at
    PRIMARY KEY (adit_id)
) STRICT;

-- 웹훅위치: how far a webhook has come in the events of a partition
CREATE TABLE tb_sy_hook (
    hook_id TEXT NOT NULL, -- 웹훅ID: name of the webhook
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition whose events these are
    strm_entr TEXT NOT NULL, -- 스트림항목: the last entry of the events stream that is dealt with
    PRIMARY KEY (hook_id, prtn_no)
) STRICT, WITHOUT ROWID;

-- 웹훅미배달: events that the receiver of a webhook would not take
CREATE TABLE tb_sy_hook_ltr (
    ltr_id TEXT NOT NULL, -- 미배달ID: letter id: grows with time
    hook_id TEXT NOT NULL, -- 웹훅ID: name of the webhook
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition whose events these are
    pcl_id TEXT NOT NULL, -- 소포ID: id of the parcel, the same on every try
    evnts TEXT NOT NULL, -- 이벤트목록: the events, a JSON array
    fail_rsn TEXT NOT NULL, -- 실패사유: what the last try came to
    try_cnt INTEGER NOT NULL, -- 시도횟수: tries
    ltr_dttm INTEGER NOT NULL, -- 미배달일시: given up at
    PRIMARY KEY (ltr_id)
) STRICT;

-- What jumun itself needs: outcomes, outbox, reservations, leases.

-- 명령결과: the outcome of an accepted command that belongs to no order
CREATE TABLE tb_sy_cmd (
    cmd_id TEXT NOT NULL, -- 명령ID: command id
    cmd_dgst TEXT NOT NULL, -- 명령다이제스트: digest of the content of the command, hexadecimal
    cmd_typ_cd TEXT NOT NULL, -- 명령유형코드: command type code
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition that owns the row
    actr TEXT NOT NULL, -- 행위자: who acted
    ansr TEXT, -- 응답: facts of the answer, JSON
    strm_entr TEXT, -- 스트림항목: stream entry that brought the command
    cmd_dttm INTEGER NOT NULL, -- 명령일시: decided at
    PRIMARY KEY (cmd_id)
) STRICT;

-- 발신함: the outbox: a step for another lane
CREATE TABLE tb_sy_otbx (
    otbx_id TEXT NOT NULL, -- 발신ID: command id of the step
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition that sends
    to_prtn_no INTEGER NOT NULL, -- 수신파티션번호: partition that the step is for
    cmd TEXT NOT NULL, -- 명령: the step, JSON
    otbx_dttm INTEGER NOT NULL, -- 발신일시: written at
    PRIMARY KEY (otbx_id)
) STRICT;
-- oldest first
CREATE INDEX tb_sy_otbx_prtn ON tb_sy_otbx (prtn_no, otbx_dttm);

-- 예약: a reservation made here for an order of another lane; a released row is also a tombstone
CREATE TABLE tb_sy_rsv (
    rsv_id TEXT NOT NULL, -- 예약ID: reservation id
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition that owns the row
    ord_prtn_no INTEGER NOT NULL, -- 주문파티션번호: partition of the order
    ord_id TEXT NOT NULL, -- 주문ID: order id
    rsv_stat_cd TEXT NOT NULL, -- 예약상태코드: HELD, TAKEN, REFUSED, RELEASED
    rsv_lines TEXT NOT NULL, -- 예약내역: the lines with their quantities, JSON
    rsv_dttm INTEGER NOT NULL, -- 예약일시: reserved at
    PRIMARY KEY (rsv_id),
    CONSTRAINT tb_sy_rsv_rsv_stat_cd_ck CHECK (rsv_stat_cd IN ('HELD', 'TAKEN', 'REFUSED', 'RELEASED'))
) STRICT;

-- 레인임차: the lease of a partition: owner, epoch, expiry; read with a lock in every commit
CREATE TABLE tb_sy_lane (
    prtn_no INTEGER NOT NULL, -- 파티션번호: partition
    epch INTEGER NOT NULL, -- 에포크: epoch: grows by one with every grant
    ownr_id TEXT NOT NULL, -- 소유자ID: owner
    expr_dttm INTEGER NOT NULL, -- 만료일시: expires at, by the clock of the database
    PRIMARY KEY (prtn_no)
) STRICT, WITHOUT ROWID;

-- 시스템설정: facts about this store that must not change, such as the partition count
CREATE TABLE tb_sy_meta (
    key TEXT NOT NULL, -- 키: name of the fact
    value TEXT NOT NULL, -- 값: the fact
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

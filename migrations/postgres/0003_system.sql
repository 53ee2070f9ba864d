-- What jumun itself needs: outcomes, outbox, reservations, leases.

CREATE TABLE tb_sy_cmd (
    cmd_id text COLLATE "C" NOT NULL,
    cmd_dgst text NOT NULL,
    cmd_typ_cd text NOT NULL,
    prtn_no bigint NOT NULL,
    actr text NOT NULL,
    ansr text,
    strm_entr text,
    cmd_dttm timestamptz NOT NULL,
    PRIMARY KEY (cmd_id)
);
COMMENT ON TABLE tb_sy_cmd IS '명령결과: the outcome of an accepted command that belongs to no order';
COMMENT ON COLUMN tb_sy_cmd.cmd_id IS '명령ID: command id';
COMMENT ON COLUMN tb_sy_cmd.cmd_dgst IS '명령다이제스트: digest of the content of the command, hexadecimal';
COMMENT ON COLUMN tb_sy_cmd.cmd_typ_cd IS '명령유형코드: command type code';
COMMENT ON COLUMN tb_sy_cmd.prtn_no IS '파티션번호: partition that owns the row';
COMMENT ON COLUMN tb_sy_cmd.actr IS '행위자: who acted';
COMMENT ON COLUMN tb_sy_cmd.ansr IS '응답: facts of the answer, JSON';
COMMENT ON COLUMN tb_sy_cmd.strm_entr IS '스트림항목: stream entry that brought the command';
COMMENT ON COLUMN tb_sy_cmd.cmd_dttm IS '명령일시: decided at';

CREATE TABLE tb_sy_otbx (
    otbx_id text COLLATE "C" NOT NULL,
    prtn_no bigint NOT NULL,
    to_prtn_no bigint NOT NULL,
    cmd text NOT NULL,
    otbx_dttm timestamptz NOT NULL,
    PRIMARY KEY (otbx_id)
);
-- oldest first
CREATE INDEX tb_sy_otbx_prtn ON tb_sy_otbx (prtn_no, otbx_dttm);
COMMENT ON TABLE tb_sy_otbx IS '발신함: the outbox: a step for another lane';
COMMENT ON COLUMN tb_sy_otbx.otbx_id IS '발신ID: command id of the step';
COMMENT ON COLUMN tb_sy_otbx.prtn_no IS '파티션번호: partition that sends';
COMMENT ON COLUMN tb_sy_otbx.to_prtn_no IS '수신파티션번호: partition that the step is for';
COMMENT ON COLUMN tb_sy_otbx.cmd IS '명령: the step, JSON';
COMMENT ON COLUMN tb_sy_otbx.otbx_dttm IS '발신일시: written at';

CREATE TABLE tb_sy_rsv (
    rsv_id text COLLATE "C" NOT NULL,
    prtn_no bigint NOT NULL,
    ord_prtn_no bigint NOT NULL,
    ord_id text COLLATE "C" NOT NULL,
    rsv_stat_cd text NOT NULL,
    rsv_lines text NOT NULL,
    rsv_dttm timestamptz NOT NULL,
    PRIMARY KEY (rsv_id),
    CONSTRAINT tb_sy_rsv_rsv_stat_cd_ck CHECK (rsv_stat_cd IN ('HELD', 'TAKEN', 'REFUSED', 'RELEASED'))
);
COMMENT ON TABLE tb_sy_rsv IS '예약: a reservation made here for an order of another lane; a released row is also a tombstone';
COMMENT ON COLUMN tb_sy_rsv.rsv_id IS '예약ID: reservation id';
COMMENT ON COLUMN tb_sy_rsv.prtn_no IS '파티션번호: partition that owns the row';
COMMENT ON COLUMN tb_sy_rsv.ord_prtn_no IS '주문파티션번호: partition of the order';
COMMENT ON COLUMN tb_sy_rsv.ord_id IS '주문ID: order id';
COMMENT ON COLUMN tb_sy_rsv.rsv_stat_cd IS '예약상태코드: HELD, TAKEN, REFUSED, RELEASED';
COMMENT ON COLUMN tb_sy_rsv.rsv_lines IS '예약내역: the lines with their quantities, JSON';
COMMENT ON COLUMN tb_sy_rsv.rsv_dttm IS '예약일시: reserved at';

CREATE TABLE tb_sy_lane (
    prtn_no bigint NOT NULL,
    epch bigint NOT NULL,
    ownr_id text COLLATE "C" NOT NULL,
    expr_dttm timestamptz NOT NULL,
    PRIMARY KEY (prtn_no)
) WITH (fillfactor = 50);
COMMENT ON TABLE tb_sy_lane IS '레인임차: the lease of a partition: owner, epoch, expiry; read with a lock in every commit';
COMMENT ON COLUMN tb_sy_lane.prtn_no IS '파티션번호: partition';
COMMENT ON COLUMN tb_sy_lane.epch IS '에포크: epoch: grows by one with every grant';
COMMENT ON COLUMN tb_sy_lane.ownr_id IS '소유자ID: owner';
COMMENT ON COLUMN tb_sy_lane.expr_dttm IS '만료일시: expires at, by the clock of the database';

CREATE TABLE tb_sy_meta (
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (key)
);
COMMENT ON TABLE tb_sy_meta IS '시스템설정: facts about this store that must not change, such as the partition count';
COMMENT ON COLUMN tb_sy_meta.key IS '키: name of the fact';
COMMENT ON COLUMN tb_sy_meta.value IS '값: the fact';

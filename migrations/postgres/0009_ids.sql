-- One effect a command id in the whole namespace. The unique index over the orders' histories (tb_od_ord_hist_cmd) holds
-- orders' commands apart from one another; a command that belongs to no order (its outcome is in tb_sy_cmd) gets a row there
-- too, so that the same index holds both apart, whichever lane or process commits first. An order's commands pay nothing
-- for it. Its ord_id begins with '~', which no order's id may hold, and sorts behind all of them.
--
-- Ids that two commands have taken already stay as they are: the checker reports them (R2). The lanes' own steps have ids
-- that no client may use, so they need no such row.
INSERT INTO tb_od_ord_hist (ord_id, hist_no, cmd_id, cmd_evnt_no, cmd_dgst, evnt_typ_cd, evnt_ver, evnt, actr, ord_stat_cd,
    ansr, strm_entr, hist_dttm)
SELECT '~' || cmd_id, 1, cmd_id, 0, cmd_dgst, 'outside', 1, '{}', actr, '', NULL, NULL, cmd_dttm FROM tb_sy_cmd
WHERE cmd_typ_cd NOT IN ('step', 'reply', 'link', 'refresh')
ON CONFLICT DO NOTHING;
COMMENT ON TABLE tb_od_ord_hist IS '주문이력: the events of the orders; an order is the fold of its events. Where ord_id begins with ~: the id of a command that belongs to no order, kept from being used again';
COMMENT ON COLUMN tb_od_ord_hist.ord_id IS '주문ID: order id; ~ and the command id where the command belongs to no order';

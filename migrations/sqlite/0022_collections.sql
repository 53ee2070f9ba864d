-- Exchanged goods that are still to come back, or to be inspected: they are work, also when their order has ended.

CREATE INDEX tb_od_exch_clct ON tb_od_exch (ord_id) WHERE clct_stat_cd IN ('DUE', 'COLLECTED');

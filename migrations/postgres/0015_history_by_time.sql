-- What was decided of late, so that it can be published again after the log lost it: a block range index, since the history
-- grows by time and an index of every row would cost each sale.
CREATE INDEX tb_od_ord_hist_dttm ON tb_od_ord_hist USING brin (hist_dttm) WITH (pages_per_range = 32, autosummarize = on);

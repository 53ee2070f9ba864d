-- What was decided of late, so that it can be published again after the log lost it.
CREATE INDEX tb_od_ord_hist_dttm ON tb_od_ord_hist (hist_dttm);

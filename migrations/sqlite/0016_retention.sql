-- What goes by age is found by an index.
CREATE INDEX tb_sy_cmd_dttm ON tb_sy_cmd (cmd_dttm);

-- Words that people wrote about orders, for whoever destroys them after a term: as many rows as there are words, whatever was sold.

CREATE INDEX tb_od_cncl_words ON tb_od_cncl (ord_id) WHERE cncl_rsn <> '';
CREATE INDEX tb_od_rfnd_words ON tb_od_rfnd (ord_id) WHERE rfnd_rsn <> '';
CREATE INDEX tb_sy_adit_words ON tb_sy_adit (ord_id) WHERE adit_rsn <> '';
CREATE INDEX tb_od_cncl_arch_words ON tb_od_cncl_arch (ord_id) WHERE cncl_rsn <> '';
CREATE INDEX tb_od_rfnd_arch_words ON tb_od_rfnd_arch (ord_id) WHERE rfnd_rsn <> '';
CREATE INDEX tb_sy_adit_arch_words ON tb_sy_adit_arch (ord_id) WHERE adit_rsn <> '';

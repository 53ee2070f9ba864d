-- Words that people wrote about orders, for whoever destroys them after a term: as many rows as there are words, whatever was sold.

CREATE INDEX tb_od_cncl_words ON tb_od_cncl (ord_id) WHERE cncl_rsn <> '';
CREATE INDEX tb_od_rfnd_words ON tb_od_rfnd (ord_id) WHERE rfnd_rsn <> '';
CREATE INDEX tb_sy_adit_words ON tb_sy_adit (ord_id) WHERE adit_rsn <> '';
CREATE INDEX tb_od_cncl_arch_words ON tb_od_cncl_arch (ord_id) WHERE cncl_rsn <> '';
CREATE INDEX tb_od_rfnd_arch_words ON tb_od_rfnd_arch (ord_id) WHERE rfnd_rsn <> '';
CREATE INDEX tb_sy_adit_arch_words ON tb_sy_adit_arch (ord_id) WHERE adit_rsn <> '';

COMMENT ON COLUMN tb_od_exch.keep_amt IS '검수차감금액: kept back by inspection in all, won: of money that waited for the goods, and what is owed by the buyer as a fee of its own';
COMMENT ON COLUMN tb_od_dlv_fee.fee_knd_cd IS '배송비종류코드: ORDER, SURCHARGE (islands and Jeju), RETURN, EXCHANGE, UNRETURNED (goods that never came back) or DAMAGED (goods that came back worth less)';

-- A debt may be waived (미납면제), for a reason in words: whoever destroys words after a term finds those, too.

DROP INDEX tb_od_ord_hist_words;
DROP INDEX tb_od_ord_hist_arch_words;
CREATE INDEX tb_od_ord_hist_words ON tb_od_ord_hist (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'debt_waived', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt GLOB '*"reason":"[^"]*')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt GLOB '*"waived":"[^"]*'));
CREATE INDEX tb_od_ord_hist_arch_words ON tb_od_ord_hist_arch (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'debt_waived', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt GLOB '*"reason":"[^"]*')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt GLOB '*"waived":"[^"]*'));

-- Words that people wrote and that are in an order's history only (why a payment was declined, a claim refused), for whoever
-- destroys them after a term: as many rows as there are words, whatever was sold.

CREATE INDEX tb_od_ord_hist_words ON tb_od_ord_hist (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt GLOB '*"reason":"[^"]*')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt GLOB '*"waived":"[^"]*'));
CREATE INDEX tb_od_ord_hist_arch_words ON tb_od_ord_hist_arch (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt GLOB '*"reason":"[^"]*')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt GLOB '*"waived":"[^"]*'));

-- Words that people wrote and that are in an order's history only (why a payment was declined, a claim refused), for whoever
-- destroys them after a term: as many rows as there are words, whatever was sold.

CREATE INDEX tb_od_ord_hist_words ON tb_od_ord_hist (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt ~ '"reason":"[^"]')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt ~ '"waived":"[^"]'));
CREATE INDEX tb_od_ord_hist_arch_words ON tb_od_ord_hist_arch (ord_id)
    WHERE ((evnt_typ_cd IN ('collection_given_up', 'cut', 'delivered', 'exchange_inspected', 'exchange_rejected', 'payment_declined', 'procurement_cancelled', 'refund_failed', 'return_changed', 'return_rejected', 'return_written_off') AND evnt ~ '"reason":"[^"]')
    OR (evnt_typ_cd IN ('asked', 'exchange_approved') AND evnt ~ '"waived":"[^"]'));

COMMENT ON COLUMN tb_sy_prsn_accs.accs_knd_cd IS '접속종류코드: RECIPIENT (one was asked for), ORDER (with its order, at an open door), DOWNLOAD (in a list), DEAD_LETTER (in a command that nobody could take)';

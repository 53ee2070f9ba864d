//! Rows of one key in one batch: each is written once, in its last form.

use std::{hash::Hash, sync::Arc};

use foldhash::{HashMap, HashMapExt as _};

use crate::store::Batch;

/// Of several forms of a row keeps the last, in the place of the first.
fn keep_last<R, K: Hash + Eq>(rows: &mut Vec<R>, key: impl Fn(&R) -> K) {
    let mut place: HashMap<K, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<R> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        match place.get(&key(&row)) {
            Some(&at) => kept[at] = row,
            None => {
                place.insert(key(&row), kept.len());
                kept.push(row);
            }
        }
    }
    *rows = kept;
}

/// Merges what is there twice. An order's own rows aren't: only its last form is written.
pub(super) fn merge(b: &mut Batch) {
    keep_last(&mut b.prsn, |r| (Arc::clone(&r.ord_id), r.prsn_knd_cd.clone(), r.ord_seq));
    keep_last(&mut b.ptnr, |r| Arc::clone(&r.ptnr_id));
    keep_last(&mut b.ptnr_byr, |r| (Arc::clone(&r.ptnr_id), Arc::clone(&r.byr_id)));
    keep_last(&mut b.cmpn, |r| (Arc::clone(&r.cmpn_id), Arc::clone(&r.unt_id)));
    keep_last(&mut b.rsv, |r| Arc::clone(&r.rsv_id));
    keep_last(&mut b.pd_gds, |r| Arc::clone(&r.gds_id));
    keep_last(&mut b.tmpl, |r| Arc::clone(&r.dlv_tmpl_id));
    keep_last(&mut b.prm, |r| Arc::clone(&r.prm_id));
    keep_last(&mut b.gft_prm, |r| Arc::clone(&r.gft_prm_id));
    keep_last(&mut b.gft_prm_gds, |r| (Arc::clone(&r.gft_prm_id), Arc::clone(&r.gds_id)));
    keep_last(&mut b.gft_prm_unt, |r| (Arc::clone(&r.gft_prm_id), Arc::clone(&r.unt_id)));
}

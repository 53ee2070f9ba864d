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

/// Of several forms of a row keeps the last; where the row is placed by this very batch, it stays a placed one.
fn into_placed<R, K: Hash + Eq>(placed: &mut [R], changed: &mut Vec<R>, key: impl Fn(&R) -> K) {
    keep_last(changed, &key);
    let place: HashMap<K, usize> = placed.iter().enumerate().map(|(i, r)| (key(r), i)).collect();
    let mut rest = Vec::with_capacity(changed.len());
    for row in changed.drain(..) {
        match place.get(&key(&row)) {
            Some(&at) => placed[at] = row,
            None => rest.push(row),
        }
    }
    *changed = rest;
}

/// Merges what is there twice.
pub(super) fn merge(b: &mut Batch) {
    let placed = &mut b.placed;
    into_placed(&mut placed.ord, &mut b.ord, |r| Arc::clone(&r.ord_id));
    into_placed(&mut placed.gds, &mut b.gds, |r| (Arc::clone(&r.ord_id), r.ord_seq));
    into_placed(&mut placed.stlm, &mut b.stlm, |r| (Arc::clone(&r.ord_id), r.stlm_no));
    into_placed(&mut placed.aprv, &mut b.aprv, |r| (Arc::clone(&r.ord_id), r.stlm_no));
    into_placed(&mut placed.fee, &mut b.fee, |r| (Arc::clone(&r.ord_id), r.dlv_fee_no));
    keep_last(&mut b.rfnd, |r| (Arc::clone(&r.rfnd_key), r.rfnd_seq));
    keep_last(&mut b.cncl, |r| (Arc::clone(&r.ord_id), r.cncl_grp_no, r.ord_seq));
    keep_last(&mut b.dscnt, |r| (Arc::clone(&r.ord_id), r.ord_seq, r.dscnt_no));
    keep_last(&mut b.pnt, |r| (Arc::clone(&r.ord_id), r.pnt_no));
    keep_last(&mut b.prsn, |r| (Arc::clone(&r.ord_id), r.prsn_knd_cd.clone(), r.ord_seq));
    keep_last(&mut b.prcr, |r| (Arc::clone(&r.ord_id), r.prcr_no, r.ord_seq));
    keep_last(&mut b.lnk, |r| (Arc::clone(&r.prnt_ord_id), Arc::clone(&r.chld_ord_id)));
    keep_last(&mut b.wybl, |r| (Arc::clone(&r.ord_id), r.ord_seq, Arc::clone(&r.carr_cd), Arc::clone(&r.wybl_no)));
    keep_last(&mut b.rtn, |r| (Arc::clone(&r.ord_id), r.rtn_grp_no, r.ord_seq));
    keep_last(&mut b.exch, |r| (Arc::clone(&r.ord_id), r.exch_grp_no));
    keep_last(&mut b.rvw, |r| (Arc::clone(&r.ord_id), r.ord_seq));
    keep_last(&mut b.ptnr, |r| Arc::clone(&r.ptnr_id));
    keep_last(&mut b.ptnr_byr, |r| (Arc::clone(&r.ptnr_id), Arc::clone(&r.byr_id)));
    keep_last(&mut b.cmpn, |r| (Arc::clone(&r.cmpn_id), Arc::clone(&r.unt_id)));
    keep_last(&mut b.rsv, |r| Arc::clone(&r.rsv_id));
    keep_last(&mut b.pd_gds, |r| Arc::clone(&r.gds_id));
    keep_last(&mut b.tmpl, |r| Arc::clone(&r.dlv_tmpl_id));
    keep_last(&mut b.prm, |r| Arc::clone(&r.prm_id));
    keep_last(&mut b.gft, |r| (Arc::clone(&r.ord_id), r.ord_seq));
    keep_last(&mut b.gft_prm, |r| Arc::clone(&r.gft_prm_id));
    keep_last(&mut b.gft_prm_gds, |r| (Arc::clone(&r.gft_prm_id), Arc::clone(&r.gds_id)));
    keep_last(&mut b.gft_prm_unt, |r| (Arc::clone(&r.gft_prm_id), Arc::clone(&r.unt_id)));
}

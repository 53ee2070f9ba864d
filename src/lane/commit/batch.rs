//! The batch that is open: rows, ledger moves and answers of decisions that are not durable yet.

use std::{cell::RefCell, hash::Hash, rc::Rc, sync::Arc, time::Instant};

use foldhash::{HashMap, HashMapExt as _};

use crate::{
    domain::{Time, ids::OrderId},
    integrations::payment::DueRefund,
    lane::ingest::KeptEntry,
    log::{Dead, EntryId, Inbound, Origin},
    protocol::Answer,
    store::{
        Batch, UnitMove,
        rows::{HistRow, LdgrRow},
    },
};

/// Where a command came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntrySource {
    pub stream: Inbound,
    pub id: EntryId,
    /// when it is decided: the entry's time, also where another lane passed it on
    pub at: Time,
    pub attempts: u32,
    /// the entry that the producer made, where another lane passed the command on: its answer names that one
    pub origin: Option<Origin>,
    /// when its chunk was read, where commands are traced
    pub read: Option<Instant>,
}

impl EntrySource {
    /// The entry that brought it here.
    pub const fn entry(&self) -> Origin {
        Origin { stream: self.stream, id: self.id }
    }

    /// The entry as its answer names it.
    pub fn named(&self) -> Arc<str> {
        self.origin.unwrap_or(self.entry()).to_string().into()
    }
}

/// What leaves for an entry once its batch is durable.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub source: EntrySource,
    pub name: &'static str,
    /// with the reply stream that it goes to
    pub answer: Option<(Option<Arc<str>>, Arc<Answer>)>,
    pub events: Vec<HistRow>,
    pub dead: Option<Dead>,
    /// to another lane's internal stream, because the order lives there
    pub forward: Option<(u32, Arc<[u8]>)>,
    /// a refusal whose id may belong to an older, accepted command
    pub unsure: bool,
    /// the command was taken before: its events are read from the store and published again
    pub replays: bool,
    /// the same command had its answer before, by another entry: it is no new one to be counted
    pub repeated: bool,
    /// commands that were taken before and have no answer (lanes' steps, timers): their events are published again
    pub again: Vec<Arc<str>>,
    /// whether the entry still counts against the reader's credit
    pub credit: bool,
}

impl Outgoing {
    /// Nothing but the acknowledgement.
    pub fn silent(source: EntrySource, name: &'static str) -> Self {
        Self {
            source,
            name,
            answer: None,
            events: Vec::new(),
            dead: None,
            forward: None,
            unsure: false,
            replays: false,
            repeated: false,
            again: Vec::new(),
            credit: true,
        }
    }
}

/// The lane's open batch, shared by the actors of one thread.
pub type SharedBatch = Rc<RefCell<OpenBatch>>;

/// Decisions that wait for the next commit.
#[derive(Debug, Default)]
pub struct OpenBatch {
    /// counts sealed batches; an actor compares it with its last to see whether it is in this batch already
    pub number: u64,
    pub rows: Batch,
    pub outgoing: Vec<Outgoing>,
    /// the entries that were decided in it, to be decided again should it be rolled back
    pub entries: Vec<KeptEntry>,
    /// of them, those that freed their credit because they wait for other lanes
    pub aside: usize,
    /// orders with such a one, beside those that it changes
    pub waited_on: Vec<OrderId>,
    /// a command came under an id that stands for other content: more may come
    pub reused: bool,
    /// entries decided in it that wait for other lanes, and free their credit meanwhile
    pub waiting: usize,
    /// commands that had waited for other lanes, and may be decided now
    pub ready: Vec<KeptEntry>,
    /// refunds to be asked of the payment side once this is durable
    pub asks: Vec<DueRefund>,
    /// (SKU, difference): another system's changes that this batch's ledger follows
    absorbed: Vec<(Arc<str>, i64)>,
    /// each chunk's end among `outgoing`, and when it was decided; empty where nobody traces
    pub decided: Vec<(usize, Instant)>,
    /// some order is in it twice, so that rows of one key must be merged
    pub repeats: bool,
    moves: HashMap<Arc<str>, UnitMove>,
    /// an empty batch with the memory of one that is durable
    spare: Option<Batch>,
}

impl OpenBatch {
    /// Whether there is nothing to commit or to answer.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty() && !self.writes()
    }

    /// Whether it has rows of its own.
    pub fn writes(&self) -> bool {
        let b = &self.rows;
        !(b.hist.is_empty()
            && b.ldgr.is_empty()
            && b.cmd.is_empty()
            && b.rsv.is_empty()
            && b.otbx.is_empty()
            && b.sent.is_empty())
    }

    /// A number that grows with whatever is put into it: where it is the same, nothing was.
    pub fn mark(&self) -> usize {
        let b = &self.rows;
        let orders = b.hist.len() + b.ord.len() + b.placed.ord.len() + b.ldgr.len() + b.otbx.len() + b.rsv.len();
        let others = b.cmd.len() + b.units.len() + b.cmpn.len() + b.pd_gds.len() + b.tmpl.len() + b.prm.len();
        let more = b.gft_prm.len()
            + b.ptnr.len()
            + b.ptnr_byr.len()
            + b.prsn.len()
            + b.adit.len()
            + self.asks.len()
            + self.absorbed.len();
        orders + others + more + self.outgoing.len() + self.waiting
    }

    /// How many decisions it holds.
    pub fn len(&self) -> usize {
        self.outgoing.len()
    }

    /// Adds a ledger row and its share of the SKU's balance. `external` rows follow a change that the balance has already.
    pub fn ledger(&mut self, row: LdgrRow, external: bool) {
        let m = self.moves.entry(Arc::clone(&row.unt_id)).or_insert_with(|| UnitMove {
            unt_id: Arc::clone(&row.unt_id),
            stck_dlt: 0,
            hold_dlt: 0,
            sold_dlt: 0,
            rstk_dlt: 0,
            ldgr_no: 0,
            expect_stck: 0,
        });
        if !external {
            m.stck_dlt += row.stck_dlt;
            m.hold_dlt += row.hold_dlt;
            m.sold_dlt += row.sold_dlt;
            m.rstk_dlt += row.came_back();
        }
        m.ldgr_no = row.ldgr_no;
        m.expect_stck = row.stck_qty;
        self.rows.ldgr.push(row);
    }

    /// Notes that the ledger now follows a change that a commit had noticed.
    pub fn absorb(&mut self, sku_id: Arc<str>, delta: i64) {
        self.absorbed.push((sku_id, delta));
    }

    /// Takes back what a durable batch no longer needs. Megabytes a batch that would be asked of the system anew each time,
    /// page by page, are the dearest memory there is.
    pub fn reuse(&mut self, rows: Batch) {
        let Batch { mut hist, mut placed, mut ldgr, mut rgst, .. } = rows;
        hist.clear();
        placed.clear();
        ldgr.clear();
        rgst.clear();
        self.spare = Some(Batch { hist, placed, ldgr, rgst, ..Batch::default() });
    }

    /// Closes the batch: what was open becomes a batch to commit, with keys unique; a new one opens.
    pub fn seal(&mut self, partition: u32, epoch: i64) -> Sealed {
        let number = self.number;
        let next = OpenBatch {
            number: number + 1,
            rows: self.spare.take().unwrap_or_default(),
            outgoing: Vec::with_capacity(self.outgoing.len()),
            ..OpenBatch::default()
        };
        let open = std::mem::replace(self, next);
        let mut rows = open.rows;
        (rows.partition, rows.epoch) = (partition, epoch);
        rows.moves = open.moves.into_values().collect();
        rows.moves.sort_by(|a, b| a.unt_id.cmp(&b.unt_id)); // one lock order for every lane
        rows.rgst.sort_unstable_by(|a, b| a.pay_id.cmp(&b.pay_id)); // the same
        if open.repeats {
            merge(&mut rows);
        }
        rows.refused = open
            .outgoing
            .iter()
            .filter(|o| o.unsure)
            .filter_map(|o| o.answer.as_ref().map(|(_, a)| Arc::clone(&a.command_id)))
            .collect();
        rows.refused.sort();
        rows.refused.dedup();
        Sealed {
            number,
            rows,
            outgoing: open.outgoing,
            entries: open.entries,
            aside: open.aside,
            waited_on: open.waited_on,
            asks: open.asks,
            absorbed: open.absorbed,
            decided: open.decided,
        }
    }
}

/// A batch on its way to the store.
#[derive(Debug)]
pub struct Sealed {
    pub number: u64,
    pub rows: Batch,
    pub outgoing: Vec<Outgoing>,
    pub entries: Vec<KeptEntry>,
    pub aside: usize,
    pub waited_on: Vec<OrderId>,
    pub asks: Vec<DueRefund>,
    pub absorbed: Vec<(Arc<str>, i64)>,
    pub decided: Vec<(usize, Instant)>,
}

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

fn merge(b: &mut Batch) {
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

//! R7–R11 and the units that orders claim: every history is folded again and compared with the rows of its order.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{
    Findings, Pass, Promise, VerifyError,
    archive::Entries,
    fold::{self, CheckedOrder, KeptAt, Standing},
    gifts,
    pages::{TableReader, differences},
    walk::{self, Events},
};
use crate::{
    domain::{Time, order::event::Event, status::Status},
    log::crc16::partition_of,
    store::{
        QueryStore,
        rows::{
            AprvRow, CnclRow, DscntRow, ExchRow, FeeRow, GdsRow, GftRow, HistRow, LnkRow, OrdRow, PntRow, PrcrRow,
            RtnRow, RvwRow, StlmRow, WyblRow,
        },
    },
};

/// How long past its deadline an unpaid order may be, at rest: deadlines are looked for several times a second.
const EXPIRY_GRACE: chrono::TimeDelta = chrono::TimeDelta::seconds(15);

/// The tables of the orders, each where the walk is.
struct Tables {
    hist: TableReader<HistRow>,
    ord: TableReader<OrdRow>,
    gds: TableReader<GdsRow>,
    gft: TableReader<GftRow>,
    stlm: TableReader<StlmRow>,
    aprv: TableReader<AprvRow>,
    cncl: TableReader<CnclRow>,
    fee: TableReader<FeeRow>,
    dscnt: TableReader<DscntRow>,
    pnt: TableReader<PntRow>,
    prcr: TableReader<PrcrRow>,
    lnk: TableReader<LnkRow>,
    wybl: TableReader<WyblRow>,
    rtn: TableReader<RtnRow>,
    exch: TableReader<ExchRow>,
    rvw: TableReader<RvwRow>,
}

impl Tables {
    fn new(store: &Arc<dyn QueryStore>, page: u32, archived: bool) -> Self {
        macro_rules! rows {
            () => {
                if archived { TableReader::archived(store, page) } else { TableReader::new(store, page) }
            };
        }
        Self {
            hist: rows!(),
            ord: rows!(),
            gds: rows!(),
            gft: rows!(),
            stlm: rows!(),
            aprv: rows!(),
            cncl: rows!(),
            fee: rows!(),
            dscnt: rows!(),
            pnt: rows!(),
            prcr: rows!(),
            lnk: rows!(),
            wybl: rows!(),
            rtn: rows!(),
            exch: rows!(),
            rvw: rows!(),
        }
    }

    /// The next history.
    async fn history(&mut self) -> Result<Option<Vec<HistRow>>, VerifyError> {
        let Some(first) = self.hist.next().await? else { return Ok(None) };
        let mut history = vec![first];
        while self.hist.peek().await?.is_some_and(|r| r.ord_id == history[0].ord_id) {
            history.extend(self.hist.next().await?);
        }
        Ok(Some(history))
    }

    async fn rest(&mut self, strays: &mut Vec<String>) -> Result<(), VerifyError> {
        self.ord.rest(strays).await?;
        self.gds.rest(strays).await?;
        self.gft.rest(strays).await?;
        self.stlm.rest(strays).await?;
        self.aprv.rest(strays).await?;
        self.cncl.rest(strays).await?;
        self.fee.rest(strays).await?;
        self.dscnt.rest(strays).await?;
        self.pnt.rest(strays).await?;
        self.prcr.rest(strays).await?;
        self.lnk.rest(strays).await?;
        self.wybl.rest(strays).await?;
        self.rtn.rest(strays).await?;
        self.exch.rest(strays).await?;
        self.rvw.rest(strays).await?;
        Ok(())
    }
}

/// Merges the histories with all tables that follow them, of live orders and of those in the archive.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let (store, page) = (pass.store.clone(), pass.options.page);
    let (mut live, mut archived) = (Tables::new(&store, page, false), Tables::new(&store, page, true));
    let mut entries = Entries::new(&store, page);
    let mut strays = Vec::new();
    let mut moved = archived.history().await?;
    while let Some(history) = live.history().await? {
        if !history[0].of_order() {
            continue; // a command of no order
        }
        // what nothing live stands for
        while let Some(other) = moved.take_if(|m| m[0].ord_id < history[0].ord_id) {
            entries.lone(pass, &other).await?;
            Box::pin(one(pass, &mut archived, &other, &mut strays)).await?;
            moved = archived.history().await?;
        }
        let (stubs, events): (Vec<HistRow>, Vec<HistRow>) = history.into_iter().partition(HistRow::archived);
        if !events.is_empty() {
            Box::pin(one(pass, &mut live, &events, &mut strays)).await?;
        }
        if let Some(first) = stubs.first() {
            let ord_id = first.ord_id.clone();
            let there = moved.take_if(|m| m[0].ord_id == ord_id);
            entries.order(pass, &stubs, there.as_deref(), !events.is_empty()).await?;
            if let Some(there) = there {
                Box::pin(one(pass, &mut archived, &there, &mut strays)).await?;
                moved = archived.history().await?;
            }
        }
        tell(&mut pass.f, &mut strays);
    }
    while let Some(other) = moved {
        entries.lone(pass, &other).await?;
        Box::pin(one(pass, &mut archived, &other, &mut strays)).await?;
        moved = archived.history().await?;
    }
    entries.rest(pass).await?;
    live.rest(&mut strays).await?;
    archived.rest(&mut strays).await?;
    tell(&mut pass.f, &mut strays);
    Ok(())
}

fn tell(f: &mut Findings, strays: &mut Vec<String>) {
    for stray in strays.drain(..) {
        f.bad(Promise::R7, stray);
    }
}

/// What its payments say that they found, to be held to the ledgers.
fn shelves(pass: &mut Pass, events: &Events) {
    for event in events.iter().flatten() {
        let Event::Cut { stock_checks: seen, .. } = event else { continue };
        for shelf in seen {
            pass.shelves.entry(shelf.sku_id.shared()).or_default().push(shelf.clone());
        }
    }
}

async fn one(
    pass: &mut Pass,
    t: &mut Tables,
    history: &[HistRow],
    strays: &mut Vec<String>,
) -> Result<(), VerifyError> {
    let ord_id = &*history[0].ord_id;
    let mut stored = fold::FoldedRows {
        ord: t.ord.of(ord_id, strays).await?,
        gds: t.gds.of(ord_id, strays).await?,
        gft: t.gft.of(ord_id, strays).await?,
        stlm: t.stlm.of(ord_id, strays).await?,
        aprv: t.aprv.of(ord_id, strays).await?,
        cncl: t.cncl.of(ord_id, strays).await?,
        fee: t.fee.of(ord_id, strays).await?,
        dscnt: t.dscnt.of(ord_id, strays).await?,
        pnt: t.pnt.of(ord_id, strays).await?,
        prcr: t.prcr.of(ord_id, strays).await?,
        lnk: t.lnk.of(ord_id, strays).await?,
        wybl: t.wybl.of(ord_id, strays).await?,
        rtn: t.rtn.of(ord_id, strays).await?,
        exch: t.exch.of(ord_id, strays).await?,
        rvw: t.rvw.of(ord_id, strays).await?,
        // keyed by themselves, and looked at in a pass of their own
        rfnd: Vec::new(),
    };
    pass.orders += 1;
    let events = walk::read(history);
    shelves(pass, &events);
    rows_alone(&stored, &mut pass.f);
    gifts::check(&stored, &events, &mut pass.f);
    // tokens are in no event: the row alone has them
    for row in &mut stored.aprv {
        row.aprv_tkn = None;
    }
    if let Some(ord) = stored.ord.first() {
        published(pass, ord, history);
    }
    // a damaged history may break the fold's own arithmetic: that is a finding, not the end of the check
    let told = catch_unwind(AssertUnwindSafe(|| {
        let order = walk::walk(history, &events, &mut pass.f)?;
        walk::stands(&order, &mut pass.f);
        let rows = order.rows(stored.ord.first().map_or(0, |o| o.prtn_no));
        Some((order, rows))
    }));
    let Ok(told) = told else {
        pass.f.bad(Promise::R7, format!("order {ord_id}: its history can't be folded: its numbers make no sense"));
        return Ok(());
    };
    let Some((order, mut wanted)) = told else { return Ok(()) };
    // whether the server asks for refunds itself decides when an order is due; either is right
    if let (Some(stored), Some(wanted)) = (stored.ord.first(), wanted.ord.first_mut()) {
        let asking = order.due_dttm(true);
        if stored.due_dttm.map(millis) == asking.map(millis) {
            wanted.due_dttm = asking;
        }
    }
    compare(pass, ord_id, &stored, &wanted);
    refunds(&stored, &order, &mut pass.f);
    pass.family.saw(&order);
    pass.payments.saw(&order, &mut pass.f);
    pass.audit.expect(history, &events, &mut pass.f);
    pass.refund_rows += u64::try_from(wanted.rfnd.len()).unwrap_or(0);
    claims(pass, &order);
    if let Some(ord) = stored.ord.first() {
        owner(pass, ord, &order);
    }
    Ok(())
}

/// What is compared of a time.
fn millis(t: Time) -> i64 {
    t.timestamp_millis()
}

fn compare(pass: &mut Pass, ord_id: &str, stored: &fold::FoldedRows, wanted: &fold::FoldedRows) {
    let whose = format!("order {ord_id}");
    let mut found = differences(&whose, &stored.ord, &wanted.ord);
    found.extend(differences(&whose, &stored.gds, &wanted.gds));
    found.extend(differences(&whose, &stored.gft, &wanted.gft));
    found.extend(differences(&whose, &stored.stlm, &wanted.stlm));
    found.extend(differences(&whose, &stored.aprv, &wanted.aprv));
    found.extend(differences(&whose, &stored.cncl, &wanted.cncl));
    found.extend(differences(&whose, &stored.fee, &wanted.fee));
    found.extend(differences(&whose, &stored.dscnt, &wanted.dscnt));
    found.extend(differences(&whose, &stored.pnt, &wanted.pnt));
    found.extend(differences(&whose, &stored.prcr, &wanted.prcr));
    found.extend(differences(&whose, &stored.lnk, &wanted.lnk));
    found.extend(differences(&whose, &stored.wybl, &wanted.wybl));
    found.extend(differences(&whose, &stored.rtn, &wanted.rtn));
    found.extend(differences(&whose, &stored.exch, &wanted.exch));
    found.extend(differences(&whose, &stored.rvw, &wanted.rvw));
    pass.f.saw(Promise::R7, 1);
    for what in found {
        pass.f.bad(Promise::R7, what);
    }
}

/// R8 and R9, by the rows alone.
fn rows_alone(stored: &fold::FoldedRows, f: &mut Findings) {
    for s in &stored.stlm {
        let terms = [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt];
        let holds = s.pay_amt == terms.iter().sum::<i64>() && s.expt_amt >= 0 && terms.iter().all(|n| *n >= 0);
        f.hold(Promise::R8, holds, || {
            let paid = s.pay_amt;
            format!(
                "order {}: settlement {}: paid {paid} is not {terms:?} together, each at least 0",
                s.ord_id, s.stlm_no
            )
        });
    }
    if let Some(o) = stored.ord.first().filter(|_| !stored.gds.is_empty()) {
        owed(o, stored, f);
    }
    for g in &stored.gds {
        let active = g.ord_qty - g.cncl_qty - g.rtn_qty - g.exch_qty;
        let parts = [g.ord_qty, g.cncl_qty, g.rtn_acpt_qty, g.rtn_qty, g.exch_acpt_qty, g.exch_qty];
        let stock = g.hold_qty >= 0 && g.dduct_qty >= 0 && g.hold_qty + g.dduct_qty <= g.ord_qty - g.cncl_qty;
        let open = g.ord_qty - g.cncl_qty - g.rtn_acpt_qty - g.exch_acpt_qty >= 0
            && g.rtn_qty <= g.rtn_acpt_qty
            && g.exch_qty <= g.exch_acpt_qty;
        f.hold(Promise::R9, active >= 0 && open && parts.iter().all(|n| *n >= 0) && stock, || {
            format!(
                "order {}: line {}: {} ordered, {} cancelled, {} returned, {} exchanged, {} held, {} deducted",
                g.ord_id, g.ord_seq, g.ord_qty, g.cncl_qty, g.rtn_qty, g.exch_qty, g.hold_qty, g.dduct_qty
            )
        });
        let of = |r: &&RtnRow| r.ord_seq == g.ord_seq;
        let over = |r: &&RtnRow| matches!(&*r.rtn_stat_cd, "COMPLETED" | "REJECTED" | "WITHDRAWN");
        let under: i64 = stored.rtn.iter().filter(of).filter(|r| !over(r)).map(|r| r.rtn_qty).sum();
        f.hold(Promise::R9, g.rtn_acpt_qty == g.rtn_qty + under, || {
            format!(
                "order {}: line {} has {} units accepted for return, {} returned, {under} under way",
                g.ord_id, g.ord_seq, g.rtn_acpt_qty, g.rtn_qty
            )
        });
    }
}

/// R8: what a settlement has planned to go back, and gave back, is what its refunds say.
fn refunds(stored: &fold::FoldedRows, order: &CheckedOrder, f: &mut Findings) {
    for s in &stored.stlm {
        let of = || order.refunds.iter().filter(|r| r.stlm_no == s.stlm_no);
        let planned: i64 = of().filter(|r| r.open()).map(|r| r.amount).sum();
        let refunded: i64 = of().filter(|r| r.done()).map(|r| r.amount).sum();
        f.hold(Promise::R8, (s.rfnd_plan_amt, s.rfnd_amt) == (planned, refunded), || {
            let (id, no, p, r) = (&s.ord_id, s.stlm_no, s.rfnd_plan_amt, s.rfnd_amt);
            format!(
                "order {id}: settlement {no} has {p} planned and {r} refunded, its refunds {planned} and {refunded}"
            )
        });
    }
}

/// R8: what is owed or was paid, reckoned up from the rows of lines, fees, cancellations, returns and settlements.
fn owed(o: &OrdRow, stored: &fold::FoldedRows, f: &mut Findings) {
    // what a return costs is kept back of its refund, and no part of what was bought
    let charged = || stored.fee.iter().filter(|r| &*r.fee_knd_cd != "RETURN");
    let fees: i64 = charged().map(|r| r.fee_amt - r.rfnd_fee_amt).sum();
    let bought: i64 = stored.gds.iter().map(|g| g.pay_amt).sum();
    let standing = |r: &&RtnRow| !matches!(&*r.rtn_stat_cd, "REJECTED" | "WITHDRAWN");
    let back: i64 = stored.rtn.iter().filter(standing).map(|r| r.rtn_amt).sum();
    let cut: i64 = stored.cncl.iter().map(|c| c.cncl_amt).sum();
    let (unpaid, ended) = match &*o.ord_stat_cd {
        "PAYMENT_PENDING" => (true, false),
        "PAYMENT_EXPIRED" | "PAYMENT_CANCELLED" => (true, true),
        _ => (false, false),
    };
    let total = if ended { 0 } else { bought + fees - cut - back };
    let surcharges: i64 = charged().filter(|r| r.unpd_yn).map(|r| r.fee_amt - r.rfnd_fee_amt).sum();
    let due = if unpaid { total } else { surcharges };
    f.hold(Promise::R8, (o.ord_amt, o.due_amt) == (total, due), || {
        let (id, says, owes) = (&o.ord_id, o.ord_amt, o.due_amt);
        format!("order {id}: its amount is {says} and {owes} of it due, its lines and fees make {total} and {due}")
    });
    f.hold(Promise::R8, o.gds_amt - o.dscnt_amt == bought && o.dlv_fee_amt == fees, || {
        let (id, goods, off, fee) = (&o.ord_id, o.gds_amt, o.dscnt_amt, o.dlv_fee_amt);
        format!("order {id}: goods {goods}, discount {off} and fees {fee}; its lines make {bought}, its fees {fees}")
    });
    // a linked order is paid between the two businesses
    let left: i64 = stored.stlm.iter().map(|s| s.rfnd_psbl_amt).sum();
    let here = o.prnt_ord_id.is_none();
    let paid = if unpaid { 0 } else { total - due };
    f.hold(Promise::R8, !here || left == paid, || {
        let id = &o.ord_id;
        format!("order {id}: {left} won of its settlements stand, of its amount {paid} were paid")
    });
    let awaited: i64 = stored.stlm.iter().filter(|s| s.pay_dttm.is_none()).map(|s| s.expt_amt).sum();
    let pending = unpaid && !ended;
    f.hold(Promise::R8, awaited == 0 || (pending && awaited == due), || {
        let id = &o.ord_id;
        format!("order {id}: a deposit of {awaited} won is awaited, {due} are due")
    });
}

/// R1 and R7: what was committed within the retention was answered and published.
fn published(pass: &mut Pass, ord: &OrdRow, history: &[HistRow]) {
    let Some(retained) = &pass.retained else { return };
    for row in history {
        retained.published(&mut pass.f, ord.prtn_no, row);
        if row.cmd_evnt_no == 0 {
            retained.answered(&mut pass.f, ord.prtn_no, &row.cmd_id, &row.actr, row.strm_entr.as_deref());
        }
    }
}

/// The units that the order has of SKUs in its own lane; those of other lanes are told by their reservations.
fn claims(pass: &mut Pass, order: &CheckedOrder) {
    for r in &order.reservations {
        if matches!(r.at, KeptAt::Held | KeptAt::Taken) {
            pass.open_asked += 1;
        }
    }
    for row in order.lines.iter().map(|l| &l.row) {
        let lists = |r: &fold::Reserved| r.at != KeptAt::Released && r.lines.contains(&row.ord_seq);
        if !order.reservations.iter().any(lists) {
            pass.claim(&row.unt_id, row.hold_qty, row.dduct_qty);
        }
    }
    let late = |now: Time| order.deadline.is_some_and(|d| d + EXPIRY_GRACE < now);
    if order.standing == Standing::Stands && order.status() == Status::PaymentPending {
        let expired = pass.options.now.is_some_and(late);
        pass.f.hold(Promise::R3, !expired, || format!("order {}: unpaid past its deadline, and holding", order.ord_id));
    }
}

/// R6: the order lives where its first SKU does, in a partition that somebody owned.
fn owner(pass: &mut Pass, ord: &OrdRow, order: &CheckedOrder) {
    let first = order.lines.first().map(|l| &*l.row.unt_id);
    let home = pass.lanes.partitions.zip(first).map(|(n, sku)| i64::from(partition_of(sku, n)));
    let at_home = home.is_none_or(|home| home == ord.prtn_no);
    pass.f.hold(Promise::R6, pass.lanes.leased(ord.prtn_no) && at_home, || {
        format!(
            "order {}: it is in partition {}, which is not its first SKU's, or was never leased",
            ord.ord_id, ord.prtn_no
        )
    });
}

//! What other lanes, orders and businesses do for an order: reservations, questions, procurements, linked orders.

use std::sync::Arc;

use super::{CheckedOrder, Fit};
use crate::{
    domain::{
        Time,
        order::{
            event::{Linked, ProcurementStarted, Reservation},
            supply::{AskWhat, LinkKind, LinkState, ProcureKind, ShortLine},
        },
        status::Status,
    },
    store::rows::{LnkRow, PrcrRow},
};

/// How far a reservation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptAt {
    Asked,
    Held,
    Taken,
    Released,
}

/// What another lane was asked to keep.
#[derive(Debug)]
pub struct Reserved {
    pub id: String,
    pub lines: Vec<i64>,
    pub at: KeptAt,
}

impl Reserved {
    pub(super) fn asked(r: &Reservation) -> Self {
        let lines = r.lines.iter().map(|l| i64::from(l.line_no)).collect();
        Self { id: r.id.clone(), lines, at: KeptAt::Asked }
    }
}

/// How far a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskAt {
    Open,
    Granted,
    Denied,
}

/// What another order or lane was asked before it was done.
#[derive(Debug)]
pub struct FoldedAsk {
    pub id: String,
    pub at: AskAt,
    /// what is kept for it meanwhile
    reservation: Option<String>,
}

/// How far a procurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceAt {
    Open,
    Done,
    Gone,
}

/// 발주: a procurement, a row a line.
#[derive(Debug)]
pub(super) struct FoldedProcurement {
    no: u16,
    kind: ProcureKind,
    at: SourceAt,
    pub rows: Vec<PrcrRow>,
}

impl FoldedProcurement {
    fn goes(&mut self, to: SourceAt, at: Time) {
        self.at = to;
        let code = match to {
            SourceAt::Open => "OPEN",
            SourceAt::Done => "DONE",
            SourceAt::Gone => "CANCELLED",
        };
        for row in &mut self.rows {
            (row.prcr_stat_cd, row.cmpl_dttm) = (code.into(), Some(at));
        }
    }
}

/// An order that was made for this one.
#[derive(Debug)]
pub struct FoldedLink {
    /// `prnt_prtn_no` is the order's own, which no history says
    pub row: LnkRow,
    pub kind: LinkKind,
    pub state: LinkState,
    lines: Vec<u16>,
    procurement: Option<u16>,
    /// units that it can't deliver
    short: Vec<ShortLine>,
}

impl FoldedLink {
    fn runs(&self) -> bool {
        matches!(self.state, LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped)
    }
}

impl CheckedOrder {
    pub(super) fn asked(&mut self, id: &str, what: &AskWhat) {
        let reservation = match what {
            AskWhat::Exchange { reservation, .. } | AskWhat::Gift { reservation, .. } => Some(reservation),
            AskWhat::Linked { .. } | AskWhat::Work { .. } => None,
        };
        self.reservations.extend(reservation.map(Reserved::asked));
        let reservation = reservation.map(|r| r.id.clone());
        self.asks.push(FoldedAsk { id: id.to_owned(), at: AskAt::Open, reservation });
    }

    /// A no gives back what was kept meanwhile.
    pub(super) fn answered(&mut self, id: &str, so: AskAt) -> Fit {
        let open = self.asks.iter_mut().find(|a| a.id == id && a.at == AskAt::Open);
        let ask = open.ok_or_else(|| format!("nothing is asked as {id}"))?;
        ask.at = so;
        let kept = ask.reservation.as_deref().filter(|_| so == AskAt::Denied);
        for r in self.reservations.iter_mut().filter(|r| kept == Some(r.id.as_str())) {
            r.at = KeptAt::Released;
        }
        Ok(())
    }

    /// Rows 10–12. A line is being procured once all that is left of it has a source.
    pub(super) fn sourced(&mut self, e: &ProcurementStarted, at: Time) -> Fit {
        for l in &e.lines {
            let line = self.line_mut(l.line_no)?;
            if line.own != Status::Preparing || line.free() == 0 {
                return Err(format!("line {}, {}, is not to be procured", l.line_no, line.own.code()));
            }
        }
        let row = |l: &crate::domain::order::supply::ProcuredLine| PrcrRow {
            ord_id: Arc::clone(&self.ord_id),
            prcr_no: i64::from(e.no),
            ord_seq: i64::from(l.line_no),
            prcr_knd_cd: e.kind.code().into(),
            prcr_stat_cd: "OPEN".into(),
            unt_id: l.sku_id.shared(),
            prcr_qty: i64::from(l.quantity),
            ptnr_id: e.partner_id.as_ref().map(|id| id.shared()),
            selr_nm: e.seller.as_deref().map(Arc::from),
            prch_amt: e.amount.map(|w| w.get()),
            prcr_dttm: at,
            cmpl_dttm: None,
        };
        let rows = e.lines.iter().map(row).collect();
        self.sources.push(FoldedProcurement { no: e.no, kind: e.kind, at: SourceAt::Open, rows });
        for l in &e.lines {
            let brought: i64 = self.brought(i64::from(l.line_no)).map(|(_, units)| units).sum();
            if self.line(i64::from(l.line_no)).is_some_and(|line| brought >= line.free()) {
                self.go(l.line_no, &[Status::Preparing], Status::ProcurementCheck)?;
            }
        }
        Ok(())
    }

    /// What each source of a line brings of it, where that is anything.
    fn brought(&self, line_no: i64) -> impl Iterator<Item = (&FoldedProcurement, i64)> {
        let live = self.sources.iter().filter(|s| s.at != SourceAt::Gone);
        let of = move |s: &'_ FoldedProcurement| s.rows.iter().position(|r| r.ord_seq == line_no);
        let rows = live.filter_map(move |s| Some((s, s.rows.get(of(s)?)?)));
        rows.map(|(s, r)| (s, r.prcr_qty - self.unbrought(s, r))).filter(|(_, units)| *units > 0)
    }

    /// Units that a purchase order does not bring: what it is short of, or all when it has ended.
    fn unbrought(&self, s: &FoldedProcurement, r: &PrcrRow) -> i64 {
        let line = |no: &u16| i64::from(*no) == r.ord_seq;
        let brings = |l: &&FoldedLink| match l.procurement {
            Some(no) => no == s.no,
            // made when a line had one source
            None => l.lines.iter().any(line),
        };
        let purchases = self.links.iter().rev().filter(|l| l.kind == LinkKind::Purchase);
        let Some(link) = purchases.filter(|_| s.kind == ProcureKind::Partner).find(brings) else { return 0 };
        match link.state {
            LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped => {
                let short = link.short.iter().filter(|k| line(&k.line_no));
                short.map(|k| i64::from(k.quantity)).sum::<i64>().min(r.prcr_qty)
            }
            LinkState::Ended | LinkState::Refused => r.prcr_qty,
            LinkState::Cancelled => 0,
        }
    }

    fn source_mut(&mut self, no: u16) -> Result<&mut FoldedProcurement, String> {
        self.sources.iter_mut().find(|s| s.no == no).ok_or_else(|| format!("there is no procurement {no}"))
    }

    /// Row 15. A line is procured when all its sources are; so are units of it that a claim has, should they come back.
    pub(super) fn procured(&mut self, nos: &[u16], at: Time) -> Fit {
        for &no in nos {
            let s = self.source_mut(no)?;
            s.goes(SourceAt::Done, at);
            let lines: Vec<i64> = s.rows.iter().map(|r| r.ord_seq).collect();
            for no in lines {
                let open = self.brought(no).any(|(s, _)| s.at == SourceAt::Open);
                let line = self.lines.iter_mut().find(|l| l.row.ord_seq == no && !open);
                if let Some(l) = line.filter(|l| l.own == Status::ProcurementCheck) {
                    l.own = Status::ProcurementDone;
                }
            }
        }
        Ok(())
    }

    /// Row 16.
    pub(super) fn sources_gone(&mut self, nos: &[u16], at: Time) -> Fit {
        nos.iter().try_for_each(|no| self.source_mut(*no).map(|s| s.goes(SourceAt::Gone, at)))
    }

    /// A procurement of which no goods are wanted any more is over.
    pub(super) fn sources_over(&mut self, at: Time) {
        let CheckedOrder { sources, lines, .. } = self;
        let wanted = |r: &PrcrRow| lines.iter().any(|l| l.row.ord_seq == r.ord_seq && l.active() > 0);
        let over = |s: &&mut FoldedProcurement| s.at == SourceAt::Open && !s.rows.iter().any(wanted);
        sources.iter_mut().filter(over).for_each(|s| s.goes(SourceAt::Gone, at));
    }

    pub(super) fn linked(&mut self, e: &Linked, at: Time) {
        let state = LinkState::Asked;
        let nos: Vec<String> = e.lines.iter().map(ToString::to_string).collect();
        let row = LnkRow {
            prnt_ord_id: Arc::clone(&self.ord_id),
            chld_ord_id: e.order_id.shared(),
            lnk_knd_cd: e.kind.code().into(),
            lnk_stat_cd: state.code().into(),
            prnt_prtn_no: 0,
            chld_prtn_no: i64::from(e.lane),
            ptnr_id: e.partner_id.shared(),
            lnk_seqs: nos.join(",").into(),
            lnk_dttm: at,
            end_dttm: None,
        };
        let (lines, procurement) = (e.lines.clone(), e.procurement);
        self.links.push(FoldedLink { row, kind: e.kind, state, lines, procurement, short: Vec::new() });
    }

    pub(super) fn link_changed(&mut self, id: &str, state: LinkState, short: &[ShortLine], at: Time) -> Fit {
        let link = self.links.iter_mut().find(|l| *l.row.chld_ord_id == *id);
        let link = link.ok_or_else(|| format!("no order {id} was linked"))?;
        link.state = state;
        link.short.extend_from_slice(short);
        link.row.lnk_stat_cd = state.code().into();
        link.row.end_dttm = (!link.runs()).then_some(at);
        Ok(())
    }

    /// Whether an installer works on the line.
    pub(super) fn installer(&self, line_no: i64) -> bool {
        let on = |l: &FoldedLink| l.lines.iter().any(|no| i64::from(*no) == line_no);
        self.links.iter().any(|l| l.kind == LinkKind::Installation && l.runs() && on(l))
    }
}

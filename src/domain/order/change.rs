//! What a decision changes, told so that a person can follow it: statuses, money before and after, fees, gifts, stock.
//! A preview is made of it without doing anything; the timeline tells each event by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Decision, Event, Order,
    claim::{RefundTiming, ReturnChange},
    command::PaymentMethod,
    event::{CutCause, ReturnChanged, ReturnRequested},
    state::{Settlement, Stage},
    supply::LinkWhat,
};
use crate::domain::{
    Time,
    fee::FeeReason,
    ids::{OrderId, SkuId},
    money::Won,
    status::Status,
};

/// What changes of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_before: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_after: Option<Status>,
    /// lines whose status or quantities change
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lines: Vec<LineChange>,
    /// settlements whose terms change
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub settlements: Vec<SettlementChange>,
}

/// A line before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LineChange {
    pub line_no: u16,
    pub sku_id: SkuId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_before: Option<Status>,
    pub status_after: Status,
    pub before: LineTerms,
    pub after: LineTerms,
}

/// ordered = active + cancelled + returned + exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LineTerms {
    pub ordered: u32,
    pub active: u32,
    pub cancelled: u32,
    pub returned: u32,
    pub exchanged: u32,
}

/// A settlement before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SettlementChange {
    pub settlement_no: u16,
    pub method: PaymentMethod,
    pub before: Terms,
    pub after: Terms,
}

/// paid = refundable + planned + excluded + refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Terms {
    pub paid: Won,
    pub refundable: Won,
    pub planned: Won,
    pub excluded: Won,
    pub refunded: Won,
}

impl From<&Settlement> for Terms {
    fn from(s: &Settlement) -> Self {
        Self { paid: s.paid, refundable: s.refundable, planned: s.planned, excluded: s.excluded, refunded: s.refunded }
    }
}

/// What is different after.
pub fn change(before: Option<&Order>, after: &Order) -> Change {
    let line = |no: u16| before.and_then(|b| b.line(no));
    let terms = |l: &super::state::Line| LineTerms {
        ordered: l.ordered,
        active: l.active(),
        cancelled: l.cancelled,
        returned: l.returned,
        exchanged: l.exchanged,
    };
    let lines = after.lines.iter().filter_map(|l| {
        let was = line(l.no);
        let (before, after) = (was.map(terms).unwrap_or_default(), terms(l));
        let same = was.is_some_and(|w| w.shown() == l.shown()) && before == after;
        (!same).then(|| LineChange {
            line_no: l.no,
            sku_id: l.sku_id.clone(),
            status_before: was.map(super::state::Line::shown),
            status_after: l.shown(),
            before,
            after,
        })
    });
    let settlement = |no: u16| before.and_then(|b| b.settlements.iter().find(|s| s.no == no));
    let settlements = after.settlements.iter().filter_map(|s| {
        let (before, after) = (settlement(s.no).map(Terms::from).unwrap_or_default(), Terms::from(s));
        let of = |before, after| SettlementChange { settlement_no: s.no, method: s.method, before, after };
        (before != after).then(|| of(before, after))
    });
    let (status_before, status_after) = (before.map(Order::status), Some(after.status()));
    let moved = status_before != status_after;
    Change {
        status_before: status_before.filter(|_| moved),
        status_after: status_after.filter(|_| moved),
        lines: lines.collect(),
        settlements: settlements.collect(),
    }
}

/// 미리보기: what a command would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Preview {
    #[serde(flatten)]
    pub change: Change,
    /// 환불: by means, and when
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PreviewRefund>,
    /// what sending it back costs
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub return_fees: Vec<PreviewFee>,
    /// shipping fees that go back
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub fee_refunds: Won,
    /// 환불제외: kept back
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub withheld: Won,
    /// what the order would come to; a seller, who sees its part, is told no sum
    #[serde(default)]
    pub total: Won,
    /// what would be to be paid
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub due: Won,
    /// gift lines that follow
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub gifts: Vec<u16>,
    /// lines that find less than they want, which is cut out
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shortages: Vec<u16>,
    /// units that move in this lane now
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stock: Vec<PreviewStock>,
    /// linked orders that would be made
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub linked_orders: Vec<OrderId>,
    /// linked orders that would be asked to stop
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub cancelled_linked_orders: Vec<OrderId>,
}

/// Money that would go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PreviewRefund {
    pub settlement_no: u16,
    pub method: PaymentMethod,
    pub amount: Won,
    /// asked for at once; otherwise when its return is approved, or its goods are back
    pub immediate: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timing: Option<RefundTiming>,
}

/// A fee of a return, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PreviewFee {
    pub amount: Won,
    pub before_threshold: Won,
    pub reason: FeeReason,
}

/// Units that would move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PreviewStock {
    pub sku_id: SkuId,
    pub movement: String,
    pub quantity: i64,
}

fn spent(event: &Event) -> Won {
    if let Event::ReturnCompleted { withheld, .. } = event {
        withheld.iter().map(|w| w.amount).sum()
    } else {
        Won::ZERO
    }
}

/// What `decision` would do to the order; the decision is the very one that doing it takes.
///
/// # Errors
/// A sentence, when the events don't fit: a fault of ours.
pub fn preview(before: &Order, decision: &Decision, now: Time) -> Result<Preview, String> {
    let mut after = Some(before.clone());
    // what is asked first is told as if the answer were yes
    let yes = decision.events.iter().flat_map(|e| e.if_yes(before));
    for event in decision.events.iter().cloned().chain(yes) {
        Order::step(&mut after, &before.id, &event, now).map_err(|m| m.to_string())?;
    }
    let after = after.ok_or("a decision that ends the order's being")?;
    let method = |no: u16| after.settlements.iter().find(|s| s.no == no).map_or(PaymentMethod::Card, |s| s.method);
    // one event of a command may take back what another of it had planned
    let planned = after.refunds.iter().skip(before.refunds.len()).filter(|r| !matches!(r.stage, Stage::Withdrawn(_)));
    let refunds = planned.map(|r| PreviewRefund {
        settlement_no: r.settlement_no,
        method: method(r.settlement_no),
        amount: r.amount,
        immediate: matches!(r.stage, Stage::Due(_)),
        timing: r.return_group.and_then(|g| after.return_of(g)).map(|r| r.timing),
    });
    let asked = decision.events.iter().filter_map(|e| if let Event::ReturnRequested(r) = e { Some(r) } else { None });
    let asked: Vec<&ReturnRequested> = asked.map(|r| &**r).collect();
    let told_anew = decision.events.iter().filter_map(|e| if let Event::ReturnChanged(c) = e { Some(c) } else { None });
    // what another claim keeps back of it is no fee of it
    let told_anew = told_anew.filter(|c| c.cause != ReturnChange::SetOff);
    // of a return that is told anew twice, the last time
    let told_anew: BTreeMap<u16, &ReturnChanged> = told_anew.map(|c| (c.group, &**c)).collect();
    let told_anew = told_anew.into_values().flat_map(|c| &c.fees);
    // outbound fees that were spent for nothing are kept back, not given back
    let spent: Won = decision.events.iter().map(spent).sum();
    let fee = |f: &super::claim::ReturnFee| PreviewFee { amount: f.amount, before_threshold: f.base, reason: f.reason };
    let returned = |o: &Order| -> Won { o.fees.iter().map(|f| f.returned - f.waived).sum() };
    let excluded = |o: &Order| -> Won { o.settlements.iter().map(|s| s.excluded).sum() };
    let (kept, was_kept) = (excluded(&after), excluded(before));
    let change = change(Some(before), &after);
    let gift = |no: &u16| after.line(*no).is_some_and(|l| l.gift);
    let mut gifts: Vec<u16> = asked.iter().flat_map(|r| &r.lines).map(|l| l.line_no).filter(gift).collect();
    gifts.extend(change.lines.iter().map(|l| l.line_no).filter(gift));
    gifts.sort_unstable();
    gifts.dedup();
    let stock = decision.movements.iter().map(|m| PreviewStock {
        sku_id: m.sku_id.clone(),
        movement: m.kind.code().to_lowercase(),
        quantity: m.quantity,
    });
    let to = |stop: bool| {
        let of = move |what: &LinkWhat| match what {
            LinkWhat::Place(_) => !stop,
            LinkWhat::Cancel => stop,
            LinkWhat::Work { .. }
            | LinkWhat::Worked { .. }
            | LinkWhat::WorkRefused { .. }
            | LinkWhat::Placed
            | LinkWhat::Refused { .. }
            | LinkWhat::Short { .. }
            | LinkWhat::Done
            | LinkWhat::Shipped
            | LinkWhat::Ended => false,
        };
        decision.messages.iter().filter(move |m| of(&m.what)).map(|m| m.to.clone()).collect()
    };
    let short = decision.events.iter().flat_map(|e| {
        if let Event::Cut { cause: CutCause::OutOfStock, lines, .. } = e { lines.as_slice() } else { &[] }
    });
    let back = returned(&after) - spent.min(returned(&after));
    Ok(Preview {
        refunds: refunds.collect(),
        return_fees: asked.iter().flat_map(|r| &r.fees).chain(told_anew).map(fee).collect(),
        fee_refunds: back - returned(before).min(back),
        withheld: kept - was_kept.min(kept),
        total: after.total(),
        due: after.due_now(),
        gifts,
        shortages: short.map(|cut| cut.line_no).collect(),
        stock: stock.collect(),
        linked_orders: to(false),
        cancelled_linked_orders: to(true),
        change,
    })
}

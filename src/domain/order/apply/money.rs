//! Money, folded: settlements, refunds, points.

use super::DAY;
use crate::domain::{
    Time,
    money::Won,
    order::{
        command::{Paid, PaymentMethod, RefundOutcome},
        event::{Kept, LineAmount, PlannedRefund, RefundAdjusted},
        state::{Order, PointsKind, PointsMove, Refund, RefundTry, ReserveState, Settlement, Stage},
    },
    status::Status,
};

impl Order {
    pub(super) fn pay(&mut self, paid: &[Paid], at: Time) {
        // most orders have one: a list that grows by itself starts with places for four
        self.settlements.reserve_exact(paid.len());
        for p in paid {
            self.settle(p, at);
        }
        self.paid_in(at);
    }

    /// What every payment does to the lines: status, dates (domain §3.4), hold → deduction.
    pub(super) fn paid_in(&mut self, at: Time) {
        self.paid_at = Some(at);
        let received = self.received;
        for line in &mut self.lines {
            if matches!(line.status, Status::PaymentPending) {
                line.status = Status::Ordered;
            }
            line.deducted += line.held;
            line.held = 0;
            line.ship_instructed_at = Some(received + DAY);
            line.expected_delivery_at = Some(received + DAY * u32::from(line.lead_time_days));
        }
        for r in self.reservations.iter_mut().filter(|r| r.state == ReserveState::Held) {
            r.state = ReserveState::Taken;
        }
    }

    pub(super) fn settle(&mut self, p: &Paid, at: Time) {
        let no = self.next_settlement();
        if p.method == PaymentMethod::Points {
            self.points.push(PointsMove {
                kind: PointsKind::Used,
                amount: p.amount,
                relation: Some(p.approval_id.clone()),
                at,
            });
        }
        self.settlements.push(Settlement {
            movement_id: p.movement_id.clone(),
            ..settlement((no, p.method), Some(p.approval_id.clone()), p.amount, Some(at))
        });
    }

    fn next_settlement(&self) -> u16 {
        self.settlements.iter().map(|s| s.no).max().unwrap_or(0) + 1
    }

    pub(super) fn deposit_in(&mut self, amount: Won, payment_id: Option<&String>, at: Time) -> Result<(), String> {
        let s = self.settlements.iter_mut().find(|s| s.paid_at.is_none()).ok_or("no deposit is awaited")?;
        if payment_id.is_some() {
            s.approval_id = payment_id.cloned();
        }
        s.expected = Won::ZERO; // it is in
        s.paid = amount;
        s.refundable = amount;
        s.paid_at = Some(at);
        self.paid_in(at);
        Ok(())
    }

    pub(super) fn plan(&mut self, refunds: &[PlannedRefund], at: Time) {
        self.refunds.reserve_exact(refunds.len());
        for r in refunds {
            if let Some(s) = self.settlements.iter_mut().find(|s| s.no == r.settlement_no) {
                s.refundable -= r.amount;
                s.planned += r.amount;
            }
            self.refunds.push(Refund {
                key: r.key.clone(),
                settlement_no: r.settlement_no,
                cancel_group: r.group,
                return_group: r.return_group,
                amount: r.amount,
                planned_at: at,
                waits_for: r.waits_for,
                tries: Vec::new(),
                // the money of a return waits for its approval, or for the goods
                stage: if r.return_group.or(r.waits_for).is_some() { Stage::Waiting } else { Stage::Due(at) },
            });
        }
    }

    /// A cancellation keeps something back for others' goods and debts.
    pub(super) fn keep_back(&mut self, group: u32, kept: &Kept) {
        self.give_fees_back(&kept.set_off);
        self.withhold(&kept.withheld);
        let of = self.fulfilment.kept.iter_mut().find(|(of, _)| *of == group);
        if let Some((_, had)) = of {
            had.set_off.extend_from_slice(&kept.set_off);
            had.kept_for.extend_from_slice(&kept.kept_for);
            had.withheld.extend_from_slice(&kept.withheld);
        } else {
            self.fulfilment.kept.push((group, kept.clone()));
        }
    }

    /// And no more.
    fn free(&mut self, group: u32, freed: &Kept) -> Result<(), String> {
        for b in &freed.set_off {
            let fee = self.fees.iter_mut().find(|f| f.no == b.fee_no).ok_or("no such fee")?;
            fee.returned -= b.amount;
        }
        for w in &freed.withheld {
            let s = self.settlements.iter_mut().find(|s| s.no == w.settlement_no).ok_or("no such settlement")?;
            s.excluded -= w.amount;
            s.refundable += w.amount;
        }
        for (_, kept) in self.fulfilment.kept.iter_mut().filter(|(of, _)| *of == group) {
            for b in &freed.set_off {
                take(b.amount, kept.set_off.iter_mut().filter(|f| f.fee_no == b.fee_no).map(|f| &mut f.amount));
            }
            for w in &freed.withheld {
                let of = kept.withheld.iter_mut().filter(|k| k.settlement_no == w.settlement_no);
                take(w.amount, of.map(|k| &mut k.amount));
            }
        }
        Ok(())
    }

    pub(super) fn refund_adjusted(&mut self, e: &RefundAdjusted, at: Time) -> Result<(), String> {
        for key in &e.withdrawn {
            let refund = self.refund_mut(key)?;
            if refund.stage != Stage::Waiting {
                return Err(format!("refund {key} does not wait: {:?}", refund.stage));
            }
            refund.stage = Stage::Withdrawn(at);
            let (no, amount) = (refund.settlement_no, refund.amount);
            if let Some(s) = self.settlements.iter_mut().find(|s| s.no == no) {
                s.planned -= amount;
                s.refundable += amount;
            }
        }
        if !e.kept.is_nothing() {
            self.keep_back(e.group, &e.kept);
        }
        self.free(e.group, &e.freed)?;
        self.plan(&e.refunds, at);
        Ok(())
    }

    pub(super) fn refunded(&mut self, key: &str, transferred: bool, at: Time) -> Result<(), String> {
        let refund = self.refund_mut(key)?;
        if !matches!(refund.stage, Stage::Due(_)) {
            return Err(format!("refund {key} is not to be confirmed: {:?}", refund.stage));
        }
        refund.tries.push(RefundTry { at, failed: None, outcome: RefundOutcome::Refused });
        refund.stage = Stage::Refunded { transferred };
        let (no, amount) = (refund.settlement_no, refund.amount);
        let s = self.settlements.iter_mut().find(|s| s.no == no).ok_or("no such settlement")?;
        s.planned -= amount;
        s.refunded += amount;
        if s.method == PaymentMethod::Points && !transferred {
            let relation = s.approval_id.clone();
            self.points.push(PointsMove { kind: PointsKind::GivenBack, amount, relation, at });
        }
        Ok(())
    }

    pub(super) fn refund_mut(&mut self, key: &str) -> Result<&mut Refund, String> {
        self.refunds.iter_mut().find(|r| r.key == key).ok_or_else(|| format!("no refund {key}"))
    }

    pub(super) fn points_earned(&mut self, lines: &[LineAmount], at: Time) -> Result<(), String> {
        self.points.reserve_exact(lines.len());
        for l in lines {
            self.line_mut(l.line_no)?.points_earned += l.amount;
            self.points.push(points(PointsKind::Earned, l, at));
        }
        Ok(())
    }

    pub(super) fn points_reversed(&mut self, lines: &[LineAmount], at: Time) -> Result<(), String> {
        for l in lines {
            self.line_mut(l.line_no)?.points_earned -= l.amount;
            self.points.push(points(PointsKind::Reversed, l, at));
        }
        Ok(())
    }
}

/// Takes so much off these, one after another.
fn take<'a>(amount: Won, off: impl Iterator<Item = &'a mut Won>) {
    let mut left = amount;
    for part in off {
        let less = left.min(*part);
        *part -= less;
        left -= less;
    }
}

fn points(kind: PointsKind, l: &LineAmount, at: Time) -> PointsMove {
    PointsMove { kind, amount: l.amount, relation: Some(format!("line:{}", l.line_no)), at }
}

pub(super) fn settlement(
    (no, method): (u16, PaymentMethod),
    approval_id: Option<String>,
    paid: Won,
    paid_at: Option<Time>,
) -> Settlement {
    Settlement {
        no,
        group: 1,
        method,
        approval_id,
        movement_id: None,
        expected: Won::ZERO,
        paid,
        refundable: paid,
        planned: Won::ZERO,
        excluded: Won::ZERO,
        refunded: Won::ZERO,
        paid_at,
    }
}

//! Where the money is of what left a line: planned to go back, gone back, or kept back. The payment side gives back sums of a
//! cancellation or a return; a line's share of each is worked out here, for whoever looks.

use super::state::{Order, Refund};
use crate::domain::{ids::PartnerId, money::Won};

/// Of what left a line: `planned` + `refunded` + `excluded`, where it had been paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineRefund {
    /// set aside, or asked for: not back yet
    pub planned: Won,
    /// back, by the payment side's word
    pub refunded: Won,
    /// kept back: fees of a return, what an inspection keeps, debts
    pub excluded: Won,
}

/// What left a line in one cancellation or return.
struct Part {
    line_no: u16,
    amount: Won,
    /// kept back of this line, by inspection
    kept: Won,
}

impl Order {
    /// By line number, of lines of which something left; of what was paid between two businesses or never, nothing is told.
    /// `to` is who reads it, where that is a seller: what settled a debt to another one counts as given back.
    pub fn line_refunds(&self, to: Option<&PartnerId>) -> Vec<(u16, LineRefund)> {
        let mut told: Vec<(u16, LineRefund)> = Vec::new();
        if !self.settles_here() {
            return told;
        }
        // what was short before the money came was never paid, and has no refunds
        let kept = self.fulfilment.kept.iter().map(|(group, _)| *group);
        let mut groups: Vec<u32> = self.refunds.iter().filter_map(|f| f.cancel_group).chain(kept).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let parts = self.cancels.iter().filter(|c| c.group == group);
            let parts = parts.map(|c| Part { line_no: c.line_no, amount: c.amount, kept: Won::ZERO }).collect();
            let others = to.map_or(Won::ZERO, |seller| self.cut_for_others(group, seller));
            self.spread(parts, |f| f.cancel_group == Some(group), others, &mut told);
        }
        for r in self.fulfilment.returns.iter().filter(|r| r.stands()) {
            let parts = r.lines.iter().map(|l| Part { line_no: l.line_no, amount: l.amount, kept: l.withheld_amount });
            let others = to.map_or(Won::ZERO, |seller| self.settled_for_others(r, seller));
            self.spread(parts.collect(), |f| f.return_group == Some(r.group), others, &mut told);
        }
        told
    }

    /// The lines' shares of a group's refunds, pro rata, so that they sum to the whole. Shipping that goes back with the goods is
    /// no line's: the goods come first.
    fn spread(&self, parts: Vec<Part>, of: impl Fn(&Refund) -> bool, others: Won, told: &mut Vec<(u16, LineRefund)>) {
        let sum = |is: fn(&Refund) -> bool| -> i64 {
            let these = self.refunds.iter().filter(|f| of(f) && is(f));
            these.map(|f| f.amount).sum::<Won>().get()
        };
        let (mut done, mut open) = (sum(Refund::done), sum(Refund::open));
        if open > 0 {
            open += others.get()
        } else {
            done += others.get()
        }
        let worth = |p: &Part| (p.amount - p.kept).get().max(0);
        let goods: i64 = parts.iter().map(worth).sum();
        let back = goods.min(done + open);
        let gone = share(back, done, done + open);
        let mut so_far = 0;
        for part in parts {
            let until = so_far + worth(&part);
            let (from, to) = (share(back, so_far, goods), share(back, until, goods));
            let refunded = share(gone, to, back) - share(gone, from, back);
            so_far = until;
            let i = told.iter().position(|(no, _)| *no == part.line_no).unwrap_or_else(|| {
                told.push((part.line_no, LineRefund::default()));
                told.len() - 1
            });
            if let Some((_, line)) = told.get_mut(i) {
                line.refunded += Won::new(refunded);
                line.planned += Won::new(to - from - refunded);
                line.excluded += part.amount - Won::new(to - from);
            }
        }
    }
}

/// `amount × part ÷ whole`, rounded down; nothing of nothing.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    let scaled = i128::from(amount) * i128::from(part);
    let share = scaled.checked_div(i128::from(whole)).unwrap_or(0);
    i64::try_from(share).unwrap_or(amount)
}

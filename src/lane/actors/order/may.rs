//! Who may say what of an order: its buyer of its own, a seller of the lines that it sells. The HTTP API asks as much before it sends
//! a command on, of the order as it was then; here it is asked where it is decided, so that nothing comes between, and of what
//! comes by the streams, too.

use super::State;
use crate::{
    domain::{
        ids::OrderId,
        order::{
            Context, Decision, Event, Order, OrderCommand,
            claim::{ClaimReason, Fault},
            decide,
            delivery::DeliveredBy,
            state::Placement,
            supply::AskWhat,
        },
        reason::{Facts, Reason, Refusal},
    },
    lane::actors::{CommandMeta, consent::Consent, quotes::DecisionInputs},
    protocol::command::{ActorRole, BUYERS},
};

/// The lines that a seller's command is about.
#[derive(Debug, PartialEq, Eq)]
enum About {
    /// none: it is the buyer's, the payment side's or a lane's own, or the decision itself asks whose they are
    None,
    /// these
    Lines(Vec<u16>),
    /// all of the order's, since it names none
    All,
}

/// Those that are named, or all.
fn named(lines: impl IntoIterator<Item = u16>) -> About {
    let lines: Vec<u16> = lines.into_iter().collect();
    if lines.is_empty() { About::All } else { About::Lines(lines) }
}

/// Those of a claim, and those that are named besides. A gift goes with its goods, which may be another seller's.
fn of_claim(order: &Order, group: u16, besides: impl IntoIterator<Item = u16>) -> About {
    let claim = order.claimed_lines(group);
    let all = claim.iter().copied().chain(besides);
    named(all.filter(|no| !order.goes_along(*no, &claim)))
}

fn about(order: &Order, command: &OrderCommand) -> About {
    use OrderCommand as C;
    match command {
        C::Place(_)
        | C::PlaceLinked(_)
        | C::Link { .. }
        | C::Reserved { .. }
        | C::ReserveRefused { .. }
        | C::Expire
        | C::ApprovePayment { .. }
        | C::DeclinePayment { .. }
        | C::ConfirmDeposit { .. }
        | C::ConfirmRefund { .. }
        | C::FailRefund { .. }
        | C::TransferRefund { .. }
        | C::CancelPayment
        | C::CancelLines { .. }
        | C::ConfirmPurchase { .. }
        | C::WriteReview { .. }
        | C::WaiveDebt(_)
        | C::SetRefundAccount
        | C::WithdrawExchange { .. } => About::None,
        // without names it prepares those that it sells
        C::PrepareOf { lines, .. } if lines.is_empty() => About::None,
        C::PrepareOf { lines, .. }
        | C::PurchaseFromNonPartner { lines, .. }
        | C::UseOwnStock { lines }
        | C::CompleteProcurement { lines }
        | C::CancelProcurement { lines, .. }
        | C::CompleteInstallation { lines }
        | C::FailInstallation { lines } => named(lines.iter().copied()),
        C::Prepare | C::SetShippingAddress { .. } => About::All,
        C::ConfirmStock { lines } => named(lines.iter().map(|l| l.line_no)),
        C::PurchaseFromPartner(p) | C::AssignInstaller(p) => named(p.lines.iter().map(|(no, ..)| *no)),
        C::BuyUnits { units, .. } | C::UseOwnUnits { units } => named(units.iter().map(|u| u.line_no)),
        C::ReportStockLoss { lines } => named(lines.iter().map(|l| l.line_no)),
        C::Ship { lines, waybills, .. } | C::ShipBy { lines, waybills, .. } => match named(lines.iter().copied()) {
            About::Lines(lines) => named(lines.into_iter().chain(waybills.iter().map(|w| w.line_no))),
            About::None | About::All => About::All,
        },
        C::RegisterWaybill(w) | C::UpdateWaybill(w) => named([w.line_no]),
        C::MarkDelivered(d) => match (&d.waybill, d.lines.is_empty()) {
            (Some((carrier, no)), true) => {
                let on = order
                    .lines
                    .iter()
                    .filter(|l| l.delivery.waybills.iter().any(|w| *w.carrier == **carrier && *w.no == **no));
                named(on.map(|l| l.no))
            }
            (_, _) => named(d.lines.iter().copied()),
        },
        C::RequestReturn(asked) => named(asked.lines.iter().map(|l| l.line_no)),
        C::RequestExchange { line_no, .. } => named([*line_no]),
        C::AddGift { main_line_no, .. } => named([*main_line_no]),
        C::ApproveReturn { group, .. }
        | C::RejectReturn { group, .. }
        | C::RejectExchange { group, .. }
        | C::ApproveExchange { group, .. } => of_claim(order, *group, []),
        C::WithdrawReturn { group, lines, .. } | C::CollectReturn { group, lines } => {
            of_claim(order, *group, lines.iter().map(|l| l.line_no))
        }
        C::WriteOffReturn { group, what } | C::WaiveCollection { group, what } => {
            of_claim(order, *group, what.lines.iter().map(|l| l.line_no))
        }
        C::CompleteReturn { group, inspected, .. } => of_claim(order, *group, inspected.iter().map(|f| f.line_no)),
    }
}

fn forbidden(why: &str) -> Refusal {
    Refusal::new(Reason::Forbidden, Facts { detail: Some(why.to_owned()), ..Facts::default() })
}

impl State {
    /// A buyer's command must be of the buyer's own order, a seller's of its own lines; and what a seller or a partner says as a
    /// buyer is of what it bought, and it may no more then than any buyer. Customers' and partners' ids are different name
    /// spaces: the order says which of them its buyer is. A placement that failed is nobody's.
    pub(super) fn theirs(&self, meta: &CommandMeta, mut command: OrderCommand) -> Result<OrderCommand, Refusal> {
        let order = &self.order;
        let Some((role, who)) = ActorRole::of(&meta.actor).filter(|_| order.placement != Placement::Failed) else {
            return Ok(command);
        };
        let trades = matches!(role, ActorRole::Seller | ActorRole::Partner);
        let bought = who == order.customer_id.as_str() && order.by_partner == trades;
        if role == ActorRole::Buyer && !bought {
            return Err(Reason::Forbidden.into());
        }
        if !trades {
            return Ok(command);
        }
        if !bought && BUYERS.contains(&command.name()) {
            return Err(Reason::Forbidden.into());
        }
        let sells = |no: u16| order.line(no).is_none_or(|l| order.seller_of(l).is_some_and(|s| s.as_str() == who));
        let seller = order.lines.iter().any(|l| sells(l.no));
        let own = match about(order, &command) {
            _ if !seller && of_others(order, &command, who) => true,
            About::None => true,
            About::Lines(lines) => lines.into_iter().all(sells),
            About::All => order.lines.iter().all(|l| sells(l.no)),
        };
        let as_buyer = bought && of_a_buyer(&command);
        if !own && !as_buyer {
            return Err(forbidden("a partner acts on lines that it sells: the order has others' too, so name yours"));
        }
        // what the buyer asked for is the buyer's to take back; a seller says what is still out
        if let OrderCommand::WithdrawReturn { lines, by_buyer, .. } = &mut command {
            if !bought && lines.is_empty() {
                return Err(Reason::Forbidden.into());
            }
            *by_buyer = bought;
        }
        if as_buyer && !own {
            no_more_than_a_buyer(&mut command)?;
        }
        Ok(command)
    }

    /// The decision, after what only some may ask for.
    pub(super) fn decided(
        &self,
        id: &OrderId,
        command: &OrderCommand,
        meta: &CommandMeta,
        seen: &DecisionInputs,
        context: &Context<'_>,
    ) -> Result<Decision, Refusal> {
        if self.archived {
            let places = matches!(command, OrderCommand::Place(_) | OrderCommand::PlaceLinked(_));
            return Err(if places { Reason::DuplicateOrder } else { Reason::OrderArchived }.into());
        }
        let trades =
            ActorRole::of(&meta.actor).is_some_and(|(role, _)| matches!(role, ActorRole::Seller | ActorRole::Partner));
        if trades {
            decide::of_the_same_seller(&self.order, command, context)?;
            seen.consent.needed()?;
        }
        let mut decision = decide(id, Some(&*self.order), command, context)?;
        if matches!(seen.consent, Consent::Missing { .. }) {
            for event in &mut decision.events {
                if let Event::Asked { what, .. } = event
                    && let AskWhat::Linked { linked, .. } = &mut **what
                {
                    linked.without_consent = true;
                }
            }
        }
        Ok(decision)
    }
}

/// What who sells nothing of the order may say all the same: a merchandiser of the shop's gives to anybody's goods, an installer
/// says what it did to lines that are no other installer's.
fn of_others(order: &Order, command: &OrderCommand, who: &str) -> bool {
    let free = |no: u16| order.installer_of(no).is_none_or(|link| link.partner_id.as_str() == who);
    let works = |lines: &[u16]| match lines {
        [] => order.lines.iter().all(|l| free(l.no)),
        named => named.iter().all(|no| free(*no)),
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are the sellers'")]
    match command {
        OrderCommand::AddGift { .. } => true,
        OrderCommand::MarkDelivered(d) if d.by == DeliveredBy::Installer => works(&d.lines),
        OrderCommand::CompleteInstallation { lines } | OrderCommand::FailInstallation { lines } => works(lines),
        _ => false,
    }
}

/// Whether a buyer may say it, too.
fn of_a_buyer(command: &OrderCommand) -> bool {
    let of_both = ["set_shipping_address", "request_return", "withdraw_return", "request_exchange"];
    BUYERS.contains(&command.name()) || of_both.contains(&command.name())
}

/// What a business says of what it bought is what any buyer says.
fn no_more_than_a_buyer(command: &mut OrderCommand) -> Result<(), Refusal> {
    let minds = |reason: ClaimReason, fault: Fault| reason == ClaimReason::ChangeOfMind && fault != Fault::Buyer;
    let invalid = || Refusal::invalid("a change of mind is the buyer's own: its fault is the buyer");
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others all may say as much")]
    match command {
        OrderCommand::RequestReturn(asked) => {
            if asked.waive_gifts {
                return Err(Reason::Forbidden.into());
            }
            if minds(asked.reason, asked.fault) {
                return Err(invalid());
            }
            asked.may_override = false;
            Ok(())
        }
        OrderCommand::RequestExchange { reason, fault, .. } if minds(*reason, *fault) => Err(invalid()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        catalog::SkuInfo,
        ids::PartnerId,
        order::tests::{
            acts::give_back,
            claims::{order, shipped},
            world::{World, gift, gift_of, line, sku},
        },
    };

    /// Goods of seller 1, with a gift of seller 2: sent, and of some of it asked back.
    fn with_a_foreign_gift(back: &[(u16, u32)]) -> World {
        let foreign = SkuInfo { partner_id: PartnerId::stored("2"), ..gift("g") };
        let w = World::new(vec![(sku("a", "t", 1_000, 0), 0, 9), (foreign, 0, 9)]);
        let mut w = order(w, vec![line("a", 2), gift_of("g", 1)], &shipped());
        w.ask(&OrderCommand::RequestReturn(give_back(back, Fault::Seller))).unwrap();
        w
    }

    #[test]
    fn a_claim_is_its_goods_sellers_whoever_sells_a_gift_in_it() {
        let approve = OrderCommand::ApproveReturn { group: 1, timing: None, fault: None };
        let collect = |line_no| {
            let lines = vec![crate::domain::order::event::ReservedLine { line_no, quantity: 1 }];
            OrderCommand::CollectReturn { group: 1, lines }
        };
        let w = with_a_foreign_gift(&[(1, 2)]);
        assert_eq!(w.o().return_of(1).unwrap().lines.len(), 2, "the gift goes along");
        for (command, lines) in [(approve.clone(), vec![1]), (collect(1), vec![1, 1]), (collect(2), vec![1])] {
            assert_eq!(about(w.o(), &command), About::Lines(lines), "{command:?}");
        }
        // a gift that comes back by itself is its own seller's, whatever else is named
        let w = with_a_foreign_gift(&[(2, 1)]);
        assert_eq!(about(w.o(), &approve), About::Lines(vec![2]));
        assert_eq!(about(w.o(), &collect(1)), About::Lines(vec![2, 1]));
    }
}

//! Orders, as they are shown.

use super::order::{
    CancelView, Claims, CollectionView, DestinationView, DiscountView, ExchangeView, FeeView, LineView, LinkView,
    OrderSummary, OrderView, PointsView, ProcurementView, RefundState, RefundView, ReturnLineView, ReturnView,
    ReviewView, SettlementView, WaybillView,
};
use crate::{
    domain::{
        ids::PartnerId,
        money::Won,
        order::{
            Order,
            claim::{Collection, Return, ReturnLine, ReturnState},
            delivery::DeliveryStatus,
            event::Discount,
            refunded::LineRefund,
            state::{Line, PointsMove, Refund, Settlement, Stage},
            supply::{Link, Procurement, Review},
        },
        status::Status,
    },
    store::rows::OrdRow,
};

impl From<&OrdRow> for OrderSummary {
    fn from(r: &OrdRow) -> Self {
        Self {
            order_id: r.ord_id.to_string(),
            customer_id: r.cust_id.to_string(),
            status: r.ord_stat_cd.to_string(),
            version: r.ord_ver,
            partition: r.prtn_no,
            placed_at: r.rcpt_dttm,
            payment_deadline: r.pay_ddln_dttm.filter(|_| r.ord_stat_cd == Status::PaymentPending.code()),
            goods: Won::new(r.gds_amt),
            discount: Won::new(r.dscnt_amt),
            shipping_fee: Won::new(r.dlv_fee_amt),
            reductions: Won::new(r.gds_amt - r.dscnt_amt + r.dlv_fee_amt - r.ord_amt),
            total: Won::new(r.ord_amt),
            due: Won::new(r.due_amt),
            parent_order_id: r.prnt_ord_id.as_deref().map(str::to_owned),
        }
    }
}

fn discount(d: &Discount) -> DiscountView {
    DiscountView { promotion_id: d.id.to_string(), rate_bp: d.rate_bp, amount: d.amount }
}

fn line(l: &Line, money: &[(u16, LineRefund)]) -> LineView {
    let status = l.shown();
    let money = money.iter().find(|(no, _)| *no == l.no).map(|(_, m)| *m).unwrap_or_default();
    LineView {
        line_no: l.no,
        sku_id: l.sku_id.to_string(),
        product_id: l.product_id.to_string(),
        status,
        status_korean: status.korean(),
        delivery: l.delivery.status,
        delivery_korean: l.delivery.status.map(DeliveryStatus::korean),
        ordered: l.ordered,
        active: l.active(),
        cancelled: l.cancelled,
        omitted_gifts: l.omitted_gifts,
        returned: l.returned,
        exchanged: l.exchanged,
        in_claims: l.returning + l.exchanging,
        claimable: l.free(),
        unit_price: l.unit_price,
        discount: l.discount(),
        payable: l.pay(),
        reductions: l.refunded,
        refund_planned: money.planned,
        refunded: money.refunded,
        refund_excluded: money.excluded,
        main: l.main,
        gift_included: l.gift_included,
        gift: l.gift,
        main_line_no: l.main_line_no,
        gift_promotion_id: l.gift_promotion_id.as_ref().map(ToString::to_string),
        gift_reason: l.gift_reason,
        original_line_no: l.original_line_no,
        campaign_id: l.campaign_id.as_ref().map(ToString::to_string),
        stock_confirmed_at: l.stock_confirmed_at,
        ship_method: l.delivery.shipped_at.map(|_| l.delivery.method),
        shipped_at: l.delivery.shipped_at,
        auto_confirm_at: l.delivery.auto_confirm_at,
        promotion: l.promotion.as_deref().map(discount),
        coupon: l.coupon.as_deref().map(discount),
        fee_no: l.fee_no,
        pre_refund: l.pre_refund,
        refund_timing: l.timing,
        points_rate_bp: l.points_rate_bp,
        points_earned: l.points_earned,
        ship_instructed_at: l.ship_instructed_at,
        expected_delivery_at: l.expected_delivery_at,
        prepared_at: l.prepared_at,
        started_at: l.delivery.started_at,
        delivered_at: l.delivery.delivered_at,
        carrier_delivered_at: l.delivery.carrier_at,
        revenue_recognized_at: l.delivery.revenue_recognized_at,
        waybills: l
            .delivery
            .waybills
            .iter()
            .map(|w| WaybillView {
                carrier: w.carrier.clone(),
                carrier_name: w.carrier_name.clone(),
                waybill_no: w.no.clone(),
                quantity: w.quantity,
                delivered_at: w.delivered_at,
            })
            .collect(),
    }
}

impl OrderView {
    /// A part of an order, or all of it: how the whole is refunded says how its lines are.
    pub fn of(o: &Order, whole: &Order, seller: Option<&PartnerId>) -> Self {
        let (status, sums, money) = (o.status(), o.amounts(), whole.line_refunds(seller));
        Self {
            order_id: o.id.to_string(),
            customer_id: o.customer_id.to_string(),
            status,
            status_korean: status.korean(),
            version: o.version,
            placed_at: o.received,
            paid_at: o.paid_at,
            payment_deadline: o.due_by(),
            goods: sums.goods,
            discount: sums.discount,
            shipping_fee: sums.fees,
            reductions: sums.reductions(),
            total: sums.total,
            due: sums.due,
            lines: o.lines.iter().map(|l| line(l, &money)).collect(),
            settlements: settlements(o),
            refunds: refunds(o),
            fees: fees(o),
            claims: claims(o),
            procurements: procurements(o),
            linked_orders: links(o),
            parent_order_id: o.fulfilment.parent.as_ref().map(|p| p.order_id.to_string()),
            destination: o.fulfilment.destination.map(|d| DestinationView {
                kind: d.kind,
                zone: d.zone,
                chosen_at: d.at,
            }),
            recipient: None,
            reviews: o.fulfilment.reviews.iter().map(review).collect(),
            points: o.points.iter().map(points).collect(),
        }
    }
}

/// Without its words.
fn review(r: &Review) -> ReviewView {
    ReviewView { line_no: r.line_no, rating: r.rating, at: r.at, text: None }
}

fn points(p: &PointsMove) -> PointsView {
    PointsView { kind: p.kind.code(), amount: p.amount, at: p.at }
}

impl OrderSummary {
    /// The same row to a seller, who sees its own part.
    pub fn of_part(mut self, part: &Order) -> Self {
        let (status, sums) = (part.status(), part.amounts());
        self.status = status.code().to_owned();
        self.payment_deadline = part.due_by();
        (self.goods, self.discount, self.shipping_fee) = (sums.goods, sums.discount, sums.fees);
        (self.reductions, self.total, self.due) = (sums.reductions(), sums.total, sums.due);
        self
    }
}

fn settlements(o: &Order) -> Vec<SettlementView> {
    let one = |s: &Settlement| SettlementView {
        settlement_no: s.no,
        payment_group: s.group,
        payment_reference: s.approval_id.clone(),
        method: s.method,
        expected: s.expected,
        terms: s.into(),
        paid_at: s.paid_at,
    };
    o.settlements.iter().map(one).collect()
}

fn refunds(o: &Order) -> Vec<RefundView> {
    let one = |r: &Refund| RefundView {
        refund_key: r.key.clone(),
        settlement_no: r.settlement_no,
        amount: r.amount,
        state: match r.stage {
            Stage::Waiting => RefundState::AwaitingReturn,
            Stage::Due(_) => RefundState::Due,
            Stage::Refunded { transferred: false } => RefundState::Refunded,
            Stage::Refunded { transferred: true } => RefundState::Transferred,
            Stage::Withdrawn(_) => RefundState::Withdrawn,
        },
        planned_at: r.planned_at,
        next_attempt_at: r.next_attempt_at(),
        attempts: r.tries.len(),
        last_failure: r.tries.last().and_then(|t| t.failed.clone()),
        cancel_group: r.cancel_group,
        return_group: r.return_group,
        awaits_exchange: r.stage == Stage::Waiting
            && match r.return_group.and_then(|g| o.return_of(g)) {
                Some(of) => of.payable && o.owes_for_return(of),
                None => r.waits_for.is_some(),
            },
    };
    o.refunds.iter().map(one).collect()
}

fn fees(o: &Order) -> Vec<FeeView> {
    let own = o.fees.iter().map(|f| FeeView {
        fee_no: f.no,
        partner_id: f.partner_id.to_string(),
        template_id: f.template_id.to_string(),
        payment_group: Some(f.group),
        base: f.base,
        threshold: f.threshold,
        amount: f.amount,
        refunded: f.returned,
        reason: f.reason,
        return_group: None,
        unpaid: f.unpaid,
    });
    let of_returns = o.fulfilment.returns.iter().flat_map(|r| {
        r.fees.iter().map(|f| FeeView {
            fee_no: f.no,
            partner_id: f.partner_id.to_string(),
            template_id: f.template_id.to_string(),
            payment_group: None,
            base: f.base,
            threshold: f.threshold,
            amount: f.amount,
            refunded: Won::ZERO,
            reason: f.reason,
            return_group: Some(r.group),
            unpaid: false,
        })
    });
    own.chain(of_returns).collect()
}

/// A line of a return, as far as it has come itself.
fn returned(r: &Return, l: &ReturnLine) -> ReturnLineView {
    let came = r.state == ReturnState::Approved && l.collect && l.missing() == 0;
    let state = if came { ReturnState::Collected } else { r.state };
    ReturnLineView {
        line_no: l.line_no,
        quantity: l.quantity,
        amount: l.amount,
        shipped: l.shipped,
        collect: l.collect,
        state,
        state_korean: state.korean(),
        collected: l.collected,
        outstanding: if r.state.ended() { 0 } else { l.missing() },
        sellable: l.sellable,
        unsellable: l.sellable.map(|n| l.back - n),
        rejected: l.rejected,
        withdrawn: l.withdrawn,
        written_off: l.written_off,
        withheld_amount: l.withheld_amount,
    }
}

fn collection(c: &Collection) -> CollectionView {
    CollectionView {
        state: c.state,
        state_korean: c.state.korean(),
        quantity: c.quantity,
        collected: c.collected,
        outstanding: c.missing(),
        not_collected: c.given_up,
        sellable: c.sellable,
        unsellable: c.sellable.map(|n| c.back - n),
        rejected: c.rejected,
        withheld_amount: c.withheld_amount,
    }
}

fn claims(o: &Order) -> Claims {
    let cancellations = o.cancels.iter().map(|c| CancelView {
        cancel_group: c.group,
        line_no: c.line_no,
        quantity: c.quantity,
        amount: c.amount,
        cause: c.cause,
        reason: c.reason.clone(),
        at: c.at,
    });
    let returns = o.fulfilment.returns.iter().map(|r| ReturnView {
        claim_group: r.group,
        state: r.state,
        state_korean: r.state.korean(),
        reason: r.reason,
        fault: r.fault,
        refund_timing: r.timing,
        lines: r.lines.iter().map(|l| returned(r, l)).collect(),
        fees: r.fees.clone(),
        exchange_group: r.exchange,
        withheld_amount: r.fee(),
        requested_at: r.requested_at,
        decided_at: r.decided_at,
        collected_at: r.collected_at,
        completed_at: r.completed_at,
    });
    let exchanges = o.fulfilment.exchanges.iter().map(|e| ExchangeView {
        claim_group: e.group,
        state: e.state,
        state_korean: e.state.korean(),
        resolution: e.resolution,
        line_no: e.line_no,
        quantity: e.quantity,
        wanted_sku_id: e.wanted.as_ref().map(ToString::to_string),
        new_line_no: e.new_line_no,
        collection: e.collection.as_ref().map(collection),
        fee_no: e.fee_no,
        reason: e.reason,
        fault: e.fault,
        requested_at: e.requested_at,
        decided_at: e.decided_at,
        completed_at: e.completed_at,
    });
    Claims { cancellations: cancellations.collect(), returns: returns.collect(), exchanges: exchanges.collect() }
}

fn procurements(o: &Order) -> Vec<ProcurementView> {
    let one = |p: &Procurement| ProcurementView {
        procurement_no: p.no,
        kind: p.kind,
        state: p.state,
        state_korean: p.state.korean(),
        lines: p.lines.clone(),
        partner_id: p.partner_id.as_ref().map(ToString::to_string),
        amount: p.amount,
        at: p.at,
    };
    o.fulfilment.procurements.iter().map(one).collect()
}

fn links(o: &Order) -> Vec<LinkView> {
    let one = |l: &Link| LinkView {
        order_id: l.order_id.to_string(),
        kind: l.kind,
        state: l.state,
        state_korean: l.state.korean(),
        partner_id: l.partner_id.to_string(),
        lines: l.lines.clone(),
    };
    o.fulfilment.links.iter().map(one).collect()
}

//! What the doors show of orders and shelves: money in won, statuses with their Korean names. No personal data.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        Time,
        money::Won,
        order::{
            Order,
            change::Terms,
            claim::{Branch, ClaimReason, ExchangeState, Fault, RefundTiming, ReturnFee, ReturnLine, ReturnState},
            command::Means,
            delivery::{DeliveryStatus, DestinationKind, Zone},
            event::CutCause,
            state::{Line, Stage},
            supply::{LinkKind, LinkState, ProcureKind, ProcureState, ProcuredLine},
        },
        status::Status,
    },
    store::{
        UntRow,
        rows::{CmpnRow, LdgrRow, OrdRow, PdGdsRow},
    },
};

/// An order in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderSummary {
    pub order_id: String,
    pub customer_id: String,
    pub status: String,
    /// the order's version: the number of its last event
    pub version: i64,
    /// where later commands go
    pub partition: i64,
    pub placed_at: Time,
    pub payment_deadline: Option<Time>,
    pub goods: Won,
    pub discount: Won,
    pub shipping_fee: Won,
    /// what the buyer owes or paid: goods − discount + shipping
    pub total: Won,
    /// the order that this one was made for
    pub parent_order_id: Option<String>,
}

impl From<&OrdRow> for OrderSummary {
    fn from(r: &OrdRow) -> Self {
        Self {
            order_id: r.ord_id.to_string(),
            customer_id: r.cust_id.to_string(),
            status: r.ord_stat_cd.to_string(),
            version: r.ord_ver,
            partition: r.prtn_no,
            placed_at: r.rcpt_dttm,
            payment_deadline: r.pay_ddln_dttm,
            goods: Won::new(r.gds_amt),
            discount: Won::new(r.dscnt_amt),
            shipping_fee: Won::new(r.dlv_fee_amt),
            total: Won::new(r.ord_amt),
            parent_order_id: r.prnt_ord_id.as_deref().map(str::to_owned),
        }
    }
}

/// An order, whole.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderView {
    pub order_id: String,
    pub customer_id: String,
    pub status: Status,
    pub status_korean: &'static str,
    pub version: u32,
    pub placed_at: Time,
    pub paid_at: Option<Time>,
    pub payment_deadline: Option<Time>,
    pub goods: Won,
    pub discount: Won,
    pub shipping_fee: Won,
    pub total: Won,
    pub lines: Vec<LineView>,
    pub settlements: Vec<SettlementView>,
    pub refunds: Vec<RefundView>,
    pub fees: Vec<FeeView>,
    pub claims: Claims,
    pub procurements: Vec<ProcurementView>,
    pub linked_orders: Vec<LinkView>,
    pub parent_order_id: Option<String>,
    pub destination: Option<DestinationView>,
}

/// 주문상품.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineView {
    pub line_no: u16,
    pub sku_id: String,
    pub product_id: String,
    pub status: Status,
    pub status_korean: &'static str,
    pub delivery: Option<DeliveryStatus>,
    pub delivery_korean: Option<&'static str>,
    pub ordered: u32,
    /// ordered − cancelled − returned − exchanged
    pub active: u32,
    pub cancelled: u32,
    pub returned: u32,
    pub exchanged: u32,
    /// units in claims that are in progress
    pub in_claims: u32,
    pub unit_price: Won,
    pub discount: Won,
    /// what the buyer pays for it
    pub pay: Won,
    /// given back, or set aside for that
    pub refunded: Won,
    pub gift: bool,
    pub main_line_no: Option<u16>,
    pub original_line_no: Option<u16>,
    pub campaign_id: Option<String>,
    pub expected_delivery: Option<Time>,
    pub delivered_at: Option<Time>,
    pub waybills: Vec<WaybillView>,
}

/// 운송장.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaybillView {
    pub carrier: String,
    pub waybill_no: String,
    pub quantity: u32,
    pub delivered_at: Option<Time>,
}

/// 결제: paid = refundable + planned + excluded + refunded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettlementView {
    pub settlement_no: u16,
    pub means: Means,
    /// a deposit that is awaited
    pub expected: Won,
    #[serde(flatten)]
    pub terms: Terms,
    pub paid_at: Option<Time>,
}

/// 환불: where the money is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefundView {
    pub refund_key: String,
    pub settlement_no: u16,
    pub amount: Won,
    pub stage: RefundStage,
    pub planned_at: Time,
    /// when the payment side is asked (again)
    pub next_try: Option<Time>,
    /// how often it was asked
    pub tries: usize,
    pub last_failure: Option<String>,
    pub cancel_group: Option<u32>,
    pub return_group: Option<u16>,
}

/// How far a refund is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStage {
    /// planned; its return is not approved, or its goods are not back
    Waiting,
    /// to be asked for
    Due,
    Refunded,
    /// by bank transfer, because the means could not be undone
    Transferred,
    /// its return was rejected or withdrawn
    Withdrawn,
}

/// 배송비, of the order or of a return.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeeView {
    pub fee_no: u16,
    pub partner_id: String,
    pub amount: Won,
    pub given_back: Won,
    pub reason: crate::domain::fee::FeeReason,
    pub return_group: Option<u16>,
    pub unpaid: bool,
}

/// 클레임: cancellations, returns, exchanges.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claims {
    pub cancellations: Vec<CancelView>,
    pub returns: Vec<ReturnView>,
    pub exchanges: Vec<ExchangeView>,
}

/// 취소.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CancelView {
    pub cancel_group: u32,
    pub line_no: u16,
    pub quantity: u32,
    pub amount: Won,
    pub cause: CutCause,
    pub at: Time,
}

/// 반품.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReturnView {
    pub claim_group: u16,
    pub state: ReturnState,
    pub state_korean: &'static str,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub refund_timing: RefundTiming,
    pub lines: Vec<ReturnLine>,
    pub fees: Vec<ReturnFee>,
    /// kept back of the refund
    pub kept_back: Won,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub collected_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// 교환.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExchangeView {
    pub claim_group: u16,
    pub state: ExchangeState,
    pub state_korean: &'static str,
    pub branch: Option<Branch>,
    pub line_no: u16,
    pub quantity: u32,
    pub new_line_no: Option<u16>,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// 발주.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProcurementView {
    pub procurement_no: u16,
    pub kind: ProcureKind,
    pub state: ProcureState,
    pub state_korean: &'static str,
    pub lines: Vec<ProcuredLine>,
    pub partner_id: Option<String>,
    pub amount: Option<Won>,
    pub at: Time,
}

/// 연결주문.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkView {
    pub order_id: String,
    pub kind: LinkKind,
    pub state: LinkState,
    pub state_korean: &'static str,
    pub partner_id: String,
    pub lines: Vec<u16>,
}

/// 배송지: of what kind and where roughly; the address is personal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DestinationView {
    pub kind: DestinationKind,
    pub zone: Zone,
    pub chosen_at: Time,
}

fn line(l: &Line) -> LineView {
    let status = l.shown();
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
        returned: l.returned,
        exchanged: l.exchanged,
        in_claims: l.returning + l.exchanging,
        unit_price: l.unit_price,
        discount: l.discount(),
        pay: l.pay(),
        refunded: l.refunded,
        gift: l.gift,
        main_line_no: l.main_line_no,
        original_line_no: l.original_line_no,
        campaign_id: l.campaign_id.as_ref().map(ToString::to_string),
        expected_delivery: l.expected_delivery,
        delivered_at: l.delivery.delivered_at,
        waybills: l
            .delivery
            .waybills
            .iter()
            .map(|w| WaybillView {
                carrier: w.carrier.clone(),
                waybill_no: w.no.clone(),
                quantity: w.quantity,
                delivered_at: w.delivered_at,
            })
            .collect(),
    }
}

impl From<&Order> for OrderView {
    fn from(o: &Order) -> Self {
        let (status, sums) = (o.status(), o.amounts());
        Self {
            order_id: o.id.to_string(),
            customer_id: o.customer_id.to_string(),
            status,
            status_korean: status.korean(),
            version: o.version,
            placed_at: o.received,
            paid_at: o.paid_at,
            payment_deadline: o.deadline.filter(|_| status == Status::PaymentPending),
            goods: sums.goods,
            discount: sums.discount,
            shipping_fee: sums.fees,
            total: sums.total,
            lines: o.lines.iter().map(line).collect(),
            settlements: settlements(o),
            refunds: refunds(o),
            fees: fees(o),
            claims: claims(o),
            procurements: procurements(o),
            linked_orders: links(o),
            parent_order_id: o.after.parent.as_ref().map(|p| p.order_id.to_string()),
            destination: o.after.destination.map(|d| DestinationView { kind: d.kind, zone: d.zone, chosen_at: d.at }),
        }
    }
}

fn settlements(o: &Order) -> Vec<SettlementView> {
    let one = |s: &crate::domain::order::state::Settlement| SettlementView {
        settlement_no: s.no,
        means: s.means,
        expected: s.expected,
        terms: s.into(),
        paid_at: s.paid_at,
    };
    o.settlements.iter().map(one).collect()
}

fn refunds(o: &Order) -> Vec<RefundView> {
    let one = |r: &crate::domain::order::state::Refund| RefundView {
        refund_key: r.key.clone(),
        settlement_no: r.settlement_no,
        amount: r.amount,
        stage: match r.stage {
            Stage::Waiting => RefundStage::Waiting,
            Stage::Due(_) => RefundStage::Due,
            Stage::Refunded { transferred: false } => RefundStage::Refunded,
            Stage::Refunded { transferred: true } => RefundStage::Transferred,
            Stage::Withdrawn(_) => RefundStage::Withdrawn,
        },
        planned_at: r.planned_at,
        next_try: r.next_try(),
        tries: r.tries.len(),
        last_failure: r.tries.last().and_then(|t| t.failed.clone()),
        cancel_group: r.cancel_group,
        return_group: r.return_group,
    };
    o.refunds.iter().map(one).collect()
}

fn fees(o: &Order) -> Vec<FeeView> {
    let own = o.fees.iter().map(|f| FeeView {
        fee_no: f.no,
        partner_id: f.partner_id.to_string(),
        amount: f.amount,
        given_back: f.returned,
        reason: f.reason,
        return_group: None,
        unpaid: f.unpaid,
    });
    let of_returns = o.after.returns.iter().flat_map(|r| {
        r.fees.iter().map(|f| FeeView {
            fee_no: f.no,
            partner_id: f.partner_id.to_string(),
            amount: f.amount,
            given_back: Won::ZERO,
            reason: f.reason,
            return_group: Some(r.group),
            unpaid: false,
        })
    });
    own.chain(of_returns).collect()
}

fn claims(o: &Order) -> Claims {
    let cancellations = o.cancels.iter().map(|c| CancelView {
        cancel_group: c.group,
        line_no: c.line_no,
        quantity: c.quantity,
        amount: c.amount,
        cause: c.cause,
        at: c.at,
    });
    let returns = o.after.returns.iter().map(|r| ReturnView {
        claim_group: r.group,
        state: r.state,
        state_korean: r.state.korean(),
        reason: r.reason,
        fault: r.fault,
        refund_timing: r.timing,
        lines: r.lines.clone(),
        fees: r.fees.clone(),
        kept_back: r.fee(),
        requested_at: r.requested_at,
        decided_at: r.decided_at,
        collected_at: r.collected_at,
        completed_at: r.completed_at,
    });
    let exchanges = o.after.exchanges.iter().map(|e| ExchangeView {
        claim_group: e.group,
        state: e.state,
        state_korean: e.state.korean(),
        branch: e.branch,
        line_no: e.line_no,
        quantity: e.quantity,
        new_line_no: e.new_line_no,
        reason: e.reason,
        fault: e.fault,
        requested_at: e.requested_at,
        decided_at: e.decided_at,
        completed_at: e.completed_at,
    });
    Claims { cancellations: cancellations.collect(), returns: returns.collect(), exchanges: exchanges.collect() }
}

fn procurements(o: &Order) -> Vec<ProcurementView> {
    let one = |p: &crate::domain::order::supply::Procurement| ProcurementView {
        procurement_no: p.no,
        kind: p.kind,
        state: p.state,
        state_korean: p.state.korean(),
        lines: p.lines.clone(),
        partner_id: p.partner_id.as_ref().map(ToString::to_string),
        amount: p.amount,
        at: p.at,
    };
    o.after.procurements.iter().map(one).collect()
}

fn links(o: &Order) -> Vec<LinkView> {
    let one = |l: &crate::domain::order::supply::Link| LinkView {
        order_id: l.order_id.to_string(),
        kind: l.kind,
        state: l.state,
        state_korean: l.state.korean(),
        partner_id: l.partner_id.to_string(),
        lines: l.lines.clone(),
    };
    o.after.links.iter().map(one).collect()
}

/// 단품재고.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkuView {
    pub sku_id: String,
    pub product_id: String,
    pub option_name: String,
    pub holder_id: Option<String>,
    pub partition: i64,
    pub on_hand: i64,
    pub held: i64,
    /// units that were ever deducted; those that came back are on hand again
    pub sold: i64,
    /// number of its last ledger row
    pub position: i64,
    /// left out of lists
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub campaigns: Vec<CampaignView>,
}

impl From<&UntRow> for SkuView {
    fn from(r: &UntRow) -> Self {
        Self {
            sku_id: r.unt_id.to_string(),
            product_id: r.gds_id.to_string(),
            option_name: r.opt_nm.to_string(),
            holder_id: r.hldr_id.as_deref().map(str::to_owned),
            partition: r.prtn_no,
            on_hand: r.stck_qty,
            held: r.hold_qty,
            sold: r.sold_qty,
            position: r.ldgr_no,
            campaigns: Vec::new(),
        }
    }
}

/// 재고원장: one move.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LedgerView {
    pub position: i64,
    pub movement: String,
    pub quantity: i64,
    pub on_hand: i64,
    pub held: i64,
    pub sold: i64,
    pub order_id: Option<String>,
    pub line_no: Option<i64>,
    pub campaign_id: Option<String>,
    pub command_id: String,
    pub reason: Option<String>,
    pub at: Time,
}

impl From<&LdgrRow> for LedgerView {
    fn from(r: &LdgrRow) -> Self {
        let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
        Self {
            position: r.ldgr_no,
            movement: r.mvmt_cd.to_string(),
            quantity: r.mvmt_qty,
            on_hand: r.stck_qty,
            held: r.hold_qty,
            sold: r.sold_qty,
            order_id: text(&r.ord_id),
            line_no: r.ord_seq,
            campaign_id: text(&r.cmpn_id),
            command_id: r.cmd_id.to_string(),
            reason: text(&r.mvmt_rsn),
            at: r.mvmt_dttm,
        }
    }
}

/// 상품.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProductView {
    pub product_id: String,
    pub name: String,
    pub kind: String,
    pub product_type: String,
    pub price: Won,
    pub partner_id: String,
    pub template_id: String,
    pub bundled: bool,
    pub delivery_fee: Won,
    pub free_delivery: bool,
    pub lead_time_days: i64,
    pub pre_refund: bool,
    /// points earned, in hundredths of a percent
    pub points_rate_bp: i64,
}

impl From<&PdGdsRow> for ProductView {
    fn from(r: &PdGdsRow) -> Self {
        Self {
            product_id: r.gds_id.to_string(),
            name: r.gds_nm.to_string(),
            kind: r.gds_knd_cd.to_string(),
            product_type: r.gds_typ_cd.to_string(),
            price: Won::new(r.sl_upr),
            partner_id: r.ptnr_id.to_string(),
            template_id: r.dlv_tmpl_id.to_string(),
            bundled: r.bndl_yn,
            delivery_fee: Won::new(r.dlv_fee),
            free_delivery: r.free_dlv_yn,
            lead_time_days: r.dlv_lead_days,
            pre_refund: r.pre_rfnd_yn,
            points_rate_bp: r.pnt_rate_bp,
        }
    }
}

/// 판매행사.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CampaignView {
    pub campaign_id: String,
    pub sku_id: String,
    pub name: String,
    pub price: Won,
    /// units allotted to it
    pub allotted: i64,
    pub opens_at: Time,
    pub closes_at: Time,
    pub limit_per_customer: Option<i64>,
    pub stock_policy: String,
    pub paused: bool,
}

impl From<&CmpnRow> for CampaignView {
    fn from(r: &CmpnRow) -> Self {
        Self {
            campaign_id: r.cmpn_id.to_string(),
            sku_id: r.unt_id.to_string(),
            name: r.cmpn_nm.to_string(),
            price: Won::new(r.sl_upr),
            allotted: r.alot_qty,
            opens_at: r.opn_dttm,
            closes_at: r.cls_dttm,
            limit_per_customer: r.cust_lmt_qty,
            stock_policy: r.stck_plcy_cd.to_string(),
            paused: r.paus_yn,
        }
    }
}

/// A dead letter: a command that nobody could take.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LetterView {
    /// its name, to requeue or discard it by
    pub letter: String,
    pub partition: u32,
    /// as received
    pub command: String,
    pub reason: String,
    /// the entry that it came as
    pub entry: String,
    pub attempts: u32,
}

/// A letter is sent again, or gone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LetterDone {
    pub letter: String,
    pub partition: u32,
    /// its new entry, where it was sent again
    pub entry: Option<String>,
}

/// A page of a list; `next` asks for the one after.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// send it as `cursor`; absent on the last page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

//! The commands of the protocol: one struct each, with the envelope's fields beside its own.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActorRole, bounds::*, commands, parts::*};
use crate::domain::{
    catalog::{PartnerKind, PromotionKind, StockPolicy},
    gift::GiftSoldOut,
    ids::{CampaignId, CommandId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::{
        claim::{ClaimReason, ExchangeResolution, Fault, GiftReason, RefundTiming},
        command::RefundOutcome,
        delivery::ShipMethod,
    },
};

commands! {
    /// 주문접수: place an order, unpaid (held until a deadline), paid, or awaiting a deposit.
    PlaceOrder = "place_order" by [Buyer, Seller, Partner, Operator, System] {
        order_id: OrderId,
        customer_id: CustomerId,
        lines: Vec<WireLine>,
        /// take what there is where a line is short, instead of all or nothing
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] allow_partial: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")] payment: Option<WirePayment>,
        /// kept apart from the order's history, erasable; its postal code decides the surcharge for islands and Jeju
        #[serde(default, skip_serializing_if = "Option::is_none")] recipient: Option<Recipient>,
        /// 환불계좌: where refunds go that can't go back the way they came; kept apart, encrypted, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_account: Option<RefundAccount>,
    }
    /// 결제승인: the whole amount due is in. Other money is taken too, and goes back.
    ApprovePayment = "approve_payment" by [Payment, Operator] {
        order_id: OrderId,
        settlements: Vec<WireSettlement>,
        /// false: only the buyer's side says so. What is not due is refused then, and what comes late; the HTTP API says so of
        /// tokens that are bound to a customer
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        verified: bool,
    }
    /// 결제거절: the payer may try again.
    DeclinePayment = "decline_payment" by [Payment, Operator] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 결제취소: the payer gives up.
    CancelPayment = "cancel_payment" by [Buyer, Seller, Partner, Payment, Operator] { order_id: OrderId }
    /// 입금확인: the awaited deposit is in. Another amount is taken too, and goes back.
    ConfirmDeposit = "confirm_deposit" by [Payment, Operator] {
        order_id: OrderId,
        amount: Won,
        /// the payment side's own name for this deposit
        #[serde(default, skip_serializing_if = "Option::is_none")] payment_id: Option<Text>,
    }
    /// 주문취소: whole lines, before preparation.
    CancelLines = "cancel_lines" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        lines: Vec<u16>,
        /// 취소사유
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
        /// 환불계좌: kept apart, encrypted, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_account: Option<RefundAccount>,
    }
    /// 상품준비: closes the buyer's cancellation of these lines. A seller or a partner prepares the lines that it sells; an operator
    /// or a system all.
    Prepare = "prepare" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        /// all of them, when absent
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
    }
    /// 재고판정: confirms how many units of the lines are really there; naming none says all are.
    ConfirmStock = "confirm_stock" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireStockCount>,
    }
    /// 환불확정: the payment side has given the money back.
    ConfirmRefund = "confirm_refund" by [Payment, Operator] { order_id: OrderId, refund_key: Text }
    /// 환불실패: it could not, or did not answer; the refund stays planned and is tried again.
    FailRefund = "fail_refund" by [Payment, Operator] {
        order_id: OrderId,
        refund_key: Text,
        reason: Text,
        /// refused, when absent; after nothing or pending the money may be back all the same
        #[serde(default, skip_serializing_if = "RefundOutcome::is_refused")] outcome: RefundOutcome,
    }
    /// 계좌환불: given back by bank transfer, because the payment method can't be undone any more.
    RefundByBankTransfer = "refund_by_bank_transfer" by [Payment, Operator] {
        order_id: OrderId,
        refund_key: Text,
        /// whose account it went to: kept apart, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] holder: Option<Text>,
        /// which account it went to: kept apart, encrypted, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] account: Option<RefundAccount>,
    }
    /// 파트너매입: a linked order at a registered partner, which is asked first; refused where it has not enough.
    PurchaseFromPartner = "purchase_from_partner" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        partner_id: PartnerId,
        lines: Vec<WirePurchase>,
        /// made from this order's when absent
        #[serde(default, skip_serializing_if = "Option::is_none")] linked_order_id: Option<OrderId>,
    }
    /// 비파트너매입: a receipt of an unregistered seller.
    PurchaseFromNonPartner = "purchase_from_non_partner" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        /// line numbers, or units of lines; all lines that can be, when absent
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireSource>,
        seller_name: Text,
        amount: Won,
    }
    /// 기존재고: what the sale deducted is what is sent.
    UseOwnStock = "use_own_stock" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        /// line numbers, or units of lines; all lines that can be, when absent
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireSource>,
    }
    /// 기사배정: a linked order for the installer, or for another one until it is installed. It needs no stock.
    AssignInstaller = "assign_installer" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        partner_id: PartnerId,
        lines: Vec<WirePurchase>,
        #[serde(default, skip_serializing_if = "Option::is_none")] linked_order_id: Option<OrderId>,
    }
    /// 배송지선택: a consumer's address, until it ships; absent for a business, whose address is its own.
    SetShippingAddress = "set_shipping_address" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Option::is_none")] recipient: Option<Recipient>,
    }
    /// 발주완료: of receipts and own stock.
    CompleteProcurement = "complete_procurement" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
    }
    /// 발주취소.
    CancelProcurement = "cancel_procurement" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 재고소실: units that are gone before they were shipped.
    ReportStockLoss = "report_stock_loss" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        lines: Vec<WireUnits>,
    }
    /// 출고.
    Ship = "ship" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
        /// by parcel, when absent: it has waybills then, now or later; own vans, quick couriers and buyers who collect need none
        #[serde(default, skip_serializing_if = "Option::is_none")] method: Option<ShipMethod>,
        /// on its way, though no waybill says so
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] in_transit: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] waybills: Vec<WireWaybill>,
    }
    /// 운송장 등록.
    RegisterWaybill = "register_waybill" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        line_no: u16,
        /// a code, or a name, which may be Korean
        carrier: Text,
        /// beside a code of your own
        #[serde(default, skip_serializing_if = "Option::is_none")] carrier_name: Option<Text>,
        waybill_no: Text,
        quantity: u32,
    }
    /// 운송장 수량변경: 0 where its parcel came back undelivered.
    UpdateWaybill = "update_waybill" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        line_no: u16,
        carrier: Text,
        waybill_no: Text,
        quantity: u32,
    }
    /// 배송완료: by the carrier's data, of what went without a parcel service by whoever handed it over, or forced by an operator
    /// or a seller, with a reason.
    MarkDelivered = "mark_delivered" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
        /// which waybill, with `waybill_no`; all of the lines' when absent
        #[serde(default, skip_serializing_if = "Option::is_none")] carrier: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] waybill_no: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] delivered_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] forced: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 설치자 배송완료: said of the order, or by the installer of its own order.
    ConfirmInstallerDelivery = "confirm_installer_delivery" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")] delivered_at: Option<Moment>,
    }
    /// 설치완료: likewise.
    CompleteInstallation = "complete_installation" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
    }
    /// 설치불가: a return, approved at once, without a fee; likewise.
    FailInstallation = "fail_installation" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
    }
    /// 구매확정.
    ConfirmPurchase = "confirm_purchase" by [Buyer, Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<u16>,
    }
    /// 리뷰작성.
    WriteReview = "write_review" by [Buyer, Seller, Partner] {
        order_id: OrderId,
        line_no: u16,
        /// 1 to 5
        rating: u8,
        /// kept apart, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] text: Option<Text>,
    }
    /// 반품접수: part quantities are allowed.
    RequestReturn = "request_return" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        lines: Vec<WireUnits>,
        reason: ClaimReason,
        /// whose fault it is: the buyer's pays the return fee
        fault: Fault,
        /// 환불구분; by default before collection where all goods are marked for it
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_timing: Option<RefundTiming>,
        /// gifts may stay with the buyer; not for buyers to say
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] waive_gifts: bool,
        /// 환불계좌: kept apart, encrypted, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_account: Option<RefundAccount>,
    }
    /// 반품승인.
    ApproveReturn = "approve_return" by [Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_timing: Option<RefundTiming>,
        /// whose fault it is, where it was said wrongly
        #[serde(default, skip_serializing_if = "Option::is_none")] fault: Option<Fault>,
    }
    /// 반품거절.
    RejectReturn = "reject_return" by [Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 반품철회: all of it, or the units that are named; a seller only those that are still out.
    WithdrawReturn = "withdraw_return" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        /// once some of it has come back: what has not
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireUnits>,
    }
    /// 손실처리: units that never came, of a return whose money went before, or of an exchange.
    WriteOffReturn = "write_off_return" by [Operator] {
        order_id: OrderId,
        claim_group: u16,
        /// all that are still out, when none is named
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireUnits>,
        reason: Text,
        /// what the buyer is to pay for them, at most what they were paid
        #[serde(default, skip_serializing_if = "Option::is_none")] charge: Option<Won>,
    }
    /// 회수: units that came back, of a return or of exchanged goods; all that are still to come, when none is named, and
    /// with those of a return what they were exchanged for.
    CollectReturn = "collect_return" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        claim_group: u16,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] lines: Vec<WireUnits>,
    }
    /// 반품완료, with what the inspection found; all sellable, when nothing is said. Of an exchange: its old goods; what is kept
    /// back of them comes out of money that waits for them, and the rest is owed by the buyer.
    CompleteReturn = "complete_return" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        claim_group: u16,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] inspected: Vec<WireInspected>,
        /// whose fault it is, where it was said wrongly
        #[serde(default, skip_serializing_if = "Option::is_none")] fault: Option<Fault>,
    }
    /// 교환접수.
    RequestExchange = "request_exchange" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        line_no: u16,
        quantity: u32,
        reason: ClaimReason,
        fault: Fault,
        /// what the buyer would like instead; the same, when absent
        #[serde(default, skip_serializing_if = "Option::is_none")] sku_id: Option<SkuId>,
        /// 환불계좌: kept apart, encrypted, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")] refund_account: Option<RefundAccount>,
    }
    /// 환불계좌 지정: where money goes back to from now on, while some may; the last account counts.
    SetRefundAccount = "set_refund_account" by [Buyer, Seller, Partner, Operator] {
        order_id: OrderId,
        refund_account: RefundAccount,
    }
    /// 교환철회: before it is decided.
    WithdrawExchange = "withdraw_exchange" by [Buyer, Seller, Partner, Operator] { order_id: OrderId, claim_group: u16 }
    /// 교환승인: collected and refunded, or a product added, of the same seller; refused where it is not there. What had left is
    /// collected then, too.
    ApproveExchange = "approve_exchange" by [Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        resolution: ExchangeResolution,
        #[serde(default, skip_serializing_if = "Option::is_none")] sku_id: Option<SkuId>,
        /// whose fault it is, where it was said wrongly
        #[serde(default, skip_serializing_if = "Option::is_none")] fault: Option<Fault>,
        /// the buyer may keep what is exchanged: with a reason
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] waive_collection: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 회수면제: exchanged goods that are still out need not come back.
    WaiveCollection = "waive_collection" by [Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        reason: Text,
    }
    /// 미납면제: what is still owed (a fee of a claim, a surcharge) need not be paid.
    WaiveDebt = "waive_debt" by [Operator] {
        order_id: OrderId,
        reason: Text,
        /// the fee that it is of; of all that are owed, the first ones first, when none is named
        #[serde(default, skip_serializing_if = "Option::is_none")] fee_no: Option<u16>,
        /// all that is owed, when it is absent
        #[serde(default, skip_serializing_if = "Option::is_none")] amount: Option<Won>,
    }
    /// 교환거절.
    RejectExchange = "reject_exchange" by [Seller, Partner, Operator] {
        order_id: OrderId,
        claim_group: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Text>,
    }
    /// 사은품추가: by a merchandiser, with a reason.
    AddGift = "add_gift" by [Seller, Operator] {
        order_id: OrderId,
        main_line_no: u16,
        sku_id: SkuId,
        quantity: u32,
        reason: GiftReason,
    }
    /// 미리보기: what a command would do (fees, refunds by method, gifts, stock, money before and after), without doing it.
    Preview = "preview" by [Buyer, Seller, Partner, Operator, Payment, System] {
        order_id: OrderId,
        /// the command, without id and actor: its `type` and its own fields
        #[serde(deserialize_with = "crate::protocol::strict::object")]
        command: serde_json::Map<String, serde_json::Value>,
    }
    /// 재고감모: units that are gone.
    ShrinkStock = "shrink_stock" by [Seller, Partner, Operator, System] { sku_id: SkuId, quantity: u32, reason: Text }
    /// 입고: stock came in.
    ReceiveStock = "receive_stock" by [Seller, Partner, Operator, System] { sku_id: SkuId, quantity: u32 }
    /// 재고조정: a correction, either way.
    AdjustStock = "adjust_stock" by [Seller, Partner, Operator, System] { sku_id: SkuId, quantity: Correction, reason: Text }
    /// 단품 등록.
    CreateSku = "create_sku" by [Seller, Operator, System] {
        sku_id: SkuId,
        product_id: ProductId,
        option_name: Text,
        /// whose stock it is
        #[serde(default, skip_serializing_if = "Option::is_none")] holder_id: Option<PartnerId>,
    }
    /// 상품 등록.
    CreateProduct = "create_product" by [Seller, Operator, System] {
        product_id: ProductId,
        name: Text,
        /// with `product_type` it decides whether a line is a gift
        kind: ProductKind,
        product_type: Text,
        price: Won,
        partner_id: PartnerId,
        template_id: TemplateId,
        /// 합포장가능여부
        bundled: bool,
        /// 개별배송비
        delivery_fee: Won,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] free_delivery: bool,
        /// 배송소요기간, days
        lead_time_days: u16,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] pre_refund: bool,
        /// points earned at purchase confirmation, basis points of what was paid
        #[serde(default, skip_serializing_if = "is_zero")] points_rate_bp: u32,
    }
    /// 배송템플릿 등록.
    CreateTemplate = "create_template" by [Seller, Operator, System] {
        template_id: TemplateId,
        partner_id: PartnerId,
        name: Text,
        /// 무료배송기준금액
        #[serde(default, skip_serializing_if = "Option::is_none")] free_threshold: Option<Won>,
    }
    /// 프로모션·쿠폰 등록.
    CreatePromotion = "create_promotion" by [Seller, Operator, System] {
        promotion_id: PromotionId,
        kind: PromotionKind,
        /// basis points of the line total, at most 10,000
        rate_bp: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")] opens_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")] closes_at: Option<Moment>,
    }
    /// 사은품프로모션 등록: which gifts come with which goods, and how many.
    CreateGiftPromotion = "create_gift_promotion" by [Seller, Operator, System] {
        gift_promotion_id: PromotionId,
        /// goods that bring a gift along, at most 500
        main_product_ids: Vec<ProductId>,
        /// gifts to choose among, at most 100
        gift_sku_ids: Vec<SkuId>,
        /// gift units for each `main_quantity` units of the main line
        gift_quantity: u32,
        main_quantity: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")] opens_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")] closes_at: Option<Moment>,
        /// `continue` without the gift, when absent
        #[serde(default, skip_serializing_if = "Option::is_none")] when_sold_out: Option<GiftSoldOut>,
    }
    /// 사은품프로모션 변경: only what is named changes; orders keep what they were placed with.
    UpdateGiftPromotion = "update_gift_promotion" by [Seller, Operator, System] {
        gift_promotion_id: PromotionId,
        #[serde(default, skip_serializing_if = "Option::is_none")] main_product_ids: Option<Vec<ProductId>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] gift_sku_ids: Option<Vec<SkuId>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] gift_quantity: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")] main_quantity: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")] opens_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")] closes_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")] when_sold_out: Option<GiftSoldOut>,
    }
    /// 판매행사 등록: from now on the SKU is sold through its campaigns.
    CreateCampaign = "create_campaign" by [Seller, Operator, System] {
        campaign_id: CampaignId,
        sku_id: SkuId,
        name: Text,
        price: Won,
        allotted: u32,
        opens_at: Moment,
        closes_at: Moment,
        #[serde(default, skip_serializing_if = "Option::is_none")] limit_per_customer: Option<u32>,
        #[serde(default)]
        stock_policy: StockPolicy,
    }
    /// 협력사 등록.
    CreatePartner = "create_partner" by [Operator, System] {
        partner_id: PartnerId,
        name: Text,
        kind: PartnerKind,
        /// its business address
        #[serde(default, skip_serializing_if = "Option::is_none")] zip: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] address: Option<Text>,
    }
    /// 협력사 변경: only what is named changes.
    UpdatePartner = "update_partner" by [Operator, System] {
        partner_id: PartnerId,
        #[serde(default, skip_serializing_if = "Option::is_none")] name: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] active: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")] zip: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] address: Option<Text>,
    }
    /// 구매허용: the partner sells to this seller, which may buy from it by `purchase_from_partner`.
    AuthorizeBuyer = "authorize_buyer" by [Seller, Partner, Operator, System] {
        /// who sells
        partner_id: PartnerId,
        /// who may buy
        buyer_id: PartnerId,
    }
    /// 구매허용 철회: no more; what was bought goes on.
    RevokeBuyer = "revoke_buyer" by [Seller, Partner, Operator, System] { partner_id: PartnerId, buyer_id: PartnerId }
    /// 상품 변경: only what is named changes; orders keep what they were placed with.
    UpdateProduct = "update_product" by [Seller, Operator, System] {
        product_id: ProductId,
        #[serde(default, skip_serializing_if = "Option::is_none")] name: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")] price: Option<Won>,
        #[serde(default, skip_serializing_if = "Option::is_none")] bundled: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")] delivery_fee: Option<Won>,
        #[serde(default, skip_serializing_if = "Option::is_none")] free_delivery: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")] lead_time_days: Option<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")] pre_refund: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")] points_rate_bp: Option<u32>,
    }
    /// 배송템플릿 변경.
    UpdateTemplate = "update_template" by [Seller, Operator, System] {
        template_id: TemplateId,
        #[serde(default, skip_serializing_if = "Option::is_none")] name: Option<Text>,
        /// 0 takes the threshold away
        #[serde(default, skip_serializing_if = "Option::is_none")] free_threshold: Option<Won>,
    }
    /// 판매행사 변경: price and limits of a sale, also while it runs; never below what it has sold. A lower limit
    /// takes nothing from who has more already.
    UpdateCampaign = "update_campaign" by [Seller, Operator, System] {
        campaign_id: CampaignId,
        sku_id: SkuId,
        #[serde(default, skip_serializing_if = "Option::is_none")] price: Option<Won>,
        #[serde(default, skip_serializing_if = "Option::is_none")] allotted: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")] closes_at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")] limit_per_customer: Option<u32>,
    }
    /// 판매 일시중지.
    PauseCampaign = "pause_campaign" by [Seller, Operator, System] { campaign_id: CampaignId, sku_id: SkuId }
    /// 판매 재개.
    ResumeCampaign = "resume_campaign" by [Seller, Operator, System] { campaign_id: CampaignId, sku_id: SkuId }
}

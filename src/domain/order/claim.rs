//! 반품 and 교환: what an order knows of its returns and exchanges (domain §4).

use serde::{Deserialize, Serialize};

use super::event::{Excluded, FeeRefund, KeptFor};
use crate::domain::{
    Time,
    fee::FeeReason,
    ids::{PartnerId, SkuId, TemplateId},
    money::Won,
};

codes! {
    /// 귀책: whose fault a claim is; it decides who bears the return fee.
    Fault {
        Buyer = "BUYER" / "구매자",
        Seller = "SELLER" / "판매자",
        /// row 20: nobody could install it
        Installation = "INSTALLATION" / "설치불가",
    }
    /// 환불구분: when the money of a return goes back.
    RefundTiming {
        /// 선환불: at approval
        BeforeCollection = "BEFORE" / "선환불",
        /// 후환불: after collection and inspection
        AfterCollection = "AFTER" / "후환불",
    }
    /// 클레임사유.
    ClaimReason {
        ChangeOfMind = "CHANGE_OF_MIND" / "단순변심",
        Defect = "DEFECT" / "불량",
        WrongItem = "WRONG_ITEM" / "오배송",
        Damaged = "DAMAGED" / "파손",
        Late = "LATE" / "배송지연",
        /// row 20
        InstallationImpossible = "INSTALLATION_IMPOSSIBLE" / "설치불가",
        /// the order that this one was made for needs it no more
        ParentEnded = "PARENT_ENDED" / "상위주문종료",
        /// no stock for the product that was to be added
        ExchangeFailed = "EXCHANGE_FAILED" / "교환불가",
        /// of a gift: nothing is left of what it came with
        MainGone = "MAIN_GONE" / "본품종료",
        Other = "OTHER" / "기타",
    }
    /// How far a return is.
    ReturnState {
        Requested = "REQUESTED" / "반품접수",
        Approved = "APPROVED" / "반품승인",
        Collected = "COLLECTED" / "회수확정",
        Completed = "COMPLETED" / "반품완료",
        Rejected = "REJECTED" / "반품거절",
        Withdrawn = "WITHDRAWN" / "반품철회",
    }
    /// How far an exchange is.
    ExchangeState {
        Requested = "REQUESTED" / "교환접수",
        Approved = "APPROVED" / "교환승인",
        Completed = "COMPLETED" / "교환완료",
        Rejected = "REJECTED" / "교환거절",
        /// refunded instead, as a return
        Failed = "FAILED" / "교환불가",
        /// by the buyer, before it was decided; or its goods never came
        Withdrawn = "WITHDRAWN" / "교환철회",
    }
    /// How far the collection of exchanged goods is.
    CollectionState {
        /// some of them are still at the buyer's
        Due = "DUE" / "회수대기",
        Collected = "COLLECTED" / "회수확정",
        Inspected = "INSPECTED" / "검수완료",
        /// the buyer may keep them: by the seller, with a reason
        Waived = "WAIVED" / "회수면제",
        /// they never came
        WrittenOff = "WRITTEN_OFF" / "손실처리",
        /// the exchange failed: its return collects them
        Moved = "MOVED" / "반품이관",
    }
    /// Why a return comes to something else than was asked for.
    ReturnChange {
        /// whose fault it is was corrected
        Fault = "FAULT" / "귀책정정",
        /// 검수: part of it is kept back, or goods go back to the buyer
        Inspection = "INSPECTION" / "검수",
        /// what is still out is withdrawn
        Short = "SHORT" / "회수부족",
        /// what is kept back of it changes, for old goods of an exchange that stay at the buyer's, or a debt that is owed no more
        SetOff = "SET_OFF" / "상계정정",
    }
    /// 교환방식: the two branches of an approved exchange.
    ExchangeResolution {
        /// collected and refunded: the return flow
        Pickup = "PICKUP" / "수거후반품",
        /// a new line in the same order
        AddProduct = "ADD_PRODUCT" / "제품추가",
    }
    /// 사은품사유: why a gift was added by hand (domain §8.5).
    GiftReason {
        Complaint = "COMPLAINT" / "불만",
        Delay = "DELAY" / "지연",
        Damage = "DAMAGE" / "파손",
        Goodwill = "GOODWILL" / "감사",
    }
}

impl ReturnState {
    /// Nothing more happens to it.
    pub const fn ended(self) -> bool {
        matches!(self, ReturnState::Completed | ReturnState::Rejected | ReturnState::Withdrawn)
    }
}

/// 반품: a return group.
#[derive(Debug, Clone, PartialEq)]
pub struct Return {
    pub group: u16,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub timing: RefundTiming,
    pub state: ReturnState,
    pub lines: Vec<ReturnLine>,
    /// what sending it back costs, by fee row
    pub fees: Vec<ReturnFee>,
    /// what of it is kept back, by settlement
    pub withheld: Vec<Excluded>,
    /// outbound fees that go back with the goods
    pub fee_refunds: Vec<FeeRefund>,
    /// part of `withheld`: for old goods of exchanges that stay at the buyer's
    pub kept_for: Vec<KeptFor>,
    /// the exchange that it ends
    pub exchange: Option<u16>,
    /// the line whose units count as exchanging until it ends: of a pickup
    pub exchanging: Option<u16>,
    /// approved before collection, or completed: its money may go, once what is owed for it came back
    pub payable: bool,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub collected_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// A line's part in a return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReturnLine {
    pub line_no: u16,
    pub quantity: u32,
    /// what the units were paid
    pub amount: Won,
    /// had left the warehouse when the return was asked for
    pub shipped: bool,
    /// the goods must come back; not those that never left, and not gifts that are waived
    pub collect: bool,
    /// units whose stock has been given back already (a failed exchange)
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub restocked: bool,
    #[serde(skip)]
    pub collected: u32,
    /// units that may be sold again, after inspection
    #[serde(skip)]
    pub sellable: Option<u32>,
    /// units whose stock came back, sellable or not
    #[serde(skip)]
    pub back: u32,
    /// units that were sent back to the buyer after inspection
    #[serde(skip)]
    pub rejected: u32,
    /// units that stay at the buyer's, because they were still out
    #[serde(skip)]
    pub withdrawn: u32,
    /// units that never came, though their money went
    #[serde(skip)]
    pub written_off: u32,
    /// kept back of what they were paid, by inspection
    #[serde(skip)]
    pub withheld_amount: Won,
    /// the line had earned points when the return was asked for, and these units with it
    #[serde(skip)]
    pub earned: bool,
}

impl ReturnLine {
    /// So many units that were paid so much, that have left and are to come back.
    pub fn new(line_no: u16, quantity: u32, amount: Won) -> Self {
        Self {
            line_no,
            quantity,
            amount,
            shipped: true,
            collect: true,
            restocked: false,
            collected: 0,
            sellable: None,
            back: 0,
            rejected: 0,
            withdrawn: 0,
            written_off: 0,
            withheld_amount: Won::ZERO,
            earned: false,
        }
    }

    /// Units that are still to come.
    pub fn missing(&self) -> u32 {
        if self.collect { self.quantity - self.collected - self.written_off } else { 0 }
    }
}

/// 반품배송비: what a fee row of a return costs, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReturnFee {
    pub no: u16,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub base: Won,
    pub bundled: Won,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<Won>,
    pub amount: Won,
    pub reason: FeeReason,
}

impl Return {
    /// Whether all that must come back has come.
    pub fn all_collected(&self) -> bool {
        self.lines.iter().all(|l| l.missing() == 0)
    }

    /// Units that came back, or were given up.
    pub fn settled_units(&self) -> u32 {
        self.lines.iter().map(|l| l.collected + l.written_off).sum()
    }

    /// Neither rejected nor withdrawn.
    pub const fn stands(&self) -> bool {
        !matches!(self.state, ReturnState::Rejected | ReturnState::Withdrawn)
    }

    /// What is kept back of its refund.
    pub fn fee(&self) -> Won {
        self.withheld.iter().map(|w| w.amount).sum()
    }
}

/// 교환: an exchange of units of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub group: u16,
    pub line_no: u16,
    pub quantity: u32,
    /// had left the warehouse when it was asked for
    pub shipped: bool,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub state: ExchangeState,
    pub resolution: Option<ExchangeResolution>,
    /// what the buyer would like instead
    pub wanted: Option<SkuId>,
    pub new_line_no: Option<u16>,
    /// what the units were worth, moved to the new line
    pub moved: Won,
    /// the units had not left the warehouse, and went back on the shelf
    pub restocked: bool,
    /// of units that had left and were replaced: their way back
    pub collection: Option<Collection>,
    /// number of the row of its fee
    pub fee_no: Option<u16>,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// 교환회수: exchanged goods on their way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub state: CollectionState,
    pub quantity: u32,
    pub collected: u32,
    /// waived or written off
    pub given_up: u32,
    /// units that may be sold again, after inspection
    pub sellable: Option<u32>,
    /// units whose stock came back, sellable or not
    pub back: u32,
    /// units that were sent back to the buyer after inspection
    pub rejected: u32,
    /// kept back of what they were paid, by inspection
    pub withheld_amount: Won,
    /// units that were sent back to the buyer, who has what replaced them, too
    pub with_buyer: u32,
    /// what what replaced them does not give back, as the buyer has these goods: their worth, what of it is not owed as a fee
    pub stays: Won,
    pub settled_at: Option<Time>,
}

impl Collection {
    /// Units that are still to come.
    pub fn missing(&self) -> u32 {
        if self.state == CollectionState::Due { self.quantity - self.collected - self.given_up } else { 0 }
    }

    /// Nothing more is waited for.
    pub const fn settled(&self) -> bool {
        matches!(
            self.state,
            CollectionState::Inspected | CollectionState::Waived | CollectionState::WrittenOff | CollectionState::Moved
        )
    }
}

//! Steps to other lanes: what an order asks of SKUs that live elsewhere (architecture 7). Each is durable, carries a derived
//! command id, and may come twice or out of order.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{CampaignId, CustomerId, SkuId};

/// A step, with the lane that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub lane: u32,
    pub reservation: String,
    pub kind: StepKind,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepKind {
    /// Take these units, on hold or (when `deduct`) for good. An order that `stands` is paid: it gets what there is,
    /// whatever has become of the sale since.
    Reserve {
        customer_id: CustomerId,
        lines: Vec<StepLine>,
        deduct: bool,
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        stands: bool,
    },
    /// What is held is sold.
    Confirm,
    /// Give back whatever the reservation has; when it is not there yet, it never will be.
    Release,
    /// Give back part of what was held or sold; `lost` units are written off at once.
    Return { lines: Vec<ReturnedUnits> },
}

impl StepKind {
    /// A short name, for derived ids.
    pub const fn name(&self) -> &'static str {
        match self {
            StepKind::Reserve { .. } => "reserve",
            StepKind::Confirm => "confirm",
            StepKind::Release => "release",
            StepKind::Return { .. } => "return",
        }
    }
}

/// Units of a SKU for an order line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepLine {
    pub line_no: u16,
    pub sku_id: SkuId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub campaign_id: Option<CampaignId>,
    pub quantity: u32,
    /// what there is will do; otherwise all of it or the whole reservation is refused
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub partial: bool,
}

/// Units given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedUnits {
    pub line_no: u16,
    pub quantity: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub lost: bool,
}

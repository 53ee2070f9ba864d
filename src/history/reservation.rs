//! Reservations: what another lane's order has taken here, as it is kept.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Time,
        ids::{CampaignId, CustomerId, OrderId, SkuId},
    },
    store::rows::RsvRow,
};

/// How a reservation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    Held,
    Taken,
    Refused,
    /// also the tombstone of a reserve to come
    Released,
}

impl ReservationState {
    /// The stable code.
    const fn code(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Taken => "TAKEN",
            Self::Refused => "REFUSED",
            Self::Released => "RELEASED",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Held, Self::Taken, Self::Refused, Self::Released].into_iter().find(|s| s.code() == code)
    }
}

/// What a reservation keeps of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservedUnits {
    pub line_no: u16,
    pub sku_id: SkuId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub campaign_id: Option<CampaignId>,
    pub customer_id: CustomerId,
    pub quantity: u32,
}

/// 예약.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldReservation {
    pub id: String,
    /// partition of the order
    pub order_lane: u32,
    pub order_id: OrderId,
    pub state: ReservationState,
    pub lines: Vec<ReservedUnits>,
    pub at: Time,
}

impl HeldReservation {
    /// A stored one.
    ///
    /// # Errors
    /// A sentence, when it can't be read.
    pub fn read(r: &RsvRow) -> Result<Self, String> {
        let state = ReservationState::from_code(&r.rsv_stat_cd);
        Ok(Self {
            id: r.rsv_id.to_string(),
            order_lane: u32::try_from(r.ord_prtn_no).unwrap_or(u32::MAX),
            order_id: OrderId::stored(&r.ord_id),
            state: state.ok_or_else(|| format!("reservation {} is {}", r.rsv_id, r.rsv_stat_cd))?,
            lines: serde_json::from_str(&r.rsv_lines).map_err(|e| e.to_string())?,
            at: r.rsv_dttm,
        })
    }

    /// Its row in the partition that keeps it.
    pub(super) fn row(&self, partition: u32) -> Result<RsvRow, String> {
        Ok(RsvRow {
            rsv_id: self.id.as_str().into(),
            prtn_no: i64::from(partition),
            ord_prtn_no: i64::from(self.order_lane),
            ord_id: self.order_id.shared(),
            rsv_stat_cd: self.state.code().into(),
            rsv_lines: serde_json::to_string(&self.lines).map_err(|e| e.to_string())?.into(),
            rsv_dttm: self.at,
        })
    }
}

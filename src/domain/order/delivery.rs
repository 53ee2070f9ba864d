//! 배송: what a line knows of its way to the buyer (domain §3.5–3.7).

use super::lean::Blank;
use crate::domain::Time;

codes! {
    /// 배송상태: the delivery sub-status of a shipped line, in order.
    DeliveryStatus {
        Ready = "READY" / "배송준비중",
        InTransit = "IN_TRANSIT" / "배송중",
        Delivered = "DELIVERED" / "배송완료",
        DeliveredByInstaller = "DELIVERED_BY_INSTALLER" / "설치자 배송완료",
        Installed = "INSTALLED" / "설치완료",
    }
    /// Whose word a delivery is.
    DeliveredBy {
        Carrier = "CARRIER" / "운송사",
        Installer = "INSTALLER" / "설치자",
        /// set by hand, audited; earns no points (domain §3.6)
        Forced = "FORCED" / "강제",
    }
    /// 배송지: where an order goes (row 14).
    DestinationKind {
        Home = "HOME" / "자택",
        Business = "BUSINESS" / "사업장",
    }
    /// Where delivery costs more.
    Zone {
        Mainland = "MAINLAND" / "내륙",
        Jeju = "JEJU" / "제주",
        Island = "ISLAND" / "도서산간",
    }
}

/// A line's delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    pub status: Option<DeliveryStatus>,
    pub waybills: Vec<Waybill>,
    /// units at the buyer's
    pub delivered: u32,
    /// 배송시작일시: the first waybill was registered, or the seller said so
    pub started_at: Option<Time>,
    /// 배송완료일시
    pub delivered_at: Option<Time>,
    /// 배송사배송완료일시: the courier's own
    pub carrier_at: Option<Time>,
    /// 매출확정일시
    pub revenue_at: Option<Time>,
    pub forced: bool,
}

impl Blank for Delivery {
    fn blank() -> &'static Self {
        static BLANK: Delivery = Delivery {
            status: None,
            waybills: Vec::new(),
            delivered: 0,
            started_at: None,
            delivered_at: None,
            carrier_at: None,
            revenue_at: None,
            forced: false,
        };
        &BLANK
    }
}

/// 운송장.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waybill {
    pub carrier: String,
    pub no: String,
    pub quantity: u32,
    pub registered_at: Time,
    pub changed_at: Option<Time>,
    pub delivered_at: Option<Time>,
}

/// 배송지, as chosen. The address itself is personal, and elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    pub kind: DestinationKind,
    pub zone: Zone,
    pub at: Time,
}

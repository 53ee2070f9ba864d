//! 배송: what a line knows of its way to the buyer (domain §3.5–3.7).

use super::lean::HasEmpty;
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
        /// of what went without a parcel service: whoever handed it over
        Seller = "SELLER" / "판매자",
        /// set by hand, audited; earns no points (domain §3.6)
        Forced = "FORCED" / "강제",
    }
    /// 배송방법: how goods leave; only parcels have a carrier that reports them.
    ShipMethod {
        Parcel = "PARCEL" / "택배",
        /// the seller's own van
        Own = "OWN" / "직접배송",
        /// a courier of the hour
        Quick = "QUICK" / "퀵서비스",
        /// collected by the buyer
        Pickup = "PICKUP" / "방문수령",
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

#[expect(clippy::derivable_impls, reason = "a macro makes the enum, and derives no default")]
impl Default for ShipMethod {
    fn default() -> Self {
        ShipMethod::Parcel
    }
}

impl ShipMethod {
    /// Whether a carrier reports it by its waybills.
    pub fn is_parcel(&self) -> bool {
        *self == ShipMethod::Parcel
    }
}

/// A line's delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    pub status: Option<DeliveryStatus>,
    pub method: ShipMethod,
    /// 출고일시: when it left
    pub shipped_at: Option<Time>,
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
    pub revenue_recognized_at: Option<Time>,
    pub forced: bool,
    /// 자동구매확정일시: when it is confirmed by itself, unless a claim is open then
    pub auto_confirm_at: Option<Time>,
}

impl HasEmpty for Delivery {
    fn blank() -> &'static Self {
        static BLANK: Delivery = Delivery {
            status: None,
            method: ShipMethod::Parcel,
            shipped_at: None,
            waybills: Vec::new(),
            delivered: 0,
            started_at: None,
            delivered_at: None,
            carrier_at: None,
            revenue_recognized_at: None,
            forced: false,
            auto_confirm_at: None,
        };
        &BLANK
    }
}

/// 운송장.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waybill {
    pub carrier: String,
    pub carrier_name: Option<String>,
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

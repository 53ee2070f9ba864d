//! The shapes of stock, products, campaigns and dead letters.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{Time, money::Won, stock::Available},
    store::{
        UntRow,
        rows::{CmpnRow, LdgrRow, PdGdsRow},
    },
};

/// 단품재고.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkuView {
    pub sku_id: String,
    pub product_id: String,
    pub option_name: String,
    pub holder_id: Option<String>,
    pub partition: i64,
    /// whether it can be had
    pub available: Available,
    /// how many: told to its seller, its holder and the shop's own people
    #[serde(flatten)]
    pub units: Option<UnitsView>,
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
            available: Available::of(r.stck_qty),
            units: Some(UnitsView {
                on_hand: r.stck_qty,
                held: r.hold_qty,
                sold: r.sold_qty,
                returned: r.rstk_qty,
                sold_net: r.sold_qty - r.rstk_qty,
                position: r.ldgr_no,
            }),
            campaigns: Vec::new(),
        }
    }
}

/// A SKU's units.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnitsView {
    pub on_hand: i64,
    pub held: i64,
    /// sales: a unit that came back and was sold again counts twice
    pub sold: i64,
    /// of these, units that came back: cancelled or lost before shipping, returned, exchanged
    pub returned: i64,
    /// `sold` − `returned`: units that orders have now
    pub sold_net: i64,
    /// number of its last ledger row
    pub position: i64,
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
        let text = |t: &Option<Arc<str>>| t.as_deref().map(str::to_owned);
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
    /// units allotted to it; not told to checkouts and to partners that do not sell it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allotted: Option<i64>,
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
            allotted: Some(r.alot_qty),
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
pub struct DeadLetterView {
    /// its name, to requeue or discard it by
    pub dead_letter_id: String,
    pub partition: u32,
    /// in a list without what may be about a person, by itself as it was received
    pub command: String,
    pub reason: String,
    /// the stream that takes it again: `commands`, or `internal` of a lane's own step; absent where an older version kept it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// the entry that it came as
    pub entry: String,
    pub attempts: u32,
}

/// A dead letter was sent again, or deleted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetterDone {
    pub dead_letter_id: String,
    pub partition: u32,
    /// its new entry, where it was sent again
    pub entry: Option<String>,
}

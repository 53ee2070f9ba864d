//! Publish: what is durable is acknowledged, answered and published in one atomic step a chunk. Only here do answers leave.

pub mod instruments;
pub mod publisher;

use tokio::sync::oneshot;

use crate::{
    integrations::payment::DueRefund,
    lane::{commit::Outgoing, traces::StageTimes},
    store::rows::OtbxRow,
};

/// A durable batch's consequences.
#[derive(Debug)]
pub struct Durable {
    pub outgoing: Vec<Outgoing>,
    /// steps for other lanes
    pub steps: Vec<OtbxRow>,
    /// refunds to ask the payment side for
    pub asks: Vec<DueRefund>,
    /// when it was decided and committed, for the traces
    pub stamps: Option<StageTimes>,
    /// told once this and all before it is said
    pub said: Option<oneshot::Sender<()>>,
}

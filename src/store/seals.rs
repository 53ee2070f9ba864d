//! What is sealed, and what is not yet: looked through and written again beside the lanes (`jumun reseal`), and what is known
//! of the keys. Each write says what it expects to find, so that whatever a lane or an erasing does meanwhile stays.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    StoreError,
    rows::{AprvRow, PrsnRow},
};
use crate::{domain::ids::OrderId, vault::Secret};

impl PrsnRow {
    /// Of an order, with nothing in it yet.
    pub fn blank(order: &Arc<str>, kind: &'static str, number: i64) -> Self {
        Self {
            ord_id: Arc::clone(order),
            prsn_knd_cd: kind.into(),
            ord_seq: number,
            rcvr_nm: None,
            tel_no: None,
            zip_no: None,
            addr: None,
            addr_dtl: None,
            acct_ownr_nm: None,
            dpst_hldr_nm: None,
            rmtr_nm: None,
            rvw_txt: None,
            vrtl_acct_no: None,
            acct_enc: None,
        }
    }

    /// Of an order, with what is sealed.
    pub fn sealed(order: &Arc<str>, what: Secret, number: i64, sealed: Arc<str>) -> Self {
        Self { acct_enc: Some(sealed), ..Self::blank(order, what.code(), number) }
    }
}

/// A place in a table to go on from: order, kind of personal data (none of approvals), number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealAt {
    pub order: OrderId,
    pub kind: String,
    pub number: i64,
}

/// Sealed values and their keys.
#[async_trait]
pub trait SealStore: Send + Sync {
    /// What is noted under a name.
    async fn noted(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Notes it, if what was noted is still that; whether it was.
    async fn note_if(&self, name: &str, was: Option<&str>, value: &str) -> Result<bool, StoreError>;
    /// Notes it, whatever was noted.
    async fn note_as(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// Some personal data with an account number or a token, sealed or not, in the order of the key.
    async fn secrets(&self, after: Option<&SealAt>, limit: u32) -> Result<Vec<PrsnRow>, StoreError>;
    /// Some approvals with a token or an account's number of their own, from before these were kept with personal data.
    async fn bare_approvals(&self, after: Option<&SealAt>, limit: u32) -> Result<Vec<AprvRow>, StoreError>;
    /// Puts what is sealed in the place of what this row holds; `false`: the row has changed, or went.
    async fn sealed_again(&self, was: &PrsnRow, sealed: &str) -> Result<bool, StoreError>;
    /// Moves what an approval holds to personal data, sealed; `false`: the approval has changed.
    async fn approval_sealed(&self, was: &AprvRow, sealed: &[PrsnRow]) -> Result<bool, StoreError>;
    /// Partitions that somebody owns now.
    async fn owned(&self) -> Result<Vec<i64>, StoreError>;
}

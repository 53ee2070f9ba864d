//! R6, as far as rows can tell: one lease a partition, every row in a partition that was leased. That no superseded owner
//! ever committed can be shown by tests only.

use std::collections::HashSet;

use super::{Findings, Promise, VerifyError};
use crate::store::{
    QueryStore, TableRef,
    row::{Read, Type},
};

/// The lanes as the store knows them.
pub struct Lanes {
    /// `None` before the first server
    pub partitions: Option<u32>,
    leased: HashSet<i64>,
}

impl Lanes {
    /// Whether somebody ever owned the partition.
    pub fn leased(&self, partition: i64) -> bool {
        self.leased.contains(&partition)
    }
}

const META: TableRef =
    TableRef { name: "tb_sy_meta", key: &["key"], columns: &[("key", Type::Text), ("value", Type::Text)] };
const LANES: TableRef =
    TableRef { name: "tb_sy_lane", key: &["prtn_no"], columns: &[("prtn_no", Type::Int), ("epch", Type::Int)] };
const LANES_MAX: u32 = 10_000;

/// Reads the partition count and the leases.
pub async fn read(store: &dyn QueryStore, f: &mut Findings) -> Result<Lanes, VerifyError> {
    let mut lanes = Lanes { partitions: None, leased: HashSet::new() };
    for row in store.page(META, None, LANES_MAX).await? {
        if let [Read::Text(Some(key)), Read::Text(Some(value))] = row.as_slice()
            && key == "partitions"
        {
            lanes.partitions = value.parse().ok();
        }
    }
    for row in store.page(LANES, None, LANES_MAX).await? {
        let [Read::Int(Some(partition)), Read::Int(Some(epoch))] = row.as_slice() else { continue };
        lanes.leased.insert(*partition);
        f.hold(Promise::R6, *epoch >= 1, || format!("the lease of partition {partition} has epoch {epoch}"));
        let known = lanes.partitions.is_none_or(|n| (0..i64::from(n)).contains(partition));
        f.hold(Promise::R6, known, || format!("there is a lease of partition {partition}, beyond the partition count"));
    }
    f.note(Promise::R6, "rows can't show who committed them: that superseded owners are fenced out is shown by tests");
    Ok(lanes)
}

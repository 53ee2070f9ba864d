//! The register of payments, read: which order a payment has paid.

use std::collections::HashMap;

use crate::{
    domain::{ids::OrderId, order::register::PaymentKey},
    store::{LookupStore, StoreError, rows::RgstRow},
};

/// The orders that these payments have paid; those that have paid none are left out.
///
/// # Errors
/// The store's.
pub async fn paid_orders(
    store: &dyn LookupStore,
    keys: &[PaymentKey],
) -> Result<HashMap<PaymentKey, OrderId>, StoreError> {
    let mut ids: Vec<String> = keys.iter().map(|k| k.id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = store.payments(&ids).await?;
    Ok(keys.iter().filter_map(|key| Some((key.clone(), owner(&found, key)?))).collect())
}

fn owner(found: &[RgstRow], key: &PaymentKey) -> Option<OrderId> {
    // in the order of the ids
    let from = found.partition_point(|row| *row.pay_id < *key.id);
    let rows = found.get(from..).unwrap_or_default();
    let mut of_id = rows.iter().take_while(|row| *row.pay_id == *key.id);
    of_id.find(|row| row.pay_mns_cd == key.method.code()).map(|row| OrderId::stored(&row.ord_id))
}

//! One payment, one order: what the histories say came in, and the register that must say the same.

use std::collections::HashMap;

use super::{
    Findings, Pass, Promise, VerifyError,
    fold::CheckedOrder,
    pages::{TableReader, mark},
};
use crate::store::rows::RgstRow;

/// How many payments are compared; of more only the number is.
const PAYMENTS_MAX: usize = 5_000_000;

/// Payments that the histories tell of, as marks, each with its order's and its amount.
#[derive(Default)]
pub struct PaymentMarks {
    seen: HashMap<u64, (u64, i64)>,
    distinct: u64,
}

impl PaymentMarks {
    /// The payments of an order.
    pub fn saw(&mut self, order: &CheckedOrder, f: &mut Findings) {
        let this = mark(&*order.ord_id);
        for (id, method, amount) in order.registered() {
            let name = of(&id, method);
            if self.seen.len() >= PAYMENTS_MAX && !self.seen.contains_key(&name) {
                self.distinct += 1;
                continue;
            }
            let (before, distinct) = (self.seen.len(), self.distinct);
            let (first, _) = *self.seen.entry(name).or_insert((this, amount));
            self.distinct = distinct + u64::from(self.seen.len() > before);
            f.hold(Promise::R8, first == this, || {
                format!("order {}: payment {id} by {method} has paid another order, too", order.ord_id)
            });
        }
    }

    /// The register beside them.
    pub async fn check(self, pass: &mut Pass) -> Result<(), VerifyError> {
        let mut rows: TableReader<RgstRow> = TableReader::new(&pass.store, pass.options.page);
        let (mut there, whole) = (0u64, self.seen.len() < PAYMENTS_MAX);
        while let Some(row) = rows.next().await? {
            there += 1;
            let told = self.seen.get(&of(&row.pay_id, &row.pay_mns_cd));
            // whose it is: where two orders have it, either may be entered, and that is told above
            let holds = told.is_some_and(|(_, amount)| *amount == row.pay_amt);
            pass.f.hold(Promise::R7, !whole || holds, || {
                let (id, method) = (&row.pay_id, &row.pay_mns_cd);
                format!("order {}: the register has payment {id} by {method}, which no history tells so", row.ord_id)
            });
        }
        let told = self.distinct;
        pass.f.hold(Promise::R7, there == told, || format!("the register has {there} payments, the histories {told}"));
        Ok(())
    }
}

fn of(id: &str, method: &str) -> u64 {
    mark((id, method))
}

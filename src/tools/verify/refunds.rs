//! Refund rows are keyed by their idempotency key, not by order: they get a pass of their own, with the histories of the
//! orders that a page of them names.

use std::{collections::HashMap, sync::Arc};

use super::{
    Pass, Promise, VerifyError,
    pages::{TableReader, differences},
    reservations::fold_all,
};
use crate::store::rows::RfndRow;

/// R7 (the rows are the histories') and R8 (one refund effect a key).
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let page = pass.options.page.min(500);
    let mut seen = table(pass, TableReader::new(&pass.store, page)).await?;
    seen += table(pass, TableReader::archived(&pass.store, page)).await?;
    let wanted = pass.refund_rows;
    pass.f.hold(Promise::R7, seen == wanted, || format!("tb_od_rfnd has {seen} rows, the histories make {wanted}"));
    Ok(())
}

/// The rows of live orders, or of archived ones; how many there are.
async fn table(pass: &mut Pass, mut rows: TableReader<RfndRow>) -> Result<u64, VerifyError> {
    let mut seen = 0u64;
    let mut last: Option<(Arc<str>, Tally)> = None;
    loop {
        let chunk = rows.chunk().await?;
        if chunk.is_empty() {
            break;
        }
        let orders = fold_all(&pass.store, chunk.iter().map(|r| &r.ord_id)).await?;
        let told = orders.values().flatten().flat_map(|order| order.refund_rows());
        let mut wanted: HashMap<(&str, i64), &RfndRow> =
            told.map(|row| ((&*row.rfnd_key, row.rfnd_seq), row)).collect();
        for row in &chunk {
            seen += 1;
            // the same key: one tally over all its rows, across pages too
            if last.as_ref().is_none_or(|(key, _)| *key != row.rfnd_key) {
                close(pass, last.take());
                last = Some((Arc::clone(&row.rfnd_key), Tally::default()));
            }
            if let Some((_, tally)) = &mut last {
                tally.add(row);
            }
        }
        for row in &chunk {
            pass.f.saw(Promise::R7, 1);
            let want = wanted.remove(&(&*row.rfnd_key, row.rfnd_seq));
            let whose = format!("order {}", row.ord_id);
            for what in
                differences(&whose, std::slice::from_ref(row), want.map(std::slice::from_ref).unwrap_or_default())
            {
                pass.f.bad(Promise::R7, what);
            }
        }
    }
    close(pass, last.take());
    Ok(seen)
}

/// What the rows of one key say.
#[derive(Default)]
struct Tally {
    requests: u32,
    planned: i64,
    refunded_rows: u32,
    refunded: i64,
}

impl Tally {
    fn add(&mut self, row: &RfndRow) {
        match &*row.rfnd_stat_cd {
            "PLANNED" => {
                self.requests += 1;
                self.planned += row.rfnd_plan_amt;
            }
            "REFUNDED" => {
                self.refunded_rows += 1;
                self.refunded += row.rfnd_amt;
            }
            _ => {}
        }
    }
}

fn close(pass: &mut Pass, tally: Option<(Arc<str>, Tally)>) {
    let Some((key, t)) = tally else { return };
    pass.f.hold(Promise::R8, t.requests == 1 && t.refunded_rows <= 1, || {
        format!("refund {key}: asked for {} times, given back {} times", t.requests, t.refunded_rows)
    });
    pass.f.hold(Promise::R8, t.refunded_rows == 0 || t.refunded == t.planned, || {
        format!("refund {key}: {} won were planned, {} given back", t.planned, t.refunded)
    });
}

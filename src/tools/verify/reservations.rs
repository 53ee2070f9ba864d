//! R11: what lanes keep for other lanes' orders fits what those orders say.

use std::{
    collections::{BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde::Deserialize;

use super::{
    Pass, Promise, VerifyError,
    fold::{CheckedOrder, KeptAt},
    pages::TableReader,
};
use crate::{
    domain::{
        ids::{OrderId, SkuId},
        order::event::Event,
    },
    store::{
        QueryStore, StoreError,
        rows::{HistRow, RsvRow},
    },
};

/// What a reservation keeps of a line.
#[derive(Deserialize)]
struct Kept {
    line_no: u16,
    sku_id: SkuId,
    quantity: u32,
}

/// The orders of these ids, folded; `None` for one whose history can't be (told elsewhere).
pub async fn fold_all<'a>(
    store: &Arc<dyn QueryStore>,
    ids: impl Iterator<Item = &'a Arc<str>>,
) -> Result<HashMap<Arc<str>, Option<CheckedOrder>>, StoreError> {
    let ids: Vec<OrderId> = ids.collect::<BTreeSet<_>>().into_iter().map(|id| OrderId::stored(id)).collect();
    let mut orders = HashMap::with_capacity(ids.len());
    for history in store.orders(&ids).await? {
        let Some(first) = history.first() else { continue };
        let folded = catch_unwind(AssertUnwindSafe(|| fold(&history)));
        let order = folded.ok().and_then(Result::ok).flatten();
        orders.insert(Arc::clone(&first.ord_id), order);
    }
    Ok(orders)
}

fn fold(history: &[HistRow]) -> Result<Option<CheckedOrder>, String> {
    let mut told = None;
    for row in history {
        CheckedOrder::hear(&mut told, &row.ord_id, &Event::read(row.evnt_ver, &row.evnt)?, row.hist_dttm)?;
    }
    Ok(told)
}

/// Streams the reservations beside their orders; adds the units that they keep.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let page = pass.options.page.min(500);
    for mut rows in [TableReader::<RsvRow>::new(&pass.store, page), TableReader::archived(&pass.store, page)] {
        loop {
            let chunk = rows.chunk().await?;
            if chunk.is_empty() {
                break;
            }
            let orders = fold_all(&pass.store, chunk.iter().map(|r| &r.ord_id)).await?;
            for row in &chunk {
                one(pass, row, &orders);
            }
        }
    }
    let (asked, kept) = (pass.open_asked, pass.open_kept);
    pass.f.hold(Promise::R11, asked == kept, || {
        format!("orders count on {asked} reservations in other lanes, {kept} are kept there for them")
    });
    Ok(())
}

fn one(pass: &mut Pass, row: &RsvRow, orders: &HashMap<Arc<str>, Option<CheckedOrder>>) {
    let (id, state) = (&row.rsv_id, &*row.rsv_stat_cd);
    let kept: Vec<Kept> = match serde_json::from_str(&row.rsv_lines) {
        Ok(kept) => kept,
        Err(e) => return pass.f.bad(Promise::R11, format!("reservation {id}: its lines can't be read: {e}")),
    };
    let open = matches!(state, "HELD" | "TAKEN");
    for k in kept.iter().filter(|_| open) {
        let units = i64::from(k.quantity);
        let (held, deducted) = if state == "HELD" { (units, 0) } else { (0, units) };
        pass.claim(&k.sku_id.shared(), held, deducted);
    }
    let order = match orders.get(&row.ord_id) {
        Some(Some(order)) => order,
        Some(None) => return,
        None => return pass.f.bad(Promise::R11, format!("reservation {id}: there is no order {}", row.ord_id)),
    };
    let asked = order.reservations.iter().find(|r| *r.id == **id);
    let fits = match (state, asked.map(|r| r.at)) {
        ("HELD", Some(KeptAt::Held)) | ("TAKEN", Some(KeptAt::Taken)) => {
            pass.open_kept += 1;
            kept.iter().all(|k| {
                let line = order.line(i64::from(k.line_no)).map(|l| &l.row);
                let has = line.map(|l| if state == "HELD" { l.hold_qty } else { l.dduct_qty });
                has == Some(i64::from(k.quantity)) && line.is_some_and(|l| *l.unt_id == *k.sku_id.as_str())
            })
        }
        // an earlier placement under the same id that failed leaves its reservations behind, closed
        ("RELEASED" | "REFUSED", None | Some(KeptAt::Released)) => true,
        _ => false,
    };
    pass.f.hold(Promise::R11, fits, || {
        let says = asked.map_or_else(|| "does not know it".to_owned(), |r| format!("says {:?}", r.at));
        let n: u32 = kept.iter().map(|k| k.quantity).sum();
        format!("reservation {id} is {state} with {n} units, order {} {says}, or has other units", row.ord_id)
    });
}

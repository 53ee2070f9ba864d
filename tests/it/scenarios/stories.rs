//! The timeline: what happened, by whom, with money before and after; and why a command was refused.

use jumun::history::timeline::{Entry, text};

use super::{cancel, line, on_order, paid, place, shop};
use crate::support::world::On;

pub async fn the_timeline_tells_what_happened_and_why_not(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 2).await;
    w.ok(paid("o-1", &[line("A", 2)], 2_000)).await;
    w.no(place("o-2", &[line("A", 1)]), "sold_out").await;
    w.ok(cancel("o-1", &[1])).await;
    w.no(on_order("prepare", "o-1"), "illegal_transition").await;
    w.rest().await;
    let told = w.timeline("o-1").await;
    let happened: Vec<String> = told
        .entries
        .iter()
        .map(|e| match e {
            Entry::Event { what, by, .. } => format!("{what} by {by}"),
            Entry::Refused { reason, .. } => format!("refused: {reason}"),
        })
        .collect();
    assert_eq!(happened, ["placed by operator:o", "cut by operator:o", "refused: illegal_transition"]);
    let Entry::Event { change, .. } = &told.entries[1] else { panic!("{:?}", told.entries) };
    let (before, after) = (&change.settlements[0].before, &change.settlements[0].after);
    assert_eq!((before.refundable.get(), after.refundable.get(), after.planned.get()), (2_000, 0, 2_000));
    let page = text(&told);
    assert!(page.contains("order o-1: CANCELLED (취소완료)") && page.contains("planned 0 → 2000"), "{page}");
    // an order that never was: position, stock and rule at that moment
    let refused = w.timeline("o-2").await;
    assert_eq!((refused.status, refused.entries.len()), (None, 1));
    let page = text(&refused);
    assert!(
        page.contains("refused: sold_out") && page.contains("at ledger position 2, available 0, asked for 1"),
        "{page}"
    );
    w.done().await;
}

//! What is written comes back: rows, pages, outcomes, deadlines, outbox, SKUs.

use jumun::{
    domain::{
        gift::GiftPromotion,
        ids::{CommandId, OrderId, PromotionId, SkuId},
    },
    store::{
        Batch, External, Outcome, OutcomeOrder, Store, StoredGiftPromotion, TableRef, UnitMove, UntRow,
        row::{Read, Row},
        rows::{
            CmdRow, CmpnRow, GdsRow, GftPrmGdsRow, GftPrmRow, GftPrmUntRow, HistRow, LdgrRow, OrdRow, OtbxRow,
            PdGdsRow, RsvRow, TmplRow,
        },
        table,
    },
};

use super::{
    Bench,
    rows::{at, fill, gds, hist, ids, ldgr, ord, read, sample, sell, unit},
};

async fn all(store: &dyn Store, table: TableRef) -> Vec<Vec<Read>> {
    store.page(table, None, 10_000).await.expect("a page")
}

async fn holds<R: Row>(store: &dyn Store, rows: &[R]) {
    let mut expect: Vec<Vec<Read>> = rows.iter().map(read).collect();
    let mut found = all(store, table::<R>()).await;
    let order = |row: &Vec<Read>| format!("{row:?}");
    expect.sort_by_key(order);
    found.sort_by_key(order);
    assert_eq!(found, expect, "{}", R::TABLE);
}

pub async fn every_row_comes_back_as_it_was_written(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    fill(&mut batch);
    lane.done(&batch).await;
    let store = &*bench.store;
    holds(store, &batch.hist).await;
    holds(store, &batch.changed.ord).await;
    holds(store, &batch.changed.gds).await;
    holds(store, &batch.changed.stlm).await;
    holds(store, &batch.changed.aprv).await;
    holds(store, &batch.rfnd).await;
    holds(store, &batch.cncl).await;
    holds(store, &batch.changed.fee).await;
    holds(store, &batch.dscnt).await;
    holds(store, &batch.pnt).await;
    holds(store, &batch.prsn).await;
    holds(store, &batch.ldgr).await;
    holds(store, &batch.units).await;
    holds(store, &batch.pd_gds).await;
    holds(store, &batch.tmpl).await;
    holds(store, &batch.prm).await;
    holds(store, &batch.gft).await;
    holds(store, &batch.gft_prm).await;
    holds(store, &batch.gft_prm_gds).await;
    holds(store, &batch.gft_prm_unt).await;
    holds(store, &batch.cmpn).await;
    holds(store, &batch.cmd).await;
    holds(store, &batch.otbx).await;
    holds(store, &batch.rsv).await;
    let found: Vec<RsvRow> = store.reservations(&[batch.rsv[0].rsv_id.clone()]).await.expect("it reads");
    assert_eq!(found, batch.rsv[..1]);
}

pub async fn many_rows_go_in_one_batch(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    for n in 0..1_100 {
        batch.hist.push(hist(&format!("o-{n}"), 1, &format!("command-{n}"), 0));
        batch.changed.ord.push(ord(&format!("o-{n}"), None));
        batch.changed.gds.push(gds(&format!("o-{n}")));
    }
    lane.done(&batch).await;
    holds(&*bench.store, &batch.hist).await;
    holds(&*bench.store, &batch.changed.ord).await;
    holds(&*bench.store, &batch.changed.gds).await;
}

pub async fn an_upsert_replaces_and_an_unchanged_one_stays(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.changed.ord = vec![ord("o-1", None), ord("o-2", Some(at(0)))];
    lane.done(&batch).await;
    batch.changed.ord[0].ord_ver += 1;
    batch.changed.ord[0].due_dttm = Some(at(7));
    batch.changed.ord[0].part_alw_yn ^= true;
    lane.done(&batch).await;
    holds(&*bench.store, &batch.changed.ord).await;
    let rows = bench.store.order_rows(&[OrderId::stored("o-1"), OrderId::stored("o-0")]).await.expect("it reads");
    assert_eq!(rows, batch.changed.ord[..1]);
}

pub async fn a_new_unit_moves_in_its_own_batch(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.units = vec![unit("u-1", 0), unit("u-2", 9)];
    // received 5, of which 2 were sold at once
    batch.moves = vec![UnitMove {
        unt_id: "u-1".into(),
        stck_dlt: 3,
        hold_dlt: 0,
        sold_dlt: 2,
        rstk_dlt: 1,
        ldgr_no: 2,
        expect_stck: 3,
    }];
    assert_eq!(lane.done(&batch).await.external, []);
    let moved = UntRow { stck_qty: 3, sold_qty: 2, ldgr_no: 2, rstk_qty: 1, ..unit("u-1", 0) };
    holds(&*bench.store, &[moved, unit("u-2", 9)]).await;
}

pub async fn another_systems_write_is_kept_and_noticed(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.units = vec![unit("u-1", 10), unit("u-2", 10)];
    lane.done(&batch).await;
    bench.outside("UPDATE tb_pd_unt SET stck_qty = stck_qty + 7 WHERE unt_id = 'u-1'").await;
    let mut batch = lane.batch();
    batch.moves = vec![sell("u-1", 2, 8), sell("u-2", 3, 7)];
    let done = lane.done(&batch).await;
    assert_eq!(done.external, [External { unt_id: "u-1".into(), delta: 7 }]);
    let expect = [(15, 2), (7, 3)];
    let units = all(&*bench.store, table::<UntRow>()).await;
    let found: Vec<UntRow> = units.into_iter().map(|row| UntRow::read(&mut row.into_iter())).collect();
    assert_eq!(found.iter().map(|u| (u.stck_qty, u.sold_qty)).collect::<Vec<_>>(), expect);
}

pub async fn refused_ids_with_an_outcome_are_known(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.hist = vec![hist("o-1", 1, "command-1", 0), hist("o-1", 2, "command-1", 1)];
    batch.changed.ord = vec![ord("o-1", None)];
    batch.cmd = vec![CmdRow { cmd_id: "command-2".into(), ..sample::<CmdRow>(1) }];
    assert_eq!(lane.done(&batch).await.known, ids(&[]));
    let mut batch = lane.batch();
    batch.refused = ids(&["command-1", "command-2", "command-3"]);
    let mut known = lane.done(&batch).await.known;
    known.sort();
    assert_eq!(known, ids(&["command-1", "command-2"]));
}

pub async fn outcomes_tell_order_answer_and_events(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    let first = HistRow { ansr: Some("{\"left\":3}".into()), ..hist("o-1", 1, "command-1", 0) };
    let second = HistRow { ansr: None, ord_stat_cd: "ORDERED".into(), ..hist("o-1", 2, "command-1", 1) };
    let other = HistRow { ord_stat_cd: "PREPARING".into(), ..hist("o-1", 3, "command-2", 0) };
    batch.hist = vec![first.clone(), second.clone(), other];
    batch.changed.ord = vec![OrdRow { prtn_no: 3, ..ord("o-1", None) }];
    batch.cmd = vec![CmdRow { cmd_id: "command-9".into(), prtn_no: 5, ansr: None, ..sample::<CmdRow>(1) }];
    lane.done(&batch).await;
    let asked = ["command-9", "command-1", "command-0"].map(CommandId::stored);
    let mut found = bench.store.outcomes(&asked).await.expect("it reads");
    found.sort_by(|a, b| a.cmd_id.cmp(&b.cmd_id));
    let event = |h: &HistRow| (h.hist_no, h.evnt_ver, h.evnt.clone(), h.hist_dttm);
    let ordered = Outcome {
        cmd_id: "command-1".into(),
        digest: first.cmd_dgst.clone(),
        partition: 3,
        order: Some(OutcomeOrder { ord_id: "o-1".into(), status: "ORDERED".into(), version: 2 }),
        answer: first.ansr.clone(),
        events: vec![event(&first), event(&second)],
    };
    let digest = batch.cmd[0].cmd_dgst.clone();
    let plain =
        Outcome { cmd_id: "command-9".into(), digest, partition: 5, order: None, answer: None, events: Vec::new() };
    assert_eq!(found, [ordered, plain]);
    assert_eq!(bench.store.outcomes(&[]).await.expect("it reads"), []);
}

pub async fn due_orders_come_soonest_first(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.changed.ord = vec![
        ord("o-1", Some(at(30))),
        ord("o-2", Some(at(10))),
        ord("o-3", None),
        ord("o-4", Some(at(20))),
        ord("o-5", Some(at(21))),
        OrdRow { prtn_no: 1, ..ord("o-6", Some(at(1))) },
    ];
    lane.done(&batch).await;
    let due = |until, limit| bench.store.due(0, at(until), limit);
    let expect = [(OrderId::stored("o-2"), at(10)), (OrderId::stored("o-4"), at(20))];
    assert_eq!(due(20, 10).await.expect("it reads"), expect);
    assert_eq!(due(99, 1).await.expect("it reads"), expect[..1]);
    assert_eq!(due(9, 10).await.expect("it reads"), []);
}

pub async fn the_outbox_empties_by_what_was_sent(bench: Bench) {
    let mut lane = bench.lane().await;
    let step =
        |id: &str, prtn_no, ms| OtbxRow { otbx_id: id.into(), prtn_no, otbx_dttm: at(ms), ..sample::<OtbxRow>(1) };
    let mut batch = lane.batch();
    batch.otbx = vec![step("s-1", 0, 3), step("s-2", 0, 1), step("s-3", 1, 0), step("s-4", 0, 2)];
    lane.done(&batch).await;
    let order = [&batch.otbx[1], &batch.otbx[3], &batch.otbx[0]].map(Clone::clone);
    assert_eq!(bench.store.outbox(0, 10).await.expect("it reads"), order);
    assert_eq!(bench.store.outbox(0, 2).await.expect("it reads"), order[..2]);
    let sent = Batch { sent: ids(&["s-2", "s-1"]), ..lane.batch() };
    lane.done(&sent).await;
    assert_eq!(bench.store.outbox(0, 10).await.expect("it reads"), order[1..2]);
}

pub async fn a_sku_comes_with_ledger_campaigns_and_buyers(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    let cmpn = |id: &str, unt: &str, start| CmpnRow {
        cmpn_id: id.into(),
        unt_id: unt.into(),
        strt_ldgr_no: start,
        ..sample::<CmpnRow>(1)
    };
    batch.units = vec![unit("u-1", 90), unit("u-2", 5), UntRow { sold_qty: 99, ..unit("u-3", 1) }];
    batch.units[0].sold_qty = 10;
    batch.units[1].sold_qty = 20;
    batch.pd_gds = vec![sample(1)];
    batch.tmpl = vec![TmplRow { dlv_tmpl_id: batch.pd_gds[0].dlv_tmpl_id.clone(), ..sample::<TmplRow>(1) }];
    batch.cmpn = vec![cmpn("c-1", "u-1", 1), cmpn("c-2", "u-1", 0), cmpn("c-3", "u-2", 0)];
    batch.ldgr = vec![
        // before campaign c-1 began: not counted
        ldgr("u-1", 1, "c-1", "kim", 8),
        ldgr("u-1", 2, "c-1", "kim", 3),
        ldgr("u-1", 3, "c-1", "lee", 2),
        ldgr("u-1", 4, "c-1", "kim", -1),
        // gave everything back: left out
        ldgr("u-1", 5, "c-1", "lee", -2),
        ldgr("u-1", 6, "c-2", "lee", 1),
        ldgr("u-2", 1, "c-3", "kim", 4),
        LdgrRow { cmpn_id: None, ..ldgr("u-1", 7, "c-1", "kim", 50) },
    ];
    let last = LdgrRow { stck_qty: 90, hold_qty: 1, sold_qty: 10, ..batch.ldgr[7].clone() };
    batch.ldgr[7] = last;
    lane.done(&batch).await;

    let asked = ["u-1", "u-3", "u-0"].map(SkuId::stored);
    let mut skus = bench.store.skus(&asked).await.expect("it reads");
    skus.sort_by(|a, b| a.unit.unt_id.cmp(&b.unit.unt_id));
    assert_eq!(skus.len(), 2);
    assert_eq!(skus[0].unit, batch.units[0]);
    assert_eq!(skus[0].product, batch.pd_gds[0]);
    assert_eq!(skus[0].template, batch.tmpl[0]);
    assert_eq!(skus[0].ledger, Some((90, 1, 10)));
    assert_eq!(skus[0].campaigns, batch.cmpn[..2]);
    let used = [("c-1", "kim", 2), ("c-2", "lee", 1)].map(|(c, k, n)| (c.into(), k.into(), n));
    assert_eq!(skus[0].buyers, used);
    assert_eq!((skus[1].ledger, skus[1].campaigns.len(), skus[1].buyers.len()), (None, 0, 0));

    // the hottest are among the SKUs with a campaign, and those of the newest orders
    let hottest = bench.store.hottest(3).await.expect("it reads");
    let named: Vec<&str> = hottest.iter().map(|u| &*u.unt_id).collect();
    assert_eq!((&hottest[0], named), (&batch.units[1], vec!["u-2", "u-1"]));
    let mut placed = lane.batch();
    (placed.changed.ord, placed.changed.gds) =
        (vec![ord("o-1", None)], vec![GdsRow { unt_id: "u-3".into(), ..gds("o-1") }]);
    lane.done(&placed).await;
    let hottest = bench.store.hottest(3).await.expect("it reads");
    assert!(hottest.iter().any(|u| &*u.unt_id == "u-3"), "{hottest:?}");
    let found: Vec<PdGdsRow> = bench.store.products(&[]).await.expect("it reads");
    assert_eq!(found, []);
}

pub async fn histories_come_in_order(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    let mut expect = Vec::new();
    for order in ["o-1", "o-2"] {
        let events: Vec<HistRow> =
            (1..=12).map(|n| hist(order, n, &format!("{order}-command-{}", n / 2), n % 2)).collect();
        batch.hist.extend(events.iter().rev().cloned());
        expect.push(events);
    }
    lane.done(&batch).await;
    let asked = ["o-2", "o-1", "o-9"].map(OrderId::stored);
    let mut found = bench.store.orders(&asked).await.expect("it reads");
    found.sort_by(|a, b| a[0].ord_id.cmp(&b[0].ord_id));
    assert_eq!(found, expect);
}

pub async fn pages_follow_each_other(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    for (order, lines) in [("b", 3), ("B", 2), ("a-1", 4)] {
        batch.changed.gds.extend((1..=lines).map(|ord_seq| GdsRow { ord_seq, ..gds(order) }));
    }
    lane.done(&batch).await;
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = bench.store.page(table::<GdsRow>(), after, 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = Some(last[..2].to_vec());
        found.extend(page.into_iter().map(|row| GdsRow::read(&mut row.into_iter())));
    }
    let keys: Vec<(String, i64)> = found.iter().map(|g| (g.ord_id.to_string(), g.ord_seq)).collect();
    let expect = [("B", 2), ("a-1", 4), ("b", 3)];
    let expect: Vec<_> = expect.iter().flat_map(|&(o, n)| (1..=n).map(move |i| (o.to_owned(), i))).collect();
    assert_eq!(keys, expect, "in the order of bytes, in every database");
}

pub async fn gift_promotions_come_by_name_and_by_gift(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    let gift =
        |promotion: &str, sku: &str, use_yn| GftPrmUntRow { gft_prm_id: promotion.into(), unt_id: sku.into(), use_yn };
    let main = |promotion: &str, product: &str| GftPrmGdsRow {
        gft_prm_id: promotion.into(),
        gds_id: product.into(),
        use_yn: true,
    };
    let promotion = |id: &str| GftPrmRow { gft_prm_id: id.into(), ..sample::<GftPrmRow>(1) };
    batch.gft_prm = ["gp-1", "gp-2", "gp-3"].map(promotion).to_vec();
    batch.gft_prm_gds = vec![main("gp-1", "a"), main("gp-1", "b"), main("gp-2", "a"), main("gp-3", "c")];
    batch.gft_prm_unt = vec![gift("gp-1", "g", true), gift("gp-2", "g", false), gift("gp-2", "h", true)];
    lane.done(&batch).await;
    let store = &*bench.store;
    let (g, three) = (SkuId::stored("g"), PromotionId::stored("gp-3"));
    let told = |found: &[StoredGiftPromotion]| -> Vec<(String, usize, usize)> {
        found.iter().map(|p| (p.promotion.gft_prm_id.to_string(), p.mains.len(), p.gifts.len())).collect()
    };
    let (first, second) = (("gp-1".to_owned(), 2, 1), ("gp-2".to_owned(), 1, 2));
    let third = ("gp-3".to_owned(), 1, 0);
    // also those that gave it once: what was taken out is told as such
    let by_gift = store.gift_promotions(&[], std::slice::from_ref(&g)).await.expect("it reads");
    assert_eq!(told(&by_gift), [first.clone(), second.clone()]);
    assert!(!GiftPromotion::from(&by_gift[1]).gives(&g));
    let named = [three.clone(), PromotionId::stored("gp-9")];
    let by_name = store.gift_promotions(&named, &[]).await.expect("it reads");
    assert_eq!(told(&by_name), std::slice::from_ref(&third));
    let both = store.gift_promotions(&[three], &[g]).await.expect("it reads");
    assert_eq!(told(&both), [first, second, third]);
    assert!(store.gift_promotions(&[], &[]).await.expect("it reads").is_empty());
}

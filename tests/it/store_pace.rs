//! How fast one committer is: prints orders a second; asserts only that everything arrived.
//!
//! `JUMUN_PACE_ORDERS=60000 cargo test --release --test it store_pace -- --nocapture --test-threads 1` for a figure that
//! means something. An order is one row
//! each in order, line, settlement, approval, fee, history and ledger; a batch moves one hot SKU once. Ids that grow with
//! time (UUIDv7, a sequence) touch a few index pages a batch; random ones touch some pages for every row.

use std::{sync::Arc, time::Instant};

use jumun::store::{
    Batch, Commit, LeaseAnswer, Store, UnitMove,
    rows::{AprvRow, FeeRow, GdsRow, HistRow, LdgrRow, OrdRow, StlmRow},
    table,
};

use crate::{
    store_contract::rows::{sample, unit},
    support::servers,
};

/// Short ids and the nulls of a fresh, paid, one-line order, as in a flash sale.
struct Model {
    hist: HistRow,
    ord: OrdRow,
    gds: GdsRow,
    stlm: StlmRow,
    aprv: AprvRow,
    fee: FeeRow,
    ldgr: LdgrRow,
}

fn model() -> Model {
    let text = |s: &str| -> Arc<str> { s.into() };
    let event =
        format!("{{\"lines\":[{{\"sku\":\"sku-hot\",\"qty\":1,\"price\":9900}}],\"note\":\"{}\"}}", "x".repeat(120));
    Model {
        hist: HistRow {
            cmd_dgst: text(&"ab".repeat(16)),
            evnt_typ_cd: "PLACED".into(),
            evnt: text(&event),
            actr: text("door"),
            ord_stat_cd: "ORDERED".into(),
            ansr: None,
            strm_entr: Some(text("1780000000000-0")),
            cmd_evnt_no: 0,
            hist_no: 1,
            ..sample::<HistRow>(1)
        },
        ord: OrdRow {
            prtn_no: 0,
            cust_id: text("customer-1"),
            ord_stat_cd: "ORDERED".into(),
            pay_ddln_dttm: None,
            due_dttm: None,
            ..sample::<OrdRow>(1)
        },
        gds: GdsRow {
            ord_seq: 1,
            unt_id: text("sku-hot"),
            gds_id: text("product-1"),
            ord_stat_cd: "ORDERED".into(),
            dlv_sub_stat_cd: None,
            main_ord_seq: None,
            gft_prm_id: None,
            gft_rsn_cd: None,
            org_ord_seq: None,
            cmpn_id: Some(text("campaign-1")),
            stck_plcy_cd: "HOLD".into(),
            prm_id: None,
            cpn_id: None,
            rfnd_tmng_cd: None,
            dlv_prep_dttm: None,
            dlv_strt_dttm: None,
            dlv_cmpl_dttm: None,
            carr_dlv_cmpl_dttm: None,
            rvn_dttm: None,
            ..sample::<GdsRow>(1)
        },
        stlm: StlmRow { stlm_no: 1, pay_mns_cd: "CARD".into(), ..sample::<StlmRow>(1) },
        aprv: AprvRow {
            aprv_tkn: Some(text("token-0123456789")),
            vrtl_acct_no: None,
            bank_cd: None,
            ..sample::<AprvRow>(1)
        },
        fee: FeeRow {
            dlv_fee_no: 1,
            ptnr_id: text("partner-1"),
            dlv_tmpl_id: text("t-1"),
            fee_rsn_cd: "CHARGED".into(),
            ..sample::<FeeRow>(1)
        },
        ldgr: LdgrRow {
            unt_id: text("sku-hot"),
            cmpn_id: Some(text("campaign-1")),
            cust_id: Some(text("customer-1")),
            ord_seq: Some(1),
            mvmt_rsn: None,
            ..sample::<LdgrRow>(1)
        },
    }
}

fn orders(model: &Model, epoch: i64, first: i64, size: i64, stock: i64, random: bool) -> Batch {
    let mut batch = Batch { epoch, ..Batch::default() };
    for n in first..first + size {
        let id = if random { n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()) } else { n };
        let ord_id: Arc<str> = format!("o-{random}-{id:016x}").into();
        let (cmd_id, aprv_id): (Arc<str>, Arc<str>) = (format!("c-{ord_id}").into(), format!("a-{ord_id}").into());
        batch.hist.push(HistRow { ord_id: ord_id.clone(), cmd_id: cmd_id.clone(), ..model.hist.clone() });
        batch.changed.ord.push(OrdRow { ord_id: ord_id.clone(), ..model.ord.clone() });
        batch.changed.gds.push(GdsRow { ord_id: ord_id.clone(), ..model.gds.clone() });
        batch.changed.stlm.push(StlmRow {
            ord_id: ord_id.clone(),
            pay_mns_rel_id: Some(aprv_id.clone()),
            ..model.stlm.clone()
        });
        batch.changed.aprv.push(AprvRow { ord_id: ord_id.clone(), aprv_id, ..model.aprv.clone() });
        batch.changed.fee.push(FeeRow { ord_id: ord_id.clone(), ..model.fee.clone() });
        batch.ldgr.push(LdgrRow { ldgr_no: n + 1, ord_id: Some(ord_id), cmd_id, ..model.ldgr.clone() });
    }
    let left = stock - first - size;
    let (unt_id, ldgr_no) = ("sku-hot".into(), first + size);
    batch.moves = vec![UnitMove {
        unt_id,
        stck_dlt: -size,
        hold_dlt: 0,
        sold_dlt: size,
        rstk_dlt: 0,
        ldgr_no,
        expect_stck: left,
    }];
    batch
}

async fn pace(store: &dyn Store) {
    const STOCK: i64 = 100_000_000;
    store.migrate().await.expect("it migrates");
    let lease = store.acquire(0, "pace", std::time::Duration::from_secs(600)).await.expect("an answer");
    let LeaseAnswer::Granted(lease) = lease else { panic!("{lease:?}") };
    let mut committer = store.committer(lease.clone()).await.expect("a committer");
    let batch = Batch { epoch: lease.epoch, units: vec![unit("sku-hot", STOCK)], ..Batch::default() };
    assert!(matches!(committer.commit(&batch).await, Ok(Commit::Done(_))));
    let (model, mut next) = (model(), 0);
    let total: i64 = match std::env::var("JUMUN_PACE_ORDERS") {
        Ok(orders) => orders.parse().expect("a multiple of 1,000"),
        Err(_) => 2_000,
    };
    for (random, size) in [(false, 100), (false, 500), (false, 1_000), (true, 100), (true, 1_000)] {
        let batches: Vec<Batch> =
            (0..total / size).map(|i| orders(&model, lease.epoch, next + i * size, size, STOCK, random)).collect();
        let (begun, mut slowest) = (Instant::now(), std::time::Duration::ZERO);
        for batch in &batches {
            let one = Instant::now();
            let outcome = committer.commit(batch).await;
            slowest = slowest.max(one.elapsed());
            assert!(matches!(&outcome, Ok(Commit::Done(done)) if done.external.is_empty()), "{outcome:?}");
        }
        let took = begun.elapsed();
        next += total / size * size;
        let pace = u128::try_from(total).expect("positive") * 1_000_000 / took.as_micros().max(1);
        let each = took.as_micros() / u128::try_from(batches.len()).expect("few");
        let ids = if random { "random" } else { "growing" };
        let kind = store.kind();
        println!("{kind}: {ids} ids, batches of {size}: {pace} orders/s, {each} µs a commit, slowest {slowest:?}");
    }
    let page = store.page(table::<OrdRow>(), None, 1_000_000).await.expect("a page");
    assert_eq!(i64::try_from(page.len()), Ok(next));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_pace() {
    pace(&*jumun::store::open(&servers::fresh_database().await).await.expect("it opens")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_pace() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", dir.path().join("jumun.db").display());
    pace(&*jumun::store::open(&url).await.expect("it opens")).await;
}

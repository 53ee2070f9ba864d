//! Databases of before: ids that two commands have taken already stay, and the checker reports them.

use jumun::{
    domain::ids::CommandId,
    store::{self, rows::HistRow, table},
};

use super::{On, Scene, of, run, with_id};
use crate::support::everything::sql;

/// The kind: data of before the upgrade. The migration goes through, whatever is there; ids of before are kept apart from
/// orders' from then on, pairs are told as R2, and nothing else is red.
pub async fn existing_pairs_stay(on: On) {
    let mut s = Scene::open(on, 2, "").await;
    let place = s.place("o-a", &[1], true);
    s.ok(place);
    s.ok(with_id(of("o-a", "prepare"), "taken-twice"));
    s.ok(with_id(s.receive(0), "of-before-01"));
    s.served.kill9();
    let url = s.setting.database.clone();
    let before = [
        "DELETE FROM tb_od_ord_hist WHERE ord_id >= '~'",
        "DELETE FROM _sqlx_migrations WHERE version = 9",
        "INSERT INTO tb_sy_cmd (cmd_id, cmd_dgst, cmd_typ_cd, prtn_no, actr, ansr, strm_entr, cmd_dttm) \
         SELECT 'taken-twice', cmd_dgst, cmd_typ_cd, prtn_no, actr, ansr, NULL, cmd_dttm FROM tb_sy_cmd \
         WHERE cmd_id = 'of-before-01'",
    ];
    sql(&url, &before).await;
    let verify = || run(&["verify", "--database", &url]);
    let (_, report) = verify();
    let store = store::open(&url).await.unwrap();
    store.migrate().await.unwrap_or_else(|e| panic!("{e}; before: {report}"));
    let ids = ["taken-twice", "of-before-01"].map(CommandId::stored);
    assert_eq!(store.outcomes(&ids).await.unwrap().len(), 3, "both of the pair are kept");
    let rows = store.page(table::<HistRow>(), None, 10_000).await.unwrap();
    assert!(rows.iter().any(|r| format!("{r:?}").contains("~of-before-01")), "its id has its place");
    drop(store);
    let (status, report) = verify();
    assert_eq!(status, Some(1), "{report}");
    assert!(report.contains("taken-twice: it took effect in order o-a and outside"), "{report}");
    assert!(!report.contains("of-before-01"), "{report}");
    s.served = s.setting.start();
    s.served.ready().await;
    s.address = s.served.address().expect("it says where");
    s.reused(with_id(of("o-a", "prepare"), "of-before-01"));
    assert_eq!(s.served.metric("jumun_lane_resets_total"), 0.0);
}

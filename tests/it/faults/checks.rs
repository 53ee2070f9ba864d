//! What must hold at rest, found with the journal of what was sent, the streams, and plain SQL: nothing of the program
//! under test judges itself here.

use std::collections::{BTreeMap, HashMap, HashSet};

use jumun::{
    log::Outbound,
    protocol::{Answer, OutcomeKind, event::Published},
};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::Scene;

/// Rows that must not exist: what is wrong with them, and the query that finds them (its first column names one).
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "R2: a command's events are not numbered from 0",
        "SELECT cmd_id FROM tb_od_ord_hist GROUP BY cmd_id \
        HAVING count(*) <> max(cmd_evnt_no) + 1 OR count(DISTINCT ord_id) > 1",
    ),
    (
        "R2: a command id stands for two things",
        "SELECT cmd_id FROM tb_sy_cmd JOIN tb_od_ord_hist USING (cmd_id) WHERE ord_id < '~'",
    ),
    ("R3: a ledger has a gap", "SELECT unt_id FROM tb_pd_unt_ldgr GROUP BY unt_id HAVING count(*) <> max(ldgr_no)"),
    (
        "R3: a ledger's balance does not follow",
        "SELECT unt_id || ' ' || ldgr_no FROM (SELECT *, \
        sum(stck_dlt) OVER w AS s, sum(hold_dlt) OVER w AS h, sum(sold_dlt) OVER w AS d FROM tb_pd_unt_ldgr \
        WINDOW w AS (PARTITION BY unt_id ORDER BY ldgr_no)) AS l WHERE (s, h, d) <> (stck_qty, hold_qty, sold_qty)",
    ),
    (
        "R3: a balance is not its ledger's last",
        "SELECT u.unt_id FROM tb_pd_unt AS u LEFT JOIN tb_pd_unt_ldgr AS l \
        ON (l.unt_id, l.ldgr_no) = (u.unt_id, u.ldgr_no) WHERE u.ldgr_no > 0 AND \
        (l.stck_qty, l.hold_qty, l.sold_qty) IS DISTINCT FROM (u.stck_qty, u.hold_qty, u.sold_qty)",
    ),
    (
        "R3: what came back is not what the ledger says",
        "SELECT u.unt_id FROM tb_pd_unt AS u LEFT JOIN (SELECT unt_id, sum(mvmt_qty) AS back FROM tb_pd_unt_ldgr \
        WHERE mvmt_cd = 'RESTOCK' GROUP BY unt_id) AS r USING (unt_id) WHERE u.rstk_qty <> coalesce(r.back, 0)",
    ),
    ("R3: something is negative", "SELECT unt_id FROM tb_pd_unt WHERE least(stck_qty, hold_qty, sold_qty) < 0"),
    (
        "R3: what is held is not what open orders hold",
        "SELECT u.unt_id FROM tb_pd_unt AS u LEFT JOIN \
        (SELECT unt_id, sum(hold_qty) AS held FROM tb_od_ord_gds GROUP BY unt_id) AS g USING (unt_id) \
        WHERE u.hold_qty <> coalesce(g.held, 0)",
    ),
    (
        "R3: what is sold is not what orders have deducted",
        "SELECT u.unt_id FROM tb_pd_unt AS u LEFT JOIN \
        (SELECT unt_id, sum(dduct_qty) AS sold FROM tb_od_ord_gds GROUP BY unt_id) AS g USING (unt_id) LEFT JOIN \
        (SELECT unt_id, sum(mvmt_qty) AS back FROM tb_pd_unt_ldgr WHERE mvmt_cd = 'RESTOCK' GROUP BY unt_id) AS r \
        USING (unt_id) WHERE u.sold_qty - coalesce(r.back, 0) <> coalesce(g.sold, 0)",
    ),
    (
        "R7: an order's history has a gap",
        "SELECT o.ord_id FROM tb_od_ord AS o LEFT JOIN tb_od_ord_hist AS h \
        USING (ord_id) GROUP BY o.ord_id, o.ord_ver HAVING count(h.hist_no) <> o.ord_ver \
        OR max(h.hist_no) IS DISTINCT FROM o.ord_ver",
    ),
    (
        "R7: a history has no order",
        "SELECT h.ord_id FROM tb_od_ord_hist AS h LEFT JOIN tb_od_ord AS o \
        USING (ord_id) WHERE o.ord_id IS NULL AND h.ord_id < '~'",
    ),
    (
        "R8: money does not add up",
        "SELECT ord_id FROM tb_od_stlm WHERE pay_amt <> \
        rfnd_psbl_amt + rfnd_plan_amt + rfnd_excl_amt + rfnd_amt OR \
        least(pay_amt, rfnd_psbl_amt, rfnd_plan_amt, rfnd_excl_amt, rfnd_amt) < 0",
    ),
    (
        "R9: a line has more out than in",
        "SELECT ord_id FROM tb_od_ord_gds WHERE cncl_qty + rtn_qty + exch_qty > ord_qty",
    ),
    (
        "R10: two terminal events",
        "SELECT ord_id FROM tb_od_ord_hist WHERE evnt_typ_cd IN \
        ('payment_expired', 'payment_cancelled') GROUP BY ord_id HAVING count(*) > 1",
    ),
    (
        "R11: a reservation is still held for an order that holds nothing",
        "SELECT r.rsv_id FROM tb_sy_rsv AS r \
        LEFT JOIN (SELECT ord_id, sum(hold_qty) AS held FROM tb_od_ord_gds GROUP BY ord_id) AS g USING (ord_id) \
        WHERE r.rsv_stat_cd = 'HELD' AND coalesce(g.held, 0) = 0",
    ),
    (
        "R11: all or nothing, and got a part",
        "SELECT o.ord_id FROM tb_od_ord AS o JOIN tb_od_ord_gds AS g USING (ord_id) \
        WHERE NOT o.part_alw_yn AND g.cncl_qty = 0 GROUP BY o.ord_id HAVING \
        count(*) FILTER (WHERE g.hold_qty + g.dduct_qty > 0) NOT IN (0, count(*))",
    ),
    ("a step was never sent", "SELECT otbx_id FROM tb_sy_otbx WHERE otbx_dttm < now() - interval '20 seconds'"),
];

/// Everything that is wrong; nothing, where all is well.
pub async fn violations(scene: &Scene) -> Vec<String> {
    let mut sql = scene.sql().await;
    let mut found = Vec::new();
    for (what, query) in FORBIDDEN {
        let rows = sqlx::query(AssertSqlSafe((*query).to_owned())).fetch_all(&mut sql).await.expect(what);
        found.extend(rows.iter().take(5).map(|r| format!("{what}: {}", r.get::<String, _>(0))));
    }
    conserved(scene, &mut sql, &mut found).await;
    let answers = scene.client.answers().await;
    let stored = answered(scene, &mut sql, &answers, &mut found).await;
    published(scene, &mut sql, &mut found).await;
    // not vacuous: work was done
    if stored == 0 {
        found.push("R12: no command was accepted at all".into());
    }
    let stats = scene.client.stats().await;
    if (stats.lag, stats.pending) != (0, 0) {
        found.push(format!("R1: not at rest: {stats:?}"));
    }
    found
}

/// R3: what came in is where it must be, by what the test itself brought in.
async fn conserved(scene: &Scene, sql: &mut PgConnection, found: &mut Vec<String>) {
    for (sku, received) in &scene.received {
        let query = "SELECT stck_qty + hold_qty + sold_qty - coalesce((SELECT sum(CASE mvmt_cd WHEN 'SHRINK' THEN \
            -mvmt_qty ELSE mvmt_qty END) FROM tb_pd_unt_ldgr AS l WHERE l.unt_id = u.unt_id AND \
            mvmt_cd IN ('RESTOCK', 'EXTERNAL', 'SHRINK')), 0)::bigint FROM tb_pd_unt AS u WHERE unt_id = $1";
        let is: Option<i64> = sqlx::query_scalar(query).bind(sku).fetch_optional(&mut *sql).await.expect("a sum");
        if is != Some(*received) {
            found.push(format!("R3: {sku} received {received} and accounts for {is:?}"));
        }
    }
}

/// R1, R2, R5: one answer an entry, all of an id alike, accepted exactly where the database knows it.
async fn answered(scene: &Scene, sql: &mut PgConnection, answers: &[Answer], found: &mut Vec<String>) -> usize {
    let query = "SELECT cmd_id FROM tb_od_ord_hist UNION SELECT cmd_id FROM tb_sy_cmd";
    let ids = sqlx::query_scalar(query).fetch_all(&mut *sql).await.expect("ids");
    let stored: HashSet<String> = ids.into_iter().collect();
    // a placement that another lane refused is rejected, and has a history that says so
    let query = "SELECT cmd_id FROM tb_od_ord_hist WHERE evnt_typ_cd = 'placement_started' AND ord_id IN \
        (SELECT ord_id FROM tb_od_ord_hist WHERE evnt_typ_cd = 'placement_failed')";
    let ids = sqlx::query_scalar(query).fetch_all(sql).await.expect("ids");
    let failed: HashSet<String> = ids.into_iter().collect();
    let mut by_id: HashMap<&str, Vec<&Answer>> = HashMap::new();
    for a in answers {
        by_id.entry(&a.command_id).or_default().push(a);
    }
    let journal = scene.client.journal();
    for (id, times) in &journal {
        let got = by_id.remove(id.as_str()).unwrap_or_default();
        if got.len() != *times {
            found.push(format!("R1: {id} was sent {times} times and answered {} times", got.len()));
        }
        // what was refused unread, as not for this stream, is no content that the id stands for
        let decided = got.iter().any(|a| a.digest.is_some());
        let passing = |a: &Answer| matches!(a.reason.as_deref(), Some("command_id_reused" | "try_again"));
        let same: Vec<&&Answer> = got.iter().filter(|a| !passing(a) && a.digest.is_some() == decided).collect();
        let Some(first) = same.first() else { continue };
        let alike = |a: &Answer| {
            let mut a = serde_json::to_value(a).expect("JSON");
            a["entry"] = serde_json::Value::Null;
            a
        };
        if let Some(other) = same.iter().find(|a| alike(a) != alike(first)) {
            found.push(format!("R2: {id} has two outcomes: {first:?} and {other:?}"));
        }
        let accepted = first.outcome == OutcomeKind::Accepted;
        if accepted != (stored.contains(id) && !failed.contains(id)) {
            let word = if accepted { "not in the database" } else { "in the database" };
            found.push(format!("R5: {id} was answered {} and is {word}", first.outcome.word()));
        }
    }
    found.extend(by_id.keys().map(|id| format!("R1: {id} was never sent and is answered")));
    journal.keys().filter(|id| stored.contains(*id)).count()
}

/// R5, R7: the events stream and the histories tell the same, each event under one id.
async fn published(scene: &Scene, sql: &mut PgConnection, found: &mut Vec<String>) {
    let rows =
        sqlx::query("SELECT ord_id, hist_no, cmd_id, evnt FROM tb_od_ord_hist WHERE ord_id < '~'").fetch_all(sql).await;
    let mut stored: BTreeMap<String, (String, serde_json::Value)> = BTreeMap::new();
    for row in rows.expect("histories") {
        let id = format!("{}/{}", row.get::<String, _>(0), row.get::<i64, _>(1));
        let event = serde_json::from_str(&row.get::<String, _>(3)).expect("an event is JSON");
        stored.insert(id, (row.get(2), event));
    }
    let mut told = HashSet::new();
    for entry in scene.client.all(&Outbound::Events).await {
        for event in serde_json::from_str::<Vec<Published>>(&entry.json).expect("events") {
            match stored.get(&event.event_id) {
                Some((command, stored)) if **command == *event.command_id && *stored == event.event => {}
                other => {
                    found.push(format!("R5: event {} was published as {event:?}, stored {other:?}", event.event_id))
                }
            }
            told.insert(event.event_id);
        }
    }
    let silent: Vec<&String> = stored.keys().filter(|id| !told.contains(*id)).collect();
    if !silent.is_empty() {
        found.push(format!(
            "R7: {} events were never published, such as {:?}",
            silent.len(),
            &silent[..silent.len().min(3)]
        ));
    }
}

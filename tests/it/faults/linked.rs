//! Linked orders over three lanes, crashed at each step of what they tell one another: the child's placement, its end, its
//! shortage, and the parent's return that stops it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Scene, lanes, place};
use crate::support::client::Sent;

/// Families: a consumer's order, the retailer's, the wholesaler's.
const FAMILIES: usize = 12;

/// What becomes of a family.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// the wholesaler has the goods: done from the far end to the near
    Done,
    /// it has none: out of stock from the far end to the near
    Short,
    /// the consumer returns what had not shipped: the children stop
    Returned,
}

fn end(i: usize) -> End {
    [End::Done, End::Short, End::Returned][i % 3]
}

fn with(mut command: Value, more: Value) -> Value {
    if let (Value::Object(command), Value::Object(more)) = (&mut command, more) {
        command.extend(more);
    }
    command
}

/// A command of a family's order: the consumer's in lane 0, the retailer's in 1, the wholesaler's in 2.
fn of(i: usize, generation: u32, kind: &str, more: Value) -> Sent {
    let order = format!("o-fam-{i}{}", "::1".repeat(generation as usize));
    let command = json!({"id": format!("fam-{i:02}-{generation}-{kind}"), "type": kind, "order_id": order,
        "actor": "operator:test"});
    Sent::new(generation, &with(command, more))
}

fn buy(i: usize, generation: u32, partner: &str, sku: &str) -> Sent {
    let lines = json!([{"line_no": 1, "sku_id": sku}]);
    of(i, generation, "purchase_from_partner", json!({"partner_id": partner, "lines": lines}))
}

fn ending(i: usize) -> Vec<Sent> {
    match end(i) {
        End::Done => ["prepare", "use_own_stock", "complete_procurement"].map(|c| of(i, 2, c, json!({}))).into(),
        End::Short => vec![of(i, 2, "confirm_stock", json!({"lines": [{"line_no": 1, "available": 0}]}))],
        End::Returned => vec![
            of(
                i,
                0,
                "request_return",
                json!({"lines": [{"line_no": 1, "quantity": 2}], "reason": "change_of_mind",
                "fault": "buyer"}),
            ),
            of(i, 0, "approve_return", json!({"claim_group": 1})),
        ],
    }
}

impl Scene {
    /// A stage of the families' lives: a third of its commands until a crash at `point`, a third more until another, the
    /// rest undisturbed; then `reached` comes to what it must.
    async fn stage(&self, point: &str, commands: &[Sent], reached: (&'static str, i64)) {
        let thirds: Vec<&[Sent]> = commands.chunks(commands.len().div_ceil(3)).collect();
        // a lane settles once as it starts, with what an earlier owner had not sent
        let starts = if point.ends_with("settle") { 3 } else { 0 };
        for (some, nth) in thirds.iter().take(2).zip([2, 5]) {
            let crashing = self.server().failing(&format!("{point}={}*off->return", nth + starts)).start();
            // a command a time: each has a commit of its own to crash at
            let ((), ()) = tokio::join!(self.client.trickle(some, 1, Duration::from_millis(60)), crashing.aborts());
        }
        let server = self.server().start();
        server.ready().await;
        self.client.send(thirds[2]).await;
        let (query, wanted) = reached;
        let begun = Instant::now();
        while self.count(query).await != wanted {
            assert!(begun.elapsed() < Duration::from_secs(40), "{query}: {} of {wanted}", self.count(query).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.client.rest().await;
        let mut server = server;
        server.kill9();
    }
}

const LINKED: &str = "SELECT count(*) FROM tb_od_lnk WHERE lnk_stat_cd = 'OPEN'";
const SETTLED: &str = "SELECT count(*) FROM tb_od_lnk WHERE lnk_stat_cd IN ('DONE', 'ENDED', 'CANCELLED')";

async fn crashed(point: &str) {
    let mut scene = Scene::new(3).await;
    let skus = lanes::skus();
    let setting = scene.server();
    let mut server = scene.stocked(&setting, &[(&skus[0], 1_000)]).await;
    let set = |lane: u32, kind: &str, id: &str, more: Value| {
        let command = json!({"id": format!("set-{kind}-{id}"), "type": kind, "actor": "operator:test"});
        Sent::new(lane, &with(command, more))
    };
    let partner =
        |id: &str, kind: &str| set(0, "create_partner", id, json!({"partner_id": id, "name": id, "kind": kind}));
    scene.client.accepted(&[partner("r-1", "retailer"), partner("w-1", "wholesaler")]).await;
    let goods = |lane: usize, holder: &str| {
        let sku = &skus[lane];
        let lane = u32::try_from(lane).expect("few");
        let made = json!({"sku_id": sku, "product_id": "g-1", "option_name": "one", "holder_id": holder});
        [set(lane, "create_sku", sku, made), set(lane, "receive_stock", sku, json!({"sku_id": sku, "quantity": 1_000}))]
    };
    scene.client.accepted(&[goods(1, "r-1"), goods(2, "w-1")].concat()).await;
    let more = [(skus[1].clone(), 1_000), (skus[2].clone(), 1_000)];
    scene.received.extend(more);
    scene.client.rest().await;
    server.kill9();

    let n = i64::try_from(FAMILIES).expect("few");
    let begin = |i: usize| {
        let placed = place(&format!("fam-{i:02}-place"), &format!("o-fam-{i}"), i, &[(&skus[0], 2)], true);
        [Sent::new(0, &placed), of(i, 0, "prepare", json!({})), buy(i, 0, "r-1", &skus[1])]
    };
    let begun: Vec<Sent> = (0..FAMILIES).flat_map(begin).collect();
    scene.stage(point, &begun, (LINKED, n)).await;
    let further = |i: usize| [of(i, 1, "prepare", json!({})), buy(i, 1, "w-1", &skus[2])];
    let further: Vec<Sent> = (0..FAMILIES).flat_map(further).collect();
    scene.stage(point, &further, (LINKED, 2 * n)).await;
    let ended: Vec<Sent> = (0..FAMILIES).flat_map(ending).collect();
    scene.stage(point, &ended, (SETTLED, 2 * n)).await;

    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
    for (id, answer) in scene.client.outcomes().await {
        assert_eq!(answer.reason, None, "{id}: {answer:?}");
    }
    // what each generation of each family has come to
    let mut sql = scene.sql().await;
    for i in 0..FAMILIES {
        let query = "SELECT ord_stat_cd FROM tb_od_ord WHERE ord_id = $1 OR ord_id LIKE $1 || '::%' ORDER BY ord_id";
        let family: Vec<String> =
            sqlx::query_scalar(query).bind(format!("o-fam-{i}")).fetch_all(&mut sql).await.expect("it reads");
        let wanted = match end(i) {
            End::Done => ["PROCUREMENT_DONE"; 3],
            End::Short => ["OUT_OF_STOCK"; 3],
            // what was prepared is returned, what was not is cancelled
            End::Returned => ["RETURNED", "RETURNED", "CANCELLED"],
        };
        assert_eq!(family, wanted, "family {i}");
    }
    // each word was taken once: a link moves from asked to open and from there to its end
    let words = "SELECT count(*) FROM tb_od_ord_hist WHERE evnt_typ_cd = 'link_changed' AND ord_id LIKE 'o-fam-%'";
    assert!(scene.count(words).await <= 4 * n + n, "{} words were taken", scene.count(words).await);
    let twice = "SELECT count(*) FROM (SELECT 1 FROM tb_od_ord_hist WHERE evnt_typ_cd IN ('link_changed', 'linked', \
        'procurement_completed', 'cut', 'return_completed') GROUP BY ord_id, evnt_typ_cd, evnt HAVING count(*) > 1) AS t";
    assert_eq!(scene.count(twice).await, 0, "something happened twice");
    let orders = "SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-fam-%'";
    assert_eq!(scene.count(orders).await, 3 * n);
}

#[tokio::test]
async fn linked_orders_crashed_before_the_commit_of_a_word() {
    crashed("before_commit").await;
}

#[tokio::test]
async fn linked_orders_crashed_after_the_commit_of_a_word() {
    crashed("after_commit").await;
}

#[tokio::test]
async fn linked_orders_crashed_before_a_word_is_acknowledged() {
    crashed("before_settle").await;
}

#[tokio::test]
async fn linked_orders_crashed_after_a_word_is_acknowledged() {
    crashed("after_settle").await;
}

//! (b), and what it shares with (d): Redis decides. A script takes the unit and appends the order to a stream, workers write it down later.
//!
//! Neither dedupes, fences or recovers: a command sent twice is sold twice, what a dead worker had read stays pending,
//! and a Redis that loses its last second sells those units again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jumun::tools::load::{
    CommandSource,
    scenario::Scenario,
    workload::{Sku, Workload},
};
use redis::{Value, aio::MultiplexedConnection};
use serde::Deserialize;
use sqlx::{Connection, PgConnection};

use crate::{
    Sample,
    closed::Statements,
    rows::{Order, TOTAL, rows},
    servers::Servers,
};

/// The orders' stream, the answers', the units left, and the workers' group.
pub const STREAM: &str = "versus:commands";
pub const ANSWERS: &str = "versus:answers";
pub const STOCK: &str = "versus:stock";
pub const GROUP: &str = "versus";
const SKU: &str = "s-0";

/// Answers in one entry.
const ANSWERS_PER_ENTRY: usize = 128;

/// One call a deduction: the remainder goes with the order, so that workers can number the ledger without asking.
const SCRIPT: &str = "local left = redis.call('DECR', KEYS[1])
if left < 0 then redis.call('INCR', KEYS[1]) return -1 end
return redis.call('XADD', KEYS[2], '*', 'command', ARGV[1], 'left', left)";

/// What a worker reads of a command.
#[derive(Deserialize)]
struct Command {
    id: String,
    order_id: String,
    customer_id: String,
    lines: Vec<Line>,
    payment: Payment,
}
#[derive(Deserialize)]
struct Line {
    sku_id: String,
    quantity: i64,
}
#[derive(Deserialize)]
struct Payment {
    settlements: Vec<Settlement>,
}
#[derive(Deserialize)]
struct Settlement {
    amount: i64,
    approval: Approval,
}
#[derive(Deserialize)]
struct Approval {
    approval_id: String,
    token: String,
}

/// Stock, stream, group and script; gives the script's hash.
pub async fn prepare(servers: &Servers) -> Result<String> {
    let mut redis = servers.redis().await?;
    let _: () = redis::cmd("SET").arg(STOCK).arg(TOTAL).query_async(&mut redis).await?;
    let _: () = redis::cmd("XGROUP")
        .arg("CREATE")
        .arg(STREAM)
        .arg(GROUP)
        .arg("0")
        .arg("MKSTREAM")
        .query_async(&mut redis)
        .await?;
    Ok(redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).query_async(&mut redis).await?)
}

/// Orders of one unit of the hot SKU.
pub fn workload() -> Result<Workload> {
    Ok(Workload::new(&Scenario::named("hot")?, vec![Sku { id: SKU.into(), partition: 0 }], "versus", 1)?)
}

/// What an order comes to.
const PRICE: i64 = 10_000;

fn decode(reply: &Value) -> Result<Vec<Order>> {
    let now = crate::now();
    let mut orders = Vec::new();
    // nothing came within the block
    let Value::Array(streams) = reply else { return Ok(orders) };
    for stream in streams {
        let Value::Array(pair) = stream else { continue };
        let [_, Value::Array(entries)] = pair.as_slice() else { continue };
        for entry in entries {
            let Value::Array(pair) = entry else { continue };
            let [Value::BulkString(id), Value::Array(fields)] = pair.as_slice() else { continue };
            let [_, Value::BulkString(json), _, Value::BulkString(left)] = fields.as_slice() else { continue };
            orders.push(order(id, json, left, now)?);
        }
    }
    Ok(orders)
}

fn order(id: &[u8], json: &[u8], left: &[u8], now: chrono::DateTime<chrono::Utc>) -> Result<Order> {
    let command: Command = serde_json::from_slice(json)?;
    let line = command.lines.into_iter().next().context("no line")?;
    let paid = command.payment.settlements.into_iter().next().context("no settlement")?;
    anyhow::ensure!(paid.amount == PRICE, "an order of {} won, where the rows say {PRICE}", paid.amount);
    let n = command.id.rsplit('-').next().and_then(|n| n.parse().ok()).context("no number")?;
    let left: i64 = std::str::from_utf8(left)?.parse()?;
    let base = Order::new(rows()?, "x", n, &line.sku_id, std::str::from_utf8(id)?, now);
    Ok(Order {
        ord_id: command.order_id,
        cust_id: command.customer_id,
        qty: line.quantity,
        cmd_id: command.id,
        aprv_id: paid.approval.approval_id,
        tkn: paid.approval.token,
        stck: left,
        ldgr_no: TOTAL - left,
        ..base
    })
}

fn answer(order: &Order) -> String {
    format!(
        r#"{{"command_id":"{}","order_id":"{}","partition":0,"outcome":"accepted","order_status":"ORDERED","order_version":1,"reason":null,"message":null,"facts":{{"ledger":{}}},"entry":"{}"}}"#,
        order.cmd_id, order.ord_id, order.ldgr_no, order.entr
    )
}

/// Acknowledges and answers, pipelined.
pub async fn settle(redis: &mut MultiplexedConnection, orders: &[Order]) -> Result<()> {
    let mut pipe = redis::pipe();
    let ack = pipe.cmd("XACK").arg(STREAM).arg(GROUP);
    for order in orders {
        ack.arg(&order.entr);
    }
    ack.ignore();
    for chunk in orders.chunks(ANSWERS_PER_ENTRY) {
        let answers: Vec<String> = chunk.iter().map(answer).collect();
        pipe.cmd("XADD").arg(ANSWERS).arg("*").arg("answers").arg(format!("[{}]", answers.join(","))).ignore();
    }
    let _: () = pipe.query_async(redis).await?;
    Ok(())
}

/// What is new, up to `count` entries, waiting 100 ms for the first.
pub async fn read(redis: &mut MultiplexedConnection, consumer: &str, count: usize) -> Result<Vec<Order>> {
    let reply: Value = redis::cmd("XREADGROUP")
        .arg("GROUP")
        .arg(GROUP)
        .arg(consumer)
        .arg("COUNT")
        .arg(count)
        .arg("BLOCK")
        .arg(100)
        .arg("STREAMS")
        .arg(STREAM)
        .arg(">")
        .query_async(redis)
        .await?;
    decode(&reply)
}

/// (b): `workers` workers draining a full stream for `time`, one transaction an order.
///
/// Draining is this rival's best: no producer competes with it for the processor. Its workers leave `tb_pd_unt` alone
/// (Redis is where the stock is), which spares them the hot row: the faster variant.
pub async fn workers(servers: &Servers, workers: usize, time: Duration) -> Result<Sample> {
    let url = servers.fresh().await?;
    crate::closed::prepare(&url, 1, TOTAL).await?;
    let sha = prepare(servers).await?;
    // more than it can drain
    let fill = 12_000 * (time.as_secs() + time.as_secs() / 4 + 2);
    let mut redis = servers.redis().await?;
    let source = workload()?;
    let (mut n, mut json) = (0, Vec::new());
    while n < fill {
        let mut pipe = redis::pipe();
        for _ in 0..500 {
            json.clear();
            source.put(n, "drain", &mut json);
            pipe.cmd("EVALSHA").arg(&sha).arg(2).arg(STOCK).arg(STREAM).arg(json.as_slice()).ignore();
            n += 1;
        }
        let _: () = pipe.query_async(&mut redis).await?;
    }
    let (stop, done, began) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Instant::now());
    let statements = Arc::new(Statements::new()?);
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..workers {
        let (mut redis, mut db) = (servers.redis().await?, PgConnection::connect(&url).await?);
        let (stop, done, statements) = (Arc::clone(&stop), Arc::clone(&done), Arc::clone(&statements));
        tasks.spawn(async move {
            let consumer = format!("w{worker}");
            while !stop.load(Ordering::Relaxed) {
                for mut order in read(&mut redis, &consumer, 10).await? {
                    statements.transaction(&mut db, &mut order, false).await?;
                    settle(&mut redis, std::slice::from_ref(&order)).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            anyhow::Ok(())
        });
    }
    tokio::time::sleep(time / 4).await;
    let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(time).await;
    let (count, took) = (done.load(Ordering::Relaxed) - before, begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    anyhow::ensure!(done.load(Ordering::Relaxed) < fill, "the stream ran dry after {:?}", began.elapsed());
    Ok(Sample::rate(count, took).with(format!("{workers} workers")))
}

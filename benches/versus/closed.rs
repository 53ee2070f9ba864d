//! (a) and (c): clients that each do one order after the other, as a shop's request handlers do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use jumun::tools::load::workload::mix;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres, postgres::PgArguments, query::Query};

use crate::{
    Sample,
    rows::{DEDUCT, FIELDS, Order, TOTAL, rows, shelf},
};

/// How an order is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// (a): BEGIN, the conditional UPDATE, the inserts one by one, COMMIT
    Transaction,
    /// (c): one call of a server-side function
    Function,
}

/// Products, SKUs and stock, and the function of (c).
pub async fn prepare(url: &str, skus: u64, stock: i64) -> Result<()> {
    let mut db = PgConnection::connect(url).await?;
    let [product, units] = shelf();
    db.execute(AssertSqlSafe(product)).await?;
    sqlx::query(AssertSqlSafe(units)).bind(i64::try_from(skus)?).bind(stock).execute(&mut db).await?;
    db.execute(AssertSqlSafe(rows()?.function())).await?;
    db.execute("VACUUM ANALYZE tb_pd_unt").await?;
    db.close().await?;
    Ok(())
}

/// A parameter of the order.
pub fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    field: &str,
    order: &'q Order,
) -> Query<'q, Postgres, PgArguments> {
    match field {
        "ord_id" => query.bind(&order.ord_id),
        "cust_id" => query.bind(&order.cust_id),
        "unt_id" => query.bind(&order.unt_id),
        "qty" => query.bind(order.qty),
        "cmd_id" => query.bind(&order.cmd_id),
        "dgst" => query.bind(&order.dgst),
        "evnt" => query.bind(&order.evnt),
        "ansr" => query.bind(&order.ansr),
        "aprv_id" => query.bind(&order.aprv_id),
        "tkn" => query.bind(&order.tkn),
        "entr" => query.bind(&order.entr),
        "rcvd" => query.bind(order.rcvd),
        "ldgr_no" => query.bind(order.ldgr_no),
        _ => query.bind(order.stck),
    }
}

/// The statements of an order as single ones, prepared once a connection.
pub struct Statements {
    inserts: Vec<(String, Vec<&'static str>)>,
    ledger: (String, Vec<&'static str>),
    call: String,
}

impl Statements {
    pub fn new() -> Result<Self> {
        let rows = rows()?;
        let numbers: Vec<String> = (1..FIELDS.len() - 1).map(|i| format!("${i}")).collect();
        Ok(Self {
            inserts: rows.order.iter().map(crate::rows::Insert::single).collect(),
            ledger: rows.ledger.single(),
            call: format!("SELECT versus_order({})", numbers.join(", ")),
        })
    }

    /// The order's rows, then its ledger's; `deduct` says whether the stock is deducted first, as (a) does.
    pub async fn transaction(
        &self,
        db: &mut PgConnection,
        order: &mut Order,
        deduct: bool,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = db.begin().await?;
        if deduct {
            let left: Option<(i64, i64)> =
                sqlx::query_as(DEDUCT).bind(&order.unt_id).bind(order.qty).fetch_optional(&mut *tx).await?;
            let Some((ldgr_no, stck)) = left else {
                tx.rollback().await?;
                return Ok(false);
            };
            (order.ldgr_no, order.stck) = (ldgr_no, stck);
        }
        for (sql, fields) in self.inserts.iter().chain([&self.ledger]) {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for field in fields {
                query = bind(query, field, order);
            }
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn function(&self, db: &mut PgConnection, order: &Order) -> Result<bool, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(self.call.as_str()));
        for (field, _) in FIELDS.iter().take(FIELDS.len() - 2) {
            query = bind(query, field, order);
        }
        sqlx::Row::try_get(&query.fetch_one(db).await?, 0)
    }
}

/// What every client of a measurement shares.
struct Run {
    how: How,
    skus: u64,
    statements: Statements,
    next: AtomicU64,
    measuring: AtomicBool,
    stop: AtomicBool,
    began: DateTime<Utc>,
}

/// `clients` clients for `time`, after a warm-up of a quarter of it.
pub async fn measure(url: &str, how: How, clients: usize, skus: u64, time: Duration) -> Result<Sample> {
    let run = Arc::new(Run {
        how,
        skus,
        statements: Statements::new()?,
        next: AtomicU64::new(0),
        measuring: AtomicBool::new(false),
        stop: AtomicBool::new(false),
        began: crate::now(),
    });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(client(PgConnection::connect(url).await?, Arc::clone(&run)));
    }
    tokio::time::sleep(time / 4).await;
    run.measuring.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    tokio::time::sleep(time).await;
    run.stop.store(true, Ordering::Relaxed);
    let took = begun.elapsed();
    let mut all = histogram()?;
    while let Some(done) = tasks.join_next().await {
        all.add(done??)?;
    }
    Ok(Sample::of(all.len(), took, &all).with(format!("{clients} clients")))
}

async fn client(mut db: PgConnection, run: Arc<Run>) -> Result<Histogram<u64>> {
    let (mut latency, rows) = (histogram()?, rows()?);
    while !run.stop.load(Ordering::Relaxed) {
        let n = run.next.fetch_add(1, Ordering::Relaxed);
        let sku = format!("s-{}", mix(n) % run.skus);
        let mut order = Order::new(rows, "closed", n, &sku, "1700000000000-0", run.began);
        let measured = run.measuring.load(Ordering::Relaxed);
        let begun = Instant::now();
        let accepted = match run.how {
            How::Transaction => run.statements.transaction(&mut db, &mut order, true).await?,
            How::Function => run.statements.function(&mut db, &order).await?,
        };
        anyhow::ensure!(accepted, "the stock of {TOTAL} ran out");
        if measured && !run.stop.load(Ordering::Relaxed) {
            latency.saturating_record(u64::try_from(begun.elapsed().as_micros())?);
        }
    }
    db.close().await?;
    Ok(latency)
}

/// Microseconds, up to a minute.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

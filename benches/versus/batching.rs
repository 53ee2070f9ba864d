//! (d), the honest rival: Redis decides, one worker writes whole batches. No dedupe, no fences, no recovery.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use jumun::tools::load::{
    LoadError, LoadPlan,
    redis_transport::{RedisTransport, Submit},
    report::Measured,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    lua::{ANSWERS, STOCK, STREAM, prepare, read, settle, workload},
    rows::{Order, TOTAL, rows},
    servers::Servers,
};

/// Orders in one bulk statement.
const BATCH: usize = 1_000;

/// (d): the batching worker, with its own connections: it reads and decodes the next batch while one is written, and
/// acknowledges the last one meanwhile.
pub struct Batching {
    stop: Arc<AtomicBool>,
    /// the worker ends after a commit, before it acknowledges
    killed: Arc<AtomicBool>,
    tasks: tokio::task::JoinSet<Result<()>>,
    door: Option<RedisTransport>,
    url: String,
    runs: u32,
}

impl Batching {
    /// On a fresh database and an empty Redis.
    pub async fn start(servers: &Servers) -> Result<Self> {
        let url = servers.fresh().await?;
        crate::closed::prepare(&url, 1, TOTAL).await?;
        let sha = prepare(servers).await?;
        let submit = Submit::Script { sha, keys: vec![STOCK.into(), STREAM.into()] };
        let redis_url = servers.redis.clone();
        let door =
            tokio::task::spawn_blocking(move || RedisTransport::custom(&redis_url, submit, vec![ANSWERS.into()]))
                .await??;
        let mut me = Self {
            stop: Arc::default(),
            killed: Arc::default(),
            tasks: tokio::task::JoinSet::new(),
            door: Some(door),
            url,
            runs: 0,
        };
        me.work(servers, "w0").await?;
        Ok(me)
    }

    /// Starts a worker of this name.
    async fn work(&mut self, servers: &Servers, consumer: &'static str) -> Result<()> {
        let (read_tx, mut read_rx) = mpsc::channel::<Vec<Order>>(1);
        let (done_tx, mut done_rx) = mpsc::channel::<Vec<Order>>(4);
        let (mut reader, mut settler) = (servers.redis().await?, servers.redis().await?);
        let mut db = PgConnection::connect(&self.url).await?;
        let (stop, killed) = (Arc::clone(&self.stop), Arc::clone(&self.killed));
        self.tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let orders = read(&mut reader, consumer, BATCH).await?;
                if !orders.is_empty() && read_tx.send(orders).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        self.tasks.spawn(async move {
            let sql = rows()?.bulk();
            while let Some(mut orders) = read_rx.recv().await {
                // what has been read meanwhile comes along
                while orders.len() < BATCH
                    && let Ok(more) = read_rx.try_recv()
                {
                    orders.extend(more);
                }
                write(&mut db, &sql, &orders).await?;
                if done_tx.send(orders).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        self.tasks.spawn(async move {
            while let Some(orders) = done_rx.recv().await {
                // killed: committed, and gone before the acknowledgement
                if killed.load(Ordering::Relaxed) {
                    break;
                }
                settle(&mut settler, &orders).await?;
            }
            Ok(())
        });
        Ok(())
    }

    /// Offers `rate` orders a second.
    pub async fn run(&mut self, rate: u64, count: u64, in_flight_max: u64, drain: Duration) -> Result<Measured> {
        self.runs += 1;
        let plan = LoadPlan { rate, count, in_flight_max, drain, tag: format!("batch{}", self.runs) };
        let (door, measured) = self.offer(plan)?.await?;
        self.door = Some(door);
        while let Some(ended) = self.tasks.try_join_next() {
            ended?.context("the batching worker died")?;
        }
        Ok(measured?)
    }

    /// Runs a plan beside the caller, who gets the door back with what was measured.
    fn offer(&mut self, plan: LoadPlan) -> Result<JoinHandle<(RedisTransport, Result<Measured, LoadError>)>> {
        let mut door = self.door.take().context("the door broke")?;
        let source = workload()?;
        Ok(tokio::task::spawn_blocking(move || {
            let measured = door.run(&plan, &source);
            (door, measured)
        }))
    }

    /// Kills the worker once, between a commit and its acknowledgement, under a load of `rate` orders a second for
    /// three seconds; another worker takes its place. Gives the orders written but never answered, and those whose
    /// units were taken but which stay with the dead worker.
    pub async fn lose_a_worker(mut self, servers: &Servers, rate: u64) -> Result<(u64, u64)> {
        let drain = Duration::from_secs(5);
        let load =
            self.offer(LoadPlan { rate, count: rate * 3, in_flight_max: 100_000, drain, tag: "killed".into() })?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.killed.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        self.killed.store(false, Ordering::Relaxed);
        self.work(servers, "w1").await?;
        let (_, measured) = load.await?;
        let unanswered = measured?.unanswered;
        self.stop.store(true, Ordering::Relaxed);
        let mut db = PgConnection::connect(&self.url).await?;
        let written: i64 = sqlx::query_scalar("SELECT count(*) FROM tb_od_ord").fetch_one(&mut db).await?;
        let lost = (rate * 3).saturating_sub(u64::try_from(written)?);
        Ok((unanswered.saturating_sub(lost), lost))
    }

    /// A producer that saw no reply sends its command again, and then 99 others. Gives the units that Redis took for
    /// the hundred commands, and how many of the others were answered.
    pub async fn send_twice(mut self, servers: &Servers) -> Result<(i64, u64)> {
        let drain = Duration::from_secs(2);
        let mut units = Vec::new();
        let mut answered = 0;
        for count in [1, 100] {
            // the same tag: the second run's first command is the first run's
            let plan = LoadPlan { rate: 100_000, count, in_flight_max: 1_000, drain, tag: "twice".into() };
            let (door, measured) = self.offer(plan)?.await?;
            self.door = Some(door);
            answered = measured?.answered;
            let left: i64 = redis::cmd("GET").arg(STOCK).query_async(&mut servers.redis().await?).await?;
            units.push(TOTAL - left);
        }
        Ok((units.last().copied().unwrap_or(0), answered))
    }

    /// Ends the worker and checks that what it answered is in the database.
    pub async fn stop(mut self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let mut db = PgConnection::connect(&self.url).await?;
        let (orders, sold): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM tb_od_ord), (SELECT sold_qty FROM tb_pd_unt)")
                .fetch_one(&mut db)
                .await?;
        anyhow::ensure!(orders == sold, "{orders} orders, {sold} units sold");
        Ok(u64::try_from(orders)?)
    }
}

async fn write(db: &mut PgConnection, sql: &str, orders: &[Order]) -> Result<()> {
    macro_rules! column {
        ($field:ident) => {
            orders.iter().map(|order| order.$field.clone()).collect::<Vec<_>>()
        };
    }
    sqlx::query(AssertSqlSafe(sql))
        .bind(column!(ord_id))
        .bind(column!(cust_id))
        .bind(column!(unt_id))
        .bind(column!(qty))
        .bind(column!(cmd_id))
        .bind(column!(dgst))
        .bind(column!(evnt))
        .bind(column!(ansr))
        .bind(column!(aprv_id))
        .bind(column!(tkn))
        .bind(column!(entr))
        .bind(column!(rcvd))
        .bind(column!(ldgr_no))
        .bind(column!(stck))
        .execute(db)
        .await?;
    Ok(())
}

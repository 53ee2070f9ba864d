//! What the parts of a lane cost by themselves: `cargo bench --bench core`, or one group by its name
//! (`cargo bench --bench core -- decide`). Figures and what they mean are in `docs/internals/performance.md`.
//!
//! | group | measures |
//! |---|---|
//! | `decide` | the pure decision of a one-line order paid by card, its events applied, its stock moved; and a refusal |
//! | `lane` | the same orders through supervisor and actors, effects and answers included, without I/O; and the rows of them |
//! | `wire` | reading a placement, writing an answer and a published event |
//! | `commit` | one commit of 1, 64 and 512 orders, on SQLite and PostgreSQL |
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measuring program: what fails here ends it, and figures are shown"
)]

#[path = "versus/servers.rs"]
#[expect(dead_code, reason = "the other bench wants more of the servers")]
mod servers;
mod support;

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jumun::{
    clock::{Clock as _, RealClock},
    domain::{
        Time,
        catalog::Policy,
        ids::{CustomerId, OrderId, SkuId},
        order::{Context, Decision, Order, OrderCommand, Quote, decide},
        stock::{Move, Movement, Stock},
    },
    history::{catalog::sku_info, effects::Effect},
    lane::commit::Sealed,
    protocol::{Kind, decode},
    store::{self, Commit, Committer, LeaseAnswer, Store},
};
use support::{CHUNK, Lane, placement, rows, shelf};
use tokio::{runtime::Runtime, task::LocalSet};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The pure core of one SKU's sale: what the actors wrap.
struct Counter {
    stock: Stock,
    quote: Quote,
    policy: Policy,
    now: Time,
}

impl Counter {
    fn new(units: i64) -> Self {
        let id = SkuId::stored("sku-0");
        let mut stock = Stock::empty(id.clone());
        let receive = Movement {
            sku_id: id,
            kind: Move::Receive,
            quantity: units,
            line_no: None,
            campaign: None,
            campaign_delta: 0,
            reason: None,
        };
        if units > 0 {
            stock.apply(&receive).expect("it fits");
        }
        let info = Arc::new(sku_info(&shelf::sku("sku-0")));
        Self { stock, quote: Quote { info, lane: 0, view: None }, policy: Policy::default(), now: RealClock.now() }
    }

    /// Looks and decides.
    fn decide(&mut self, id: &OrderId, customer: &CustomerId, command: &OrderCommand) -> Option<Decision> {
        self.quote.view = Some(self.stock.view(None, customer, self.now));
        let quotes = std::slice::from_ref(&self.quote);
        let cx = Context {
            now: self.now,
            policy: &self.policy,
            quotes,
            promotions: &[],
            gift_promotions: &[],
            partners: &[],
            lane: 0,
            taken: &[],
        };
        decide(id, None, command, &cx).ok()
    }

    /// Decides, applies the events, moves the stock.
    fn sell(&mut self, id: &OrderId, customer: &CustomerId, command: &OrderCommand) -> Option<Order> {
        let decision = self.decide(id, customer, command)?;
        let mut order = None;
        for event in &decision.events {
            Order::step(&mut order, id, event, self.now).expect("its own events fit");
        }
        for movement in &decision.movements {
            self.stock.apply(movement).expect("it looked before");
        }
        order
    }
}

fn order(n: u64) -> (OrderId, CustomerId, OrderCommand) {
    let command = decode(placement(n, 1).as_bytes()).expect("a good command");
    match command.kind {
        Kind::Order { order_id, command, .. } => (order_id, CustomerId::stored(&format!("u-{n}")), command),
        Kind::Preview { .. } | Kind::Sku(_) | Kind::Reference(_) | Kind::Internal(_) => {
            unreachable!("a placement is an order's")
        }
    }
}

fn decisions(c: &mut Criterion) {
    let (id, customer, command) = order(1);
    let mut group = c.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    group.bench_function("accepted", |b| {
        let mut counter = Counter::new(1_000_000_000);
        b.iter(|| counter.sell(&id, &customer, black_box(&command)).expect("there is plenty"));
    });
    group.bench_function("sold_out", |b| {
        let mut counter = Counter::new(0);
        b.iter(|| assert!(counter.decide(&id, &customer, black_box(&command)).is_none()));
    });
    group.finish();
}

fn lane(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("lane");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bare", |b| {
        b.iter_custom(|orders| {
            let mut counter = Counter::new(1_000_000_000);
            let mut took = Duration::ZERO;
            chunks(orders, |from, to| {
                let commands: Vec<_> = (from..to).map(order).collect();
                let begun = Instant::now();
                for (id, customer, command) in &commands {
                    black_box(counter.sell(id, customer, command));
                }
                took += begun.elapsed();
            });
            took
        });
    });
    for (name, live) in [("actors", 50_000), ("actors_few", 1_024)] {
        group.bench_function(name, |b| {
            b.iter_custom(|orders| {
                LocalSet::new().block_on(&runtime, async {
                    let mut lane = Lane::new(Arc::new(shelf::Shelf), live, 100_000);
                    let mut took = Duration::ZERO;
                    let mut from = 0;
                    while from < orders {
                        let to = orders.min(from + CHUNK as u64);
                        let entries = lane.entries((from..to).map(|n| placement(n, 1))).expect("a clock");
                        let begun = Instant::now();
                        lane.decide(entries).await.expect("decided");
                        let sealed = lane.seal();
                        lane.committed().await.expect("told");
                        took += begun.elapsed();
                        assert_eq!(changed(&sealed) as u64, to - from, "each was accepted");
                        from = to;
                    }
                    took
                })
            });
        });
    }
    group.bench_function("rows", |b| {
        b.iter_custom(|orders| {
            LocalSet::new().block_on(&runtime, async {
                let mut lane = Lane::new(Arc::new(shelf::Shelf), 1_024, 0);
                let mut took = Duration::ZERO;
                let mut from = 0;
                while from < orders {
                    let to = orders.min(from + CHUNK as u64);
                    let sealed = lane.accepted((from..to).map(|n| placement(n, 1))).await.expect("accepted");
                    lane.committed().await.expect("told");
                    let begun = Instant::now();
                    let made = rows(&sealed, 1).expect("rows");
                    took += begun.elapsed();
                    assert_eq!(made.hist.len() as u64, to - from, "each has its event");
                    from = to;
                }
                took
            })
        });
    });
    group.finish();
}

/// How many orders a batch changes.
fn changed(sealed: &Sealed) -> usize {
    sealed.effects.iter().filter(|e| matches!(e, Effect::OrderChanged(_))).count()
}

fn chunks(all: u64, mut each: impl FnMut(u64, u64)) {
    let mut from = 0;
    while from < all {
        let to = all.min(from + CHUNK as u64);
        each(from, to);
        from = to;
    }
}

fn wire(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let sealed = LocalSet::new().block_on(&runtime, async {
        let mut lane = Lane::new(Arc::new(shelf::Shelf), 1, 0);
        lane.accepted([placement(1, 1)]).await.expect("accepted")
    });
    let out = &sealed.outgoing[0];
    let (_, answer) = out.answer.as_ref().expect("answered");
    let event = &out.events[0];
    let command = placement(1, 1);
    println!(
        "wire: a placement of {} bytes, an answer of {}, a published event of {}",
        command.len(),
        answer.json().len(),
        event.published().concat().len()
    );
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode_placement", |b| b.iter(|| decode(black_box(command.as_bytes())).expect("good")));
    group.bench_function("encode_answer", |b| b.iter(|| black_box(answer).json()));
    group.bench_function("encode_event", |b| b.iter(|| black_box(event).published()));
    group.finish();
}

/// A lane on a real store, with something to sell, and its committer.
struct Till {
    lane: Lane,
    committer: Box<dyn Committer>,
    epoch: i64,
    next: u64,
}

impl Till {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let store: Arc<dyn Store> = store::open(url).await?;
        store.migrate().await?;
        let LeaseAnswer::Granted(lease) = store.acquire(0, "bench", Duration::from_secs(600)).await? else {
            anyhow::bail!("somebody else holds the lease");
        };
        let epoch = lease.epoch;
        let committer = store.committer(lease).await?;
        let mut till = Self { lane: Lane::new(store, 1_024, 0), committer, epoch, next: 0 };
        let goods = [
            r#"{"id":"t-00000001","type":"create_template","actor":"operator:b","template_id":"t-1","partner_id":"p-1","name":"parcel"}"#,
            r#"{"id":"g-00000001","type":"create_product","actor":"operator:b","product_id":"g-1","name":"goods","kind":"goods","product_type":"normal","price":10000,"partner_id":"p-1","template_id":"t-1","bundled":true,"delivery_fee":3000,"free_delivery":true,"lead_time_days":2}"#,
            r#"{"id":"s-00000001","type":"create_sku","actor":"operator:b","sku_id":"sku-0","product_id":"g-1","option_name":"one size"}"#,
            r#"{"id":"r-00000001","type":"receive_stock","actor":"operator:b","sku_id":"sku-0","quantity":1000000000}"#,
        ];
        for command in goods {
            till.sell([command.to_owned()]).await?;
        }
        Ok(till)
    }

    /// Decides and commits; how long the commit took.
    async fn sell(&mut self, commands: impl IntoIterator<Item = String>) -> anyhow::Result<Duration> {
        let sealed = self.lane.accepted(commands).await?;
        let rows = rows(&sealed, self.epoch)?;
        let begun = Instant::now();
        let end = self.committer.commit(&rows).await?;
        let took = begun.elapsed();
        anyhow::ensure!(matches!(end, Commit::Done(_)), "not committed: {end:?}");
        self.lane.committed().await?;
        Ok(took)
    }

    /// Commits `times` batches of `size` orders; how long the commits took.
    async fn batches(&mut self, times: u64, size: u64) -> anyhow::Result<Duration> {
        let mut took = Duration::ZERO;
        for _ in 0..times {
            let from = self.next;
            self.next += size;
            took += self.sell((from..self.next).map(|n| placement(n, 1))).await?;
        }
        Ok(took)
    }
}

fn commits(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let servers = servers::Servers::open().expect("private servers");
    let postgres = runtime.block_on(async {
        servers.prepare().await?;
        servers.fresh().await
    });
    let urls = [
        ("sqlite", format!("sqlite:{}", folder.path().join("bench.db").display())),
        ("postgres", postgres.expect("a database")),
    ];
    let mut group = c.benchmark_group("commit");
    group.sample_size(20);
    for (name, url) in urls {
        let local = LocalSet::new();
        let mut till = local.block_on(&runtime, Till::open(&url)).expect("a store");
        for size in [1, 64, 512] {
            group.throughput(Throughput::Elements(size));
            group.bench_with_input(BenchmarkId::new(name, size), &size, |b, &size| {
                b.iter_custom(|times| local.block_on(&runtime, till.batches(times, size)).expect("committed"));
            });
        }
    }
    group.finish();
    runtime.block_on(servers.clear()).expect("cleared");
}

fn settings() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3))
}

criterion_group! { name = core; config = settings(); targets = decisions, lane, wire, commits }
criterion_main!(core);

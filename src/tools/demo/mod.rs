//! A flash sale as it happens: a crowd of customers, each with their own ways, against a real server in this process.
//!
//! The crowd speaks to the server through the log alone, as checkouts do, so the same sale runs over the in-process log
//! and SQLite, or over Redis and PostgreSQL. At rest the database is checked.

pub mod check;
pub mod crowd;
pub mod mail;
pub mod people;
pub mod report;
pub mod screen;
pub mod tally;
pub mod words;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, log::CommandLog, store::Store};
use crowd::Crowd;
use mail::Mail;
use screen::Screen;
use words::Names;

/// What the unit costs in the sale, in won; delivery is free.
pub const PRICE: u64 = 899_000;
/// What it costs otherwise.
const LIST_PRICE: u64 = 1_290_000;
/// The partition that everything happens in: one SKU has one lane.
pub const PARTITION: u32 = 0;
/// The sale is given up when nothing was answered for so long.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// How long coming to rest may take after the last answer.
const REST_MAX: Duration = Duration::from_secs(60);

/// The sale.
#[derive(Debug, Clone, Copy)]
pub struct DemoPlan {
    pub units: u32,
    pub customers: u32,
    /// arrivals a second
    pub rate: u32,
    pub seed: u64,
    /// how long an order may stay unpaid
    pub window: Duration,
}

/// A sale that is over.
pub struct DemoSale {
    pub plan: DemoPlan,
    pub names: Names,
    pub crowd: Crowd,
    /// commands sent again because the log did not say whether it had taken them
    pub doubtful: u64,
    /// from the first arrival until everything was at rest
    pub took: Duration,
}

/// Where it happens.
pub struct DemoServers {
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
}

/// Holds the sale: sets it up, lets the crowd in, waits for rest.
///
/// # Errors
/// A sentence, when the server does not answer, or does not come to rest in bounded time.
pub async fn hold(plan: DemoPlan, place: &DemoServers, screen: &mut Screen) -> anyhow::Result<DemoSale> {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let mut mail = Mail::open(Arc::clone(&place.log), PARTITION, stop).await?;
    let names = Names { tag: format!("d{:08x}", uuid::Uuid::now_v7().as_u128() & 0xffff_ffff) };
    set_up(plan, &names, &mut mail, &*place.clock).await?;
    screen.opens(&plan);
    let start = Instant::now();
    let mut crowd = Crowd::new(plan, names.clone(), start);
    let mut heard = start;
    while !crowd.done() {
        let now = Instant::now();
        crowd.act(now, &mut mail);
        mail.flush().await?;
        tokio::select! {
            answers = mail.next() => {
                let Some(answers) = answers else { bail!("the answers ended") };
                heard = Instant::now();
                hear(&mut crowd, answers, heard);
                while let Some(more) = mail.ready() {
                    hear(&mut crowd, more, heard);
                }
            }
            () = tokio::time::sleep(Duration::from_millis(2)) => {}
        }
        if now.duration_since(heard) > STUCK_AFTER.max(plan.window * 2) {
            bail!("{} commands have no answer, and nothing came for {STUCK_AFTER:?}", crowd.unanswered());
        }
        screen.shows(&crowd, &names, place, now).await;
    }
    screen.rests();
    rest(&mut crowd, &mut mail, place, &names, screen).await?;
    let took = start.elapsed();
    screen.closes(&crowd, &names, place).await;
    Ok(DemoSale { plan, names, crowd, doubtful: mail.doubtful, took })
}

fn hear(crowd: &mut Crowd, answers: Vec<crate::protocol::Answer>, now: Instant) {
    for answer in answers {
        crowd.hear(answer, now);
    }
}

/// Template, product, SKU, stock and campaign, each once the one before is there.
async fn set_up(plan: DemoPlan, names: &Names, mail: &mut Mail, clock: &dyn Clock) -> anyhow::Result<()> {
    let (tag, sku, now) = (&names.tag, names.sku(), clock.now());
    ensure!(plan.units > 0 && plan.customers > 0 && plan.rate > 0, "a sale needs units, customers and a rate");
    let steps = [
        json!({ "type": "create_template", "template_id": format!("{tag}-t"), "partner_id": "p-demo", "name": "서울 배송" }),
        json!({
            "type": "create_product", "product_id": format!("{tag}-g"), "name": "에어컨 AC-100", "kind": "goods",
            "product_type": "normal", "price": LIST_PRICE, "partner_id": "p-demo", "template_id": format!("{tag}-t"),
            "bundled": true, "delivery_fee": 0, "free_delivery": true, "lead_time_days": 3,
        }),
        json!({ "type": "create_sku", "sku_id": sku, "product_id": format!("{tag}-g"), "option_name": "white" }),
        json!({ "type": "receive_stock", "sku_id": sku, "quantity": plan.units }),
        json!({
            "type": "create_campaign", "campaign_id": format!("{tag}-c"), "sku_id": sku, "name": "여름 특가",
            "price": PRICE, "allotted": plan.units, "limit_per_customer": 1,
            "opens_at": now - chrono::TimeDelta::minutes(1), "closes_at": now + chrono::TimeDelta::hours(12),
        }),
    ];
    for (step, n) in steps.into_iter().zip(1..) {
        let mut step = step;
        step["id"] = format!("{tag}-setup-{n}").into();
        step["actor"] = "operator:demo".into();
        mail.ask(&step).await?;
    }
    Ok(())
}

/// Waits until every deadline has passed, every refund is confirmed, and the log holds nothing unread or pending.
async fn rest(
    crowd: &mut Crowd,
    mail: &mut Mail,
    place: &DemoServers,
    names: &Names,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut calm = 0;
    // twice in a row: between the two looks of one round something may have moved
    while calm < 2 {
        while let Some(more) = mail.ready() {
            hear(crowd, more, Instant::now());
        }
        let stats = place.log.stats(PARTITION).await?;
        let far = place.clock.now() + chrono::TimeDelta::days(1);
        let due = place.store.due(PARTITION, far, 1).await?;
        calm = if stats.lag == 0 && stats.pending == 0 && due.is_empty() { calm + 1 } else { 0 };
        if begun.elapsed() > REST_MAX.max(crowd_window(crowd)) {
            bail!(
                "no rest after {REST_MAX:?}: {} commands unread, {} pending, {} orders waiting for a deadline or a refund",
                stats.lag,
                stats.pending,
                if due.is_empty() { "no" } else { "some" }
            );
        }
        screen.shows(crowd, names, place, Instant::now()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // the last answers are out; what the follower has in hand comes now
    tokio::time::sleep(Duration::from_millis(100)).await;
    while let Some(more) = mail.ready() {
        hear(crowd, more, Instant::now());
    }
    Ok(())
}

fn crowd_window(crowd: &Crowd) -> Duration {
    crowd.plan().window * 4
}

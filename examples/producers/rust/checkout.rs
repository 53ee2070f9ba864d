//! Has a checkout place orders, so many at a time, and says what became of them.
//!
//!     cargo run --example checkout -- SKU[,SKU…] ORDERS AT_ONCE
//!
//! Environment: REDIS_URL, JUMUN_NAMESPACE (jumun), JUMUN_REPLY_TO (made anew), JUMUN_ANSWER_TIMEOUT (seconds, 2).

mod model;

use std::{
    collections::{BTreeMap, HashMap},
    env,
    sync::atomic::Ordering,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use model::Checkout;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [skus, orders, at_once] = args.as_slice() else { anyhow::bail!("checkout SKU[,SKU…] ORDERS AT_ONCE") };
    let set = |name: &str, usual: String| env::var(name).unwrap_or(usual);
    let (url, namespace) = (set("REDIS_URL", "redis://127.0.0.1:6379".into()), set("JUMUN_NAMESPACE", "jumun".into()));
    let reply_to = set("JUMUN_REPLY_TO", format!("checkout-{}", Uuid::now_v7()));
    let patience = Duration::try_from_secs_f64(set("JUMUN_ANSWER_TIMEOUT", "2".into()).parse()?)?;
    let checkout = &Checkout::open(&url, &namespace, &reply_to, patience).await?;
    let skus: Vec<&str> = skus.split(',').collect();
    let (mut outcomes, mut refused) = (HashMap::<String, u32>::new(), BTreeMap::<String, u32>::new());
    let customers = skus.iter().cycle().zip(0..orders.parse::<u32>()?);
    let mut answers = stream::iter(customers)
        .map(|(sku, n)| async move { checkout.place(sku, &format!("u-{n}")).await })
        .buffer_unordered(at_once.parse()?);
    while let Some(answer) = answers.next().await {
        let outcome = answer.as_ref().map_or("unanswered", |answer| answer.outcome.as_str());
        *outcomes.entry(outcome.to_owned()).or_default() += 1;
        let [order, status, reason] =
            answer.as_ref().map_or([None; 3], |a| [&a.order_id, &a.order_status, &a.reason].map(Option::as_deref));
        println!("{outcome} {} {} {}", order.unwrap_or("-"), status.unwrap_or("-"), reason.unwrap_or("-"));
        if outcome == "rejected" {
            *refused.entry(reason.unwrap_or("-").to_owned()).or_default() += 1;
        }
    }
    let count = |outcome: &str| outcomes.get(outcome).copied().unwrap_or(0);
    let retries = checkout.retries.load(Ordering::Relaxed);
    println!(
        "{}",
        json!({"placed": count("accepted"), "refused": refused, "failed": count("failed"),
            "unanswered": count("unanswered"), "retries": retries})
    );
    Ok(())
}

//! What is sampled for Prometheus: lag, pending, stock of the hottest SKUs. The sets are bounded.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{integrations::webhook::Hooks, lane::pulse::Pulse, log::CommandLog, store::AdminStore};

/// How often.
const EVERY: Duration = Duration::from_secs(2);
/// How many SKUs have series of their own.
const HOTTEST_MAX: u32 = 10;

/// Samples until it is stopped.
pub async fn run(
    log: Arc<dyn CommandLog>,
    store: Arc<dyn AdminStore>,
    hooks: Arc<Hooks>,
    lanes: Vec<Arc<Pulse>>,
    stop: CancellationToken,
) {
    describe();
    loop {
        for (partition, lane) in (0u32..).zip(&lanes) {
            let Ok(stats) = log.stats(partition).await else { continue };
            lane.sampled(&stats);
            let p = partition.to_string();
            metrics::gauge!("jumun_stream_lag", "partition" => p.clone()).set(number(stats.lag));
            metrics::gauge!("jumun_stream_pending", "partition" => p.clone()).set(number(stats.pending));
            metrics::gauge!("jumun_stream_length", "partition" => p.clone()).set(number(stats.length));
            metrics::gauge!("jumun_dead_letters", "partition" => p).set(number(stats.dead));
        }
        if let Ok(counts) = store.hook_letter_counts().await {
            for hook in &hooks.all {
                let n = counts.iter().find(|(name, _)| **name == *hook.name).map_or(0, |(_, n)| *n);
                metrics::gauge!("jumun_webhook_failed_deliveries", "webhook" => hook.name.to_string()).set(signed(n));
            }
        }
        if let Ok(hottest) = store.hottest(HOTTEST_MAX).await {
            // the rank is the label, not the SKU: however many SKUs take turns, the series stay these
            for (unit, rank) in hottest.iter().zip(1u32..) {
                let rank = rank.to_string();
                let taken = unit.sold_qty - unit.rstk_qty + unit.hold_qty;
                let all = taken + unit.stck_qty;
                metrics::gauge!("jumun_hot_sku_stock_available", "rank" => rank.clone()).set(signed(unit.stck_qty));
                metrics::gauge!("jumun_hot_sku_sold", "rank" => rank.clone()).set(signed(unit.sold_qty));
                let net = unit.sold_qty - unit.rstk_qty;
                metrics::gauge!("jumun_hot_sku_sold_net", "rank" => rank.clone()).set(signed(net));
                metrics::gauge!("jumun_hot_sku_sell_through_permille", "rank" => rank).set(signed(if all > 0 {
                    taken * 1_000 / all
                } else {
                    0
                }));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn number(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn signed(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Says what every series means.
fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    gauge!("jumun_partition_owned", "1 where this process owns the partition, else 0");
    counter!("jumun_http_requests_total", "HTTP requests, by route and status");
    histogram!("jumun_http_seconds", "Time to the head of an HTTP response, by route");
    counter!("jumun_http_denied_total", "HTTP requests without a token that covers them");
    counter!("jumun_token_reloads_total", "times that the token file was read again because it had changed");
    counter!("jumun_http_connections_refused_total", "connections to the HTTP API beyond their bounds");
    counter!(
        "jumun_http_connections_cut_total",
        "connections whose clients took too little of what was written to them"
    );
    counter!("jumun_http_unauthenticated_throttled_total", "HTTP requests without a known token that came too fast");
    counter!("jumun_refund_requests_total", "Refund requests to the payment provider, by outcome");
    counter!("jumun_payment_callbacks_total", "Signed call-backs of the payment side, by outcome");
    histogram!("jumun_refund_seconds", "One request for a refund at the payment side");
    counter!("jumun_commands_total", "Commands answered, each once, by type and outcome");
    counter!("jumun_duplicate_commands_total", "Answers to commands that had theirs before, by type");
    counter!("jumun_events_republished_total", "Events that the log had lost and that were published again");
    counter!("jumun_refusals_total", "Commands rejected, by reason");
    counter!("jumun_activations_total", "Actors brought to life from the store, by kind");
    counter!("jumun_passivations_total", "Idle actors that left memory, by kind");
    counter!("jumun_lane_resets_total", "Times a lane was reset after a failed commit or a broken handler");
    counter!("jumun_handler_failures_total", "Times a command broke its handler and was taken out of its batch");
    counter!(
        "jumun_commands_dead_lettered_total",
        "Commands that went to the dead letters as failed, by their actor's class"
    );
    counter!(
        "jumun_commands_quarantined_total",
        "Commands that were refused because others of their kind had failed, by class"
    );
    counter!("jumun_batch_retries_total", "Batches rolled back for what was there already, and decided again");
    counter!("jumun_future_entries_total", "Commands whose entry lies in the future of the log's clock");
    counter!("jumun_dead_letters_total", "Commands that went to the dead letters");
    counter!("jumun_rows_expired_total", "Rows that were kept long enough and are gone, by table");
    counter!("jumun_external_changes_total", "Stock balances changed by another system and followed by the ledger");
    counter!("jumun_trace_spans_dropped_total", "Spans that no collector took");
    gauge!("jumun_stream_lag", "Commands that no one has read yet");
    gauge!("jumun_stream_pending", "Commands read and not acknowledged");
    gauge!("jumun_stream_length", "Commands kept in the stream");
    gauge!("jumun_dead_letters", "Dead letters kept");
    counter!("jumun_webhook_deliveries_total", "Tries to deliver events, by webhook and outcome");
    counter!("jumun_webhook_lost_total", "Times that events were dropped before a webhook delivered them");
    gauge!("jumun_webhook_lag_seconds", "Age of the events that a webhook delivers now, by partition");
    gauge!("jumun_webhook_failed_deliveries", "Events that a webhook's receiver did not accept, in failed deliveries");
    gauge!("jumun_in_flight", "Commands read and not settled");
    gauge!("jumun_live_actors", "Actors in memory, by kind");
    gauge!("jumun_hot_sku_stock_available", "Units free to sell, of the SKUs that sold most, by rank");
    gauge!("jumun_hot_sku_sold", "Sales, units that were sold again too, of the SKUs that sold most, by rank");
    gauge!("jumun_hot_sku_sold_net", "Units sold less those that came back, of the SKUs that sold most, by rank");
    gauge!("jumun_hot_sku_sell_through_permille", "Sold and held of all units, in thousandths, by rank");
    histogram!("jumun_commit_seconds", "Time of one commit");
    histogram!("jumun_batch_commands", "Commands in one commit");
    histogram!("jumun_answer_seconds", "From the command's entry to its answer");
}

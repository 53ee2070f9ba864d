//! What the feature files (`tests/scenarios`) have no words for, through the command protocol: every reason, the timeline,
//! what is written down beside an order (reservations, partitions, another system's writes). Each runs over an in-process log and
//! SQLite, and over Redis and PostgreSQL; at its end every command is asked again.

mod archive;
mod keep;
mod lanes;
mod owed;
mod payments;
mod reasons;
mod renamed;
mod sales;
mod stock;
mod stories;
mod supply;
mod terms;
mod times;

use std::time::Duration;

use jumun::domain::catalog::Policy;
use serde_json::{Value, json};

use crate::support::world::{On, Setup, World};

/// One partition, the default policy.
async fn shop(on: On) -> World {
    World::open(on, Setup::default()).await
}

/// Payment and deposit windows of so many milliseconds.
async fn hurried(on: On, partitions: u32, ms: u64) -> World {
    let window = Duration::from_millis(ms);
    let policy = Policy { payment_window: window, deposit_window: window, ..Policy::default() };
    World::open(on, Setup { partitions, policy, ..Setup::default() }).await
}

fn line(sku: &str, quantity: u32) -> Value {
    json!({"sku_id": sku, "quantity": quantity})
}

fn place(order: &str, lines: &[Value]) -> Value {
    json!({"type": "place_order", "order_id": order, "customer_id": "u-1", "lines": lines})
}

fn with(mut command: Value, key: &str, value: Value) -> Value {
    command[key] = value;
    command
}

fn settled(method: &str, amount: i64, approval: &str) -> Value {
    json!({"method": method, "amount": amount, "approval": {"approval_id": approval}})
}

fn pay(order: &str, amount: i64) -> Value {
    let settlements = [settled("card", amount, &format!("k-{order}"))];
    json!({"type": "approve_payment", "order_id": order, "settlements": settlements})
}

/// A placement that brings its card payment.
fn paid(order: &str, lines: &[Value], amount: i64) -> Value {
    let settlements = [settled("card", amount, &format!("k-{order}"))];
    with(place(order, lines), "payment", json!({"kind": "approved", "settlements": settlements}))
}

fn on_order(kind: &str, order: &str) -> Value {
    json!({"type": kind, "order_id": order})
}

fn cancel(order: &str, lines: &[u16]) -> Value {
    with(on_order("cancel_lines", order), "lines", json!(lines))
}

fn judge(order: &str, lines: &[(u16, u32)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(no, n)| json!({"line_no": no, "available": n})).collect();
    with(on_order("confirm_stock", order), "lines", json!(lines))
}

/// What a paid order goes through until its purchase is confirmed.
const ALL_THE_WAY: [&str; 6] =
    ["prepare", "use_own_stock", "complete_procurement", "ship", "mark_delivered", "confirm_purchase"];

/// Takes an order through these.
async fn go(w: &mut World, order: &str, steps: &[&str]) {
    for &step in steps {
        let command = match step {
            "ship" => with(on_order(step, order), "in_transit", true.into()),
            "mark_delivered" => with(with(on_order(step, order), "forced", true.into()), "reason", "수령 확인".into()),
            _ => on_order(step, order),
        };
        w.ok(command).await;
    }
}

/// The first refund of an order has come back.
fn refunded(order: &str) -> Value {
    with(on_order("confirm_refund", order), "refund_key", format!("rf:{order}:1").into())
}

macro_rules! scenarios {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$module::$name(crate::support::world::On::Memory).await; })+
        }
        mod real {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$module::$name(crate::support::world::On::Real).await; })+
        }
    };
}

scenarios!(
    renamed::histories_of_old_names_are_read_as_ever,
    payments::a_payment_pays_one_order,
    payments::two_lanes_that_race_for_a_payment_make_one_order,
    payments::one_batch_gives_a_payment_to_one_order,
    payments::a_reused_payment_is_refused_after_a_restart_too,
    payments::verify_is_red_where_the_register_is_not_the_histories,
    payments::tokens_and_reasons_are_where_they_belong,
    payments::deposits_of_one_amount_are_two_by_their_names,
    sales::a_campaign_made_later_takes_nothing_from_an_order,
    sales::a_gift_comes_from_the_shelf,
    terms::a_limit_is_lowered_below_what_a_customer_has,
    terms::less_is_allotted_than_was_sold_once,
    terms::more_is_allotted_after_it_was_sold_out,
    terms::a_sale_in_another_lane_is_changed,
    terms::sales_of_before_an_upgrade_go_on_under_their_terms,
    stock::what_comes_back_to_a_full_shelf_is_right,
    lanes::a_campaign_made_later_takes_nothing_in_any_lane,
    times::finer_than_the_store,
    times::of_other_centuries,
    stock::another_systems_change_is_kept,
    lanes::three_lanes_take_an_order,
    lanes::three_lanes_take_all_or_nothing,
    lanes::an_order_over_lanes_expires,
    lanes::stock_is_judged_at_payment_in_every_lane,
    lanes::a_refused_id_is_placed_again_by_another,
    lanes::a_campaign_id_is_given_once,
    lanes::the_wrong_partition_passes_it_on,
    lanes::an_idle_lane_whose_log_is_taken_over_ends,
    lanes::what_an_exchange_costs_is_told_in_any_lane,
    lanes::a_gift_by_hand_is_asked_for_in_any_lane,
    lanes::what_comes_to_nothing_is_paid_in_any_lane,
    supply::what_left_before_an_upgrade_has_left_after_it,
    stories::the_timeline_tells_what_happened_and_why_not,
    owed::older_amounts_are_corrected,
    owed::older_lines_have_the_terms_of_the_upgrade,
    owed::what_is_owed_is_told_again,
    archive::what_has_ended_is_moved_whole_and_reads_as_before,
    archive::what_comes_late_to_an_archived_order_changes_nothing,
    archive::a_lane_that_remembers_an_archived_order_does_not_go_on_with_it,
    archive::an_order_that_goes_on_meanwhile_stays,
    archive::an_order_that_another_lane_or_order_needs_stays,
    archive::a_copy_that_is_not_the_same_moves_nothing,
    keep::data_of_before_is_kept_by_the_upgrade,
    keep::whoever_is_not_needed_any_more_is_destroyed,
    keep::the_server_destroys_by_itself,
    keep::two_who_are_erased_at_once_are_both_gone_from_a_failed_delivery,
    reasons::every_reason_is_given,
    reasons::the_same_id_gets_the_first_answer,
    reasons::buyers_have_their_own_orders_only,
    reasons::what_cannot_be_read_is_kept_apart,
);

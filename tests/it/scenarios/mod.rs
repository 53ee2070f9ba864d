//! What a business sees, scenario by scenario, through the command protocol: given, when, then, with amounts in won.
//! Each runs over an in-process log and SQLite, and over Redis and PostgreSQL; at its end every command is asked again.

mod claims;
mod lanes;
mod orders;
mod reasons;
mod sales;
mod stock;
mod stories;

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

fn settled(means: &str, amount: i64, approval: &str) -> Value {
    json!({"means": means, "amount": amount, "approval": {"approval_id": approval}})
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
    with(on_order("judge_stock", order), "lines", json!(lines))
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
    orders::an_unpaid_order_holds_and_a_paid_one_has_bought,
    orders::an_order_that_brings_its_payment_is_ordered_at_once,
    orders::a_wrong_amount_is_not_a_payment,
    orders::a_declined_payment_may_be_tried_again,
    orders::a_payer_may_give_up,
    orders::an_unpaid_order_expires_after_a_restart_too,
    orders::late_money_is_taken_and_planned_for_refund,
    orders::a_deposit_is_expected_until_it_is_in,
    orders::a_late_deposit_goes_back,
    orders::a_card_may_pay_what_a_deposit_was_awaited_for,
    orders::points_and_card_pay_together_and_card_goes_back_first,
    orders::preparation_closes_the_buyers_cancellation,
    orders::policy_prepares_at_once,
    orders::policy_prepares_after_a_delay,
    claims::fruit,
    claims::a_cancelled_line_cannot_be_cancelled_again,
    claims::refunds_are_confirmed_once,
    claims::a_failed_refund_stays_planned,
    claims::the_payment_side_is_asked_again,
    claims::none_there_is_out_of_stock_and_refunded_whole,
    claims::some_there_is_amended_and_refunded_in_part,
    claims::shares_sum_to_the_whole,
    claims::gifts_follow_their_main_line,
    claims::gift_flags_are_kept,
    claims::fee_vectors,
    claims::the_threshold_is_reached_or_not,
    claims::a_fee_stays_while_goods_of_its_row_remain,
    sales::a_sale_opens_and_closes,
    sales::a_sale_is_paused_and_resumed,
    sales::a_limit_counts_per_customer_and_comes_back,
    sales::an_allotment_ends_before_the_stock,
    sales::stock_is_judged_at_payment,
    sales::nothing_left_at_payment_refunds_the_fee_too,
    sales::promotion_then_coupon,
    sales::a_free_order_is_paid_by_nothing,
    stock::all_or_nothing_and_part,
    stock::a_gift_stays_when_its_main_line_is_sold_out,
    stock::received_and_adjusted,
    stock::another_systems_change_is_kept,
    stock::many_lines_of_one_sku,
    stock::the_last_unit_is_sold_once_it_is_free,
    lanes::three_lanes_take_an_order,
    lanes::three_lanes_take_all_or_nothing,
    lanes::three_lanes_give_part,
    lanes::a_paid_order_over_lanes_is_cancelled,
    lanes::an_order_over_lanes_expires,
    lanes::stock_is_judged_at_payment_in_every_lane,
    lanes::a_refused_id_is_placed_again_by_another,
    lanes::a_campaign_id_is_given_once,
    lanes::the_wrong_partition_passes_it_on,
    lanes::an_idle_lane_whose_log_is_taken_over_ends,
    stories::the_timeline_tells_what_happened_and_why_not,
    reasons::every_reason_is_given,
    reasons::the_same_id_gets_the_first_answer,
    reasons::buyers_have_their_own_orders_only,
    reasons::what_cannot_be_read_is_kept_apart,
);

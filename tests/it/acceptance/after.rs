//! What people do to an order once it ships: delivery, returns, exchanges, gifts by hand.

use serde_json::{Value, json};

use super::{
    given::Tell,
    orders::{of_lines, of_units, on, with},
    scene::{Call, cell, number},
};

pub const WORDS: &[(&str, Tell)] = &[
    ("ships {order} without a waybill", |c| vec![on(c, "ship")]),
    ("ships {lines}[ of {order}] without a waybill", |c| of_lines(c, "ship")),
    ("sends {order} on its way without a waybill", |c| vec![with(on(c, "ship"), "in_transit", true)]),
    ("ships {units}[ of {order}] by waybill {no:name}", |c| {
        let of = |(n, line): (u32, u16)| json!({"line_no": line, "carrier": "cj", "waybill_no": c.text("no"), "quantity": n});
        let lines: Vec<u16> = c.units().iter().map(|(_, line)| *line).collect();
        let waybills: Vec<Value> = c.units().into_iter().map(of).collect();
        vec![with(with(on(c, "ship"), "lines", lines), "waybills", waybills)]
    }),
    ("ships[ {lines}][ of {order}] by waybills", |c| {
        let of = |row: &Vec<(&str, &str)>| {
            let say = |head| cell(row, head).unwrap_or_else(|| panic!("a waybill has a {head}"));
            json!({"line_no": number(say("line")), "carrier": "cj", "waybill_no": say("waybill"), "quantity": number(say("quantity"))})
        };
        let waybills: Vec<Value> = c.rows().iter().map(of).collect();
        vec![with(with(on(c, "ship"), "lines", c.lines()), "waybills", waybills)]
    }),
    ("registers waybill {no:name} for {units}[ of {order}]", |c| vec![waybill(c, "register_waybill")]),
    ("changes waybill {no:name} to {units}[ of {order}]", |c| vec![waybill(c, "update_waybill")]),
    ("ships {order} by {method:own|quick|pickup}", |c| vec![with(on(c, "ship"), "method", c.text("method"))]),
    ("delivers {order}", |c| vec![on(c, "mark_delivered")]),
    ("delivers {lines}[ of {order}]", |c| of_lines(c, "mark_delivered")),
    ("delivers waybill {no:name}[ of {order}]", |c| {
        vec![with(with(on(c, "mark_delivered"), "carrier", "cj"), "waybill_no", c.text("no"))]
    }),
    ("forces the delivery[ of {lines}][ of {order}] because {why:text}", |c| {
        vec![with(with(of_lines(c, "mark_delivered").remove(0), "forced", true), "reason", c.text("why"))]
    }),
    ("forces the delivery[ of {order}] without a reason", |c| vec![with(on(c, "mark_delivered"), "forced", true)]),
    ("hands over {lines}[ of {order}]", |c| of_lines(c, "confirm_installer_delivery")),
    ("installs {lines}[ of {order}]", |c| of_lines(c, "complete_installation")),
    ("cannot install {lines}[ of {order}]", |c| of_lines(c, "fail_installation")),
    ("confirms the purchase[ of {lines}][ of {order}]", |c| of_lines(c, "confirm_purchase")),
    ("gives {line}[ of {order}] {n} stars", |c| {
        vec![with(with(on(c, "write_review"), "line_no", c.line()), "rating", c.n("n"))]
    }),
    (
        "asks to return {units}[ of {order}] because of {why:words}[, {timing:refunded before collection|refunded after collection}][, {waive:leaving the gifts}]",
        |c| {
            let mut asked = claim(c, of_units(c, "request_return"));
            if c.may("waive").is_some() {
                asked["waive_gifts"] = true.into();
            }
            vec![timed(c, asked)]
        },
    ),
    (
        "approves return {n}[ of {order}][, {timing:refunded before collection|refunded after collection}][, judging the {who:buyer|seller} at fault]",
        |c| vec![judged(c, timed(c, group(c, "approve_return")))],
    ),
    ("rejects return {n}[ of {order}]", |c| vec![with(group(c, "reject_return"), "reason", "worn")]),
    ("withdraws return {n}[ of {order}]", |c| vec![group(c, "withdraw_return")]),
    ("withdraws {units} of return {n}[ of {order}]", |c| {
        vec![with(of_units(c, "withdraw_return"), "claim_group", c.n("n"))]
    }),
    ("writes off what is out of {kind:return|exchange} {n}[ of {order}][, charging {charge:won}]", |c| {
        let off = with(group(c, "write_off_return"), "reason", "it never came");
        vec![if c.may("charge").is_some() { with(off, "charge", c.won("charge")) } else { off }]
    }),
    ("waives the collection of exchange {n}[ of {order}]", |c| {
        vec![with(group(c, "waive_collection"), "reason", "not worth the freight")]
    }),
    ("waives what is owed[ of {order}]", |c| vec![with(on(c, "waive_debt"), "reason", "kept waiting")]),
    ("waives {amount:won} of fee {n}[ of {order}]", |c| {
        let waived = with(with(on(c, "waive_debt"), "fee_no", c.n("n")), "amount", c.won("amount"));
        vec![with(waived, "reason", "kept waiting")]
    }),
    ("withdraws exchange {n}[ of {order}]", |c| vec![group(c, "withdraw_exchange")]),
    ("collects exchange {n}[ of {order}]", |c| vec![group(c, "collect_return")]),
    ("inspects exchange {n}[ of {order}][, judging the {who:buyer|seller} at fault]", |c| {
        vec![judged(c, group(c, "complete_return"))]
    }),
    (
        "inspects exchange {n}[ of {order}], finding {good:n} sellable of {line}, {back:n} going back and {kept:won} kept back",
        |c| vec![with(group(c, "complete_return"), "inspected", found(c))],
    ),
    ("collects return {n}[ of {order}]", |c| vec![group(c, "collect_return")]),
    ("collects {units} for return {n}[ of {order}]", |c| {
        let units = of_units(c, "collect_return");
        vec![with(units, "claim_group", c.n("n"))]
    }),
    ("completes return {n}[ of {order}][, judging the {who:buyer|seller} at fault]", |c| {
        vec![judged(c, group(c, "complete_return"))]
    }),
    (
        "completes return {n}[ of {order}], finding {good:n} sellable of {line}, {back:n} going back and {kept:won} kept back",
        |c| vec![with(group(c, "complete_return"), "inspected", found(c))],
    ),
    ("completes return {n}[ of {order}], finding {good:n} sellable and {bad:n} unsellable of {line}", |c| {
        let found = json!([{"line_no": c.line(), "sellable": c.n("good"), "unsellable": c.n("bad")}]);
        vec![with(group(c, "complete_return"), "inspected", found)]
    }),
    ("asks to return {units}[ of {order}] as the seller's fault because of a change of mind", |c| {
        let asked = with(of_units(c, "request_return"), "reason", "change_of_mind");
        vec![with(asked, "fault", "seller")]
    }),
    ("asks to exchange {units}[ for {sku:name}][ of {order}] because of {why:words}", |c| {
        let (quantity, line) = c.units()[0];
        let mut asked = claim(c, with(with(on(c, "request_exchange"), "line_no", line), "quantity", quantity));
        if let Some(sku) = c.may("sku") {
            asked["sku_id"] = c.scene.sku(sku).into();
        }
        vec![asked]
    }),
    ("approves exchange {n}[ of {order}] by pickup", |c| {
        vec![with(group(c, "approve_exchange"), "resolution", "pickup")]
    }),
    ("approves exchange {n}[ of {order}] by adding a product", |c| {
        vec![with(group(c, "approve_exchange"), "resolution", "add_product")]
    }),
    (
        "approves exchange {n}[ of {order}] by adding {sku:name}[, judging the {who:buyer|seller} at fault][, {waive:waiving the collection}]",
        |c| {
            let mut approved = judged(c, with(group(c, "approve_exchange"), "resolution", "add_product"));
            if c.may("waive").is_some() {
                approved = with(with(approved, "waive_collection", true), "reason", "not worth the freight");
            }
            vec![with(approved, "sku_id", c.scene.sku(c.text("sku")))]
        },
    ),
    ("rejects exchange {n}[ of {order}]", |c| vec![group(c, "reject_exchange")]),
    ("adds {n} {sku:name} as a gift to {line}[ of {order}] because of {why:complaint|delay|damage|goodwill}", |c| {
        let gift = with(with(on(c, "add_gift"), "main_line_no", c.line()), "sku_id", c.scene.sku(c.text("sku")));
        vec![with(with(gift, "quantity", c.n("n")), "reason", c.text("why"))]
    }),
];

fn waybill(c: &Call, kind: &str) -> Value {
    let (quantity, line) = c.units()[0];
    let on = with(with(on(c, kind), "carrier", "cj"), "waybill_no", c.text("no"));
    with(with(on, "line_no", line), "quantity", quantity)
}

/// What an inspection found, with consequences.
fn found(c: &Call) -> Value {
    json!([{"line_no": c.line(), "sellable": c.n("good"), "rejected": c.n("back"), "withheld_amount": c.won("kept"), "reason": "worn"}])
}

fn group(c: &Call, kind: &str) -> Value {
    with(on(c, kind), "claim_group", c.n("n"))
}

fn timed(c: &Call, command: Value) -> Value {
    match c.may("timing") {
        None => command,
        Some("refunded before collection") => with(command, "refund_timing", "before_collection"),
        Some(_) => with(command, "refund_timing", "after_collection"),
    }
}

/// Whose fault it is, by the shop.
fn judged(c: &Call, command: Value) -> Value {
    match c.may("who") {
        Some(who) => with(command, "fault", who),
        None => command,
    }
}

/// Why, and so whose fault it is.
fn claim(c: &Call, command: Value) -> Value {
    let (code, fault) = match c.text("why") {
        "a change of mind" => ("change_of_mind", "buyer"),
        "a defect" => ("defect", "seller"),
        "the wrong item" => ("wrong_item", "seller"),
        "damage" => ("damaged", "seller"),
        "a late delivery" => ("late", "seller"),
        "something else" => ("other", "seller"),
        other => panic!("{other:?} is no reason for a claim"),
    };
    with(with(command, "reason", code), "fault", fault)
}

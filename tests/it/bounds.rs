//! Every field of every command at its type's ends, made from the schema: refused or accepted, by both stores, and no lane
//! is ever reset.

use std::collections::{BTreeMap, BTreeSet};

use jumun::protocol::{Answer, OutcomeKind, command::Wire};
use serde_json::{Map, Value, json};

use crate::{
    schema::printed,
    support::{
        client::{Client, Sent},
        process::{Served, Setting},
        servers,
    },
};

/// What is told apart by one step of a path: a member, or the only item of a list.
type Path = Vec<String>;

/// The schemas of the commands.
struct Book(Value);

impl Book {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.resolve(self.0.pointer(path.trim_start_matches('#')).expect("it leads somewhere")),
            None => schema,
        }
    }

    /// The forms that a value may have; of one that may be absent, those that it has when it is there.
    fn forms<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        let lists = ["anyOf", "oneOf"].into_iter().filter_map(|word| schema[word].as_array());
        let inner: Vec<&Value> = lists.flatten().flat_map(|s| self.forms(s)).collect();
        if inner.is_empty() { vec![schema] } else { inner.into_iter().filter(|s| !is(s, "null")).collect() }
    }

    /// A value that the schema allows: of objects only what must be there.
    fn example(&self, name: &str, schema: &Value, known: &dyn Fn(&str) -> Option<Value>) -> Value {
        if let Some(value) = known(name) {
            return value;
        }
        let form = self.forms(schema)[0];
        if let Some(only) = form.get("const") {
            return only.clone();
        }
        if let Some(first) = form["enum"].as_array().and_then(|e| e.first()) {
            return first.clone();
        }
        if is(form, "object") {
            let mut object = Map::new();
            for field in form["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                object.insert(field.to_owned(), self.example(field, &form["properties"][field], known));
            }
            return object.into();
        }
        if is(form, "array") {
            return json!([self.example(name, &form["items"], known)]);
        }
        match () {
            () if is(form, "boolean") => json!(true),
            () if is(form, "integer") => json!(1),
            () if form["format"] == "date-time" => json!("2026-01-01T00:00:00Z"),
            () => json!("x-1"),
        }
    }

    /// The command with this leaf set, and what must be there around it.
    fn with(
        &self,
        value: &mut Value,
        schema: &Value,
        path: &[String],
        leaf: &Value,
        known: &dyn Fn(&str) -> Option<Value>,
    ) {
        let Some((step, rest)) = path.split_first() else {
            *value = leaf.clone();
            return;
        };
        if step == "[]" {
            let form = self.forms(schema).into_iter().find(|f| is(f, "array")).expect("a list");
            if !value[0].is_object() && !rest.is_empty() || value[0].is_null() {
                *value = json!([self.example("", &form["items"], known)]);
            }
            self.with(&mut value[0], &form["items"], rest, leaf, known);
            return;
        }
        let form = self.forms(schema).into_iter().find(|f| f["properties"].get(step).is_some()).expect("a member");
        let fits = value.as_object().is_some_and(|v| v.keys().all(|k| form["properties"].get(k).is_some()));
        if !fits || form["properties"].get("kind").is_some_and(|k| k.get("const").is_some_and(|k| *k != value["kind"]))
        {
            *value = self.example("", form, known);
        }
        if value.get(step).is_none() {
            value[step] = self.example(step, &form["properties"][step], known);
        }
        self.with(&mut value[step], &form["properties"][step], rest, leaf, known);
    }

    /// The leaves below a schema that are numbers, texts or times, each with its form.
    fn leaves(&self, schema: &Value, path: &Path, into: &mut BTreeMap<Path, Value>) {
        for form in self.forms(schema) {
            let below = |step: &str| path.iter().cloned().chain([step.to_owned()]).collect::<Path>();
            if is(form, "object") {
                for (name, inner) in form["properties"].as_object().into_iter().flatten() {
                    self.leaves(inner, &below(name), into);
                }
            } else if is(form, "array") {
                self.leaves(&form["items"], &below("[]"), into);
            } else if form.get("const").is_none() && form.get("enum").is_none() && !is(form, "boolean") {
                into.insert(path.clone(), form.clone());
            }
        }
    }
}

fn is(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind))
}

/// A type's ends, and what lies around them.
fn ends(form: &Value) -> Vec<Value> {
    if is(form, "integer") {
        let (least, most) = (form["minimum"].as_i64().unwrap(), form["maximum"].as_i64().unwrap());
        let around = [least - 1, least, least + 1, most - 1, most, most + 1];
        let all = [i64::MIN, i64::MIN + 1, -1, 0, 1, 255, 65_535, i64::from(u32::MAX), i64::MAX - 1, i64::MAX];
        let mut all: Vec<Value> = around.into_iter().chain(all).map(Value::from).collect();
        all.extend([json!(u64::MAX), json!(1.5), json!("1"), json!(null)]);
        return all;
    }
    if form["format"] == "date-time" {
        let years = ["-9000", "-0001", "0000", "1999", "2000", "2199", "2200", "9999", "+10000", "+262142", "+999999"];
        let ends =
            |year: &str| [json!(format!("{year}-01-01T00:00:00Z")), json!(format!("{year}-12-31T23:59:59.999999999Z"))];
        return years.iter().flat_map(|y| ends(y)).chain([json!(""), json!("2026-02-30T00:00:00Z")]).collect();
    }
    let most = form["maxLength"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap();
    let texts = ["x".repeat(most), "x".repeat(most + 1), "한".repeat(most), "한".repeat(most + 1), "x".repeat(60_000)];
    texts
        .into_iter()
        .chain(["", " ", "\0", "a\0b", "\u{202e}\u{feff}'\"\\"].map(str::to_owned))
        .map(Value::from)
        .collect()
}

/// What is said where a field has this name, in a command that is about the things of `n`.
fn known(tag: &str, n: usize) -> impl Fn(&str) -> Option<Value> {
    let tag = tag.to_owned();
    move |field| {
        let creates = tag.starts_with("create_");
        let of_a_sku = tag.ends_with("_stock") && tag != "confirm_stock" || tag.contains("campaign");
        Some(match field {
            "order_id" => json!(format!("o-{n}")),
            "customer_id" => json!(format!("u-{n}")),
            "claim_group" => json!(1),
            "refund_key" => json!(format!("rf:o-{n}:1")),
            "approval_id" => json!(format!("a-{n}")),
            "sku_id" if of_a_sku || tag == "create_sku" => json!(format!("K-{n}")),
            "sku_id" if tag == "add_gift" => json!("G-1"),
            "sku_id" if tag == "purchase_from_partner" => json!("W-1"),
            "sku_id" if tag == "assign_installer" => json!("I-1"),
            "sku_id" => json!("S-1"),
            "campaign_id" => json!(format!("c-{n}")),
            "promotion_id" | "gift_promotion_id" if creates => json!(format!("pm-{n}")),
            "gift_promotion_id" => json!("gp-1"),
            "promotion_id" | "coupon_id" => json!("pm-none"),
            "partner_id" if tag == "create_partner" => json!(format!("w-{n}")),
            "partner_id" if tag == "create_template" || tag == "create_product" => json!("p-1"),
            "partner_id" if tag == "assign_installer" => json!("i-1"),
            "partner_id" => json!("w-1"),
            "template_id" if tag == "create_template" => json!(format!("t-{n}")),
            "template_id" if tag == "update_template" => json!("t-2"),
            "template_id" => json!("t-1"),
            "product_id" if tag == "create_product" => json!(format!("g-{n}")),
            "product_id" if tag == "update_product" => json!("g-2"),
            "product_id" => json!("g-1"),
            "main_product_ids" => json!(["g-1"]),
            "gift_sku_ids" => json!(["G-1"]),
            "opens_at" => json!("2020-01-01T00:00:00Z"),
            "closes_at" => json!("2120-01-01T00:00:00Z"),
            "zip" => json!("06236"),
            "bank" => json!("088"),
            "number" => json!("110-1"),
            "carrier" => json!("cj"),
            "waybill_no" => json!("W-1"),
            "amount" if tag == "confirm_deposit" || tag == "approve_payment" => json!(20_000),
            "command" => json!({"type": "cancel_lines", "lines": [1]}),
            "fault" => json!("seller"),
            "reason" if tag == "request_return" || tag == "request_exchange" => json!("defect"),
            "resolution" => json!("add_product"),
            "method" if tag == "place_order" => json!("virtual_account"),
            _ => return None,
        })
    }
}

/// Who says it.
fn actor(tag: &str, n: usize) -> String {
    let (_, roles) = Wire::ROLES.iter().find(|(name, _)| *name == tag).expect("a command");
    let operator = roles.contains(&jumun::protocol::command::ActorRole::Operator);
    if operator { "operator:o".to_owned() } else { format!("buyer:u-{n}") }
}

/// What comes before a command, so that it may be accepted.
fn before(tag: &str, n: usize) -> Vec<Value> {
    let order = format!("o-{n}");
    let of = |kind: &str, more: Value| {
        let mut command = json!({"type": kind, "order_id": order, "actor": "operator:o"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let place = |payment: Value| {
        of(
            "place_order",
            json!({"customer_id": format!("u-{n}"), "lines": [{"sku_id": "S-1", "quantity": 2}], "payment": payment}),
        )
    };
    let settlements = json!([{"method": "card", "amount": 20_000, "approval": {"approval_id": format!("a-{n}")}}]);
    let (unpaid, paid) = (place(json!(null)), place(json!({"kind": "approved", "settlements": settlements})));
    let (prepare, own) = (of("prepare", json!({})), of("use_own_stock", json!({})));
    let procured = of("complete_procurement", json!({}));
    let waybill = json!({"line_no": 1, "carrier": "cj", "waybill_no": "W-1", "quantity": 1});
    let ship = of("ship", json!({"in_transit": true, "waybills": [waybill]}));
    let came = of("mark_delivered", json!({"forced": true, "reason": "it came"}));
    let back =
        of("request_return", json!({"lines": [{"line_no": 1, "quantity": 2}], "reason": "defect", "fault": "seller"}));
    let other = of("request_exchange", json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"}));
    let approve = of("approve_return", json!({"claim_group": 1}));
    let shipped = vec![paid.clone(), prepare.clone(), own.clone(), procured.clone(), ship];
    let delivered = [shipped.clone(), vec![came]].concat();
    let sku = json!({"type": "create_sku", "actor": "operator:o", "sku_id": format!("K-{n}"), "product_id": "g-1", "option_name": "o"});
    let filled = json!({"type": "receive_stock", "actor": "operator:o", "sku_id": format!("K-{n}"), "quantity": 5});
    let campaign = json!({"type": "create_campaign", "actor": "operator:o", "sku_id": format!("K-{n}"), "campaign_id": format!("c-{n}"),
        "name": "c", "price": 1, "allotted": 1, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2120-01-01T00:00:00Z"});
    match tag {
        "approve_payment" | "decline_payment" | "cancel_payment" | "set_shipping_address" => vec![unpaid],
        "confirm_deposit" => vec![place(json!({"kind": "deposit", "method": "bank_transfer"}))],
        "cancel_lines" | "prepare" | "preview" | "add_gift" | "confirm_stock" => vec![paid],
        "confirm_refund" | "fail_refund" => vec![paid, of("cancel_lines", json!({"lines": [1]}))],
        "refund_by_bank_transfer" => {
            let failed = of("fail_refund", json!({"refund_key": format!("rf:o-{n}:1"), "reason": "no"}));
            vec![paid, of("cancel_lines", json!({"lines": [1]})), failed]
        }
        "purchase_from_partner" | "purchase_from_non_partner" | "use_own_stock" | "assign_installer" => {
            vec![paid, prepare]
        }
        "complete_procurement" | "cancel_procurement" => vec![paid, prepare, own],
        "report_stock_loss" | "ship" => vec![paid, prepare, own, procured],
        "register_waybill"
        | "update_waybill"
        | "mark_delivered"
        | "confirm_installer_delivery"
        | "complete_installation"
        | "fail_installation" => shipped,
        "confirm_purchase" | "request_return" | "request_exchange" => delivered,
        "write_review" => [delivered, vec![of("confirm_purchase", json!({}))]].concat(),
        "approve_return" | "reject_return" | "withdraw_return" => [delivered, vec![back]].concat(),
        "collect_return" => [delivered, vec![back, approve]].concat(),
        "write_off_return" => {
            let mut early = back;
            early["refund_timing"] = json!("before_collection");
            [delivered, vec![early, approve]].concat()
        }
        "complete_return" => [delivered, vec![back, approve, of("collect_return", json!({"claim_group": 1}))]].concat(),
        "withdraw_exchange" | "approve_exchange" | "reject_exchange" => [delivered, vec![other]].concat(),
        "waive_collection" => {
            let added = of("approve_exchange", json!({"claim_group": 1, "resolution": "add_product"}));
            [delivered, vec![other, added]].concat()
        }
        "set_refund_account" => vec![paid],
        "waive_debt" => {
            let mut early = back;
            early["refund_timing"] = json!("before_collection");
            let gone = of("write_off_return", json!({"claim_group": 1, "reason": "lost", "charge": 2}));
            [delivered, vec![early, approve, gone]].concat()
        }
        "shrink_stock" | "receive_stock" | "adjust_stock" => vec![sku, filled],
        "create_campaign" => vec![sku],
        "update_campaign" | "pause_campaign" | "resume_campaign" => vec![sku, campaign],
        _ => Vec::new(),
    }
}

/// Commands that nothing before them makes acceptable here: they need an installer who has delivered.
const NEVER: [&str; 3] = ["confirm_installer_delivery", "complete_installation", "fail_installation"];

/// The shelves and reference data.
fn shop() -> Vec<Value> {
    let template = |id: &str| json!({"type": "create_template", "template_id": id, "partner_id": "p-1", "name": "t"});
    let product = |id: &str, template: &str, kind: &str| {
        json!({"type": "create_product", "product_id": id, "name": "g", "kind": kind, "product_type": "n", "price": 10_000,
            "partner_id": "p-1", "template_id": template, "bundled": true, "delivery_fee": 0, "free_delivery": true,
            "lead_time_days": 2})
    };
    let sku = |id: &str, product: &str| json!({"type": "create_sku", "sku_id": id, "product_id": product, "option_name": "o"});
    let full = |id: &str| json!({"type": "receive_stock", "sku_id": id, "quantity": 900_000_000});
    let gifts = json!({"type": "create_gift_promotion", "gift_promotion_id": "gp-1", "main_product_ids": ["g-2"],
        "gift_sku_ids": ["G-1"], "gift_quantity": 1, "main_quantity": 1});
    let partner = |id: &str, kind: &str| json!({"type": "create_partner", "partner_id": id, "name": id, "kind": kind});
    let held = |id: &str, by: &str| json!({"type": "create_sku", "sku_id": id, "product_id": "g-1", "option_name": "o", "holder_id": by});
    vec![
        template("t-1"),
        template("t-2"),
        product("g-1", "t-1", "goods"),
        product("g-2", "t-2", "goods"),
        product("g-gift", "t-1", "gift"),
        sku("S-1", "g-1"),
        sku("G-1", "g-gift"),
        full("S-1"),
        full("G-1"),
        partner("p-1", "retailer"),
        partner("w-1", "wholesaler"),
        partner("i-1", "installer"),
        held("W-1", "w-1"),
        held("I-1", "i-1"),
        full("W-1"),
        gifts,
    ]
}

/// A command at one of its ends.
struct Case {
    tag: &'static str,
    at: String,
    id: String,
}

/// What is sent: the shelves, and before each case what brings its order to where the command may be accepted.
fn cases(book: &Book) -> (Vec<Sent>, Vec<Case>) {
    let (mut sent, mut cases) = (Vec::new(), Vec::new());
    let push = |mut command: Value, sent: &mut Vec<Sent>| {
        let id = format!("bound-{:06}", sent.len());
        command["id"] = json!(id);
        if command.get("actor").is_none() {
            command["actor"] = json!("operator:o");
        }
        sent.push(Sent::new(0, &command));
        id
    };
    for command in shop() {
        push(command, &mut sent);
    }
    let mut n = 0;
    for tag in Wire::NAMES.iter().copied() {
        let schema = book.0["$defs"]["Command"]["oneOf"].as_array().unwrap().iter();
        let schema = schema.map(|c| &c["allOf"]).find(|c| c[1]["properties"]["type"]["const"] == tag).unwrap();
        let mut leaves = BTreeMap::new();
        book.leaves(&schema[0], &Vec::new(), &mut leaves);
        // who is answered, and by what name, is told before anything else (tests/it/faults/hostile.rs)
        leaves.retain(|path, _| !["id", "type", "actor", "reply_to"].contains(&&*path[0]));
        let mut all: Vec<(String, Option<(&Path, Value)>)> = vec![("as it is".to_owned(), None)];
        for (path, form) in &leaves {
            all.extend(ends(form).into_iter().map(|end| {
                let told: String = end.to_string().chars().take(40).collect();
                (format!("{} = {told}", path.join(".")), Some((path, end)))
            }));
        }
        for (at, leaf) in all {
            n += 1;
            before(tag, n).into_iter().for_each(|command| drop(push(command, &mut sent)));
            let known = known(tag, n);
            let mut command = book.example("", &schema[0], &known);
            (command["type"], command["actor"]) = (json!(tag), json!(actor(tag, n)));
            if let Some((path, end)) = leaf {
                book.with(&mut command, &schema[0], path, &end, &known);
            }
            let id = push(command, &mut sent);
            cases.push(Case { tag, at, id });
        }
    }
    (sent, cases)
}

async fn at_their_ends(database: String) {
    let book = Book(printed("commands"));
    let namespace = format!("b{}", &uuid::Uuid::now_v7().simple().to_string()[8..]);
    let redis = servers::redis_url();
    let setting = Setting {
        database,
        redis: redis.clone(),
        namespace: namespace.clone(),
        instance: "a".into(),
        partitions: 1,
        more: Vec::new(),
        failpoints: String::new(),
        // an account for refunds is taken where it can be sealed
        variables: vec![format!("JUMUN_ACCOUNT_KEY={}", "ab".repeat(32))],
    };
    let client = Client::new(&redis, &namespace, 1).await;
    let server: Served = setting.start();
    server.ready().await;
    let (sent, cases) = cases(&book);
    assert!(cases.len() > 1_000, "{} cases", cases.len());
    for some in sent.chunks(1_000) {
        client.send(some).await;
        client.answered_at_least(client.journal().len()).await;
    }
    let outcomes = client.outcomes().await;
    let told = |c: &Case| format!("{} {} ({}): {:?}", c.tag, c.at, c.id, outcomes.get(&c.id));
    let decided = |a: Option<&Answer>| a.is_some_and(|a| a.outcome != OutcomeKind::Failed);
    let failed: Vec<String> = cases.iter().filter(|c| !decided(outcomes.get(&c.id))).map(told).collect();
    let (resets, log) = (server.metric("jumun_lane_resets_total"), server.log());
    let panics: Vec<&str> = log.lines().filter(|l| l.contains("panicked") || l.contains("the lane is reset")).collect();
    assert!(failed.is_empty() && resets == 0.0, "{resets} resets; {}\n{}", failed.join("\n"), panics.join("\n"));
    // it was no use if nothing was ever accepted
    let accepted = |c: &&Case| outcomes[&c.id].outcome == OutcomeKind::Accepted;
    let reached: BTreeSet<&str> = cases.iter().filter(accepted).map(|c| c.tag).collect();
    let missed: Vec<String> = cases
        .iter()
        .filter(|c| !reached.contains(c.tag) && !NEVER.contains(&c.tag) && c.at == "as it is")
        .map(told)
        .collect();
    assert!(missed.is_empty(), "never accepted:\n{}", missed.join("\n"));
}

#[tokio::test]
async fn f72_every_field_at_its_ends_resets_no_lane_on_postgresql() {
    at_their_ends(servers::fresh_database().await).await;
}

#[tokio::test]
async fn f72_every_field_at_its_ends_resets_no_lane_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    at_their_ends(format!("sqlite:{}", dir.path().join("jumun.db").display())).await;
}

#[test]
fn every_number_text_and_time_of_a_command_has_its_bounds_in_the_schema() {
    let book = Book(printed("commands"));
    let mut leaves = BTreeMap::new();
    for command in book.0["$defs"]["Command"]["oneOf"].as_array().unwrap() {
        let tag = command["allOf"][1]["properties"]["type"]["const"].as_str().unwrap();
        book.leaves(&command["allOf"][0], &vec![tag.to_owned()], &mut leaves);
    }
    assert!(leaves.len() > 300, "{}", leaves.len());
    let bounded = |form: &Value| match () {
        () if is(form, "integer") => form["minimum"].is_i64() && form["maximum"].is_i64(),
        () if is(form, "string") => form["maxLength"].is_u64() || form["format"] == "date-time",
        () => false,
    };
    let unbounded: Vec<String> = leaves
        .iter()
        .filter(|(_, form)| !bounded(form))
        .map(|(path, form)| format!("{}: {form}", path.join(".")))
        .collect();
    assert!(unbounded.is_empty(), "{}", unbounded.join("\n"));
}

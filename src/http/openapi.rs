//! `/openapi.json`: OpenAPI 3.1, made from the route table and the types.

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    access::{Access, Route},
    orders::PARTS,
    paging::LIMIT_MAX,
    problem::{Problem, Why},
    tokens::Role,
    view,
};
use crate::{
    protocol::{Answer, schema::commands},
    signature::HEADER,
    timeline::Timeline,
};

/// `GET /openapi.json`.
pub async fn document(shared: web::Data<Shared>) -> HttpResponse {
    // anyone may ask, as often as they like: it is made once
    static MADE: OnceLock<web::Bytes> = OnceLock::new();
    let made = MADE.get_or_init(|| openapi(&shared.routes.0).to_string().into());
    HttpResponse::Ok().content_type("application/json").body(made.clone())
}

/// The document of these routes.
pub fn openapi(routes: &[Route]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let named = schemas(&mut generator);
    let mut components: Map<String, Value> = generator.take_definitions(true);
    components.extend(named);
    over_http(&mut components);
    let of_orders = of_orders(&components);
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let path = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route, &of_orders);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "jumun",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Orders, claims and stock. Money is whole won, times are RFC 3339. Reason codes are stable. Every \
                response has X-Request-Id, which a request may bring. A checkout's token names its customer in X-Customer-Id.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {
                "Version": { "description": "the order's version", "schema": { "type": "string" } },
                "Look": { "description": "where to look for what becomes of it", "schema": { "type": "string" } },
                "Wait": { "description": "seconds", "schema": { "type": "string" } },
            },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": HEADER,
                    "description": "t=SECONDS,v1=HEX: HMAC-SHA-256 of SECONDS.BODY by the secret of both sides",
                },
            },
        },
    })
}

/// What of a command is otherwise over HTTP: the answer comes in the response, and a placement's type is the path's.
fn over_http(components: &mut Map<String, Value>) {
    for (_, schema) in components.iter_mut() {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
        if properties.contains_key("reply_to") && properties.contains_key("actor") {
            properties.remove("reply_to");
        }
    }
    let Some(mut place) = components.get("PlaceOrder").cloned() else { return };
    // who asks may be the token's to say, and the id the header's
    let elsewhere = ["type", "id", "actor"];
    if let Some(properties) = place.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("type");
    }
    if let Some(required) = place.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !elsewhere.iter().any(|e| name == e));
    }
    components.insert("Placement".to_owned(), place);
}

/// The types of the commands that an order takes.
fn of_orders(components: &Map<String, Value>) -> Vec<&str> {
    let about_one = |command: &Value| {
        let own = command.pointer("/allOf/0/$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next());
        own.and_then(|name| components.get(name)).is_some_and(|own| own["properties"].get("order_id").is_some())
    };
    let all = components.get("Command").and_then(|c| c["oneOf"].as_array()).into_iter().flatten();
    let named = all.filter(|command| about_one(command));
    let names = named.filter_map(|command| command.pointer("/allOf/1/properties/type/const")?.as_str());
    names.filter(|name| *name != "place_order").collect()
}

/// Every schema that a route names.
fn schemas(g: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let mut named = vec![("Command".to_owned(), commands(g))];
    // the path says what it is; the token who asks; the header may bring its id
    named.push((
        "CommandFields".to_owned(),
        json!({ "type": "object", "description": "the command's own fields; type and order_id are the path's, actor is \
            the token's, id may be the header Idempotency-Key" }),
    ));
    let mut of = |name: &str, schema: schemars::Schema| named.push((name.to_owned(), schema.to_value()));
    of("OrderPage", g.subschema_for::<view::Page<view::OrderSummary>>());
    of("SkuPage", g.subschema_for::<view::Page<view::SkuView>>());
    of("LedgerPage", g.subschema_for::<view::Page<view::LedgerView>>());
    of("GiftPromotionPage", g.subschema_for::<view::Page<view::GiftPromotionView>>());
    of("CampaignPage", g.subschema_for::<view::Page<view::CampaignView>>());
    of("EventPage", g.subschema_for::<view::Page<crate::protocol::event::Published>>());
    of("HookPage", g.subschema_for::<view::Page<super::hooks::HookView>>());
    of("HookLetterPage", g.subschema_for::<view::Page<super::hooks::HookLetterView>>());
    of("AuditPage", g.subschema_for::<view::Page<super::audit::AuditView>>());
    of("OrderAudit", g.subschema_for::<view::Page<super::audit::OrderAuditView>>());
    of("LetterPage", g.subschema_for::<view::Page<view::LetterView>>());
    for schema in [
        g.subschema_for::<Answer>(),
        g.subschema_for::<super::commands::CommandState>(),
        g.subschema_for::<Problem>(),
        g.subschema_for::<Timeline>(),
        g.subschema_for::<view::OrderView>(),
        g.subschema_for::<view::ProductView>(),
        g.subschema_for::<view::LetterDone>(),
        g.subschema_for::<super::live::LiveView>(),
        g.subschema_for::<super::erase::ErasedView>(),
        g.subschema_for::<super::me::Me>(),
        g.subschema_for::<super::probes::Readiness>(),
        g.subschema_for::<super::callbacks::PaymentEvent>(),
    ] {
        drop(schema); // noted by the generator under its own name
    }
    named.push((
        "HookLetterDone".to_owned(),
        json!({
            "type": "object",
            "required": ["letter", "outcome"],
            "properties": { "letter": { "type": "string" }, "outcome": { "enum": ["taken", "discarded"] } },
        }),
    ));
    named.push((
        "OrderPart".to_owned(),
        json!({ "description": "that part of OrderView", "type": ["array", "object"] }),
    ));
    named.push((
        "Pending".to_owned(),
        json!({
            "type": "object",
            "required": ["command_id", "outcome", "look"],
            "properties": {
                "command_id": { "type": "string" },
                "outcome": { "const": "pending" },
                "look": { "type": "string", "description": "where to look for what becomes of it" },
            },
        }),
    ));
    named
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(kind: &str, name: &str) -> Value {
    json!({ kind: { "schema": schema(name) } })
}

fn operation(route: &Route, of_orders: &[&str]) -> Value {
    let mut operation = json!({
        "summary": route.about,
        "operationId": operation_id(route),
        "tags": [route.path.trim_start_matches("/v1").split('/').nth(1).filter(|w| !w.is_empty()).unwrap_or("console")],
        "parameters": parameters(route, of_orders),
        "responses": responses(route),
    });
    if let Some(body) = route.body {
        operation["requestBody"] = json!({ "required": true, "content": content("application/json", body) });
    }
    match route.access {
        Access::All => operation["security"] = json!([]),
        Access::Signed => operation["security"] = json!([{ "signature": [] }]),
        Access::Roles(roles) => {
            operation["security"] = json!([{ "token": [] }]);
            let words: Vec<&str> = roles.iter().map(|r: &Role| r.word()).collect();
            operation["description"] = format!("Roles: {}.", words.join(", ")).into();
        }
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty() && *w != "v1");
    let mut id = route.method.as_str().to_lowercase();
    for word in words {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn parameters(route: &Route, of_orders: &[&str]) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in route.path.split('/').filter_map(|w| w.strip_prefix('{')?.strip_suffix('}')) {
        let schema = match name {
            "partition" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            "part" if route.body.is_some() => json!({ "enum": of_orders }),
            "part" => json!({ "enum": PARTS }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    let mut query = |name: &str, schema: Value| {
        parameters.push(json!({ "name": name, "in": "query", "required": false, "schema": schema }));
    };
    if route.answer.is_some_and(|a| a.ends_with("Page") && a != "HookPage") {
        query("limit", json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 50 }));
        query("cursor", json!({ "type": "string", "description": "`next` of the page before" }));
    }
    if route.answer == Some("Events") {
        query(
            "after",
            json!({ "type": "string", "description": "`now`, `start`, or the id of the last event dealt with" }),
        );
        query("order_id", json!({ "type": "string" }));
        query("types", json!({ "type": "string", "description": "event types with commas between" }));
    }
    if route.answer == Some("OrderPage") {
        query("customer_id", json!({ "type": "string" }));
        query("status", schema("Status"));
        query("placed_from", json!({ "type": "string", "format": "date-time" }));
        query("placed_before", json!({ "type": "string", "format": "date-time" }));
    }
    let mut header = |name: &str, about: &str, schema: Value| {
        let one = json!({ "name": name, "in": "header", "required": false, "description": about, "schema": schema });
        parameters.push(one);
    };
    if matches!(route.body, Some("Command" | "CommandFields" | "Placement")) {
        let id = json!({ "type": "string", "pattern": "^[!-~]{8,64}$" });
        header("Idempotency-Key", "the command's id, where the body has none", id);
    }
    if matches!(route.answer, Some("OrderView" | "OrderPart")) {
        header("If-None-Match", "an ETag: 304 while the order is at that version", json!({ "type": "string" }));
    }
    if route.access.lets(Role::Checkout) && !matches!(route.access, Access::All) {
        let id = json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" });
        header("X-Customer-Id", "for whom a checkout's token asks; nothing to others", id);
    }
    if route.answer == Some("Events") {
        header("Last-Event-ID", "the same as `after`; a browser sends it by itself", json!({ "type": "string" }));
    }
    parameters
}

fn pending(about: &str) -> Value {
    let headers = json!({ "Location": { "$ref": "#/components/headers/Look" } });
    json!({ "description": about, "content": content("application/json", "Pending"), "headers": headers })
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let ok = match route.answer {
        // each event's data is a LiveView, or a Published; OpenAPI 3.1 has no words for that
        Some("LiveView" | "Events") => json!({ "description": "as asked", "content": { "text/event-stream": {} } }),
        Some(name @ ("OrderView" | "OrderPart")) => {
            let headers = json!({ "ETag": { "$ref": "#/components/headers/Version" } });
            json!({ "description": "as asked", "content": content("application/json", name), "headers": headers })
        }
        Some(name) => json!({ "description": "as asked", "content": content("application/json", name) }),
        None => json!({ "description": "as asked" }),
    };
    responses.insert("200".into(), ok);
    let mut whys = vec![Why::TooMany, Why::Fault, Why::Busy];
    match route.access {
        Access::All => {}
        // a header that names no customer is not valid anywhere
        Access::Roles(_) => whys.extend([Why::NoToken, Why::Forbidden, Why::Invalid]),
        Access::Signed => whys.extend([Why::BadSignature, Why::NotFound]),
    }
    if route.answer == Some("HookLetterDone") {
        whys.push(Why::NotTaken);
    }
    if route.answer == Some("Events") {
        whys.extend([Why::NotFound, Why::Invalid]);
    }
    if route.path.contains('{') {
        whys.extend([Why::NotFound, Why::Invalid]);
    }
    if route.answer.is_some_and(|a| a.ends_with("Page")) {
        whys.push(Why::Invalid);
    }
    if route.body.is_some() {
        whys.extend([Why::NotJson, Why::Invalid, Why::TooLarge, Why::Timeout]);
    }
    for why in whys {
        let (status, _, title) = why.row();
        let mut about = json!({ "description": title, "content": content("application/problem+json", "Problem") });
        if matches!(why, Why::Busy | Why::TooMany) {
            about["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Wait" } });
        }
        responses.insert(status.as_u16().to_string(), about);
    }
    if route.answer == Some("Answer") && matches!(route.access, Access::Roles(_)) {
        let answered = |about: &str| {
            let both = json!({ "application/json": { "schema": schema("Answer") },
                "application/problem+json": { "schema": schema("Problem") } });
            json!({ "description": about, "content": both })
        };
        responses.insert("202".into(), pending("not answered yet"));
        responses.insert("409".into(), answered("rejected"));
        responses.insert("422".into(), answered("rejected: not valid"));
        responses.insert("403".into(), answered("rejected: forbidden"));
        responses.insert("500".into(), answered("failed: a fault of ours"));
    }
    if route.answer == Some("CommandState") {
        responses.insert("202".into(), pending("a placement that other lanes have not answered yet"));
    }
    if route.answer == Some("Readiness") {
        responses.insert(
            "503".into(),
            json!({ "description": "not ready", "content": content("application/json", "Readiness") }),
        );
    }
    if matches!(route.answer, Some("OrderView" | "OrderPart")) {
        responses.insert("304".into(), json!({ "description": "not changed since the ETag that was sent" }));
    }
    Value::Object(responses)
}

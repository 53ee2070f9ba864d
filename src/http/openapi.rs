//! `/openapi.json`: OpenAPI 3.1, made from the route table and the types.

mod commands;
mod plain;

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    AppState,
    access::{Access, Route},
    orders::OrderPart,
    paging::LIMIT_MAX,
    problem::{Problem, ProblemKind},
    tokens::Role,
    view,
};
use crate::{
    domain::{ids::ALPHABET, order::event::Event},
    history::timeline::Timeline,
    integrations::signature::HEADER,
    protocol::{Answer, command},
};

/// `GET /openapi.json`.
pub async fn document(shared: web::Data<AppState>) -> HttpResponse {
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
    // the commands first: their names are theirs
    let commands = command::schemas(&mut generator);
    let named = schemas(&mut generator);
    let parts = parts(&mut generator);
    let mut components: Map<String, Value> = generator.take_definitions(true);
    components.extend(named);
    let told = commands::over_http(commands, &mut components);
    plain::plain(&mut components);
    typed_events(&mut components);
    let mut paths: Map<String, Value> = Map::new();
    for operation in routes.iter().flat_map(|r| operations(r, &told, &parts)) {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.route.method.as_str().to_lowercase()] = operation.told();
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
                "Version": { "description": "the order's version, and where a person is shown a mark of what", "schema": { "type": "string" } },
                "Look": { "description": "where to look for what becomes of it", "schema": { "type": "string" } },
                "Wait": { "description": "seconds", "schema": { "type": "string" } },
            },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": HEADER,
                    "description": "t=SECONDS,v1=HEX: HMAC-SHA-256 of SECONDS.BODY by the secret of both sides; or \
                        jumun-signature-v2, t=SECONDS,v2=HEX, of jumun.callback.SECONDS.BODY",
                },
            },
        },
    })
}

/// What an event is of, in the events of an order.
fn typed_events(components: &mut Map<String, Value>) {
    if let Some(event) = components.get_mut("Published").and_then(|p| p.pointer_mut("/properties/event")) {
        let about = event["description"].clone();
        *event = json!({ "type": "object", "required": ["type"], "description": about,
            "properties": { "type": { "type": "string", "enum": Event::names() } } });
    }
}

/// The parts of an order, each with its schema.
fn parts(g: &mut SchemaGenerator) -> Vec<(&'static str, Value)> {
    let mut each = |part| match part {
        OrderPart::Lines => g.subschema_for::<Vec<view::LineView>>(),
        OrderPart::Payments => g.subschema_for::<Vec<view::SettlementView>>(),
        OrderPart::Refunds => g.subschema_for::<Vec<view::RefundView>>(),
        OrderPart::Fees => g.subschema_for::<Vec<view::FeeView>>(),
        OrderPart::Claims => g.subschema_for::<view::Claims>(),
        OrderPart::Procurements => g.subschema_for::<Vec<view::ProcurementView>>(),
        OrderPart::LinkedOrders => g.subschema_for::<Vec<view::LinkView>>(),
        OrderPart::Reviews => g.subschema_for::<Vec<view::ReviewView>>(),
    };
    OrderPart::ALL.into_iter().map(|part| (part.word(), each(part).to_value())).collect()
}

/// An operation of the document: a route, or of a route that stands for many, one of them.
struct Operation<'a> {
    route: &'a Route,
    path: String,
    about: String,
    /// a schema's name
    body: Option<String>,
    answer: Option<Value>,
    /// it is about an order that is there, and changes it
    conditional: bool,
}

fn operations<'a>(
    route: &'a Route,
    told: &[commands::CommandDoc],
    parts: &[(&'static str, Value)],
) -> Vec<Operation<'a>> {
    let answer = route.answer.map(schema);
    if let (Some(gap), Some(body)) = (route.gap(), route.body) {
        let of = |command: &commands::CommandDoc| Operation {
            route,
            path: route.path.replace(gap, command.tag),
            about: command.about.clone(),
            body: Some(body.replace("Command", &command.name)),
            answer: answer.clone(),
            conditional: command.of_an_order,
        };
        return told.iter().filter(|c| c.of_an_order || body == "CommandBody").map(of).collect();
    }
    let one = |path: String, about: String, answer: Option<Value>| Operation {
        route,
        path,
        about,
        body: route.body.map(Into::into),
        answer,
        conditional: route.body == Some("Command"),
    };
    if route.answer == Some("OrderPart") {
        let part = |(name, schema): &(&str, Value)| {
            one(route.path.replace("{part}", name), format!("Of an order: its {name}"), Some(schema.clone()))
        };
        return parts.iter().map(part).collect();
    }
    vec![one(route.path.to_owned(), route.about.to_owned(), answer)]
}

/// Every schema that a route names.
fn schemas(g: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let mut named = Vec::new();
    let mut of = |name: &str, schema: schemars::Schema| named.push((name.to_owned(), schema.to_value()));
    of("OrderPage", g.subschema_for::<view::Page<view::OrderSummary>>());
    of("SkuPage", g.subschema_for::<view::Page<view::SkuView>>());
    of("LedgerPage", g.subschema_for::<view::Page<view::LedgerView>>());
    of("GiftPromotionPage", g.subschema_for::<view::Page<view::GiftPromotionView>>());
    of("CampaignPage", g.subschema_for::<view::Page<view::CampaignView>>());
    of("EventPage", g.subschema_for::<view::Page<crate::protocol::event::Published>>());
    of("LinePage", g.subschema_for::<view::Page<super::lines::LineItem>>());
    of("ReviewPage", g.subschema_for::<view::Page<super::reviews::ReviewItem>>());
    of("AccessPage", g.subschema_for::<view::Page<super::recipient::AccessView>>());
    of("WebhookPage", g.subschema_for::<view::Page<super::webhooks::WebhookView>>());
    of("FailedDeliveryPage", g.subschema_for::<view::Page<super::webhooks::FailedDeliveryView>>());
    of("AuditPage", g.subschema_for::<view::Page<super::audit::AuditView>>());
    of("OrderAudit", g.subschema_for::<view::Page<super::audit::OrderAuditView>>());
    of("DeadLetterPage", g.subschema_for::<view::Page<view::DeadLetterView>>());
    for schema in [
        g.subschema_for::<Answer>(),
        g.subschema_for::<super::commands::CommandState>(),
        g.subschema_for::<Problem>(),
        g.subschema_for::<Timeline>(),
        g.subschema_for::<view::OrderView>(),
        g.subschema_for::<view::RecipientView>(),
        g.subschema_for::<super::lines::counts::LineCounts>(),
        g.subschema_for::<view::ProductView>(),
        g.subschema_for::<view::DeadLetterDone>(),
        g.subschema_for::<super::live::LiveView>(),
        g.subschema_for::<super::erase::ErasedView>(),
        g.subschema_for::<super::me::Me>(),
        g.subschema_for::<super::probes::Readiness>(),
        g.subschema_for::<super::callbacks::PaymentEvent>(),
        g.subschema_for::<super::accounts::AccountsView>(),
    ] {
        drop(schema); // noted by the generator under its own name
    }
    named.push((
        "FailedDeliveryDone".to_owned(),
        json!({
            "type": "object",
            "required": ["failed_delivery_id", "outcome"],
            "properties": { "failed_delivery_id": { "type": "string" }, "outcome": { "type": "string", "enum": ["delivered", "discarded"] } },
        }),
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

impl Operation<'_> {
    fn told(&self) -> Value {
        let word = self.path.trim_start_matches("/v1").split('/').nth(1).filter(|w| !w.is_empty());
        let mut told = json!({
            "summary": self.about,
            "operationId": self.id(),
            "tags": [word.unwrap_or("console")],
            "parameters": self.parameters(),
            "responses": self.responses(),
        });
        if let Some(body) = &self.body {
            told["requestBody"] = json!({ "required": true, "content": content("application/json", body) });
        }
        match self.route.access {
            Access::All => told["security"] = json!([]),
            Access::Signed => told["security"] = json!([{ "signature": [] }]),
            Access::Roles(roles) => {
                told["security"] = json!([{ "token": [] }]);
                let words: Vec<&str> = roles.iter().map(|r: &Role| r.word()).collect();
                told["description"] = format!("Roles: {}.", words.join(", ")).into();
            }
        }
        told
    }

    fn id(&self) -> String {
        let words = self.path.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let mut id = self.route.method.as_str().to_lowercase();
        for word in words.filter(|w| !w.is_empty() && *w != "v1") {
            id.push('_');
            id.push_str(word);
        }
        id
    }

    /// Whether its ETag names an order's version.
    fn tagged(&self) -> bool {
        matches!(self.route.answer, Some("OrderView" | "OrderPart"))
    }

    fn parameters(&self) -> Vec<Value> {
        let route = self.route;
        let mut parameters = Vec::new();
        for name in self.path.split('/').filter_map(|w| w.strip_prefix('{')?.strip_suffix('}')) {
            let schema = match name {
                "partition" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
                _ => json!({ "type": "string", "minLength": 1 }),
            };
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
        let mut query = |name: &str, schema: Value| {
            parameters.push(json!({ "name": name, "in": "query", "required": false, "schema": schema }));
        };
        if route.answer.is_some_and(|a| a.ends_with("Page") && a != "WebhookPage") {
            query("limit", json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 50 }));
            query("cursor", json!({ "type": "string", "description": "`next` of the page before" }));
        }
        if route.answer == Some("Events") {
            let after = "`now`, `start`, or the id of the last event dealt with";
            query("after", json!({ "type": "string", "description": after }));
            query("order_id", json!({ "type": "string" }));
            query("types", json!({ "type": "string", "description": "event types with commas between" }));
        }
        if route.answer == Some("OrderPage") {
            query("customer_id", json!({ "type": "string" }));
            let about = "orders in the archive (보관), and no others";
            query("archived", json!({ "type": "boolean", "default": false, "description": about }));
        }
        if matches!(route.answer, Some("OrderPage" | "LinePage" | "LineCounts")) {
            let about = "statuses with commas between; of orders that a partner sells: those of its lines";
            query("status", json!({ "type": "string", "description": about }));
            query("placed_from", json!({ "type": "string", "format": "date-time" }));
            query("placed_before", json!({ "type": "string", "format": "date-time" }));
        }
        if matches!(route.answer, Some("OrderPage" | "LinePage" | "LineCounts" | "ReviewPage")) {
            query("partner_id", json!({ "type": "string", "description": "a partner's token has its own" }));
        }
        if matches!(route.answer, Some("LinePage" | "LineCounts")) {
            let about = "RETURN_REQUESTED, RETURN_APPROVED, RETURN_COLLECTED, EXCHANGE_REQUESTED …, COLLECTION_DUE, \
                 COLLECTION_COLLECTED (exchanged goods that are still out, or to be inspected), with commas between";
            query("claim", json!({ "type": "string", "description": about }));
            query("sku_id", json!({ "type": "string" }));
            query("carrier", json!({ "type": "string" }));
        }
        if matches!(route.answer, Some("LinePage" | "LineCounts" | "ReviewPage")) {
            query("product_id", json!({ "type": "string" }));
        }
        if route.answer == Some("LinePage") {
            let about = "of work the oldest first, else the newest";
            query("sort", json!({ "type": "string", "enum": ["oldest", "newest"], "description": about }));
            let about = "as the header Accept says, else json; csv has the way to the next page in the header Link";
            query("format", json!({ "type": "string", "enum": ["json", "csv"], "description": about }));
        }
        if route.answer == Some("LineCounts") {
            query("by", json!({ "type": "string", "enum": ["partner", "sku", "partner,sku"] }));
        }
        if route.answer == Some("AccessPage") {
            query("order_id", json!({ "type": "string" }));
            query("customer_id", json!({ "type": "string" }));
        }
        let mut header = |name: &str, about: &str, schema: Value| {
            let one =
                json!({ "name": name, "in": "header", "required": false, "description": about, "schema": schema });
            parameters.push(one);
        };
        if route.answer == Some("Answer") && matches!(route.access, Access::Roles(_)) {
            let id = json!({ "type": "string", "pattern": "^[!-~]{8,64}$" });
            header("Idempotency-Key", "the command's id, where the body has none", id);
        }
        if self.conditional {
            let tag = json!({ "type": "string" });
            header("If-Match", "an order's ETag: 412 when it is at another version; like `expected_version`", tag);
        }
        if self.tagged() {
            header(
                "If-None-Match",
                "an ETag: 304 while nothing that it shows has changed",
                json!({ "type": "string" }),
            );
        }
        if route.access.lets(Role::Checkout) && !matches!(route.access, Access::All) {
            let id = json!({ "type": "string", "pattern": format!("^{ALPHABET}{{1,64}}$") });
            header("X-Customer-Id", "for whom a checkout's token asks; nothing to others", id);
        }
        if route.answer == Some("Events") {
            header("Last-Event-ID", "the same as `after`; a browser sends it by itself", json!({ "type": "string" }));
        }
        parameters
    }
}

fn pending(about: &str) -> Value {
    let headers = json!({ "Location": { "$ref": "#/components/headers/Look" } });
    json!({ "description": about, "content": content("application/json", "Pending"), "headers": headers })
}

impl Operation<'_> {
    fn responses(&self) -> Value {
        let route = self.route;
        let mut responses = Map::new();
        let mut ok = json!({ "description": "as asked" });
        match (&self.answer, route.answer) {
            // each event's data is a LiveView, or a Published; OpenAPI 3.1 has no words for that
            (_, Some("LiveView" | "Events")) => {
                ok["content"] = json!({ "text/event-stream": { "schema": { "type": "string" } } })
            }
            (Some(schema), _) => ok["content"] = json!({ "application/json": { "schema": schema } }),
            (None, _) => {}
        }
        if route.answer == Some("LinePage") {
            ok["content"]["text/csv"] = json!({ "schema": { "type": "string" } });
            let next = json!({ "description": "of csv: the next page", "schema": { "type": "string" } });
            ok["headers"] = json!({ "Link": next });
        }
        if self.tagged() {
            ok["headers"] = json!({ "ETag": { "$ref": "#/components/headers/Version" } });
        }
        responses.insert("200".into(), ok);
        let mut whys = vec![
            ProblemKind::Twice,
            ProblemKind::NotJsonType,
            ProblemKind::UnknownHost,
            ProblemKind::TooMany,
            ProblemKind::Fault,
            ProblemKind::Busy,
        ];
        match route.access {
            Access::All => {}
            // a header that names no customer is not valid anywhere
            Access::Roles(_) => whys.extend([ProblemKind::NoToken, ProblemKind::Forbidden, ProblemKind::Invalid]),
            Access::Signed => whys.extend([ProblemKind::BadSignature, ProblemKind::NotFound, ProblemKind::Foreign]),
        }
        if route.answer == Some("FailedDeliveryDone") {
            whys.push(ProblemKind::NotTaken);
        }
        if route.answer == Some("Events") {
            whys.extend([ProblemKind::NotFound, ProblemKind::Invalid]);
        }
        if self.path.contains('{') {
            whys.extend([ProblemKind::NotFound, ProblemKind::Invalid]);
        }
        if route.answer.is_some_and(|a| a.ends_with("Page")) {
            whys.push(ProblemKind::Invalid);
        }
        if route.body.is_some() {
            whys.extend([ProblemKind::NotJson, ProblemKind::Invalid, ProblemKind::TooLarge, ProblemKind::Timeout]);
        }
        for why in whys {
            let (status, _, title) = why.row();
            let mut about = json!({ "description": title, "content": content("application/problem+json", "Problem") });
            if matches!(why, ProblemKind::Busy | ProblemKind::TooMany) {
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
            let mut early = answered("not now, or rejected: try again");
            early["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Wait" } });
            responses.insert("503".into(), early);
            if self.conditional {
                let about = "rejected: the order is at another version than expected";
                responses.insert(
                    "412".into(),
                    json!({ "description": about, "content": content("application/json", "Answer") }),
                );
            }
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
        if self.tagged() {
            responses.insert("304".into(), json!({ "description": "not changed since the ETag that was sent" }));
        }
        Value::Object(responses)
    }
}

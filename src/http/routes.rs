//! Every route once: its path, who may use it, what it is, who handles it. The server, the guard, the OpenAPI document and
//! the tests read this table.

use actix_web::{Resource, http::Method, web};

use super::{
    access::{Access, Route},
    accounts, audit, callbacks, commands, console, dead_letters, erase, feed, gifts, lines, live, me, openapi, orders,
    probes, recipient, reviews, shelf,
    tokens::Role::{self, Auditor, Checkout, Finance, Metrics, Operator, Partner, Payment, Privacy, Stock, Support},
    webhooks,
};

/// of orders
const READERS: &[Role] = &[Checkout, Partner, Operator, Support, Finance, Auditor];
/// of what is on sale
const BROWSERS: &[Role] = &[Checkout, Partner, Operator, Support, Stock, Auditor];
/// who works off lists of lines
const WORKERS: &[Role] = &[Partner, Operator, Support, Auditor];
const STAFF: &[Role] = &[Operator, Auditor];
const STOCK_KEEPERS: &[Role] = &[Operator, Stock, Auditor];
const PRIVACY_OFFICERS: &[Role] = &[Operator, Privacy, Auditor];
const WRITERS: &[Role] = &[Checkout, Partner, Payment, Operator, Support, Stock, Finance];

macro_rules! routes {
    ($($method:ident $path:literal $access:expr, $about:literal, $body:expr, $answer:expr => $handler:path;)+) => {
        vec![$(Route {
            method: Method::$method,
            path: $path,
            access: $access,
            about: $about,
            body: $body,
            answer: $answer,
            handler: |method| web::method(method).to($handler),
        }),+]
    };
}

/// All of them, a path's methods side by side.
pub fn all() -> Vec<Route> {
    use Access::{All, Roles, Signed};
    routes! {
        POST "/v1/commands" Roles(WRITERS), "Takes any command; answers with its answer", Some("Command"), Some("Answer") => commands::post;
        POST "/v1/commands/{id}" Roles(WRITERS), "Takes a command by its type: place_order, receive_stock …; the body is the command without it", Some("CommandBody"), Some("Answer") => commands::typed;
        GET "/v1/commands/{id}" Roles(&[Checkout, Partner, Payment, Operator, Support, Stock, Finance, Auditor]), "What became of a command", None, Some("CommandState") => commands::look;
        POST "/v1/orders" Roles(&[Checkout, Partner, Operator, Support]), "Places an order (주문): a place_order command, its type left out", Some("PlaceOrderBody"), Some("Answer") => orders::place;
        GET "/v1/orders" Roles(READERS), "Orders, newest first; a checkout sees its customer's, a partner its own, and of what it sells its part", None, Some("OrderPage") => orders::list;
        GET "/v1/orders/{id}" Roles(READERS), "An order with its lines, money and claims, to a seller its own part; its ETag names its version", None, Some("OrderView") => orders::one;
        GET "/v1/orders/{id}/timeline" Roles(READERS), "What happened to it, and why commands about it were refused", None, Some("Timeline") => orders::timeline;
        GET "/v1/orders/{id}/events" Roles(READERS), "Its events from a sequence on, from its history, as they were published", None, Some("EventPage") => feed::of_order;
        GET "/v1/orders/{id}/audit" Roles(&[Operator, Support, Finance, Auditor]), "What was done to it that wants a reason (감사이력): early refunds, forced deliveries, stock lost …", None, Some("OrderAudit") => audit::of_order;
        GET "/v1/orders/{id}/accounts" Roles(&[Payment, Operator, Finance]), "By what it was paid (tokens, virtual account) and where its refunds go; looking is audited", None, Some("AccountsView") => accounts::of_order;
        GET "/v1/orders/{id}/recipient" Roles(&[Checkout, Partner, Operator, Support]), "Whom its goods go to (수취인), whole: to its buyer, to who has something to send or install, to operators; each look is written down", None, Some("RecipientView") => recipient::one;
        GET "/v1/orders/{id}/{part}" Roles(READERS), "A part of it: lines, claims, payments, refunds, fees, procurements, linked-orders or reviews", None, Some("OrderPart") => orders::part;
        POST "/v1/orders/{id}/{part}" Roles(WRITERS), "Sends it a command, by the command's type: cancel_lines, request_return, preview …; the body is the command's own fields", Some("CommandFields"), Some("Answer") => orders::command;
        POST "/v1/payment-callbacks" Signed, "The payment service's word: money that came in, or went back", Some("PaymentEvent"), Some("Answer") => callbacks::post;
        GET "/v1/lines" Roles(WORKERS), "Order lines (현황) by status, claim, partner, SKU …; work oldest first, the rest newest first; a partner sees its own. JSON or CSV", None, Some("LinePage") => lines::list;
        GET "/v1/lines/counts" Roles(WORKERS), "How many lines there are of each status, by partner and by SKU", None, Some("LineCounts") => lines::counts::counts;
        GET "/v1/lines/recipients" Roles(&[Partner, Operator, Support]), "Lines that are to be sent, with where to, whole (발주서 다운로드), as JSON or CSV; each recipient that is told is written down", None, Some("LinePage") => lines::download;
        GET "/v1/reviews" Roles(WORKERS), "Reviews (리뷰) with their words, newest first; a partner sees those of what it sold", None, Some("ReviewPage") => reviews::list;
        GET "/v1/skus" Roles(&[Partner, Operator, Support, Stock, Auditor]), "Stock (재고) of every SKU, by id; a partner sees what it holds or sells", None, Some("SkuPage") => shelf::skus;
        GET "/v1/skus/{id}" Roles(BROWSERS), "Stock of a SKU, with its campaigns", None, Some("SkuView") => shelf::sku;
        GET "/v1/skus/{id}/ledger" Roles(STOCK_KEEPERS), "Its stock ledger (재고원장), newest first", None, Some("LedgerPage") => shelf::ledger;
        GET "/v1/products/{id}" Roles(BROWSERS), "A product (상품)", None, Some("ProductView") => shelf::product;
        GET "/v1/campaigns" Roles(STOCK_KEEPERS), "Campaigns (판매행사), by id", None, Some("CampaignPage") => shelf::campaigns;
        GET "/v1/campaigns/{id}" Roles(BROWSERS), "A campaign", None, Some("CampaignView") => shelf::campaign;
        GET "/v1/gift-promotions" Roles(STOCK_KEEPERS), "Gift promotions (사은품프로모션), by id", None, Some("GiftPromotionPage") => gifts::list;
        GET "/v1/gift-promotions/{id}" Roles(BROWSERS), "A gift promotion", None, Some("GiftPromotionView") => gifts::one;
        GET "/v1/dead-letters" Roles(STAFF), "Dead letters of every partition, newest first", None, Some("DeadLetterPage") => dead_letters::list;
        GET "/v1/dead-letters/{partition}/{id}" Roles(&[Operator]), "One of them, with its command as it was received; who sees it is written down", None, Some("DeadLetterView") => dead_letters::one;
        POST "/v1/dead-letters/{partition}/{id}/requeue" Roles(&[Operator]), "Sends its command again and deletes the dead letter", None, Some("DeadLetterDone") => dead_letters::requeue;
        DELETE "/v1/dead-letters/{partition}/{id}" Roles(&[Operator]), "Deletes it", None, Some("DeadLetterDone") => dead_letters::discard;
        GET "/v1/events" Roles(READERS), "Orders' events as server-sent events, from a cursor on; a checkout or partner names its order", None, Some("Events") => feed::events;
        GET "/v1/webhooks" Roles(STAFF), "Webhooks (웹훅): how far each has come, and how many failed deliveries it has", None, Some("WebhookPage") => webhooks::list;
        GET "/v1/webhooks/{name}/failed-deliveries" Roles(STAFF), "Failed deliveries: events that its receiver did not accept, newest first", None, Some("FailedDeliveryPage") => webhooks::failed_deliveries;
        POST "/v1/webhooks/{name}/failed-deliveries/{id}/resend" Roles(&[Operator]), "Posts its events again; it is deleted when they are accepted", None, Some("FailedDeliveryDone") => webhooks::resend;
        DELETE "/v1/webhooks/{name}/failed-deliveries/{id}" Roles(&[Operator]), "Deletes it", None, Some("FailedDeliveryDone") => webhooks::discard;
        POST "/v1/customers/{id}/erase" Roles(&[Operator, Privacy]), "Erases a person's data (개인정보 삭제); the orders' money and history stay", None, Some("ErasedView") => erase::customer;
        GET "/v1/audit" Roles(PRIVACY_OFFICERS), "Audited actions that are no command of an order (감사이력), newest first", None, Some("AuditPage") => audit::list;
        GET "/v1/access-log" Roles(PRIVACY_OFFICERS), "Who saw whose recipient (개인정보접속기록), newest first; kept for two years (--keep-access-log)", None, Some("AccessPage") => recipient::log;
        GET "/v1/live" Roles(&[Operator, Support, Stock, Finance, Auditor]), "The sale as it is, once a second: server-sent events, each a LiveView", None, Some("LiveView") => live::live;
        GET "/v1/me" Roles(&Role::ALL), "Who asks: name, role, and the actors that it may speak as", None, Some("Me") => me::me;
        GET "/metrics" Roles(&[Metrics, Operator, Auditor]), "Metrics for Prometheus", None, None => probes::metrics;
        GET "/healthz" All, "The process lives", None, None => probes::healthz;
        GET "/readyz" All, "Partitions are owned here, the others elsewhere, and log and store answer", None, Some("Readiness") => probes::readyz;
        GET "/openapi.json" All, "This document", None, None => openapi::document;
        GET "/" All, "The operator's console (운영 콘솔)", None, None => console::page;
        GET "/console/{file}" All, "Its parts", None, None => console::file;
    }
}

/// As actix takes them: a resource a path, in the table's order.
pub fn resources() -> Vec<(&'static str, Resource)> {
    let mut found: Vec<(&'static str, Resource)> = Vec::new();
    for route in all() {
        let at = found.iter().position(|(path, _)| *path == route.path);
        let resource = at.map_or_else(|| web::resource(route.path), |at| found.remove(at).1);
        let mut resource = resource.route((route.handler)(route.method.clone()));
        if matches!(route.access, Access::All) {
            // probes of load balancers ask so
            resource = resource.route((route.handler)(Method::HEAD));
        }
        found.insert(at.unwrap_or(found.len()), (route.path, resource));
    }
    found.into_iter().map(|(path, r)| (path, r.default_service(web::to(probes::method)))).collect()
}

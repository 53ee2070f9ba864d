//! Lists of lines as CSV: what a partner downloads to work off, with the rules that the same list has as JSON.

use serde_json::{Value, json};

use super::{done, each, placed, refused, seen, shops};
use crate::support::shop::Shop;

/// The rows of a sheet, the first its head, as a spreadsheet reads them (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("a byte-order mark");
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => cell.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty(), "it ends with a line");
    rows
}

fn column(sheet: &[Vec<String>], name: &str) -> Vec<String> {
    let at = sheet[0].iter().position(|n| n == name).unwrap_or_else(|| panic!("no {name}"));
    sheet[1..].iter().map(|row| row[at].clone()).collect()
}

fn sheet(shop: &Shop, token: &str, path: &str) -> Vec<Vec<String>> {
    let reply = shop.get(token, path);
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    assert!(reply.header("content-type").unwrap().starts_with("text/csv; charset=utf-8"), "{reply:?}");
    assert_eq!((reply.header("cache-control"), reply.header("vary")), (Some("no-store"), Some("Accept")), "{reply:?}");
    rows(&reply.body)
}

/// What is in the access log.
fn looks(shop: &Shop) -> usize {
    seen(shop, "auditor", "/v1/access-log")["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_sheet_says_what_the_list_says() {
    for shop in shops().await {
        for n in 1..=3 {
            placed(&shop, &format!("o-{n}"), "u-1", &[("A", 1), ("B", 1)]);
        }
        done(&shop, "operator", "o-1", "prepare", json!({}));
        let page = seen(&shop, "operator", "/v1/lines?status=ORDERED,PREPARING");
        let told = sheet(&shop, "operator", "/v1/lines?status=ORDERED,PREPARING&format=csv");
        assert_eq!(told.len(), 7);
        for (item, row) in page["items"].as_array().unwrap().iter().zip(&told[1..]) {
            for (name, cell) in told[0].iter().zip(row) {
                let value = match name.strip_prefix("recipient_") {
                    Some(field) => &item["recipient"][field],
                    None => &item[name],
                };
                let text = match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    Value::Array(none) if none.is_empty() => String::new(),
                    other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        other.to_string()
                    }
                };
                assert_eq!(*cell, text, "{name} of {item}");
            }
        }
        // by the header, too; where both speak, the query does
        for (accept, query, csv) in [
            ("text/csv", "", true),
            ("text/csv;q=0.5, application/json", "", false),
            ("application/json;q=0.1, text/csv", "", true),
            ("text/html, */*", "", false),
            ("nonsense", "", false),
            ("application/json", "&format=csv", true),
            ("text/csv", "&format=json", false),
        ] {
            let headers = [("Accept", accept)];
            let reply = shop.ask("operator", "GET", &format!("/v1/lines?limit=1{query}"), &headers, b"");
            let kind = reply.header("content-type").unwrap();
            assert_eq!(kind.starts_with("text/csv"), csv, "{accept} {query}: {reply:?}");
        }
        assert_eq!(refused(&shop, "operator", "/v1/lines?format=xlsx"), (422, "invalid".into()));
        assert_eq!(refused(&shop, "operator", "/v1/lines/counts?format=csv"), (422, "invalid".into()));
        // a refusal is a problem, whatever was asked for
        assert_eq!(refused(&shop, "partner", "/v1/lines?format=csv&partner_id=p-2"), (403, "forbidden".into()));
        assert_eq!(sheet(&shop, "operator", "/v1/lines?format=csv&carrier=NONE").len(), 1, "a head all the same");
    }
}

/// Pages are as long as the list's, and the next one is named in the header `Link`.
#[tokio::test]
async fn a_sheet_has_pages() {
    for shop in shops().await {
        for n in 1..=3 {
            placed(&shop, &format!("o-{n}"), "u-1", &[("A", 1), ("B", 1)]);
        }
        let (mut query, mut found) = ("?status=ORDERED&limit=1&format=csv".to_owned(), Vec::new());
        loop {
            let reply = shop.get("partner", &format!("/v1/lines{query}"));
            let page = rows(&reply.body);
            assert_eq!(page.len(), 2);
            found.extend(column(&page, "order_id"));
            let Some(link) = reply.header("link") else { break };
            let next = link.strip_prefix('<').and_then(|l| l.strip_suffix(">; rel=\"next\""));
            next.unwrap_or_else(|| panic!("{link}")).clone_into(&mut query);
        }
        assert_eq!(found, ["o-1", "o-2", "o-3"], "its own lines only");
        assert_eq!(refused(&shop, "partner", "/v1/lines?format=csv&limit=501"), (422, "invalid".into()));
    }
}

/// Recipients are masked and whole as in JSON, and each that is whole is written down.
#[tokio::test]
async fn f42_a_sheet_masks_recipients_and_writes_down_whom_it_tells() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1), ("B", 1)]);
        placed(&shop, "o-2", "u-1", &[("B", 1)]);
        let list = sheet(&shop, "partner", "/v1/lines?status=ORDERED&format=csv");
        assert_eq!(column(&list, "recipient_name"), ["홍*동"]);
        assert_eq!(column(&list, "recipient_masked"), ["true"]);
        assert!(!format!("{list:?}").contains("테헤란로"), "{list:?}");
        assert_eq!(looks(&shop), 0);
        let work = sheet(&shop, "partner", "/v1/lines/recipients?format=csv");
        assert_eq!(column(&work, "order_id"), ["o-1"], "its own");
        for (name, value) in [
            ("recipient_masked", "false"),
            ("recipient_name", "홍길동"),
            ("recipient_phone", "010-1234-5678"),
            ("recipient_zip", "06236"),
            ("recipient_address", "서울특별시 강남구 테헤란로 7"),
            ("recipient_address_detail", "101동 202호"),
        ] {
            assert_eq!(column(&work, name), [value], "{name}");
        }
        let log = seen(&shop, "auditor", "/v1/access-log");
        assert_eq!((each(&log, "look"), each(&log, "actor")), (vec!["DOWNLOAD"], vec!["partner:p-1"]), "{log}");
        // what is refused told nobody
        assert_eq!(refused(&shop, "partner", "/v1/lines/recipients?format=nix").0, 422);
        assert_eq!(looks(&shop), 1);
        let done = shop.get("auditor", "/v1/lines/recipients?format=csv");
        assert_eq!(done.status, 403, "{done:?}");
    }
}

/// What a buyer writes is no formula of the partner's spreadsheet, and stays in its cell.
#[tokio::test]
async fn what_buyers_write_is_no_formula() {
    for shop in shops().await {
        let to = json!({"name": "=HYPERLINK(\"http://evil.example\",\"주문\")", "phone": "+82-10-1234-5678", "zip": "06236",
            "address": "@SUM(1+1), \"quoted\"", "address_detail": "-2+3"});
        let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
            "recipient": to, "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 13_000,
            "approval": {"approval_id": "a-o-1"}}]}});
        shop.accepted("operator", "/v1/orders", "place-o-1", &place);
        let work = sheet(&shop, "partner", "/v1/lines/recipients?format=csv");
        for (name, value) in [
            ("recipient_name", "'=HYPERLINK(\"http://evil.example\",\"주문\")"),
            ("recipient_phone", "'+82-10-1234-5678"),
            ("recipient_address", "'@SUM(1+1), \"quoted\""),
            ("recipient_address_detail", "'-2+3"),
        ] {
            assert_eq!(column(&work, name), [value], "{name}");
        }
        let formulas = work.iter().flatten().filter(|c| c.starts_with(['=', '+', '-', '@', '\t', '\r']));
        assert_eq!(formulas.count(), 0, "{work:?}");
    }
}

//! A list of lines as a sheet: the columns.

use serde::Serialize;

use super::{LineClaim, LineItem};
use crate::http::{csv::CsvColumn, view::RecipientView};

/// What a file is called that keeps it.
pub const FILE: &str = "lines.csv";

/// The fields of a [`LineItem`] by their names, in its order; a recipient's have its name before theirs.
pub const COLUMNS: [CsvColumn<LineItem>; 34] = [
    ("order_id", |l| l.order_id.clone()),
    ("line_no", |l| l.line_no.to_string()),
    ("customer_id", |l| l.customer_id.clone()),
    ("partner_id", |l| l.partner_id.clone()),
    ("parent_order_id", |l| text(l.parent_order_id.as_deref())),
    ("product_id", |l| l.product_id.clone()),
    ("product_name", |l| text(l.product_name.as_deref())),
    ("sku_id", |l| l.sku_id.clone()),
    ("option_name", |l| text(l.option_name.as_deref())),
    ("status", |l| word(l.status)),
    ("status_korean", |l| l.status_korean.to_owned()),
    ("delivery", |l| word(l.delivery)),
    ("delivery_korean", |l| text(l.delivery_korean)),
    ("ordered", |l| l.ordered.to_string()),
    ("active", |l| l.active.to_string()),
    ("cancelled", |l| l.cancelled.to_string()),
    ("returned", |l| l.returned.to_string()),
    ("exchanged", |l| l.exchanged.to_string()),
    ("claimable", |l| l.claimable.to_string()),
    ("gift", |l| l.gift.to_string()),
    ("main_line_no", |l| l.main_line_no.map(|no| no.to_string()).unwrap_or_default()),
    ("claims", |l| l.claims.iter().map(claim).collect::<Vec<_>>().join("; ")),
    ("placed_at", |l| word(l.placed_at)),
    ("ship_instructed_at", |l| word(l.ship_instructed_at)),
    ("expected_delivery_at", |l| word(l.expected_delivery_at)),
    ("prepared_at", |l| word(l.prepared_at)),
    ("started_at", |l| word(l.started_at)),
    ("delivered_at", |l| word(l.delivered_at)),
    ("recipient_masked", |l| recipient(l, |r| Some(if r.masked { "true" } else { "false" }))),
    ("recipient_name", |l| recipient(l, |r| Some(&r.name))),
    ("recipient_phone", |l| recipient(l, |r| r.phone.as_deref())),
    ("recipient_zip", |l| recipient(l, |r| r.zip.as_deref())),
    ("recipient_address", |l| recipient(l, |r| r.address.as_deref())),
    ("recipient_address_detail", |l| recipient(l, |r| r.address_detail.as_deref())),
];

fn text(of: Option<&str>) -> String {
    of.unwrap_or_default().to_owned()
}

/// A word or a time, as it is in JSON.
fn word(of: impl Serialize) -> String {
    let json = serde_json::to_value(of).ok();
    text(json.as_ref().and_then(serde_json::Value::as_str))
}

fn recipient(l: &LineItem, field: fn(&RecipientView) -> Option<&str>) -> String {
    text(l.recipient.as_ref().and_then(field))
}

/// `return 1 REQUESTED 2`: which claim, how far it is, of how many units.
fn claim(c: &LineClaim) -> String {
    format!("{} {} {} {}", c.kind, c.claim_group, c.state, c.quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that is new has a column.
    #[test]
    fn every_field_has_a_column() {
        let fields = |of: schemars::Schema| -> Vec<String> {
            of.get("properties").unwrap().as_object().unwrap().keys().cloned().collect()
        };
        let mut expected = fields(schemars::schema_for!(LineItem));
        expected.retain(|field| field != "recipient");
        expected.extend(fields(schemars::schema_for!(RecipientView)).iter().map(|field| format!("recipient_{field}")));
        let mut names: Vec<String> = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
        expected.sort();
        names.sort();
        assert_eq!(names, expected);
    }
}

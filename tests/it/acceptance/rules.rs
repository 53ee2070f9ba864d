//! Which scenario shows which rule of the domain page: every rule has one, and every tag is a rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::gherkin;
use crate::docs::hold;

/// Rows of the workflow (domain §2), rules of the lines (§3), money (§4), fees (§5), stock (§6), questions (§8).
const RULES: &[(&str, &str)] = &[
    ("W1", "placing an order: valid, priced by the server, in the sale's window, within the limit"),
    ("W2", "payment approved: the amount due, to the won"),
    ("W3", "payment declined: nothing else, and the payer may try again"),
    ("W4", "the deadline passes: units and limit come back"),
    ("W5", "the payer gives up: as an expiry"),
    ("W6", "the buyer cancels whole lines"),
    ("W7", "preparation closes the buyer's cancellation"),
    ("W8", "stock judged, none: out of stock, refunded whole"),
    ("W9", "stock judged, some: the remainder stays, the shortage is refunded pro rata"),
    ("W10", "purchase from a partner: a linked order"),
    ("W11", "purchase from a non-partner: a receipt, no order"),
    ("W12", "own stock: not deducted twice"),
    ("W13", "an installer is assigned: a linked order, the status stays"),
    ("W14", "destination: home or business, surcharge for islands and Jeju, from the placement on"),
    ("W15", "procurement done: all of it, an installation does not gate"),
    ("W16", "procurement cancelled: out of stock, refunded, linked orders cancelled"),
    ("W17", "stock lost before shipping: refunded in full or pro rata"),
    ("W18", "shipped"),
    ("W19", "delivered, by the installer, installed: in order"),
    ("W20", "installation impossible: a return, approved, without a fee"),
    ("W21", "purchase confirmed: delivered, and installed where there is an installer"),
    ("W22", "a return is asked for"),
    ("W23", "an exchange is asked for"),
    ("WL", "linked orders: consumer, retailer, wholesaler; what ends one"),
    ("WX", "whatever is not in the table is refused, naming the status and the command"),
    ("G3.1", "flags of main lines and gifts, kept as given"),
    ("G3.2", "gifts are the service's judgement, cost nothing, follow their main line"),
    ("G3.3", "gift promotion kept; gifts added by hand with a reason"),
    ("D13", "gifts are entitled; one that ran out cuts no goods, and gifts follow goods that are cut"),
    ("D15", "an exchange for goods that are not there is refused, and the claim stays asked for"),
    ("D23", "exchanged goods are inspected like a return's: part is kept back, goods go back, the fault is corrected"),
    ("G3.4", "dates at payment: from the receipt"),
    ("G3.5", "dates of delivery and of revenue"),
    ("G3.6", "forced delivery: audited, no points, no courier's time"),
    ("G3.7", "several waybills a line"),
    ("G3.8", "the quantity that a claim may name"),
    ("G3.9", "a return can be withdrawn, a cancellation can't"),
    ("G3.10", "refund before collection: the product's word, kept on the line, overridden for a claim"),
    ("G3.11", "several lines of one SKU"),
    ("G3.12", "prices and discounts, by the server"),
    ("G4.settlement", "paid = refundable + planned + excluded + refunded"),
    ("G4.cancel", "cancel groups: whole lines by the buyer, quantities by the system"),
    ("G4.refund", "planned, asked, refunded; failed and retried; by bank transfer; card first"),
    ("G4.return", "a return: approved or rejected, collected, completed; restored"),
    ("G4.exchange", "an exchange: rejected, by pickup, by adding a product; chains; failure"),
    ("G4.promotions", "promotions and coupons: named, with a window"),
    ("G4.owed", "what is owed: the total in every state, and who is told"),
    ("G4.points", "points: used, given back, earned on money, reversed"),
    ("G5.1", "a whole cancellation gives the fee back, a part keeps it"),
    ("G5.2", "pro-rata shares sum to the whole"),
    ("G5.3", "one row a partner and template; bundled, unbundled"),
    ("G5.4", "free goods, and free from a threshold on"),
    ("G5.5", "quantity does not multiply, gifts pay nothing"),
    ("G5.6", "a part cancellation keeps the threshold's verdict"),
    ("G5.7", "returns are priced with the same module, by the terms of the day of the order"),
    ("G5.8", "the seller's fault, a failed installation, unshipped goods: nothing"),
    ("G5.v1", "A, B; D, E; F: 1,000 / 6,000 / 5,000"),
    ("G5.v2", "A, B, C of one template, bundled: 1,000"),
    ("G5.v3", "the same, not bundled: 3,000"),
    ("G5.v4", "three templates: 1,000 / 1,000 / 3,000"),
    ("G5.v5", "bundled 1,000 and 2,000: 2,000"),
    ("G5.v6", "bundled 1,000 + 1,000, unbundled 3,000: 4,000"),
    ("G5.v7", "threshold 50,000: 49,999 pays, 50,000 does not"),
    ("G5.v8", "returns of A / A+B / D / D+E / A+D / F"),
    ("S6.1", "the truth of stock: never oversold, never undersold"),
    ("S6.2", "held at placement, or judged at payment"),
    ("S6.3", "several lines: all or nothing, unless part is allowed"),
    ("S6.4", "a SKU's stock belongs to one holder"),
    ("S6.5", "every movement is written down; another system's change is kept"),
    ("S6.6", "sales: window, pause, limit, sold out"),
    ("Q1", "installation impossible is a return"),
    ("Q2", "a pickup creates no order"),
    ("Q3", "only the payment side's results drive states"),
    ("Q4", "the service judges what is a gift"),
    ("Q5", "gift reasons"),
    ("Q6", "a gift by the merchandiser after the order"),
    ("Q7", "refund before collection is the product's flag"),
    ("Q8", "surcharge for Jeju, before shipping only"),
    ("Q9", "gifts are collected, unless waived"),
    ("Q10", "promotion, then coupon"),
    ("Q11", "buyers cancel no quantities"),
    ("Q12", "a refund by bank transfer counts as refunded"),
    ("Q13", "the first payment group is 1"),
    ("Q14", "payment by other means stays group 1, with a new id"),
    ("Q15", "the cancel table is only added to"),
    ("Q16", "planned: in flight on the settlement, the request's on the refund"),
    ("Q17", "planned is not the deposits' expected amount"),
];

#[test]
fn every_rule_has_its_scenarios() {
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut names, mut count) = (BTreeSet::new(), 0);
    for feature in gherkin::all() {
        let file = feature.file.trim_start_matches("tests/scenarios/").trim_end_matches(".feature").to_owned();
        for s in &feature.scenarios {
            count += 1;
            assert!(names.insert(s.name.clone()), "two scenarios are called {}", s.name);
            assert!(!s.tags.is_empty(), "{}:{}: which rule does it show?", feature.file, s.line);
            for tag in &s.tags {
                assert!(RULES.iter().any(|(r, _)| r == tag), "{}:{}: there is no rule {tag}", feature.file, s.line);
                shown.entry(tag.clone()).or_default().push(format!("{file}: {}", s.name));
            }
        }
    }
    let bare: Vec<&str> = RULES.iter().map(|(r, _)| *r).filter(|r| !shown.contains_key(*r)).collect();
    assert!(bare.is_empty(), "no scenario shows {bare:?}");
    assert!(count >= 80, "{count} scenarios are too few for the whole order");
    let mut list = format!("{count} scenarios.\n");
    for (rule, says) in RULES {
        writeln!(list, "\n**{rule}**: {says}\n").unwrap();
        for scenario in &shown[*rule] {
            writeln!(list, "- {scenario}").unwrap();
        }
    }
    hold("docs/reference/scenarios.md", "scenarios", &list);
}

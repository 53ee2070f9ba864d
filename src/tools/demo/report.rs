//! What happened, for a person to read.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use super::{
    DemoSale, PRICE,
    check::{DemoCheck, DemoTotals},
};
use crate::{
    server::stats::Stats,
    tools::load::report::{millis, thousands},
};

fn per(count: u64, took: Duration) -> u64 {
    let ms = took.as_millis().max(1);
    u64::try_from(u128::from(count) * 1_000 / ms).unwrap_or(0)
}

fn number(n: impl TryInto<u64>) -> String {
    thousands(n.try_into().unwrap_or(0))
}

struct Sheet(Table);

impl Sheet {
    fn new(title: &str) -> Self {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_header([title, ""]);
        Self(table)
    }

    fn row(&mut self, name: &str, value: impl Into<String>) {
        self.0.add_row([Cell::new(name), Cell::new(value.into()).set_alignment(CellAlignment::Right)]);
    }
}

/// The report.
pub fn report(sale: &DemoSale, found: &DemoTotals, stats: &Stats, others: &[DemoCheck]) -> String {
    let mut out = String::new();
    let (plan, units) = (&sale.plan, i64::from(sale.plan.units));
    let verdict = match found.sold {
        sold if sold == units => "sold out: every unit, and not one more".to_owned(),
        sold if sold > units => format!("OVERSOLD by {}", number(sold - units)),
        sold if sale.crowd.waiting() == 0 => format!("{} left, and nobody wanted them", number(units - sold)),
        sold => format!("{} LEFT, and people in line for them", number(units - sold)),
    };
    push(&mut out, format_args!("\n{} of {} units {verdict}.\n", number(found.sold), number(units)));
    for sheet in [people(sale, found), machine(sale, found, stats)] {
        push(&mut out, format_args!("{}\n", sheet.0));
    }
    push(&mut out, format_args!("{}\n", checks(found, others)));
    let violated: Vec<&DemoCheck> = found.checks.iter().chain(others).filter(|c| !c.holds()).collect();
    for check in &violated {
        for violation in &check.violations {
            push(&mut out, format_args!("  {}: {violation}\n", check.id));
        }
    }
    if violated.is_empty() {
        push(&mut out, format_args!("Everything holds. The same crowd comes again with --seed {}.\n", plan.seed));
    } else {
        push(&mut out, format_args!("{} promises are BROKEN.\n", violated.len()));
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    if out.write_fmt(text).is_err() {
        tracing::debug!("a string took no text");
    }
}

fn people(sale: &DemoSale, found: &DemoTotals) -> Sheet {
    let (tally, plan) = (&sale.crowd.tally, &sale.plan);
    let mut sheet = Sheet::new("the people");
    sheet.row("came, wanting one each", number(plan.customers));
    sheet.row("orders accepted", number(tally.accepted));
    reasons(&mut sheet, "refused", &tally.refused);
    reasons(&mut sheet, "a second one refused", &tally.second);
    sheet.row("paid in time", number(tally.paid));
    sheet.row("  of them declined first, paid by another card", number(tally.declined));
    sheet.row("  of them cancelled again, money back", number(tally.regretted));
    sheet.row("paid too late: taken, and given back at once", number(tally.late));
    reasons(&mut sheet, "payment refused", &tally.unpaid);
    sheet.row("gave up before paying", number(tally.gave_up));
    sheet.row("never paid", number(tally.never));
    sheet.row("holds that ran out", number(found.orders.get("PAYMENT_EXPIRED").copied().unwrap_or(0)));
    sheet.row("units sold, net of what came back", number(found.sold));
    sheet.row("  sold again after they came back", number(found.sold_ever - found.sold));
    sheet.row("came back in vain, until it was sold out", number(tally.refused_again));
    sheet.row("came back and got one", number(tally.returned_bought));
    let twice = format!("{} of {}", number(tally.same), number(tally.sent_twice));
    sheet.row("sent the same order twice: answered the same", twice);
    sheet.row("money in", format!("₩{}", number(found.money_in)));
    sheet.row("money still to be given back", format!("₩{}", number(found.money_planned)));
    sheet.row("money given back", format!("₩{}", number(found.money_back)));
    sheet.row("kept: units × price", format!("{} × ₩{}", number(found.sold), thousands(PRICE)));
    sheet
}

fn reasons(sheet: &mut Sheet, what: &str, reasons: &BTreeMap<String, u64>) {
    for (reason, count) in reasons {
        sheet.row(&format!("{what}: {reason}"), thousands(*count));
    }
}

fn machine(sale: &DemoSale, found: &DemoTotals, stats: &Stats) -> Sheet {
    let tally = &sale.crowd.tally;
    let mut sheet = Sheet::new("the machine");
    sheet.row("orders answered", number(tally.answered));
    let average = number(per(tally.answered, tally.last));
    sheet.row("orders a second (best second)", format!("{average} ({})", number(tally.peak())));
    if let Some(latency) = &tally.latency {
        let at = |percent: f64| millis(latency.value_at_percentile(percent));
        sheet.row("from ordering to the answer, p50 / p99", format!("{} / {}", at(50.0), at(99.0)));
        sheet.row("  slowest", millis(latency.max()));
    }
    sheet.row("commits", number(stats.commits));
    sheet.row("commands a commit, on average", number(stats.committed / stats.commits.max(1)));
    let each_us = stats.committing.as_micros() / u128::from(stats.commits.max(1));
    sheet.row("a commit takes, on average", millis(u64::try_from(each_us).unwrap_or(0)));
    sheet.row("events in the history", number(found.events));
    let refunds = format!("{} ({} asked again after a failure)", number(found.refunds), number(found.refunds_failed));
    sheet.row("refunds", refunds);
    let resets: u64 = stats.lanes.values().map(|lane| lane.resets).sum();
    if resets > 0 {
        sheet.row("lane resets", number(resets));
    }
    sheet.row("opened to all at rest", format!("{:.1} s", sale.took.as_secs_f64()));
    sheet
}

fn checks(found: &DemoTotals, others: &[DemoCheck]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["", "checked in the database", "looked at", ""]);
    for check in found.checks.iter().chain(others) {
        let verdict = match (check.violations.is_empty(), check.checked) {
            (false, _) => "BROKEN",
            (true, 0) => "nothing to check",
            (true, _) => "holds",
        };
        let looked = Cell::new(number(check.checked)).set_alignment(CellAlignment::Right);
        table.add_row([Cell::new(check.id), Cell::new(check.name), looked, Cell::new(verdict)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_a_second() {
        assert_eq!(per(500, Duration::from_millis(250)), 2_000);
        assert_eq!(per(500, Duration::ZERO), 500_000, "a moment is a millisecond at least");
    }
}

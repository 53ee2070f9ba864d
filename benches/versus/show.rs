//! The table, the ratios beside what is aimed at, and the JSON.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use jumun::tools::load::report::{millis, thousands};
use serde::Serialize;

use crate::Sample;

/// All samples of a system in a scenario, one a round.
#[derive(Debug, Serialize)]
pub struct Row {
    pub scenario: &'static str,
    pub system: &'static str,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Throughput,
    P99,
}

/// A ratio that is aimed at: `of` over `to`.
struct Aim {
    name: &'static str,
    of: (&'static str, &'static str),
    to: (&'static str, &'static str),
    what: What,
    /// at least this (throughput), at most this (p99)
    bound: f64,
}

const fn aim(
    name: &'static str,
    of: (&'static str, &'static str),
    to: (&'static str, &'static str),
    what: What,
    bound: f64,
) -> Aim {
    Aim { name, of, to, what, bound }
}

const AIMS: [Aim; 9] = [
    aim("hot SKU: jumun / A, best clients", ("hot", "jumun"), ("hot", "A"), What::Throughput, 20.0),
    aim("hot SKU: jumun / A, 64 clients", ("hot", "jumun"), ("hot", "A64"), What::Throughput, 20.0),
    aim("hot SKU: jumun / B", ("hot", "jumun"), ("hot", "B"), What::Throughput, 7.0),
    aim("hot SKU: jumun / C", ("hot", "jumun"), ("hot", "C"), What::Throughput, 10.0),
    aim("hot SKU: jumun / D", ("hot", "jumun"), ("hot", "D"), What::Throughput, 0.8),
    aim("hot SKU: p99 of jumun at 70% / p99 of A", ("hot", "jumun"), ("hot", "A"), What::P99, 1.0),
    aim("1,000 SKUs: jumun / A, best clients", ("spread", "jumun"), ("spread", "A"), What::Throughput, 6.0),
    aim("jumun: 1,000 SKUs / hot SKU", ("spread", "jumun"), ("hot", "jumun"), What::Throughput, 0.9),
    aim("jumun: sold-out refusals / accepted", ("soldout", "jumun"), ("hot", "jumun"), What::Throughput, 1.5),
];

#[derive(Serialize)]
struct Ratio {
    name: &'static str,
    bound: f64,
    at_most: bool,
    rounds: Vec<f64>,
    median: f64,
    met: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    machine: &'a [(String, String)],
    rows: &'a [Row],
    ratios: Vec<Ratio>,
    losses: &'a [[String; 3]],
}

/// The median: the lower of the middle two when there is no middle.
fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len().saturating_sub(1) / 2).copied()
}

fn ratio(aim: &Aim, rows: &[Row]) -> Option<Ratio> {
    let find = |(scenario, system)| rows.iter().find(|row| row.scenario == scenario && row.system == system);
    let value = |sample: &Sample| match aim.what {
        What::Throughput => Some(sample.per_second as f64),
        What::P99 => sample.p99_us.map(|us| us as f64),
    };
    let pairs = find(aim.of)?.samples.iter().zip(&find(aim.to)?.samples);
    let rounds: Vec<f64> = pairs.filter_map(|(of, to)| Some(value(of)? / value(to)?.max(1.0))).collect();
    let median = median(rounds.clone())?;
    let at_most = matches!(aim.what, What::P99);
    let met = if at_most { median < aim.bound } else { median >= aim.bound };
    Some(Ratio { name: aim.name, bound: aim.bound, at_most, rounds, median, met })
}

/// Prints everything, and writes it as JSON; gives the place of that.
pub fn show(machine: &[(String, String)], rows: &[Row], losses: &[[String; 3]]) -> Result<String> {
    let new = |header: &[&str]| {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_header(header.iter().copied());
        table
    };
    let mut table = new(&["machine", ""]);
    for (name, value) in machine {
        table.add_row([name, value]);
    }
    println!("{table}");

    let mut table = new(&["scenario", "system", "orders/s", "each round", "p50", "p99", "how"]);
    for row in rows {
        let latency = |get: fn(&Sample) -> Option<u64>| {
            median(row.samples.iter().filter_map(get).collect()).map_or_else(|| "-".to_owned(), millis)
        };
        let rates: Vec<u64> = row.samples.iter().map(|sample| sample.per_second).collect();
        table.add_row([
            row.scenario.to_owned(),
            row.system.to_owned(),
            median(rates.clone()).map_or_else(String::new, thousands),
            rates.iter().map(|&rate| thousands(rate)).collect::<Vec<_>>().join(" "),
            latency(|sample| sample.p50_us),
            latency(|sample| sample.p99_us),
            how(row).to_owned(),
        ]);
    }
    for column in [2, 4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");

    let ratios: Vec<Ratio> = AIMS.iter().filter_map(|aim| ratio(aim, rows)).collect();
    let mut table = new(&["ratio (median of the rounds')", "measured", "aim", "met"]);
    for ratio in &ratios {
        let sign = if ratio.at_most { "below" } else { "at least" };
        table.add_row([
            ratio.name.to_owned(),
            format!("{:.2}", ratio.median),
            format!("{sign} {}", ratio.bound),
            if ratio.met { "yes" } else { "no" }.to_owned(),
        ]);
    }
    println!("{table}");

    let mut table = new(&["system", "what happens", "what is lost"]);
    for loss in losses {
        table.add_row(loss);
    }
    println!("{table}");

    let path = target().join("versus.json");
    let json = serde_json::to_string_pretty(&Json { machine, rows, ratios, losses })?;
    std::fs::write(&path, json + "\n").with_context(|| format!("can't write {}", path.display()))?;
    Ok(format!("all of it as JSON: {}", path.display()))
}

fn how(row: &Row) -> &str {
    match row.system {
        "jumun" | "D" => "open loop: highest rate kept up; latencies at 70% of it",
        _ => row.samples.first().map_or("", |sample| &sample.note),
    }
}

/// Cargo's target directory.
fn target() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).to_path_buf()
}

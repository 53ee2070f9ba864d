//! `jumun verify`: holds a database, and what the streams retain, to the promises.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use clap::Args;

use super::config::{ConnectionArgs, real_clock, seconds};
use crate::tools::verify::{Options, Report, verify};

/// Checks the promises R1–R11 and R13 against a database and, with --redis, against what the streams retain.
///
/// It only reads. Stop the traffic first: what is written while it reads looks like a violation.
/// Exit status: 0 all hold, 1 something is violated, 2 it could not be checked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  jumun verify --database sqlite:jumun.db
  jumun verify --redis redis://localhost --database postgres://jumun@localhost/jumun --settle 30")]
pub struct VerifyArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    /// Wait so long for a running server to come to rest, in seconds; unpaid orders must have expired then
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    settle: f64,
    /// A balance that another system changed is no violation while no command has met it
    #[arg(long)]
    allow_external: bool,
    /// Violations shown for each check; the rest are counted
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    show: usize,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// None: what goes wrong is told on standard error, with exit status 2.
pub async fn run(args: VerifyArgs) -> anyhow::Result<ExitCode> {
    match report(&args).await {
        Ok(report) => {
            if args.json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print!("{}", text(&report));
            }
            Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Err(e) => {
            eprintln!("jumun: it can't be checked: {e:#}");
            Ok(ExitCode::from(2))
        }
    }
}

async fn report(args: &VerifyArgs) -> anyhow::Result<Report> {
    let settle = seconds("--settle", args.settle, 0.0, 86_400.0)?;
    let clock = real_clock();
    let store = args.places.store().await?;
    let log = match args.places.redis()? {
        Some(_) => Some(args.places.log(&clock).await?),
        None => None,
    };
    let now = (settle > Duration::ZERO).then(|| clock.now());
    let options =
        Options { settle, allow_external: args.allow_external, shown_max: args.show, now, ..Options::default() };
    Ok(Box::pin(verify(store, log, options)).await?)
}

/// A line a check, its violations and notes below it.
fn text(report: &Report) -> String {
    let mut out = String::new();
    let streams = report.log.map_or_else(|| "no streams".to_owned(), |log| format!("the {log} streams"));
    // writing to a string can't fail
    let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
    let archived = if report.archived > 0 { format!(" ({} archived)", report.archived) } else { String::new() };
    line(format!("{} orders{archived} and {} SKUs in {}, {streams}", report.orders, report.skus, report.store));
    for c in &report.checks {
        let verdict = match (&c.skipped, c.violated, c.checked) {
            (_, n, _) if n > 0 => format!("VIOLATED {n} times"),
            (Some(why), _, _) => format!("skipped: {why}"),
            (None, _, 0) => "nothing to check".to_owned(),
            (None, _, n) => format!("holds ({n} checked)"),
        };
        line(format!("{:<4} {:<45} {verdict}", c.id, c.name));
        for v in &c.violations {
            line(format!("       ! {v}"));
        }
        let shown = u64::try_from(c.violations.len()).unwrap_or(u64::MAX);
        if c.violated > shown {
            line(format!("       … and {} more", c.violated - shown));
        }
        for note in &c.notes {
            line(format!("       - {note}"));
        }
    }
    let red = report.red();
    line(if red.is_empty() { "all hold".to_owned() } else { format!("violated: {}", red.join(", ")) });
    out
}

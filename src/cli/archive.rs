//! `jumun archive`: moves what has ended out of the tables that a sale works on.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;

use super::config::{ConnectionArgs, real_clock, seconds};
use crate::{
    domain::ids::OrderId,
    history::timeline,
    retention::before,
    tools::archive::{self, ArchiveReport, ArchiveRequest},
};

/// Moves orders that have ended, with all that hangs on them, and the older rows of the stock ledgers into archive tables
/// (보관) of the same database.
///
/// It may run beside the server, and again after it was killed: each order is moved whole or not at all, and compared before it
/// goes. What is archived can be looked at as before, takes no commands any more, and is held to its promises by jumun verify.
/// Personal data is not moved: it has its own term (jumun serve --destroy-persons-after).
/// Exit status: 0 done, 1 there is no such order in the archive (--show), 2 it could not be done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  jumun archive --older-than 365 --dry-run --database postgres://jumun@localhost/jumun
  jumun archive --older-than 365 --database postgres://jumun@localhost/jumun
  jumun archive --show o-1 --database sqlite:jumun.db")]
pub struct ArchiveArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    /// Orders whose last change, and ledger rows that, are older than so many days
    #[arg(long, value_name = "DAYS", required_unless_present = "show")]
    older_than: Option<f64>,
    /// Only tell what would be moved
    #[arg(long)]
    dry_run: bool,
    /// Tell what the archive has of an order, and move nothing
    #[arg(long, value_name = "ORDER", conflicts_with_all = ["older_than", "dry_run"])]
    show: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// None: what goes wrong is told on standard error, with exit status 2.
pub async fn run(args: ArchiveArgs) -> anyhow::Result<ExitCode> {
    let done = match &args.show {
        Some(order) => show(&args, order).await,
        None => work(&args).await,
    };
    Ok(done.unwrap_or_else(|e| {
        eprintln!("jumun: it can't be archived: {e:#}");
        ExitCode::from(2)
    }))
}

async fn work(args: &ArchiveArgs) -> anyhow::Result<ExitCode> {
    let Some(days) = args.older_than else { bail!("--older-than is missing") };
    let age: Duration = seconds("--older-than (in seconds)", days * 86_400.0, 0.0, 36_500.0 * 86_400.0)?;
    let at = real_clock().now();
    let store = args.places.store().await?;
    let report = archive::run(&*store, ArchiveRequest { before: before(at, age), at, dry_run: args.dry_run }).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", text(&report, args.dry_run));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(r: &ArchiveReport, dry_run: bool) -> String {
    let mut out = if dry_run {
        format!("{} orders would be archived, and {} ledger rows or more\n", r.orders, r.ledger_rows)
    } else {
        format!("{} orders archived with {} rows, and {} ledger rows\n", r.orders, r.rows, r.ledger_rows)
    };
    for (why, n) in &r.kept {
        out.push_str(&format!("  {n} kept: {why}\n"));
    }
    out
}

async fn show(args: &ArchiveArgs, order: &str) -> anyhow::Result<ExitCode> {
    let id = OrderId::new(order).context("that is no order id")?;
    let store = args.places.store().await?;
    let Some(entry) = store.archive_entry(&id).await? else {
        eprintln!("jumun: order {id} is not in the archive");
        return Ok(ExitCode::from(1));
    };
    let told = timeline::timeline(&*store, &id).await?;
    if args.json {
        let whole = serde_json::json!({"archived_at": entry.arch_dttm, "rows": entry.row_cnt, "digest": entry.row_dgst,
            "timeline": told});
        println!("{}", serde_json::to_string_pretty(&whole)?);
    } else {
        println!("archived at {}: {} rows, digest {}", entry.arch_dttm.to_rfc3339(), entry.row_cnt, entry.row_dgst);
        print!("{}", timeline::text(&told));
    }
    Ok(ExitCode::SUCCESS)
}

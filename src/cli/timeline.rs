//! `jumun timeline`: what happened to an order, and why commands about it were refused.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::config::{ConnectionArgs, real_clock};
use crate::{
    domain::ids::OrderId,
    history::timeline::{Answers, text, timeline},
};

/// Tells what happened to an order, when, by whom, with money before and after.
///
/// With --redis also which commands were refused, as far as the answer streams retain them: by which rule, at which position
/// of the stock ledger. It only reads. Exit status: 0 told, 1 there is no such order, 2 it can't be told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  jumun timeline o-1 --database sqlite:jumun.db
  jumun timeline o-1 --redis redis://localhost --database postgres://jumun@localhost/jumun --json")]
pub struct TimelineArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    /// The order
    order: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// None: what goes wrong is told on standard error, with exit status 2.
pub async fn run(args: TimelineArgs) -> anyhow::Result<ExitCode> {
    Ok(tell(args).await.unwrap_or_else(|e| {
        eprintln!("jumun: it can't be told: {e:#}");
        ExitCode::from(2)
    }))
}

async fn tell(args: TimelineArgs) -> anyhow::Result<ExitCode> {
    let id = OrderId::new(&args.order).context("that is no order id")?;
    let store = args.places.store().await?;
    let log = match args.places.redis()? {
        Some(_) => Some(args.places.log(&real_clock()).await?),
        None => None,
    };
    let mut told = timeline(&*store, &id).await?;
    if let Some(log) = log {
        told.look(&Answers { log, names: Vec::new(), pages_max: usize::MAX }).await?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        print!("{}", text(&told));
    }
    let known = told.status.is_some() || !told.entries.is_empty();
    Ok(if known { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

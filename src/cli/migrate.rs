//! `jumun migrate`: brings a database's schema to this version.

use std::process::ExitCode;

use clap::Args;

use super::config::Places;

/// Brings a database's schema to this version; safe to run again, and by several processes at once.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    places: Places,
}

/// Runs it.
///
/// # Errors
/// A sentence, when the database can't be reached or changed.
pub async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let store = args.places.store().await?;
    store.migrate().await?;
    println!("the {} schema is up to date", store.kind());
    Ok(ExitCode::SUCCESS)
}

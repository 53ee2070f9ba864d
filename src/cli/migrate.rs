//! `jumun migrate`: brings a database's schema to this version.

use std::process::ExitCode;

use clap::Args;

use super::config::ConnectionArgs;

/// Brings a database's schema to this version; safe to run again, and by several processes at once.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    /// The user of the database that the server has: it is given what the server needs of the rows, and nothing of the schema
    #[arg(long, env = "JUMUN_SERVER_ROLE", value_name = "ROLE")]
    server_role: Option<String>,
}

/// Runs it.
///
/// # Errors
/// A sentence, when the database can't be reached or changed.
pub async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let store = args.places.store().await?;
    store.migrate().await?;
    println!("the {} schema is up to date", store.kind());
    if let Some(role) = &args.server_role {
        store.grant(role).await?;
        println!("the role {role} may read and write as a server does, and change no table");
    }
    Ok(ExitCode::SUCCESS)
}

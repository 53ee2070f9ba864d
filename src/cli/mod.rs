//! The subcommands.

pub mod config;
pub mod load;
pub mod migrate;
pub mod send;
pub mod serve;
pub mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// jumun (주문): takes flash-sale orders from Redis Streams, decides them in memory, commits them in groups, answers each once.
///
/// Without any configuration it runs from this one binary: a SQLite file and an in-process log. Give --database and
/// --redis (or DATABASE_URL and REDIS_URL) for the real servers.
#[derive(Debug, Parser)]
#[command(name = "jumun", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Migrate(migrate::MigrateArgs),
    Load(load::LoadArgs),
    Send(send::SendArgs),
    Verify(verify::VerifyArgs),
}

impl Cli {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// A sentence for the person at the terminal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => serve::run(*args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Load(args) => load::run(args).await,
            Command::Send(args) => send::run(args).await,
            Command::Verify(args) => verify::run(args).await,
        }
    }
}

//! The subcommands.

pub mod archive;
pub mod compare;
pub mod config;
pub mod demo;
pub mod environment;
pub mod file;
pub mod keep;
pub mod load;
pub mod migrate;
pub mod opening;
pub mod payments;
pub mod reseal;
pub mod sample;
pub mod schema;
pub mod send;
pub mod serve;
#[cfg(feature = "simulation")]
pub mod simulate;
pub mod timeline;
pub mod token;
pub mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::domain::renames::RENAMES;

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
    Reseal(reseal::ResealArgs),
    Demo(demo::DemoArgs),
    Load(Box<load::LoadArgs>),
    Send(send::SendArgs),
    Schema(schema::SchemaArgs),
    Verify(verify::VerifyArgs),
    Timeline(timeline::TimelineArgs),
    Archive(archive::ArchiveArgs),
    Token(token::TokenArgs),
    #[cfg(feature = "simulation")]
    Simulate(simulate::SimulateArgs),
}

impl Cli {
    /// The command line, with what a configuration file adds to it.
    ///
    /// # Errors
    /// A sentence, when that file can't be read, or the environment has a variable like ours that nobody reads.
    pub fn words(args: Vec<String>) -> anyhow::Result<Vec<String>> {
        let cli = Self::command();
        let shown = |v: std::ffi::OsString| v.to_string_lossy().into_owned();
        environment::check(&cli, std::env::vars_os().map(|(name, value)| (shown(name), shown(value))))?;
        if let Some(renamed) = old_flag(&args) {
            anyhow::bail!("{renamed}");
        }
        let of = |c: &clap::Command, setting: &str| c.get_arguments().any(|a| a.get_long() == Some(setting));
        file::with_file(args, |subcommand, setting| match subcommand {
            Some(name) => cli.find_subcommand(name).is_some_and(|c| of(c, setting)),
            None => cli.get_subcommands().any(|c| of(c, setting)),
        })
    }

    /// What is logged unless `JUMUN_LOG` says otherwise: a demonstration draws its own picture, and simulated faults are none.
    pub const fn logs(&self) -> &'static str {
        match self.command {
            Command::Demo(_) => "error",
            #[cfg(feature = "simulation")]
            Command::Simulate(_) => "off",
            // whoever reaches the HTTP API makes errors of actix_http by sending what is no HTTP
            _ => "info,sqlx=warn,sqlx_postgres::options=error,actix_http=off",
        }
    }

    /// Whether this process is the server.
    pub const fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    /// Runs the subcommand.
    ///
    /// # Errors
    /// A sentence for the person at the terminal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => serve::run(*args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Reseal(args) => reseal::run(args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Load(args) => load::run(*args).await,
            Command::Send(args) => send::run(args).await,
            Command::Schema(args) => schema::run(&args),
            Command::Verify(args) => verify::run(args).await,
            Command::Timeline(args) => timeline::run(args).await,
            Command::Archive(args) => archive::run(args).await,
            Command::Token(args) => token::run(&args),
            #[cfg(feature = "simulation")]
            Command::Simulate(args) => simulate::simulate(&args),
        }
    }
}

/// What to say of a flag of an old name, if there is one among the words.
fn old_flag(args: &[String]) -> Option<String> {
    let own = args.get(1..)?;
    let named = own.iter().take(2).take_while(|word| !word.starts_with('-')).map(String::as_str).collect::<Vec<_>>();
    let flags = || own.iter().take_while(|word| *word != "--").filter(|word| word.starts_with("--"));
    // a subcommand's subcommand has flags of its own
    let subcommands = [named.first().copied().unwrap_or_default().to_owned(), named.join(" ")];
    subcommands.iter().find_map(|subcommand| {
        flags().find_map(|word| RENAMES.flag(subcommand, word.split('=').next().unwrap_or(word)))
    })
}

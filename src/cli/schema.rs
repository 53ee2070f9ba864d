//! `jumun schema`: the protocol as JSON Schema, from the types that read and write it.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::protocol::schema::{ProtocolPart, document};

/// Prints the JSON Schema (draft 2020-12) of commands, answers and events: one document, its types under $defs.
///
/// A command validates against the document of `commands`; likewise an answer and a published event against theirs.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which part
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Commands,
    Answers,
    Events,
    All,
}

/// Prints it.
///
/// # Errors
/// When it can't be written as JSON.
pub fn run(args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let parts: &[ProtocolPart] = match args.what {
        What::Commands => &[ProtocolPart::Commands],
        What::Answers => &[ProtocolPart::Answers],
        What::Events => &[ProtocolPart::Events],
        What::All => &[ProtocolPart::Commands, ProtocolPart::Answers, ProtocolPart::Events],
    };
    println!("{}", serde_json::to_string_pretty(&document(parts))?);
    Ok(ExitCode::SUCCESS)
}

//! `jumun reseal`: account numbers and tokens are sealed by another key, while the shop is open.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{config::ConnectionArgs, payments::KeyArgs};
use crate::seals::{self, Resealed, SealVerdict};

/// How often a pass is begun again where values moved meanwhile.
const PASSES_MAX: u32 = 10;
/// How many values between two lines of progress.
const TOLD_EVERY: u64 = 10_000;

/// Seals account numbers and payment tokens by the first account key, in small steps beside running servers, and says which
/// keys are needed no more. It may be broken off and run again.
#[derive(Debug, Args)]
pub struct ResealArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    #[command(flatten)]
    keys: KeyArgs,
    /// Give up what this key has sealed, which is gone for good: servers start without it, and its values stay unreadable
    #[arg(long, value_name = "KEY_ID")]
    give_up: Option<String>,
}

/// Runs it.
///
/// # Errors
/// A sentence, when the database can't be reached or changed, or there is no key.
pub async fn run(args: ResealArgs) -> anyhow::Result<ExitCode> {
    let store = args.places.store().await?;
    if let Some(id) = &args.give_up {
        seals::give_up(&*store, id).await?;
        println!("what the key {id} has sealed is given up: servers start without it");
        return Ok(ExitCode::SUCCESS);
    }
    let vault = args.keys.vault(&*store).await?;
    let Some(vault) = vault else { bail!("there is no account key: --account-key-file, or JUMUN_ACCOUNT_KEY") };
    println!("sealing by the key {}", vault.id());
    let (mut told, mut all) = (0, Resealed::default());
    for _ in 0..PASSES_MAX {
        let mut tell = |done: &Resealed| {
            if done.looked >= told + TOLD_EVERY {
                told = done.looked;
                println!(
                    "{} looked at, {} sealed again, {} sealed that were in clear",
                    done.looked, done.again, done.sealed
                );
            }
        };
        let (done, verdict) = seals::reseal(&*store, &vault, &mut tell).await.context("broken off; run it again")?;
        told = 0;
        all.again += done.again;
        all.sealed += done.sealed;
        let counts =
            format!("{} values: {} sealed again, {} sealed that were in clear", done.looked, all.again, all.sealed);
        match verdict {
            SealVerdict::Again => {}
            SealVerdict::Needless(ids) => {
                println!("{counts}");
                if ids.is_empty() {
                    println!("everything is sealed by {}; no other key is needed", vault.id());
                } else {
                    println!("everything is sealed by {}; needed no more: {}", vault.id(), ids.join(", "));
                }
                return Ok(ExitCode::SUCCESS);
            }
            SealVerdict::Closed => {
                println!("{counts}; {} open by no key here, of orders {} …", done.closed, done.orders.join(", "));
                println!("keep every key, and add the missing one to the file; or give it up: --give-up KEY_ID");
                return Ok(ExitCode::FAILURE);
            }
            SealVerdict::Others(partitions) => {
                let partitions: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                println!("{counts}");
                println!(
                    "keep the other keys: the owner of partition {} seals by another key, or is of a version before keys had \
                     ids. Restart it with {} first in its file, and run this again",
                    partitions.join(", "),
                    vault.id()
                );
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    bail!("values keep moving: run it again when fewer servers start")
}

//! `jumun token`: makes a token for the HTTP API.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use chrono::{SecondsFormat, TimeDelta, Timelike as _};
use clap::Args;
use rand::TryRngCore as _;
use tokio_util::sync::CancellationToken;

use super::config::real_clock;
use crate::{
    domain::ids::{CustomerId, PartnerId},
    http::tokens::{AccessToken, Role, Tokens, hashed},
    protocol::internal::hex,
};

/// Makes a token for the HTTP API: the token itself for whoever uses it, and its entry for the token file.
///
/// The token is printed once, on standard error; the entry, which holds only its hash, on standard output:
/// jumun token web --role checkout >> tokens.toml
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Its name, as history and log tell it
    name: String,
    /// checkout, partner, payment, operator (or a part of it: support, stock, privacy, finance), auditor or metrics
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// The partner that a partner's token is of
    #[arg(long, value_name = "ID")]
    partner: Option<String>,
    /// The one customer that a checkout's token may speak for
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Whether it may say that money came in [default: yes of a checkout, the payment side and operators; no of a token that
    /// is bound to a customer, and of a partner's]
    #[arg(long, value_name = "true|false")]
    pays: Option<bool>,
    /// For how many days it is good; 0: for ever
    #[arg(long, default_value_t = 90, value_name = "COUNT")]
    days: u32,
}

/// Makes one.
///
/// # Errors
/// A sentence, when the role is none, or the name.
pub fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let role = Role::ALL.into_iter().find(|r| r.word() == args.role);
    let words = Role::ALL.map(Role::word).join(", ");
    let role = role.with_context(|| format!("--role is one of {words}, not {:?}", args.role))?;
    ensure!((role == Role::Partner) == args.partner.is_some(), "--partner is for a partner's token, and needed there");
    let customer = args.customer.as_deref().map(CustomerId::new).transpose()?;
    let partner = args.partner.as_deref().map(PartnerId::new).transpose()?;
    ensure!(args.days <= 3_650, "--days is at most 3650, not {}", args.days);
    let mut secret = [0u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut secret).context("the machine gives no random bytes")?;
    let token = format!("jumun_{}", hex(&secret));
    let hash = hashed(&token);
    let (name, sha256) = (args.name.clone(), hash.clone());
    let expires = match args.days {
        0 => None,
        // to the second: that is enough to read
        days => (real_clock().now() + TimeDelta::days(days.into())).with_nanosecond(0),
    };
    Tokens::default().add(AccessToken {
        name,
        role,
        sha256,
        partner: partner.clone(),
        customer: customer.clone(),
        pays: args.pays,
        expires,
        ended: CancellationToken::new(),
    })?;
    eprintln!("{token}");
    println!("\n[[token]]\nname = {:?}\nrole = {:?}\nsha256 = {hash:?}", args.name, role.word());
    if let Some(partner) = partner {
        println!("partner = {:?}", partner.as_str());
    }
    if let Some(customer) = customer {
        println!("customer = {:?}", customer.as_str());
    }
    if let Some(pays) = args.pays {
        println!("pays = {pays}");
    }
    if let Some(expires) = expires {
        println!("expires = {:?}", expires.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    Ok(ExitCode::SUCCESS)
}

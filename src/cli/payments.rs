//! Whom refunds are asked of, and whose call-backs are believed.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, builder::BoolishValueParser};

use super::config::seconds;
use crate::{
    clock::Clock,
    integrations::{
        payment::{
            PaymentGateway,
            http::{HttpPayments, PATIENCE_MAX},
            simulated::{Rules, Simulated},
        },
        signature::SigningSecret,
    },
    seals, secrets,
    store::Store,
    vault::Vault,
};

/// Holds the secret where no file does; there is no flag, which others could see.
const SECRET_VARIABLE: &str = "JUMUN_PAYMENTS_SECRET";
/// The same of the keys of account numbers and tokens.
const KEY_VARIABLE: &str = "JUMUN_ACCOUNT_KEY";

/// The payment side.
#[derive(Debug, Clone, Args)]
pub struct PaymentArgs {
    /// Whom refunds are asked of: off (another service confirms them), https://… (a payment service, see docs/guide/payments.md;
    /// http:// on this machine only), or simulated[:decline=0,fail=0,silent=0,delay=0ms]
    #[arg(long, env = "JUMUN_PAYMENTS", default_value = "off", value_name = "GATEWAY")]
    payments: String,
    /// The secret that is shared with the payment service, in a file; without one, the variable JUMUN_PAYMENTS_SECRET;
    /// with it signed call-backs are taken at /v1/payment-callbacks
    #[arg(long, env = "JUMUN_PAYMENTS_SECRET_FILE", value_name = "FILE")]
    payments_secret_file: Option<PathBuf>,
    /// The authorities (PEM) by which the payment service is trusted, in the place of the system's
    #[arg(long, env = "JUMUN_PAYMENTS_CA", value_name = "FILE")]
    payments_ca: Option<PathBuf>,
    /// Take only call-backs whose signature says that they are some (jumun-signature-v2, see docs/guide/payments.md)
    #[arg(long, env = "JUMUN_PAYMENTS_LABELLED", value_parser = BoolishValueParser::new())]
    pub payments_labelled: bool,
    /// How long the payment service may take to answer, in seconds
    #[arg(long, env = "JUMUN_PAYMENTS_TIMEOUT", default_value_t = 10.0, value_name = "SECONDS")]
    payments_timeout: f64,
    #[command(flatten)]
    pub keys: KeyArgs,
}

/// Keys of account numbers and tokens.
#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    /// What account numbers and payment tokens are encrypted by, in a file: 64 hexadecimal digits a line; the first key
    /// encrypts, all read (jumun reseal). Without a file, the variable JUMUN_ACCOUNT_KEY; without either a key is made beside
    /// an SQLite file, and over PostgreSQL no account number is taken and no token kept
    #[arg(long, env = "JUMUN_ACCOUNT_KEY_FILE", value_name = "FILE")]
    account_key_file: Option<PathBuf>,
}

impl PaymentArgs {
    /// The secret, if there is one.
    ///
    /// # Errors
    /// A sentence, when it can't be read or is too short.
    pub fn secret(&self) -> anyhow::Result<Option<SigningSecret>> {
        let text = match &self.payments_secret_file {
            Some(path) => secrets::read(path)
                .with_context(|| format!("--payments-secret-file {} can't be read", path.display()))?,
            // an empty variable is none
            None => match std::env::var(SECRET_VARIABLE) {
                Ok(text) if !text.trim().is_empty() => text,
                Ok(_) | Err(_) => return Ok(None),
            },
        };
        SigningSecret::new(&text).map(Some).map_err(|e| anyhow::anyhow!("the payments secret: {e}"))
    }

    /// Whom refunds are asked of, if anybody is.
    ///
    /// # Errors
    /// A sentence, when that makes no sense.
    pub fn gateway(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Arc<dyn PaymentGateway>>> {
        let patience = seconds("--payments-timeout", self.payments_timeout, 0.1, PATIENCE_MAX.as_secs_f64())?;
        let rules = match self.payments.split_once(':') {
            None if self.payments == "off" => return Ok(None),
            None if self.payments == "simulated" => Rules::default(),
            Some(("simulated", rules)) => rules.parse().map_err(|e: String| anyhow::anyhow!("--payments: {e}"))?,
            Some(("https" | "http", _)) => {
                let Some(secret) = self.secret()? else {
                    bail!("--payments by HTTP wants a secret: --payments-secret-file, or {SECRET_VARIABLE}");
                };
                let read = |path: &PathBuf| {
                    std::fs::read(path).with_context(|| format!("--payments-ca {} can't be read", path.display()))
                };
                let authority = self.payments_ca.as_ref().map(read).transpose()?;
                let made = HttpPayments::new(&self.payments, secret, patience, authority.as_deref(), Arc::clone(clock));
                return Ok(Some(Arc::new(made.context("--payments")?)));
            }
            None | Some(_) => {
                // not told: an address may hold what nobody should read
                bail!("--payments is off, simulated, simulated:RULES or https://…");
            }
        };
        ensure!(self.payments_ca.is_none(), "--payments-ca is for a payment service by https://");
        Ok(Some(Arc::new(Simulated::new(rules))))
    }
}

impl KeyArgs {
    /// The keys; a database that is one file has one made beside it, unless it needs another already.
    ///
    /// # Errors
    /// A sentence, when they can't be read or are none.
    pub async fn vault(&self, store: &dyn Store) -> anyhow::Result<Option<Vault>> {
        if let Some(path) = &self.account_key_file {
            return Vault::read(path).context("--account-key-file").map(Some);
        }
        match std::env::var(KEY_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => return Vault::new(&text).context(KEY_VARIABLE).map(Some),
            Ok(_) | Err(_) => {} // an empty variable is none
        }
        let Some(path) = store.beside(".key") else { return Ok(None) };
        if !path.exists() {
            // a new key would open nothing of what there is, and look as if it were the right one
            seals::check(store, None).await.with_context(|| format!("{} is not there", path.display()))?;
        }
        Vault::read_or_make(&path).map(Some)
    }
}

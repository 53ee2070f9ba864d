//! Webhooks: events posted to receivers that have no Redis, signed, in each order's sequence, at least once.
//!
//! A hook's events of a partition go out one entry after another; the next is posted when the one before was taken, refused
//! for good, or kept as a failed delivery. How far it has come is a row, so that a restart or another owner goes on there.

mod retry_policy;
mod sender;
mod words;
mod worker;

pub use retry_policy::Patience;
pub use sender::{Post, PostOutcome, WebhookDelivery};
pub use worker::WebhookWorker;

use std::{collections::HashSet, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::Url;
use serde::Deserialize;

use crate::{
    domain::{order::event::Event, renames::RENAMES},
    http_client::{self, Trust},
    integrations::signature::SigningSecret,
    secrets,
};

/// Hooks that can be configured: each is a stream read more, and metric series of its own.
pub const HOOKS_MAX: usize = 16;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How old events may get, and how long their receiver may fail, before they are moved to the failed deliveries.
const GIVE_UP_SECONDS: u64 = 1_200;

/// A receiver.
#[derive(Debug, Clone)]
pub struct Hook {
    pub name: Arc<str>,
    pub url: Url,
    pub secret: SigningSecret,
    /// event types; empty: all
    pub types: HashSet<String>,
    pub patience: Patience,
}

/// All of them, and what posts to them.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    pub all: Vec<Arc<Hook>>,
    pub post: Option<Post>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    webhook: Vec<Entry>,
    /// a certificate authority (PEM) to trust besides the system's
    #[serde(default)]
    authority: Option<std::path::PathBuf>,
    /// lets hooks go to http: addresses that are not this machine
    #[serde(default)]
    allow_plain_http: bool,
    /// says nothing of hooks that go to this machine, or to private or link-local addresses
    #[serde(default)]
    allow_private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    url: String,
    secret: Option<String>,
    secret_file: Option<std::path::PathBuf>,
    #[serde(default)]
    types: Vec<String>,
    give_up_seconds: Option<u64>,
}

impl Hooks {
    /// Of a TOML file.
    ///
    /// # Errors
    /// A sentence, when it can't be read or makes no sense.
    pub fn read(path: &Path, keep_events: Duration) -> anyhow::Result<Self> {
        let name = path.display();
        let file: File = config::Config::builder()
            .add_source(config::File::from(path).format(config::FileFormat::Toml))
            .build()
            .and_then(config::Config::try_deserialize)
            .with_context(|| format!("the webhooks' file {name} can't be read"))?;
        ensure!(file.webhook.len() <= HOOKS_MAX, "{name} has more than {HOOKS_MAX} webhooks");
        let mut all: Vec<Arc<Hook>> = Vec::new();
        if file.webhook.iter().any(|entry| entry.secret.is_some()) {
            secrets::look(path);
        }
        for entry in file.webhook {
            let hook = entry.hook(file.allow_plain_http, keep_events)?;
            ensure!(all.iter().all(|h| h.name != hook.name), "webhook {} is there twice", hook.name);
            if let (false, Some(place)) = (file.allow_private, http_client::place(&hook.url)) {
                let name = &*hook.name;
                tracing::warn!(
                    webhook = name,
                    place,
                    "a webhook goes where outsiders have none (allow_private = true)"
                );
            }
            all.push(Arc::new(hook));
        }
        let pem = file.authority.map(std::fs::read).transpose().context("the webhooks' authority can't be read")?;
        let trust = pem.as_deref().map_or(Trust::System, Trust::Besides);
        let client = http_client::client(PATIENCE, &trust)?;
        Ok(Self { all, post: Some(Post { client }) })
    }

    /// The hook of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<Hook>> {
        self.all.iter().find(|h| *h.name == *name)
    }
}

impl Entry {
    fn hook(self, plain: bool, keep_events: Duration) -> anyhow::Result<Hook> {
        let name = self.name;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        ensure!(
            (1..=32).contains(&name.len()) && name.chars().all(fits),
            "a webhook's name is 1 to 32 letters, digits, - and _, not {name:?}"
        );
        let url = Url::parse(&self.url).with_context(|| format!("webhook {name}: its url can't be read"))?;
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && (http_client::is_loopback(&url) || plain)),
            "webhook {name}: its url is https: (http: only to this machine, or with allow_plain_http = true)"
        );
        // it would be in whatever tells of the address
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "webhook {name}: its url holds no user and password: the signature says who posts"
        );
        if let Some(odd) = self.types.iter().find(|t| !Event::names().contains(&t.as_str())) {
            let renamed = RENAMES.event(odd).map(|renamed| format!(": {renamed}")).unwrap_or_default();
            let all = Event::names().join(", ");
            anyhow::bail!("webhook {name}: there is no event type {odd:?}{renamed}; there are {all}");
        }
        let secret = match (self.secret, self.secret_file) {
            (Some(secret), None) => secret,
            (None, Some(path)) => {
                secrets::read(&path).with_context(|| format!("webhook {name}: {}", path.display()))?
            }
            _ => anyhow::bail!("webhook {name}: it has either secret or secret_file"),
        };
        let secret = SigningSecret::new(&secret).map_err(|e| anyhow::anyhow!("webhook {name}: {e}"))?;
        let give_up = Duration::from_secs(self.give_up_seconds.unwrap_or(GIVE_UP_SECONDS));
        let most = keep_events.mul_f64(0.8);
        // a default that does not fit a short retention is made to fit; one that was asked for is refused
        let give_up = if self.give_up_seconds.is_none() { give_up.min(most) } else { give_up };
        ensure!(
            give_up <= most,
            "webhook {name}: give_up_seconds is at most 0.8 of --keep-events, {} s: later the events are gone",
            most.as_secs()
        );
        let patience = Patience::new(give_up, keep_events);
        Ok(Hook { name: name.into(), url, secret, types: self.types.into_iter().collect(), patience })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Hooks, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Hooks::read(file.path(), Duration::from_secs(3_600)).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn hooks_are_read_or_refused_with_a_sentence() {
        let good =
            "[[webhook]]\nname = \"mail\"\nurl = \"https://mail.example/in\"\nsecret = \"0123456789abcdef01234567\"\n";
        let hooks = read(good).unwrap();
        let usual = Patience::new(Duration::from_secs(1_200), Duration::from_secs(3_600));
        assert_eq!(hooks.named("mail").unwrap().patience, usual);
        let every = format!("{good}types = {:?}\n", Event::names());
        assert_eq!(read(&every).unwrap().named("mail").unwrap().types.len(), Event::names().len());
        for (text, why) in [
            (good.replace("https:", "http:"), "http: only to this machine"),
            (good.replace("0123456789abcdef01234567", "short"), "at least 24"),
            (good.replace("mail.example", "me@mail.example"), "no user and password"),
            (good.replace("mail.example", "me:pw@mail.example"), "no user and password"),
            (good.replace("mail.example", ":pw@mail.example"), "no user and password"),
            (good.replace("secret =", "sekret ="), "can't be read"),
            (good.replace("mail\"\n", "ma il\"\n"), "a webhook's name"),
            (format!("{good}{good}"), "twice"),
            (format!("{good}give_up_seconds = 3600\n"), "0.8 of --keep-events"),
            (format!("{good}secret_file = \"x\"\n"), "either secret or secret_file"),
            (format!("{good}types = [\"payment_aproved\", \"cut\"]\n"), "no event type \"payment_aproved\""),
            (format!("{good}types = [\"cut\", \"CUT\"]\n"), "no event type \"CUT\""),
            (format!("{good}types = [\"\"]\n"), "no event type \"\""),
            (format!("{good}types = [\"payment_approved,cut\"]\n"), "there are placed, "),
        ] {
            let told = read(&text).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
        for here in ["http://localhost:9", "http://127.0.0.1:9", "http://127.0.0.2:9", "http://[::1]:9"] {
            assert!(read(&good.replace("https://mail.example", here)).is_ok(), "{here}");
        }
        let plain = format!("allow_plain_http = true\n{}", good.replace("https:", "http:"));
        assert!(read(&plain).is_ok());
    }
}

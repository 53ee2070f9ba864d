//! The tokens as they are now: read again when their file changes, or at SIGHUP, and put in the place of the old ones in one
//! step. What can't be read changes nothing. A token that is gone, changed or over ends what it listens to.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::signal::unix::Signal;

use super::tokens::{AccessToken, Role, Tokens};
use crate::{clock::Clock, domain::Time, secrets};

/// How often the file is looked at: it is small, and a leaked token should not be good for long.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long before its end a token is told of in the log.
const SOON: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Where tokens come from, and what came last.
#[derive(Debug)]
pub struct Keyring {
    now: RwLock<Arc<Tokens>>,
    file: Option<PathBuf>,
    single: Vec<String>,
    /// the file's text as it was read last, good or not
    text: Mutex<Option<String>>,
}

impl Keyring {
    /// No tokens, and none to come.
    pub fn without_authentication() -> Self {
        Self { now: RwLock::default(), file: None, single: Vec::new(), text: Mutex::default() }
    }

    /// Of a TOML file and of single ones (`name:role:sha256[:partner][:until=TIME]`).
    ///
    /// # Errors
    /// A sentence, when the file can't be read or a token makes no sense.
    pub fn read(file: Option<&Path>, single: &[String]) -> anyhow::Result<Self> {
        let text = file.map(text).transpose()?;
        // hashes may be read by anybody
        file.into_iter().for_each(secrets::look_changed);
        let tokens = Tokens::of(text.as_deref(), single)?;
        let (file, single) = (file.map(Path::to_owned), single.to_owned());
        Ok(Self { now: RwLock::new(Arc::new(tokens)), file, single, text: Mutex::new(text) })
    }

    /// As they are now.
    pub fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// No tokens: whoever comes may do anything. It stays so: a file that names none is not taken.
    pub fn open(&self) -> bool {
        self.tokens().open()
    }

    /// Reads the file again, if it has another text than when it was read last.
    ///
    /// # Errors
    /// A sentence, when it can't be read or a token in it makes no sense: the old ones stay.
    pub fn again(&self) -> anyhow::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let mut last = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let new = text(file);
        let known = new.as_ref().ok();
        if known == last.as_ref() {
            return Ok(false);
        }
        // what is broken is told once
        *last = known.cloned();
        let tokens = Tokens::of(Some(&new?), &self.single)?;
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(tokens.instead_of(&now));
        Ok(true)
    }

    /// Looks now and then, and whenever the process is told to (SIGHUP), for ever.
    pub async fn watch(self: Arc<Self>, clock: Arc<dyn Clock>, mut told: Signal) {
        let mut today = clock.now().date_naive();
        loop {
            let by_signal = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                heard = told.recv() => heard.is_some(),
            };
            match self.again() {
                Ok(true) => {
                    tracing::info!(tokens = self.tokens().count(), "the tokens were read again");
                    metrics::counter!("jumun_token_reloads_total", "outcome" => "applied").increment(1);
                    self.tell(clock.now());
                }
                Ok(false) if by_signal => tracing::info!("SIGHUP: the tokens are as they were"),
                // each day: a server may run for longer than a token does
                Ok(false) if today != clock.now().date_naive() => {
                    today = clock.now().date_naive();
                    self.tell(clock.now());
                }
                Ok(false) => {}
                Err(e) => {
                    tracing::error!(
                        error = format!("{e:#}"),
                        "THE TOKENS STAY AS THEY WERE: what is new can't be used"
                    );
                    metrics::counter!("jumun_token_reloads_total", "outcome" => "refused").increment(1);
                }
            }
        }
    }

    /// Tells of those that will be over before long, and of those that never will.
    pub fn tell(&self, now: Time) {
        let tokens = self.tokens();
        // what only reads numbers may stay where it is
        let endless = tokens.all().filter(|t| t.expires.is_none() && t.role != Role::Metrics);
        let mut endless: Vec<&str> = endless.map(|t| t.name.as_str()).collect();
        if !endless.is_empty() {
            endless.sort_unstable();
            tracing::warn!(tokens = endless.join(", "), "tokens have no end: who finds one may use it for ever");
        }
        for token in tokens.all() {
            if let Some(expires) = token.expires.filter(|at| *at - now < SOON) {
                tracing::warn!(token = token.name, %expires, "a token is over, or soon will be");
            }
        }
    }
}

/// Ends when a token is gone or over; of none: never.
pub async fn over(token: Option<Arc<AccessToken>>, now: Time) {
    let Some(token) = token else { return std::future::pending().await };
    match token.expires {
        None => token.ended.cancelled().await,
        Some(at) => tokio::select! {
            () = token.ended.cancelled() => {}
            () = tokio::time::sleep((at - now).to_std().unwrap_or_default()) => {}
        },
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("the token file {} can't be read", file.display()))?;
    ensure!(!text.trim().is_empty(), "the token file {} names no token: it would let everybody in", file.display());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tokens::hashed;

    fn entry(name: &str, more: &str) -> String {
        format!("[[token]]\nname = \"{name}\"\nrole = \"operator\"\nsha256 = \"{}\"\n{more}\n", hashed(name))
    }

    #[test]
    fn a_file_that_changes_changes_who_may_come_in_and_a_broken_one_does_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |text: String| std::fs::write(file.path(), text).unwrap();
        write(entry("a", "") + &entry("b", ""));
        let ring = Keyring::read(Some(file.path()), &[]).unwrap();
        let find = |name: &str| ring.tokens().find(name, Time::UNIX_EPOCH).ok();
        let (a, b) = (find("a").unwrap(), find("b").unwrap());
        assert!(!ring.again().unwrap(), "nothing has changed");
        for broken in ["", "nonsense", "[[token]]\nname = \"a\"\n", &entry("a", "expires = \"soon\"")] {
            write(broken.to_owned());
            assert!(ring.again().is_err(), "{broken}");
            assert!(find("a").is_some() && find("b").is_some(), "{broken}");
        }
        std::fs::remove_file(file.path()).unwrap();
        assert!(ring.again().is_err());
        assert!(!a.ended.is_cancelled() && !b.ended.is_cancelled());
        write(entry("a", "") + &entry("c", ""));
        assert!(ring.again().unwrap());
        assert!(find("a").is_some() && find("b").is_none() && find("c").is_some());
        assert!(
            !a.ended.is_cancelled() && b.ended.is_cancelled(),
            "what a token listens to goes on while it is the same"
        );
        write(entry("a", "pays = false") + &entry("c", ""));
        assert!(ring.again().unwrap());
        assert!(a.ended.is_cancelled() && !find("a").unwrap().ended.is_cancelled(), "it may something else now");
        drop(file);
    }

    #[tokio::test]
    async fn what_listens_ends_with_its_token() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), entry("a", "expires = \"2030-01-01T00:00:01Z\"") + &entry("b", "")).unwrap();
        let ring = Keyring::read(Some(file.path()), &[]).unwrap();
        let begun: Time = "2030-01-01T00:00:00Z".parse().unwrap();
        let [a, b] = ["a", "b"].map(|name| ring.tokens().find(name, begun).unwrap());
        let waits = Duration::from_millis(50);
        assert!(tokio::time::timeout(waits, over(None, begun)).await.is_err());
        assert!(tokio::time::timeout(waits, over(Some(Arc::clone(&b)), begun)).await.is_err());
        over(Some(Arc::clone(&a)), begun).await; // in a second
        over(Some(a), begun + chrono::TimeDelta::days(1)).await; // at once
        b.ended.cancel();
        over(Some(b), begun).await;
    }

    #[test]
    fn a_token_is_good_until_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), entry("a", "expires = \"2030-01-01T00:00:00Z\"")).unwrap();
        let tokens = Keyring::read(Some(file.path()), &[]).unwrap().tokens();
        let at = |text: &str| tokens.find("a", text.parse().unwrap());
        assert!(at("2029-12-31T23:59:59Z").is_ok());
        assert!(at("2030-01-01T00:00:00Z").is_err_and(|why| why.contains("over")));
        assert!(tokens.find("b", Time::UNIX_EPOCH).is_err_and(|why| why.contains("not known")));
    }
}

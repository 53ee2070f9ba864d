//! Refusals in the log: the first ones of a minute each in a line of its own, then one line with the number of the rest.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lines a minute about one who is refused; who shows no token that is known counts as one.
const LINES_MAX: u32 = 60;
/// How long a minute is.
pub const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Told {
    since: Instant,
    lines: u32,
    omitted_gifts: u64,
}

/// What was told of whom: as many as there are tokens.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<String, Told>>);

impl Denials {
    /// Whether this one has a line.
    pub fn tells(&self, who: &str, now: Instant) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Told { since: now, lines: 0, omitted_gifts: 0 };
        let told = told.entry(who.to_owned()).or_insert_with(fresh);
        if told.lines < LINES_MAX {
            told.lines += 1;
            return true;
        }
        told.omitted_gifts += 1;
        false
    }

    /// Whose minute is over, and how many of theirs were left out; they begin anew.
    pub fn over(&self, now: Instant) -> Vec<(String, u64)> {
        let mut omitted_gifts = Vec::new();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|who, told| {
            let over = now.saturating_duration_since(told.since) >= MINUTE;
            if over && told.omitted_gifts > 0 {
                omitted_gifts.push((who.clone(), told.omitted_gifts));
            }
            !over
        });
        omitted_gifts
    }

    /// Tells once a while what was left out, for ever.
    pub async fn summed(&self) {
        loop {
            tokio::time::sleep(MINUTE / 4).await;
            for (who, omitted_gifts) in self.over(Instant::now()) {
                tracing::warn!(who, omitted_gifts, "denied as often again within a minute");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_lines_and_a_sum() {
        let (denials, begun) = (Denials::default(), Instant::now());
        assert_eq!((0..1_000).filter(|_| denials.tells("no token", begun)).count(), 60);
        assert!(denials.tells("web", begun));
        assert!(denials.over(begun + MINUTE / 2).is_empty());
        assert_eq!(denials.over(begun + MINUTE), [("no token".to_owned(), 940)]);
        assert_eq!((0..61).filter(|_| denials.tells("no token", begun + MINUTE)).count(), 60);
    }
}

//! The people of the sale: what each is like follows from the seed and their number, so that a run can be repeated.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};

/// How a customer deals with an order that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// pays soon
    Prompt,
    /// the first card is declined, the second one is not
    Declined,
    /// pays when the deadline has passed
    Late,
    /// never pays; the hold runs out
    Never,
    /// gives up before paying
    GivesUp,
    /// pays, then cancels
    Regrets,
}

/// A customer's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub nature: Nature,
    /// sends the very same order again after this long, unsure whether it arrived
    pub twice_after: Option<Duration>,
    /// tries for a second unit, which the sale's limit forbids
    pub greedy: bool,
    /// comes back when it was sold out, until there is one or the sale is over
    pub patient: bool,
    /// how long each step takes them
    pub think: Duration,
}

/// The customer with this number; `window` is how long an order may stay unpaid.
pub fn person(seed: u64, number: u32, window: Duration) -> Person {
    // consecutive seeds give unrelated numbers: the generator mixes them
    let mut dice = SmallRng::seed_from_u64(seed ^ (u64::from(number) << 20));
    let nature = match dice.random_range(0..1_000u32) {
        0..40 => Nature::Late,
        40..80 => Nature::Never,
        80..120 => Nature::Declined,
        120..140 => Nature::GivesUp,
        140..170 => Nature::Regrets,
        _ => Nature::Prompt,
    };
    // two steps and their answers fit the window well
    let slowest = u64::try_from(window.as_millis() / 5).unwrap_or(u64::MAX).clamp(2, 60_000);
    Person {
        nature,
        twice_after: dice.random_bool(0.05).then(|| Duration::from_millis(dice.random_range(1..300))),
        greedy: dice.random_bool(0.04),
        patient: dice.random_bool(0.3),
        think: Duration::from_millis(dice.random_range(1..slowest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crowd_is_mixed_and_the_same_each_time() {
        let window = Duration::from_secs(3);
        let crowd: Vec<Person> = (0..10_000).map(|n| person(7, n, window)).collect();
        assert_eq!(crowd, (0..10_000).map(|n| person(7, n, window)).collect::<Vec<_>>());
        assert_ne!(crowd, (0..10_000).map(|n| person(8, n, window)).collect::<Vec<_>>());
        let share = |like: &dyn Fn(&Person) -> bool| crowd.iter().filter(|p| like(p)).count();
        for (nature, about) in [
            (Nature::Prompt, 8_300),
            (Nature::Late, 400),
            (Nature::Never, 400),
            (Nature::Declined, 400),
            (Nature::GivesUp, 200),
            (Nature::Regrets, 300),
        ] {
            let found = share(&|p| p.nature == nature);
            assert!(found.abs_diff(about) < about / 4 + 20, "{nature:?}: {found}");
        }
        assert!((350..650).contains(&share(&|p| p.twice_after.is_some())));
        assert!((2_700..3_300).contains(&share(&|p| p.patient)));
        assert!(crowd.iter().all(|p| p.think * 4 < window));
    }
}

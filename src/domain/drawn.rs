//! How many cases a test draws, and from which seed: always the same ones, so that a run which was green stays green and a
//! red one is red again. `scripts/long.sh` draws others, and many more.

use proptest::{prelude::ProptestConfig, test_runner::RngSeed};

/// The seed of every run that names no other.
const SEED: u64 = 20_261_129;

/// So many cases, or as many as `PROPTEST_CASES` asks for, from the seed that `PROPTEST_RNG_SEED` names, or from ours.
pub fn config(cases: u32) -> ProptestConfig {
    let named = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let asked = named("PROPTEST_CASES").and_then(|n| u32::try_from(n).ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(named("PROPTEST_RNG_SEED").unwrap_or(SEED)),
        ..ProptestConfig::default()
    }
}

//! What strangers, other programs and damaged disks may hand to a reader, and what must be true of whatever it makes of it.
//!
//! Each target takes any bytes, panics where something is not as promised, and says whether they were taken for good: both
//! must happen, or nothing was tried. The tests beside this file feed them what a seeded mutator makes of `fuzz/corpus`;
//! `scripts/fuzz.sh` feeds them for as long as it is told what libFuzzer makes of it (`fuzz/fuzz_targets`, one each).

#![expect(clippy::panic, reason = "by it a target says that something is not as promised")]

mod commands;
mod credentials;
mod history;
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod tests;

pub use self::{
    commands::{decode, internal},
    credentials::{signature, tokens},
    history::history,
};
pub use crate::{
    log::redis::fuzz::{arrays, replies},
    tools::load::resp::fuzz::resp,
};

/// A reader under trial.
pub type FuzzTarget = fn(&[u8]) -> bool;

/// All of them, by name.
pub const TARGETS: [(&str, FuzzTarget); 8] = [
    ("arrays", arrays),
    ("decode", decode),
    ("history", history),
    ("internal", internal),
    ("replies", replies),
    ("resp", resp),
    ("signature", signature),
    ("tokens", tokens),
];

/// What is made of so many bytes, written out, is no longer than that: nobody's few bytes become much memory.
fn bounded(bytes: usize, made: &impl std::fmt::Debug) {
    let long = format!("{made:?}").len();
    // the longest names and empty fields of 100 lines; a byte that is escaped is six
    let most = 256 * bytes + 8 * 1024;
    assert!(long <= most, "{bytes} bytes became {long}");
}

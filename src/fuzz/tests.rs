//! Each target over its corpus and what the mutator makes of it.
//!
//! `JUMUN_FUZZ_CASES` and `JUMUN_FUZZ_SEED` draw more, or others; what breaks is kept under `fuzz/artifacts`.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::{
    FuzzTarget, TARGETS, history,
    mutate::{Rng, mutated},
};
use crate::{
    domain::{
        order::{Event, event::EVENT_VERSION},
        renames::RENAMES,
    },
    history::replay,
    store::rows::HistRow,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// What a target begins with, by name.
fn corpus(name: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder().join("corpus").join(name)).unwrap();
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    entries.map(|entry| read(entry.unwrap())).collect()
}

fn set(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Tries a target; what it takes and what it refuses are both to come often.
fn tried(name: &str) {
    let target = TARGETS.iter().find(|(known, _)| *known == name).unwrap().1;
    let seeds: Vec<Vec<u8>> = corpus(name).into_values().collect();
    let (seed, cases) = (set("JUMUN_FUZZ_SEED", 1), set("JUMUN_FUZZ_CASES", 4_000));
    let (mut rng, mut taken) = (Rng(seed), 0);
    for input in &seeds {
        one(name, target, input);
    }
    for _ in 0..cases {
        taken += u64::from(one(name, target, &mutated(&mut rng, &seeds)));
    }
    println!("{name}: {taken} of {cases} taken");
    assert!(taken * 100 > cases && (cases - taken) * 100 > cases, "{taken} of {cases} were taken: little was tried");
}

fn one(name: &str, target: FuzzTarget, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input))).unwrap_or_else(|_| {
        let kept = folder().join("artifacts").join(name);
        fs::create_dir_all(&kept).unwrap();
        let file = kept.join(format!("broken-{}", &crate::http::tokens::hashed(&format!("{input:?}"))[..12]));
        fs::write(&file, input).unwrap();
        panic!("{name} broke by {}: {}", file.display(), String::from_utf8_lossy(&input[..input.len().min(4_000)]))
    })
}

#[test]
fn arrays_hold_what_was_pushed_whatever_it_is() {
    tried("arrays");
}

#[test]
fn commands_are_read_as_what_they_say_or_refused() {
    tried("decode");
}

#[test]
fn histories_fold_to_their_order_or_are_an_error() {
    tried("history");
}

#[test]
fn steps_are_read_as_what_they_say_or_are_dead_letters() {
    tried("internal");
}

#[test]
fn replies_of_redis_are_taken_apart_or_refused() {
    tried("replies");
}

#[test]
fn replies_are_whole_at_one_place() {
    tried("resp");
}

#[test]
fn no_signature_fits_but_the_secrets_own() {
    tried("signature");
}

#[test]
fn no_file_of_tokens_opens_the_door_to_whom_it_does_not_name() {
    tried("tokens");
}

/// The corpus is good, whole, and of today: what was written by an older program still reads.
#[test]
fn what_the_targets_begin_with_is_taken() {
    let mut found = Vec::new();
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() > 2, "{name} begins with little");
        let wrong = corpus.iter().filter(|(file, input)| target(input) == file.starts_with("bad"));
        found.extend(wrong.map(|(file, input)| format!("{name}/{file}: {:?}", crate::protocol::decode(input))));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What older programs have written is to be read for ever: no kind of event is left out.
#[test]
fn the_histories_hold_every_kind_of_event() {
    let histories = corpus("history").into_values().map(|h| String::from_utf8(h).unwrap()).collect::<String>();
    for name in Event::names() {
        // by its name of each version
        let older = RENAMES.events.iter().find(|(_, new)| new == name).map(|(old, _)| old.as_str());
        for name in older.into_iter().chain([*name]) {
            assert!(histories.contains(&format!("\"event\":{{\"type\":\"{name}\"")), "no history has {name}");
        }
    }
    assert!(histories.contains("\"version\":1,") && histories.contains(&format!("\"version\":{EVENT_VERSION},")));
}

/// Rows that are lost, doubled, mixed up, or another order's.
#[test]
fn a_damaged_history_is_an_error() {
    let histories: Vec<_> = corpus("history").into_values().map(|h| super::history::rows(&h)).collect();
    let folds = |rows: &[HistRow]| replay::fold(rows).is_ok();
    for rows in histories.iter().filter(|rows| rows.len() > 2) {
        assert!(folds(rows));
        for n in 0..rows.len() {
            let damaged = |change: &dyn Fn(&mut Vec<HistRow>)| {
                let mut rows = rows.clone();
                change(&mut rows);
                rows
            };
            let last = n + 1 == rows.len();
            // nothing in the rest tells of the last one
            assert!(last || !folds(&damaged(&|rows| drop(rows.remove(n)))), "row {n} is lost");
            assert!(last || !folds(&damaged(&|rows| rows.swap(n, n + 1))), "row {n} comes late");
            assert!(!folds(&damaged(&|rows| rows.insert(n, rows[n].clone()))), "row {n} is there twice");
            assert!(!folds(&damaged(&|rows| rows[n].ord_id = "o-other".into())), "row {n} is another's");
            assert!(!folds(&damaged(&|rows| rows[n].evnt_typ_cd = "outside".into())), "row {n} says what it is not");
            assert!(!folds(&damaged(&|rows| rows[n].evnt_ver = EVENT_VERSION + 1)), "row {n} is of a later version");
        }
    }
    assert!(!history(b""));
}

/// Who adds a target adds what libFuzzer runs it by.
#[test]
fn every_target_has_its_program() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in fuzz/Cargo.toml");
        let program = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("(\"{name}\"")), "{name}: {program}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

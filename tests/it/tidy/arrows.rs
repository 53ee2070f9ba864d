//! Which room may name which: only those before it. So no two rooms name one another, however far apart.

use std::{collections::BTreeSet, fs, io};

use super::{root, sources, without_comment};

/// The rooms of `src/lib.rs`, each after all that it may name.
const ROOMS: [&str; 21] = [
    "domain",
    "clock",
    "quiet",
    "secrets",
    "http_client",
    "protocol",
    "vault",
    "log",
    "store",
    "history",
    "event_reader",
    "erasure",
    "seals",
    "integrations",
    "retention",
    "lane",
    "server",
    "http",
    "tools",
    "sim",
    "cli",
];

#[test]
fn arrows_run_down_only() -> io::Result<()> {
    let mut wrong = BTreeSet::new();
    let mut arrows = BTreeSet::new();
    let mut rooms = BTreeSet::new();
    for (name, text) in sources(&["src"])?.iter().filter(|(name, _)| !name.contains("/tests")) {
        let room = name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned();
        if ["main", "lib", "fuzz"].contains(&&*room) {
            continue;
        }
        let at = ROOMS.iter().position(|r| *r == room);
        rooms.insert(room.clone());
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: String = code.lines().map(|line| format!("{}\n", without_comment(line))).collect();
        for named in named(&code).into_iter().filter(|named| *named != room) {
            let to = ROOMS.iter().position(|r| *r == named);
            if to.is_none() || at.is_none() || to > at {
                wrong.insert(format!("{name} names {named}, which stands after {room}"));
            }
            arrows.insert((room.clone(), named));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let lib = fs::read_to_string(root().join("src/lib.rs"))?;
    let listed: Vec<&str> = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed.strip_suffix(&["fuzz"]), Some(&ROOMS[..]), "src/lib.rs lists the rooms in this order");
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), sorted(), "a room that is not listed, or not there");
    assert!(arrows.len() > 60, "{} arrows: is the search broken?", arrows.len());
    Ok(())
}

fn sorted() -> Vec<&'static str> {
    let mut rooms = ROOMS.to_vec();
    rooms.sort_unstable();
    rooms
}

fn in_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The rooms that a file names: after `crate::`, alone or in braces.
fn named(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(in_a_word)) {
        let rest = &code[at + 7..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && depth == 0 && !c.is_whitespace() => {
                    found.insert(word(&group[i..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    // a name of the crate itself
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn the_search_finds_what_is_named() {
    let code = "use crate::{\n    clock::Clock,\n    domain::{ids::OrderId, Time},\n    store::{Store, log},\n};\ncrate::vault::open();";
    assert_eq!(named(code).into_iter().collect::<Vec<_>>(), ["clock", "domain", "store", "vault"]);
}

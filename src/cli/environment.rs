//! Variables of the environment. A misspelt one is as good as none, and a setting that protects would be left out
//! without a word: so what begins like ours and is not ours is refused, and so is one that is empty.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use clap::Command;

use crate::domain::renames::{RENAMES, called};

/// What begins every variable of ours.
const PREFIX: &str = "JUMUN_";
/// Read where there is no flag.
const WITHOUT_FLAG: [&str; 5] =
    ["JUMUN_CONFIG", "JUMUN_LOG", "JUMUN_LOG_FORMAT", "JUMUN_PAYMENTS_SECRET", "JUMUN_ACCOUNT_KEY"];
/// Without these something is refused, nothing opened: compose.yaml hands them on, whether they are set or not.
const MAY_BE_EMPTY: [&str; 2] = ["JUMUN_PAYMENTS_SECRET", "JUMUN_ACCOUNT_KEY"];
/// Of the tests, the examples and compose.yaml: in the environment beside ours, and read by others.
const OF_OTHERS: [&str; 5] =
    ["JUMUN_URL", "JUMUN_METRICS_TOKEN", "JUMUN_WRITE_DOCS", "JUMUN_MEMORY_CASE", "JUMUN_PACE_ORDERS"];
const PREFIXES_OF_OTHERS: [&str; 2] = ["JUMUN_TEST_", "JUMUN_BENCH_"];

/// Refuses variables that nobody reads, and empty ones.
///
/// # Errors
/// A sentence that names the first of them, and what may have been meant.
pub fn check(cli: &Command, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    let of_flags = cli.get_subcommands().flat_map(Command::get_arguments).filter_map(clap::Arg::get_env);
    let mut known: BTreeSet<&str> = of_flags.filter_map(std::ffi::OsStr::to_str).collect();
    known.extend(WITHOUT_FLAG);
    for (name, value) in variables.filter(|(name, _)| name.starts_with(PREFIX)) {
        if known.contains(name.as_str()) {
            let empty = value.trim().is_empty() && !MAY_BE_EMPTY.contains(&name.as_str());
            ensure!(!empty, "the variable {name} is empty: give it a value, or leave it out");
            continue;
        }
        let of_others = OF_OTHERS.contains(&name.as_str()) || PREFIXES_OF_OTHERS.iter().any(|p| name.starts_with(p));
        if of_others || of_kubernetes(&name) {
            continue;
        }
        let flag = format!("--{}", name.trim_start_matches(PREFIX).to_ascii_lowercase().replace('_', "-"));
        if let Some(new) = RENAMES.setting(&flag) {
            let new = format!("{PREFIX}{}", new.trim_start_matches("--").to_ascii_uppercase().replace('-', "_"));
            bail!("there is no variable {name}: {}", called(&name, &new));
        }
        let near = known.iter().map(|k| (strsim::damerau_levenshtein(k, &name), k)).min();
        match near.filter(|(distance, _)| *distance <= 3) {
            Some((_, near)) => bail!("there is no variable {name}: is {near} meant?"),
            None => bail!("there is no variable {name}: `jumun serve --help` names them all"),
        }
    }
    Ok(())
}

/// Refuses to go on without a server where a variable is one slip away from its: with a file, or a log in the process, in its
/// place orders would be taken and be nowhere.
///
/// # Errors
/// A sentence that names it.
pub fn slipped(server: &str, mut names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let near = |name: &String| strsim::damerau_levenshtein(server, &name.to_ascii_uppercase()) <= 1;
    match names.find(near) {
        Some(name) => bail!("there is a variable {name} and no {server}: is that meant?"),
        None => Ok(()),
    }
}

/// A pod has these of every service, unless its manifest says no (`enableServiceLinks`); ours is called jumun.
fn of_kubernetes(name: &str) -> bool {
    let port = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| port(rest))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_nobody_reads_is_refused() {
        let check = |name: &str, value: &str| {
            let refused = check(&Cli::command(), std::iter::once((name.to_owned(), value.to_owned()))).err();
            refused.map(|e| e.to_string()).unwrap_or_default()
        };
        for (name, value, says) in [
            ("JUMUN_TOKEN", "a:metrics:0", ""),
            ("JUMUN_LOG", "info", ""),
            ("JUMUN_TEST_REDIS", "", ""),
            ("JUMUN_SERVICE_HOST", "10.0.0.1", ""),
            ("JUMUN_PORT_80_TCP_ADDR", "10.0.0.1", ""),
            ("JUMUN_ACCOUNT_KEY", "", ""),
            ("HOME", "", ""),
            ("JUMUN_TOKN", "x", "is JUMUN_TOKEN meant?"),
            ("JUMUN_TOKEN_", "x", "is JUMUN_TOKEN meant?"),
            ("JUMUN_NO_AUHT", "x", "is JUMUN_NO_AUTH meant?"),
            ("JUMUN_TELEPHONE", "x", "names them all"),
            ("JUMUN_TOKEN", "", "is empty"),
            ("JUMUN_TOKENS", " ", "is empty"),
            ("JUMUN_NO_AUTH", "", "is empty"),
        ] {
            let said = check(name, value);
            assert!(said.is_empty() == says.is_empty() && said.contains(says), "{name}={value:?}: {said}");
        }
    }
    #[test]
    fn a_slip_is_seen() {
        for (server, name) in [
            ("REDIS_URL", "REDIS_ULR"),
            ("REDIS_URL", "redis_url"),
            ("DATABASE_URL", "DATABASE_URl"),
            ("DATABASE_URL", "DATABASE_URI"),
        ] {
            let said = slipped(server, std::iter::once(name.to_owned())).unwrap_err().to_string();
            assert!(said.contains(name) && said.contains(&format!("no {server}")), "{said}");
        }
        for name in ["MYSQL_URL", "REDIS_PORT", "JUMUN_REDIS_CA", "REDIS_URL_FILE"] {
            assert!(slipped("REDIS_URL", std::iter::once(name.to_owned())).is_ok(), "{name}");
        }
    }
}

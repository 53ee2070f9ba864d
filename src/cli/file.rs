//! Settings from a file.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};

use super::config::COLLECTOR_VARIABLE;
use crate::domain::renames::{RENAMES, called};

/// Puts a TOML file's settings into the environment's place: `name = value` as the flag's long name, flags and environment
/// winning. Returns the arguments with the file's settings added behind the subcommand. One file may serve several
/// subcommands: what is a setting of another one is left out. `knows(subcommand, setting)` says what there is.
///
/// # Errors
/// A sentence, when the file can't be read or holds something that is no setting.
pub fn with_file(mut args: Vec<String>, knows: impl Fn(Option<&str>, &str) -> bool) -> anyhow::Result<Vec<String>> {
    let from_env = std::env::var("JUMUN_CONFIG").ok();
    let at = args.iter().position(|a| a == "--config" || a.starts_with("--config="));
    let path = match at {
        Some(i) => match args[i].split_once('=') {
            Some((_, path)) => {
                let path = path.to_owned();
                args.remove(i);
                Some(path)
            }
            None => {
                ensure!(i + 1 < args.len(), "--config wants a path");
                let path = args.remove(i + 1);
                args.remove(i);
                Some(path)
            }
        },
        None => from_env,
    };
    let Some(path) = path else { return Ok(args) };
    let path = PathBuf::from(path);
    let file = config::Config::builder()
        .add_source(config::File::from(path.clone()).format(config::FileFormat::Toml))
        .build()
        .with_context(|| format!("the configuration file {} can't be read", path.display()))?;
    let settings: std::collections::BTreeMap<String, config::Value> = file.try_deserialize()?;
    let subcommand = args.get(1).cloned();
    for (name, value) in settings {
        let long = name.replace('_', "-");
        if let Some(new) = RENAMES.setting(&format!("--{long}")).filter(|_| !knows(subcommand.as_deref(), &long)) {
            let new = new.trim_start_matches("--").replace('-', "_");
            bail!("{}: there is no setting {name}: {}", path.display(), called(&name, &new));
        }
        ensure!(knows(None, &long), "{}: there is no setting {name}", path.display());
        if !subcommand.as_deref().is_some_and(|s| knows(Some(s), &long)) {
            continue;
        }
        let flag = format!("--{long}");
        let given = args.iter().any(|a| *a == flag || a.starts_with(&format!("{flag}=")));
        let variable = format!("JUMUN_{}", name.replace('-', "_").to_uppercase());
        let others = [
            ("--database", "DATABASE_URL"),
            ("--database", "DATABASE_URL_FILE"),
            ("--database-file", "DATABASE_URL"),
            ("--database-file", "DATABASE_URL_FILE"),
            ("--redis", "REDIS_URL"),
            ("--redis", "REDIS_URL_FILE"),
            ("--redis-file", "REDIS_URL"),
            ("--redis-file", "REDIS_URL_FILE"),
            ("--traces", COLLECTOR_VARIABLE),
        ];
        let by_env = std::env::var_os(&variable).is_some()
            || others.iter().any(|(f, v)| *f == flag && std::env::var_os(v).is_some());
        if !given && !by_env {
            args.extend(written(&flag, value).with_context(|| format!("setting {name} in {}", path.display()))?);
        }
    }
    Ok(args)
}

/// A setting as words of the command line: a list is the flag again for each, a switch is the flag or nothing.
fn written(flag: &str, value: config::Value) -> anyhow::Result<Vec<String>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else is one value")]
    Ok(match value.kind {
        config::ValueKind::Boolean(true) => vec![flag.to_owned()],
        config::ValueKind::Boolean(false) => Vec::new(),
        config::ValueKind::Array(items) => {
            let one = |item: config::Value| Ok(format!("{flag}={}", item.into_string()?));
            items.into_iter().map(one).collect::<anyhow::Result<_>>()?
        }
        _ => vec![format!("{flag}={}", value.into_string()?)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_settings_are_the_subcommands_words() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text =
            "database = \"sqlite:a.db\"\nno_migrate = true\nsimulated = false\ntoken = [\"a\", \"b\"]\nbatch = 7\n";
        std::fs::write(file.path(), text).unwrap();
        let knows = |subcommand: Option<&str>, setting: &str| match subcommand {
            None => ["database", "no-migrate", "simulated", "token", "batch"].contains(&setting),
            Some("serve") => setting != "simulated",
            Some(_) => setting == "database",
        };
        let read = |words: &str| {
            let config = format!("--config={}", file.path().display());
            let args = words.split(' ').map(str::to_owned).chain([config]).collect();
            with_file(args, knows).unwrap()[1..].join(" ")
        };
        let all = "--batch=7 --database=sqlite:a.db --no-migrate --token=a --token=b";
        assert_eq!(read("jumun serve"), format!("serve {all}"));
        assert_eq!(
            read("jumun serve --batch 9"),
            "serve --batch 9 --database=sqlite:a.db --no-migrate --token=a --token=b"
        );
        assert_eq!(read("jumun verify"), "verify --database=sqlite:a.db");
        std::fs::write(file.path(), "bacth = 7\n").unwrap();
        let config = format!("--config={}", file.path().display());
        let refused = with_file(vec!["jumun".into(), "serve".into(), config], knows).unwrap_err();
        assert!(refused.to_string().contains("there is no setting bacth"), "{refused}");
    }
}

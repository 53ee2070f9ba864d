//! Names that have changed on the wire. The list is `docs/reference/renames.json`, for clients and for this program alike: an
//! old name is refused with the new one, and stored events of old names are brought up to date.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// Old to new.
type Names = BTreeMap<String, String>;

/// The list, as far as this program reads it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Renames {
    pub commands: Names,
    pub fields: Names,
    pub values: Names,
    pub events: Names,
    pub event_fields: Names,
    pub event_values: Names,
    pub flags: Names,
    pub flag_values: Names,
    pub routes: Names,
}

/// The list. A test reads the file; what can't be read renames nothing.
pub static RENAMES: LazyLock<Renames> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/reference/renames.json")).unwrap_or_default());

/// A dotted name's last segment.
pub fn last(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

/// The sentence for a name that has changed.
pub fn called(old: &str, new: &str) -> String {
    format!("{old} is called {new} now")
}

impl Renames {
    /// What to say of a command that there is none of by that name.
    pub fn command(&self, old: &str) -> Option<String> {
        self.commands.get(old).map(|new| called(old, new))
    }

    /// What to say of a type of events that there is none of by that name.
    pub fn event(&self, old: &str) -> Option<String> {
        self.events.get(old).map(|new| called(old, new))
    }

    /// What to say of a field or a value that this command has no more, by the reader's sentence about it.
    pub fn explained(&self, command: &str, is_command: impl Fn(&str) -> bool, error: &str) -> Option<String> {
        let quoted = |after: &str| error.split_once(after)?.1.split('`').next();
        if let Some(old) = quoted("unknown field `") {
            // a field's place is its command, or the field that its object stands in
            let fits = |place: &str| place == command || !is_command(place);
            let of = |(k, _): &(&String, &String)| last(k) == old && k.split('.').next().is_some_and(fits);
            return self.fields.iter().find(of).map(|(_, new)| called(old, last(new)));
        }
        let old = quoted("unknown variant `")?;
        let expected = |new: &str| error.contains(&format!("`{new}`"));
        let of = |(k, new): &(&String, &String)| last(k) == old && expected(last(new));
        self.values.iter().find(of).map(|(_, new)| called(old, last(new)))
    }

    /// Where a path has gone.
    pub fn route(&self, path: &str) -> Option<String> {
        let given: Vec<&str> = path.split('/').collect();
        self.routes.iter().find_map(|(old, new)| {
            let old: Vec<&str> = old.split('/').collect();
            let is_name = |part: &str| part.starts_with('{');
            let fits = old.len() == given.len() && old.iter().zip(&given).all(|(o, g)| is_name(o) || o == g);
            fits.then(|| {
                let names: BTreeMap<&str, &str> =
                    old.iter().zip(&given).filter(|(o, _)| is_name(o)).map(|(o, g)| (*o, *g)).collect();
                new.split('/').map(|part| names.get(part).copied().unwrap_or(part)).collect::<Vec<_>>().join("/")
            })
        })
    }

    /// What to say of a subcommand's flag that there is no more.
    pub fn flag(&self, subcommand: &str, old: &str) -> Option<String> {
        let new = self.flags.get(&format!("{subcommand} {old}"))?;
        Some(called(old, new.rsplit(' ').next().unwrap_or(new)))
    }

    /// The flag that a setting or a variable of an old name stands for, as `--flag`.
    pub fn setting(&self, old: &str) -> Option<&str> {
        let of = |key: &str| key.rsplit(' ').next().is_some_and(|flag| flag == old);
        let (_, new) = self.flags.iter().find(|(key, _)| of(key))?;
        new.rsplit(' ').next()
    }

    /// What to say of a flag's value that there is no more.
    pub fn flag_value(&self, flag: &str, old: &str) -> Option<String> {
        let wanted = format!("{flag} {old}");
        let (_, new) = self.flag_values.iter().find(|(key, _)| key.ends_with(&wanted))?;
        Some(called(old, new.rsplit(' ').next().unwrap_or(new)))
    }
}

//! Passwords that are kept in a file beside the settings: `~/.pgpass`, or where `PGPASSFILE` says.

use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;

/// Whether the file has a password for this server, database and user.
pub(super) fn remembers(options: &PgConnectOptions) -> bool {
    let named = std::env::var_os("PGPASSFILE").filter(|name| !name.is_empty()).map(PathBuf::from);
    let Some(path) = named.or_else(|| Some(std::env::home_dir()?.join(".pgpass"))) else { return false };
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let port = options.get_port().to_string();
    let user = options.get_username();
    let wanted = [options.get_host(), &port, options.get_database().unwrap_or(user), user];
    text.lines().any(|line| holds(line, wanted))
}

/// `host:port:database:user:password`, where `*` is any; a colon in a field has a backslash before it.
fn holds(line: &str, wanted: [&str; 4]) -> bool {
    if line.starts_with('#') {
        return false;
    }
    let (mut fields, mut letters) = (vec![String::new()], line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => fields.last_mut().zip(letters.next()).into_iter().for_each(|(field, next)| field.push(next)),
            ':' if fields.len() <= wanted.len() => fields.push(String::new()),
            letter => fields.last_mut().into_iter().for_each(|field| field.push(letter)),
        }
    }
    let [named @ .., password] = fields.as_slice() else { return false };
    let fits = |(field, wanted): (&String, &str)| field == "*" || field == wanted;
    named.len() == wanted.len() && !password.is_empty() && named.iter().zip(wanted).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_for_a_server_a_database_and_a_user() {
        let wanted = ["pg.example", "5432", "shop", "jumun"];
        for line in ["pg.example:5432:shop:jumun:secret", "*:*:*:jumun:a:b", "pg.example:5432:*:*:\\:"] {
            assert!(holds(line, wanted), "{line}");
        }
        for line in [
            "",
            "# pg.example:5432:shop:jumun:secret",
            "pg.example:5432:shop:jumun:",
            "pg.example:5432:shop:jumun",
            "other.example:5432:shop:jumun:secret",
            "pg.example:5433:shop:jumun:secret",
            "*:*:*:postgres:secret",
        ] {
            assert!(!holds(line, wanted), "{line}");
        }
    }
}

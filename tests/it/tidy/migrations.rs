//! Databases are real: a migration that some database has had is never edited, or that database refuses to start.

use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::root;

/// `migrations/SHA256SUMS` as it has to be: `(cd migrations && sha256sum */*.sql >SHA256SUMS)`, for new ones only.
#[test]
fn a_migration_stays_as_it_is() -> io::Result<()> {
    let folder = root().join("migrations");
    let listed = fs::read_to_string(folder.join("SHA256SUMS"))?;
    let mut named: Vec<&str> = Vec::new();
    for line in listed.lines() {
        let Some((sum, name)) = line.split_once("  ") else { panic!("a line of SHA256SUMS: {line}") };
        let made: String = Sha256::digest(fs::read(folder.join(name))?).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(made, sum, "{name} was edited: add a migration instead");
        named.push(name);
    }
    for kind in ["postgres", "sqlite"] {
        for file in fs::read_dir(folder.join(kind))? {
            let name = format!("{kind}/{}", file?.file_name().to_string_lossy());
            assert!(named.contains(&name.as_str()), "{name} is not in migrations/SHA256SUMS");
        }
    }
    Ok(())
}

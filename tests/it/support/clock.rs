//! A clock that a test sets, for Redis, PostgreSQL or a server of ours: a library under them, made from `clock.c`.

use std::{
    os::unix::fs::{FileExt as _, PermissionsExt},
    process::Command,
};

/// The clock of the servers that are started [`Clock::under`] it.
#[derive(Debug)]
pub struct Clock {
    dir: tempfile::TempDir,
}

impl Clock {
    /// One that is right.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("jumun-clock-").tempdir().expect("a directory");
        // PostgreSQL's own user reads it
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).expect("it is ours");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");
        let library = dir.path().join("clock.so");
        let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
        assert!(made.expect("cc runs").success(), "{source} is not compiled");
        let clock = Self { dir };
        std::fs::write(clock.file(), 0i64.to_le_bytes()).expect("a file");
        clock
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("ahead")
    }

    /// What goes before a server's program.
    pub fn under(&self) -> Vec<String> {
        let mut words = vec!["env".to_owned()];
        words.extend(self.variables().map(|(name, value)| format!("{name}={value}")));
        words
    }

    /// What is in the environment of who is under it.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let library = self.dir.path().join("clock.so");
        [("LD_PRELOAD", library.display().to_string()), ("JUMUN_TEST_CLOCK", self.file().display().to_string())]
    }

    /// From now on it is so many seconds ahead, or behind.
    pub fn jumps(&self, ahead: i64) {
        let file = std::fs::File::options().write(true).open(self.file()).expect("it is there");
        file.write_all_at(&ahead.to_le_bytes(), 0).expect("it is set");
    }
}

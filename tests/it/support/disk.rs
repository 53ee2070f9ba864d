//! A small disk, and a PostgreSQL on it: a file system in memory, which only the server sees, so that nobody needs to be root.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::servers::{self, Server};

/// Mounts a file system of `$1` MiB at `$2`, makes a database cluster there (its log at `$3`, unless that is empty), and keeps the
/// server `$4…` running: one that went down for its full disk is started again, as any host would.
const SCRIPT: &str = r#"
mount -t tmpfs -o "size=$1m,mode=700" none "$2" || exit 70
small=$2 log=$3 init=$4; shift 4
"$init" -D "$small/data" -U postgres --auth=trust --no-sync --wal-segsize=1 -E UTF8 --locale=C ${log:+--waldir="$log"} || exit 71
trap 'kill -QUIT "$pid" 2>/dev/null; wait "$pid"; exit 0' QUIT TERM
while :; do
  setpriv --pdeathsig KILL "$@" </dev/null & pid=$!
  wait "$pid"
  sleep 0.2
done
"#;
/// What stands in the way.
const FILLER: &str = "filler";

/// A PostgreSQL on a disk of its own.
#[derive(Debug)]
pub struct Disk {
    pub server: Server,
    dir: PathBuf,
    small: PathBuf,
    user: Vec<String>,
}

impl Disk {
    /// Of so many MiB, with all that the server has.
    pub fn new(mebibytes: u32) -> Self {
        Self::of(mebibytes, false)
    }

    /// The server's write-ahead log lies elsewhere, where there is room.
    pub fn with_its_log_elsewhere(mebibytes: u32) -> Self {
        Self::of(mebibytes, true)
    }

    fn of(mebibytes: u32, log_elsewhere: bool) -> Self {
        let dir = servers::private_dir("jumun-disk-");
        let user = servers::as_postgres(&dir);
        let (small, log) = (dir.join("small"), dir.join("wal"));
        std::fs::create_dir(&small).expect("a directory");
        if !user.is_empty() {
            std::os::unix::fs::chown(&small, servers::id(&["-u", "postgres"]), servers::id(&["-g", "postgres"]))
                .expect("root may chown");
        }
        let text = |path: &Path| path.display().to_string();
        let log = if log_elsewhere { text(&log) } else { String::new() };
        // a mount of one's own wants a name space of one's own, and in it the rights that exec would take away
        let alone = ["unshare", "--user", "--map-current-user", "--mount", "--keep-caps", "sh", "-c", SCRIPT, "disk"];
        let mut before = user.clone();
        before.extend(alone.iter().map(|&w| w.to_owned()));
        before.extend([mebibytes.to_string(), text(&small), log, servers::pg_program("initdb")]);
        // it is the disk that is tried
        let opts = ["max_wal_size=8MB", "min_wal_size=2MB", "shared_buffers=16MB"];
        let server = servers::start_postgres_in(&dir, &small.join("data"), &before, &opts);
        Self { server, dir, small, user }
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// To the last byte.
    pub fn fill(&self) {
        let path = self.inside();
        let status = self.run(&["dd", "if=/dev/zero", "bs=64k", &format!("of={path}")]);
        assert!(!status, "the disk took all that came");
        // dd leaves less than a block
        assert!(!self.run(&["dd", "if=/dev/zero", "bs=4k", "oflag=append", "conv=notrunc", &format!("of={path}")]));
    }

    /// As it was.
    pub fn make_room(&self) {
        assert!(self.run(&["rm", &self.inside()]));
    }

    /// The filler, by the way through the server's own view.
    fn inside(&self) -> String {
        format!("/proc/{}/root{}/{FILLER}", self.server.pid(), self.small.display())
    }

    fn run(&self, words: &[&str]) -> bool {
        let mut all = self.user.clone();
        all.extend(words.iter().map(|&w| w.to_owned()));
        let out = Command::new(&all[0]).args(&all[1..]).output().expect("it runs");
        out.status.success()
    }
}

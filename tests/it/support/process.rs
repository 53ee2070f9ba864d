//! The real binary, serving: started, frozen, killed, and looked at from outside.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use super::guard::Guard;

/// The binary: where the runner says that it is now, or where cargo built it.
fn binary() -> String {
    std::env::var("NEXTEST_BIN_EXE_jumun").unwrap_or_else(|_| env!("CARGO_BIN_EXE_jumun").to_owned())
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Setting {
    pub database: String,
    /// empty: the log is in the process
    pub redis: String,
    pub namespace: String,
    pub instance: String,
    pub partitions: u32,
    /// further words of the command line
    pub more: Vec<String>,
    /// `name=action;…`, for the binary's failpoints
    pub failpoints: String,
    /// `NAME=value`, further variables of its environment
    pub variables: Vec<String>,
}

impl Setting {
    /// With these failpoints.
    pub fn failing(mut self, failpoints: &str) -> Self {
        failpoints.clone_into(&mut self.failpoints);
        self
    }

    /// With these words added to the command line.
    pub fn with(mut self, words: &[&str]) -> Self {
        self.more.extend(words.iter().map(|&w| w.to_owned()));
        self
    }

    /// With this variable in its environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Under another instance's name.
    pub fn named(mut self, instance: &str) -> Self {
        instance.clone_into(&mut self.instance);
        self
    }

    /// On this database (through a proxy).
    pub fn on(mut self, database: &str) -> Self {
        database.clone_into(&mut self.database);
        self
    }

    /// Starts it; [`Served::ready`] waits.
    pub fn start(&self) -> Served {
        let dir = tempfile::Builder::new().prefix("jumun-served-").tempdir().expect("a directory").keep();
        let (partitions, failpoints) = (self.partitions.to_string(), format!("FAILPOINTS={}", self.failpoints));
        let binary = binary();
        let mut words = vec!["env", "NO_COLOR=1", "RUST_BACKTRACE=0", &failpoints];
        words.extend(self.variables.iter().map(String::as_str));
        words.extend([&*binary, "serve"]);
        words.extend(["--database", &self.database, "--namespace", &self.namespace]);
        if !self.redis.is_empty() {
            words.extend(["--redis", &self.redis]);
        }
        words.extend(["--instance", &self.instance, "--partitions", &partitions, "--listen", "127.0.0.1:0"]);
        if !self.more.iter().any(|w| w == "--lease") {
            words.extend(["--lease", "1"]);
        }
        // most of the tests are about something else than who comes in
        let says_who = ["--token", "--no-auth", "--listen"];
        if !self.more.iter().any(|w| says_who.iter().any(|s| w.starts_with(s))) {
            words.push("--no-auth");
        }
        // refusals by the hundred come from this one address
        if !self.more.iter().any(|w| w == "--unauthenticated-rate") {
            words.extend(["--unauthenticated-rate", "0"]);
        }
        words.extend(self.more.iter().map(String::as_str));
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let mut guard = Guard::new(&dir, &words);
        let pid = guard.start();
        Served { guard, pid, log: dir.join("log") }
    }
}

/// Runs the binary to its end: its exit status, and what it wrote to either side.
pub fn run(words: &[&str]) -> (Option<i32>, String) {
    run_with(&[], words)
}

/// The same with these further variables, `NAME=value`.
pub fn run_with(variables: &[&str], words: &[&str]) -> (Option<i32>, String) {
    let variables = variables.iter().filter_map(|v| v.split_once('='));
    let out = Command::new(binary()).args(words).env("NO_COLOR", "1").envs(variables).output().expect("it runs");
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    (out.status.code(), text)
}

/// What `jumun verify` finds: its exit status (0: all holds, 1: violated) and its report.
pub fn verify(setting: &Setting) -> (Option<i32>, String) {
    let streams = ["--redis", &*setting.redis, "--namespace", &*setting.namespace];
    // without Redis the log was in the process
    let streams = if setting.redis.is_empty() { &[][..] } else { &streams };
    run(&[&["verify", "--database", &*setting.database], streams].concat())
}

/// A process that serves.
#[derive(Debug)]
pub struct Served {
    guard: Guard,
    pid: u32,
    log: PathBuf,
}

impl Served {
    /// What it has written to standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) {
        self.guard.kill9();
    }

    /// Sends a signal by name.
    pub fn signal(&mut self, name: &str) {
        self.guard.signal(name);
    }

    /// Waits until it owns all partitions and says so.
    pub async fn ready(&self) {
        self.until("it is ready", || self.get("/readyz").is_some_and(|(status, _)| status == 200)).await;
    }

    /// Waits until it says that it is not ready, and this of why.
    pub async fn not_ready(&self, why: &str) {
        let says = |(status, text): (u16, String)| status == 503 && text.contains("\"why\"") && text.contains(why);
        self.until(&format!("it is not ready: {why}"), || self.get("/readyz").is_some_and(says)).await;
    }

    /// Waits until its liveness probe is answered so.
    pub async fn health(&self, status: u16) {
        self.answers("/healthz", status).await;
    }

    /// Waits until it answers so.
    pub async fn answers(&self, path: &str, status: u16) {
        self.until(&format!("{path}: {status}"), || self.get(path).is_some_and(|(is, _)| is == status)).await;
    }

    /// Waits until its log says this.
    pub async fn says(&self, words: &str) {
        self.until(words, || self.log().contains(words)).await;
    }

    /// Waits until it ended by SIGABRT: that its failpoint was reached, and nothing else.
    pub async fn aborts(&self) {
        let begun = Instant::now();
        while self.ended_by() != Some(6) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not abort:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until this holds, while it runs.
    pub async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(self.ended_by().is_none(), "{what}: it ended first:\n{}", self.log());
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: in vain:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The signal that it ended by (0: it ended of itself); the guard has not reaped it, so the kernel still tells.
    pub fn ended_by(&self) -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        let code: u32 = rest.split_whitespace().last()?.parse().ok()?;
        rest.starts_with('Z').then_some(code & 0x7f)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The resident set in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("it lives");
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("a resident set");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") * 1024
    }

    /// How many files and sockets it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid)).expect("it lives").count()
    }

    /// A metric's sum over its series.
    pub fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get("/metrics").expect("it answers");
        let of = |l: &&str| l.strip_prefix(name).is_some_and(|r| r.starts_with(['{', ' ']));
        text.lines().filter(of).filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Where its HTTP API is.
    pub fn address(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find(|l| l.contains("jumun serves") || l.contains("jumun waits for its"))?;
        // as text, or as JSON
        let rest = line.split("address").nth(1)?.trim_start_matches(['=', '"', ':']);
        rest.split([' ', '"']).next().map(str::to_owned)
    }

    /// What it answers, if it does.
    pub fn status(&self, path: &str) -> Option<u16> {
        self.get(path).map(|(status, _)| status)
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        let address = self.address()?;
        let mut socket = TcpStream::connect(&address).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }
}

//! Real servers for the tests: the ones named by the environment, or private ones on free ports.
//!
//! `JUMUN_TEST_DATABASE` (a PostgreSQL URL whose user may create databases) and `JUMUN_TEST_REDIS` name servers that
//! run already; without them each is started once a process.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::guard::Guard;

const START_MAX: Duration = Duration::from_secs(60);

/// A server of a test's own; it ends, and its files go, when this is dropped.
#[derive(Debug)]
pub struct Server {
    guard: Guard,
    url: String,
    ready: Vec<String>,
    port: u16,
    pid: u32,
}

impl Server {
    /// Where it listens: `postgres://…` or `redis://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub fn kill9(&mut self) {
        self.guard.kill9();
    }

    /// Sends a signal by name: `STOP` freezes the server, `CONT` thaws it.
    pub fn signal(&mut self, name: &str) {
        self.guard.signal(name);
    }

    /// The same without waiting until it answers.
    pub fn restarts(&mut self) {
        self.pid = self.guard.start();
    }

    /// Starts it again on the same port and files (after [`Server::kill9`]).
    pub fn restart(&mut self) {
        let begun = Instant::now();
        loop {
            self.pid = self.guard.start();
            if self.wait_ready(begun) {
                return;
            }
            assert!(begun.elapsed() < START_MAX, "{} does not start", self.url);
        }
    }

    /// Waits until it answers; `false` when it ended first (the orphans of a killed PostgreSQL hold its files a while).
    fn wait_ready(&self, begun: Instant) -> bool {
        while begun.elapsed() < START_MAX {
            let ready = match self.ready.split_first() {
                Some((program, args)) => Command::new(program)
                    .args(args)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .is_ok_and(|s| s.success()),
                None => redis_answers(self.port),
            };
            if ready {
                return true;
            }
            if ended(self.pid) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

/// Whether the process is gone, or a zombie that its guard has not reaped.
fn ended(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => true,
    }
}

fn redis_answers(port: u16) -> bool {
    let ping = || -> std::io::Result<bool> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        socket.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        socket.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ping().unwrap_or(false)
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port").port()
}

pub fn private_dir(what: &str) -> PathBuf {
    tempfile::Builder::new().prefix(what).tempdir().expect("a directory").keep()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&w| w.to_owned()).collect()
}

/// Starts a Redis of the caller's own; `opts` go on its command line, before them `--save "" --appendonly no`.
pub fn start_redis(opts: &[&str]) -> Server {
    start_redis_under(&[], opts)
}

/// The same under words that go before its program.
pub fn start_redis_under(before: &[String], opts: &[&str]) -> Server {
    let dir = private_dir("jumun-redis-");
    let port = free_port();
    let mut command = before.to_vec();
    command.extend(strings(&["redis-server", "--bind", "127.0.0.1", "--daemonize", "no", "--save", ""]));
    command.extend(strings(&["--appendonly", "no", "--port", &port.to_string(), "--dir"]));
    command.push(dir.display().to_string());
    command.extend(strings(opts));
    let guard = Guard::new(&dir, &command);
    let mut server = Server { guard, url: format!("redis://127.0.0.1:{port}/"), ready: Vec::new(), port, pid: 0 };
    server.restart();
    server
}

/// Starts a Redis by a configuration file for the port that it is given: what stands in a file, no list of processes
/// shows. It is there once `ready` can connect (words to which `-p PORT ping` is added).
pub fn start_redis_by(config: &dyn Fn(u16) -> String, mut ready: Vec<String>) -> Server {
    let dir = private_dir("jumun-redis-");
    let port = free_port();
    let file = dir.join("redis.conf");
    std::fs::write(&file, format!("bind 127.0.0.1\ndir {}\n{}", dir.display(), config(port))).expect("a file");
    let guard = Guard::new(&dir, &strings(&["redis-server", &file.display().to_string()]));
    ready.extend(strings(&["-h", "127.0.0.1", "-p", &port.to_string(), "ping"]));
    let mut server = Server { guard, url: format!("redis://127.0.0.1:{port}/"), ready, port, pid: 0 };
    server.restart();
    server
}

/// The newest PostgreSQL's program; Debian keeps them out of the PATH.
pub fn pg_program(name: &str) -> String {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|program| program.exists())
        .collect();
    found.sort();
    found.pop().map_or_else(|| name.to_owned(), |p| p.display().to_string())
}

/// What `id` says: a user's or a group's number.
pub fn id(args: &[&str]) -> Option<u32> {
    let out = Command::new("id").args(args).output().ok()?;
    String::from_utf8(out.stdout).ok()?.trim().parse().ok()
}

/// PostgreSQL refuses to run as root: become the user that Debian made for it.
pub fn as_postgres(dir: &Path) -> Vec<String> {
    if id(&["-u"]) != Some(0) {
        return Vec::new();
    }
    let (uid, gid) = (id(&["-u", "postgres"]), id(&["-g", "postgres"]));
    chown(dir, uid, gid).expect("root may chown");
    strings(&["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"])
}

/// Starts a PostgreSQL of the caller's own; each of `opts` is a setting, `name=value`.
pub fn start_postgres(opts: &[&str]) -> Server {
    start_postgres_under(&[], opts)
}

/// The same under words that go before its program.
pub fn start_postgres_under(before: &[String], opts: &[&str]) -> Server {
    let dir = private_dir("jumun-postgres-");
    let user = as_postgres(&dir);
    let data = dir.join("data").display().to_string();
    let run = |words: Vec<String>| {
        let out = Command::new(&words[0]).args(&words[1..]).current_dir("/").output().expect("it runs");
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    };
    let mut init = user.clone();
    init.push(pg_program("initdb"));
    init.extend(strings(&["-D", &data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]));
    run(init);
    let under: Vec<String> = user.iter().chain(before).cloned().collect();
    start_postgres_in(&dir, Path::new(&data), &under, opts)
}

/// Starts the PostgreSQL whose files are there, or are once these words have run that go before its program.
pub fn start_postgres_in(dir: &Path, data: &Path, under: &[String], opts: &[&str]) -> Server {
    let port = free_port();
    let mut command = under.to_vec();
    command.push(pg_program("postgres"));
    command.extend(strings(&["-D", &data.display().to_string(), "-p", &port.to_string()]));
    command.extend(strings(&["-c", "listen_addresses=127.0.0.1"]));
    command.extend(strings(&["-c", "unix_socket_directories=", "-c", "max_connections=200"]));
    for opt in opts {
        command.extend(strings(&["-c", opt]));
    }
    let ready = strings(&[&pg_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
    let guard = Guard::new(dir, &command);
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
    let mut server = Server { guard, url, ready, port, pid: 0 };
    server.restart();
    server
}

/// URL of a PostgreSQL whose user may create databases.
pub fn postgres_url() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    match std::env::var("JUMUN_TEST_DATABASE") {
        Ok(url) if !url.is_empty() => url,
        _ => SERVER.get_or_init(|| start_postgres(&[])).url().to_owned(),
    }
}

/// URL of a Redis that tests share: use keys of your own.
pub fn redis_url() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    match std::env::var("JUMUN_TEST_REDIS") {
        Ok(url) if !url.is_empty() => url,
        _ => SERVER.get_or_init(|| start_redis(&[])).url().to_owned(),
    }
}

/// Creates an empty database of the caller's own on the shared PostgreSQL; its URL.
pub async fn fresh_database() -> String {
    fresh_database_on(&postgres_url()).await
}

/// Creates an empty database of the caller's own on this PostgreSQL; its URL.
pub async fn fresh_database_on(admin: &str) -> String {
    let name = format!("jumun_{}", uuid::Uuid::now_v7().simple());
    let mut admin_connection = PgConnection::connect(admin).await.expect("the admin URL connects");
    let sql = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
    admin_connection.execute(sql).await.expect("a database is created");
    admin_connection.close().await.expect("the admin connection closes");
    let (base, query) = admin.split_once('?').map_or((admin, ""), |(b, q)| (b, q));
    let base = match base.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => panic!("{admin} is not a URL"),
    };
    if query.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{query}") }
}

#[test]
fn a_killed_redis_comes_back_on_its_port() {
    let mut server = start_redis(&[]);
    let (url, pid) = (server.url().to_owned(), server.pid());
    server.signal("STOP");
    server.signal("CONT");
    server.kill9();
    assert!(!redis_answers(server.port));
    server.restart();
    assert!(redis_answers(server.port));
    assert_eq!(url, server.url());
    assert_ne!(pid, server.pid());
    assert!(redis_url().starts_with("redis"));
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_databases() {
    let mut server = start_postgres(&[]);
    let url = fresh_database_on(server.url()).await;
    server.kill9();
    assert!(PgConnection::connect(&url).await.is_err());
    server.restart();
    let mut connection = PgConnection::connect(&url).await.expect("the database is there");
    let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&mut connection).await.expect("it answers");
    assert_eq!(one, 1);
}

//! A connection of one's own: made on first use, dropped when in doubt, made again at the next call.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisResult, Script, ServerErrorKind, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use tokio::time;

use crate::log::LogError;

/// How long making a connection may take.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long a reply may take beyond what the command itself waits (a Redis that syncs its file to a slow disk). R14: a partition
/// answers within its lease and 5 s of a fault's end, also where connections were silently lost.
pub(super) const REPLY_MAX: Duration = Duration::from_secs(5);
const BACKOFF_MIN: Duration = Duration::from_millis(25);
const BACKOFF_DOUBLINGS_MAX: u32 = 6;

/// Where connections are made, and how often one of them got no reply in time: then those that were made before are as good as
/// lost, too, and nobody else waits for the same again.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    client: Client,
    silences: Arc<AtomicU64>,
}

impl Dial {
    pub fn new(client: Client) -> Self {
        Self { client, silences: Arc::default() }
    }

    fn silences(&self) -> u64 {
        self.silences.load(Ordering::Acquire)
    }
}

/// A lone connection. Nobody else waits on it, so a blocking read stalls no one.
#[derive(Debug)]
pub(super) struct DedicatedConnection {
    dial: Dial,
    connection: Option<MultiplexedConnection>,
    /// how many silences there had been when it was made
    silences: u64,
    failures: u32,
}

impl DedicatedConnection {
    pub fn new(dial: Dial) -> Self {
        Self { silences: dial.silences(), dial, connection: None, failures: 0 }
    }

    pub fn is_up(&self) -> bool {
        self.connection.is_some() && self.silences == self.dial.silences()
    }

    /// Gives the connection up; the next call makes another.
    pub fn drop_connection(&mut self) {
        self.connection = None;
    }

    /// Connects if need be, after a pause that grows with the failures in a row.
    pub async fn up(&mut self) -> RedisResult<&mut MultiplexedConnection> {
        if !self.is_up() {
            self.connection = None;
            self.silences = self.dial.silences();
            if self.failures > 0 {
                time::sleep(BACKOFF_MIN * (1 << self.failures.min(BACKOFF_DOUBLINGS_MAX))).await;
            }
            self.failures = self.failures.saturating_add(1);
            // our own patience replaces the client's, which ends a blocked read after half a second
            let config =
                AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_MAX)).set_response_timeout(None);
            let connecting = self.dial.client.get_multiplexed_async_connection_with_config(&config);
            self.connection = Some(within(CONNECT_MAX * 2, connecting).await?);
            self.failures = 0;
        }
        self.connection.as_mut().ok_or_else(|| RedisError::from(io::Error::from(io::ErrorKind::NotConnected)))
    }

    /// One command; its reply may take `wait` and [`REPLY_MAX`] more.
    pub async fn send(&mut self, cmd: &Cmd, wait: Duration) -> RedisResult<Value> {
        let connection = self.up().await?;
        let result = within(wait + REPLY_MAX, cmd.query_async(connection)).await;
        self.judged(result)
    }

    /// Several commands in one round trip; each value may be a server error.
    pub async fn send_all(&mut self, pipe: &Pipeline, wait: Duration) -> RedisResult<Vec<Value>> {
        let connection = self.up().await?;
        let result = within(wait + REPLY_MAX, connection.req_packed_commands(pipe, 0, pipe.len())).await;
        self.judged(result)
    }

    /// A script made with [`call`].
    pub async fn run(&mut self, script: &Script, cmd: &Cmd) -> RedisResult<Value> {
        let connection = self.up().await?;
        let result = within(REPLY_MAX, run(connection, script, cmd)).await;
        self.judged(result)
    }

    fn judged<T>(&mut self, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(is_doubtful) {
            self.drop_connection();
        }
        if result.as_ref().is_err_and(RedisError::is_timeout) {
            self.dial.silences.fetch_add(1, Ordering::AcqRel);
        }
        result
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    time::timeout(patience, work).await.unwrap_or_else(|_| {
        Err(RedisError::from(io::Error::new(io::ErrorKind::TimedOut, format!("no reply within {patience:?}"))))
    })
}

/// A script's call: its hash and the number of keys; keys and arguments follow.
pub(super) fn call(script: &Script, keys: usize) -> Cmd {
    call_of(script, keys, 16, 512)
}

/// The same with room for about so many arguments and bytes.
pub(super) fn call_of(script: &Script, keys: usize, arguments: usize, bytes: usize) -> Cmd {
    let mut cmd = Cmd::with_capacity(arguments, bytes);
    cmd.arg("EVALSHA").arg(script.get_hash()).arg(keys);
    cmd
}

/// Runs a script, loading it where the server has forgotten it.
pub(super) async fn run(connection: &mut impl ConnectionLike, script: &Script, cmd: &Cmd) -> RedisResult<Value> {
    match cmd.query_async(connection).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(connection).await?;
            cmd.query_async(connection).await
        }
        result => result,
    }
}

/// The error's code and the rest of it: of the first command that failed.
fn code_and_detail(error: &RedisError) -> (String, String) {
    match error.clone().into_server_errors().as_deref() {
        Some([(_, first), ..]) => (first.code().to_owned(), first.details().unwrap_or_default().to_owned()),
        Some([]) | None => (String::new(), error.to_string()),
    }
}

/// Whether the consumer group or its stream is gone, perhaps while it was being read (`UNBLOCKED`): Redis has other data.
pub(super) fn is_gone(error: &RedisError) -> bool {
    ["NOGROUP", "UNBLOCKED"].contains(&code_and_detail(error).0.as_str())
}

/// Whether there is no such key.
pub(super) fn is_no_key(error: &RedisError) -> bool {
    code_and_detail(error).1.contains("no such key")
}

/// Whether another connection may fare better: not where the server only had no room, or told of a successor.
pub(super) fn is_doubtful(error: &RedisError) -> bool {
    !["OOM", "FENCED"].contains(&code_and_detail(error).0.as_str())
}

/// Whether a first try tells of nothing but a server that is not there yet: one that is started, loads, or is crowded out; and
/// not of a wrong address, password or certificate.
pub(super) fn passes(error: &RedisError) -> bool {
    let (code, detail) = code_and_detail(error);
    let away = error.is_connection_refusal() || error.is_timeout() || detail.contains("failed to lookup address");
    let busy = ["LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "BUSY"].contains(&code.as_str());
    away || busy || detail.contains("max number of clients")
}

/// Whether a later attempt on a new connection may succeed.
fn is_unavailable(error: &RedisError) -> bool {
    let codes = ["LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MISCONF", "NOREPLICAS", "BUSY"];
    // a reply that can't be read leaves the connection at an unknown place; a password may be on its way to being changed
    let again = [ErrorKind::Parse, ErrorKind::AuthenticationFailed].contains(&error.kind());
    again || error.is_io_error() || codes.contains(&code_and_detail(error).0.as_str())
}

/// What an error of Redis means for the log.
pub(super) fn fault(partition: u32, error: &RedisError) -> LogError {
    let (code, detail) = code_and_detail(error);
    // the server's own code, and not the client's word for it
    let said = if code.is_empty() { error.to_string() } else { format!("{code}: {detail}") };
    if is_unavailable(error) {
        return LogError::Unavailable(said);
    }
    match code.as_str() {
        "OOM" => LogError::Full("redis has reached its maxmemory".to_owned()),
        "FENCED" => LogError::Fenced { partition, epoch: detail.parse().unwrap_or_default() },
        // an entry was written under the greatest id that there is
        _ if detail.contains("exhausted the last possible ID") => {
            let what = "an entry has the greatest id that there is, so redis takes none after it: see \"A stream from the \
                        future\" in docs/operate/operations.md";
            tracing::error!(partition, "{what}");
            LogError::Full(what.to_owned())
        }
        "NOGROUP" | "UNBLOCKED" => LogError::Unavailable(format!("the consumer group is gone ({code}): {detail}")),
        _ => LogError::Broken(format!("redis refused a command: {said}")),
    }
}

/// A reply whose shape this version doesn't know.
pub(super) fn strange(what: &str) -> LogError {
    LogError::Broken(format!("redis answered {what} in an unknown shape"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server's error line becomes.
    fn said(line: &str) -> RedisError {
        let value = ::redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn a_server_that_is_not_there_yet_is_told_from_a_wrong_setting() {
        for (line, away) in [
            ("LOADING Redis is loading the dataset in memory", true),
            ("MASTERDOWN DedicatedConnection with MASTER is down and replica-serve-stale-data is set to 'no'.", true),
            ("BUSY Redis is busy running a script.", true),
            ("ERR max number of clients reached", true),
            ("NOAUTH Authentication required.", false),
            ("WRONGPASS invalid username-password pair or user is disabled.", false),
            ("NOPERM User app has no permissions to run the 'ping' command", false),
        ] {
            assert_eq!(passes(&said(line)), away, "{line}");
        }
    }

    #[test]
    fn a_fault_tells_the_server_s_code() {
        for (line, code) in [
            ("READONLY You can't write against a read only replica.", "READONLY"),
            ("NOPERM User app has no permissions to run the 'xadd' command", "NOPERM"),
            ("MISCONF Redis is configured to save RDB snapshots", "MISCONF"),
            ("UNBLOCKED client unblocked via CLIENT UNBLOCK", "UNBLOCKED"),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE"),
            ("CLUSTERDOWN The cluster is down", "CLUSTERDOWN"),
        ] {
            assert!(fault(0, &said(line)).to_string().contains(code), "{line}: {}", fault(0, &said(line)));
        }
    }
}

//! The command log on Redis Streams (Redis 7 or later).
//!
//! Blocking reads have connections of their own (`reader`, followers); everything short goes through a pool. What must
//! happen at once happens in a Lua script. Besides the keys of the protocol a partition has `{namespace}:{p}:epoch` (the
//! owner's epoch, the fence) and `{namespace}:{p}:reply_to` (the set of names that have a reply stream).

mod arrays;
mod follow;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod keys;
mod link;
mod parse;
mod reader;
mod settler;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use ::redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, RedisError, RedisResult, Script, TlsCertificates, Value, aio::ConnectionLike,
    io::tcp::TcpSettings,
};
use async_trait::async_trait;
use deadpool_redis::{Manager, Pool, PoolError, Runtime};

use self::{
    follow::{FollowCursor, Followers},
    keys::Keys,
    link::{
        CONNECT_MAX, DedicatedConnection, Dial, REPLY_MAX, call, fault, is_doubtful, is_no_key, passes, run, strange,
    },
    reader::RedisReader,
    settler::RedisSettler,
};
use super::{
    CommandLog, EntryId, Follow, Inbound, LogError, LogStats, OutEntry, Outbound, Reader, Retention, Settler,
    StreamBounds,
};
use crate::http_client::{self, Certificates, is_here};

/// The version of the keys and their contents, in `meta`.
pub const PROTOCOL: u32 = 1;
/// The namespace unless another is asked for.
pub const NAMESPACE: &str = "jumun";

/// Connections for short commands. Redis works on one at a time; more would only queue there.
const POOL_CONNECTIONS_MAX: usize = 16;
/// Scripts count in doubles; no partition is taken over so often, so a greater one is nobody's.
const EPOCH_MAX: i64 = 1 << 52;
/// Commands a transaction: Redis does nothing else meanwhile.
const APPEND_MAX: usize = 1_000;

/// The log on a Redis server.
pub struct RedisLog {
    dial: Dial,
    pool: Pool,
    keys: Keys,
    followers: Followers,
    readers: Arc<reader::Scripts>,
    connections: Arc<AtomicU64>,
    settle: Arc<Script>,
    trim: Script,
    stats: Script,
    groups: Script,
    send: Script,
    reach: &'static str,
}

impl fmt::Debug for RedisLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLog").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl RedisLog {
    /// A log in `namespace` of the server at `url`: `redis://[user:password@]host:port/[db]`, or `rediss://…` with TLS.
    /// Fails when the URL can't be read or nobody answers.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self, LogError> {
        Self::connect_by(url, namespace, &Certificates::default()).await
    }

    /// The same by certificates of one's own, which only a `rediss://` URL can do with.
    pub async fn connect_by(url: &str, namespace: &str, certificates: &Certificates) -> Result<Self, LogError> {
        let client = client(url, certificates)?;
        let info = client.get_connection_info().clone();
        let (reach, secure) = (reach(&info), matches!(info.addr(), ConnectionAddr::TcpTls { .. }));
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_MAX))
            .set_response_timeout(Some(REPLY_MAX));
        let pool = Pool::builder(Manager::new_with_config(info, config).map_err(|e| unusable(&e))?)
            .max_size(POOL_CONNECTIONS_MAX)
            .wait_timeout(Some(REPLY_MAX))
            .create_timeout(Some(CONNECT_MAX))
            .recycle_timeout(Some(CONNECT_MAX))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| LogError::Broken(format!("no pool of redis connections: {e}")))?;
        let dial = Dial::new(client);
        let log = Self {
            followers: Followers::new(dial.clone()),
            dial,
            pool,
            keys: Keys::new(namespace),
            readers: Arc::new(reader::Scripts::new(Keys::new(namespace).meta())),
            connections: Arc::default(),
            settle: Arc::new(settler::script()),
            trim: counting(include_str!("redis/trim.lua")),
            stats: counting(include_str!("redis/stats.lua")),
            groups: Script::new(include_str!("redis/groups.lua")),
            send: Script::new(include_str!("redis/send.lua")),
            reach,
        };
        let asked = |why: &str| format!("{why} (asked {reach}: rediss:// asks with TLS, redis:// without)");
        let mut link = DedicatedConnection::new(log.dial.clone());
        match Box::pin(link.send(&::redis::cmd("PING"), Duration::ZERO)).await {
            Ok(_) => Ok(log),
            // a server that wants TLS only hangs up; so does one that is being stopped, or a network before it
            Err(e) if e.is_connection_dropped() => Err(LogError::Unavailable(asked(&e.to_string()))),
            // it is away, or not there yet; but a server without TLS is silent, too, when it is asked with it
            Err(e) if passes(&e) && !(e.is_timeout() && secure) => Err(LogError::Unavailable(e.to_string())),
            // or it says something strange
            Err(e) => match fault(0, &e) {
                LogError::Unavailable(why) => Err(LogError::Broken(asked(&why))),
                error @ (LogError::Fenced { .. } | LogError::Full(_) | LogError::Broken(_)) => Err(error),
            },
        }
    }

    /// Why nobody should go to the Redis at this URL over a network that others are on, if there is a reason.
    ///
    /// # Errors
    /// [`LogError::Broken`], when it can't be read.
    pub fn insecure(url: &str) -> Result<Option<&'static str>, LogError> {
        let info = url.into_connection_info().map_err(|e| unusable(&e))?;
        let (ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. }) = info.addr() else {
            return Ok(None); // a socket of this machine
        };
        let clear = !matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        Ok(match (is_here(host), clear, info.redis_settings().password()) {
            (true, _, _) | (false, false, Some(_)) => None,
            (false, _, None) => Some("asks for no password: redis://USER:PASSWORD@…"),
            (false, true, Some(_)) => Some("is told its password in clear: rediss://"),
        })
    }

    async fn pooled(&self) -> Result<deadpool_redis::Connection, LogError> {
        self.pool.get().await.map_err(|error| match &error {
            PoolError::Backend(error) => fault(0, error),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => LogError::Unavailable(error.to_string()),
        })
    }

    /// A pooled connection goes back only when the server did as it was asked: one that was demoted refuses every write, and
    /// would be lent for ever. Where one is silent, the others that lie idle are not asked one after another.
    fn judged<T>(&self, connection: deadpool_redis::Connection, reply: RedisResult<T>) -> Result<T, LogError> {
        if reply.as_ref().is_err_and(is_doubtful) {
            drop(deadpool_redis::Connection::take(connection));
        }
        if reply.as_ref().is_err_and(RedisError::is_timeout) {
            self.pool.retain(|_, _| false);
        }
        reply.map_err(|e| fault(0, &e))
    }

    async fn query(&self, cmd: &Cmd) -> Result<Value, LogError> {
        let mut connection = self.pooled().await?;
        let reply = cmd.query_async(&mut connection).await;
        self.judged(connection, reply)
    }

    async fn scripted(&self, script: &Script, cmd: &Cmd) -> Result<Value, LogError> {
        let mut connection = self.pooled().await?;
        let reply = run(&mut connection, script, cmd).await;
        self.judged(connection, reply)
    }

    /// One transaction: all of these or none.
    async fn append_all(&self, key: &str, commands: &[Arc<[u8]>], ids: &mut Vec<EntryId>) -> Result<(), LogError> {
        let mut pipe = ::redis::Pipeline::with_capacity(commands.len());
        for command in commands {
            pipe.cmd("XADD").arg(key).arg("*").arg("command").arg(&**command);
        }
        let mut connection = self.pooled().await?;
        if let [_] = commands {
            let reply = connection.req_packed_commands(&pipe, 0, 1).await;
            let reply = reply.and_then(|values| values.into_iter().map(Value::extract_error).collect());
            let values: Vec<Value> = self.judged(connection, reply)?;
            ids.push(parse::id(values.first().ok_or_else(|| strange("an append"))?)?);
            return Ok(());
        }
        let reply = pipe.atomic().query_async(&mut connection).await;
        let values: Vec<Value> = self.judged(connection, reply)?;
        for value in &values {
            ids.push(parse::id(value)?);
        }
        Ok(())
    }

    /// The same of a lane's own steps, which may go at maxmemory.
    async fn send_all(&self, key: &str, steps: &[Arc<[u8]>], ids: &mut Vec<EntryId>) -> Result<(), LogError> {
        let mut cmd = call(&self.send, 1);
        cmd.arg(key);
        steps.iter().for_each(|step| {
            cmd.arg(&**step);
        });
        for id in &parse::array(self.scripted(&self.send, &cmd).await?, "an append")? {
            ids.push(parse::id(id)?);
        }
        Ok(())
    }
}

/// A script that counts what is unread.
fn counting(script: &str) -> Script {
    Script::new(&script.replace("-- @count\n", include_str!("redis/count.lua")))
}

// the URL may hold a password: it is in no message
fn unusable(error: &RedisError) -> LogError {
    LogError::Broken(format!("the redis URL can't be used: {:?}", error.kind()))
}

fn client(url: &str, certificates: &Certificates) -> Result<Client, LogError> {
    http_client::trust();
    let info = url.into_connection_info().map_err(|e| unusable(&e))?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    let info = info.set_redis_settings(settings).set_tcp_settings(tcp());
    if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
        return Err(LogError::Broken("there is no #insecure: name the authority that signed the certificate".into()));
    }
    if certificates.is_empty() {
        return Client::open(info).map_err(|e| unusable(&e));
    }
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(LogError::Broken("certificates are for a rediss:// URL, this one asks without TLS".into()));
    }
    let own = certificates.own.clone();
    let certificates = TlsCertificates {
        client_tls: own.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key }),
        root_cert: certificates.authorities.clone(),
    };
    Client::build_with_tls(info, certificates).map_err(|e| unusable(&e))
}

/// Small writes are not held back; and what nobody acknowledges is noticed by the kernel too.
fn tcp() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(REPLY_MAX);
    settings
}

fn reach(info: &ConnectionInfo) -> &'static str {
    match (matches!(info.addr(), ConnectionAddr::TcpTls { .. }), info.redis_settings().password().is_some()) {
        (true, true) => "with TLS, with a password",
        (true, false) => "with TLS, without a password",
        (false, true) => "without TLS, with a password",
        (false, false) => "without TLS, without a password",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 40)
}

#[async_trait]
impl CommandLog for RedisLog {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn reach(&self) -> Option<&str> {
        Some(self.reach)
    }

    async fn open(&self, partitions: u32) -> Result<(), LogError> {
        let meta = self.readers.meta(partitions);
        meta.judge(self.scripted(&meta.script, &meta.call()).await?)?;
        for partition in 0..partitions {
            let keys = self.keys.inbounds(partition);
            let mut cmd = call(&self.groups, keys.len());
            cmd.arg(&keys);
            self.scripted(&self.groups, &cmd).await?;
        }
        Ok(())
    }

    async fn partitions(&self) -> Result<Option<u32>, LogError> {
        let mut cmd = ::redis::cmd("HGET");
        let value = self.query(cmd.arg(self.keys.meta()).arg("partitions")).await?;
        if value == Value::Nil {
            return Ok(None);
        }
        let n = u32::try_from(parse::number(&value, "its meta key")?);
        n.map(Some).map_err(|_| strange("its meta key"))
    }

    async fn epoch(&self, partition: u32) -> Result<i64, LogError> {
        let value = self.query(::redis::cmd("GET").arg(self.keys.epoch(partition))).await?;
        let text = parse::bytes(&value).and_then(|text| std::str::from_utf8(text).ok());
        match text.map(str::parse::<i64>) {
            None => Ok(0),
            Some(Ok(epoch)) if epoch <= EPOCH_MAX => Ok(epoch),
            Some(_) => Err(strange("the partition's epoch")),
        }
    }

    async fn append(&self, partition: u32, to: Inbound, commands: &[Arc<[u8]>]) -> Result<Vec<EntryId>, LogError> {
        let key = self.keys.inbound(partition, to);
        let mut ids = Vec::with_capacity(commands.len());
        for some in commands.chunks(APPEND_MAX) {
            match to {
                Inbound::Commands | Inbound::Checkout => self.append_all(&key, some, &mut ids).await?,
                Inbound::Internal => self.send_all(&key, some, &mut ids).await?,
            }
        }
        Ok(ids)
    }

    async fn reader(&self, partition: u32, consumer: &str, epoch: i64) -> Result<Box<dyn Reader>, LogError> {
        let mut reader = RedisReader::new(
            self.dial.clone(),
            Arc::clone(&self.readers),
            Arc::clone(&self.connections),
            &self.keys,
            (partition, epoch),
            consumer,
        );
        reader.attach().await?;
        Ok(Box::new(reader))
    }

    async fn settler(&self, partition: u32, epoch: i64, retention: Retention) -> Result<Box<dyn Settler>, LogError> {
        let settle = Arc::clone(&self.settle);
        let mut settler = RedisSettler::new(self.dial.clone(), settle, self.keys.clone(), partition, epoch, retention);
        settler.attach().await?;
        Ok(Box::new(settler))
    }

    async fn follow_each(&self, read: Follow<'_>) -> Result<Vec<(u32, Vec<OutEntry>)>, LogError> {
        let places: Vec<FollowCursor> = read
            .after
            .iter()
            .map(|(partition, after)| FollowCursor {
                partition: *partition,
                key: self.keys.outbound(*partition, read.stream),
                after: *after,
            })
            .collect();
        self.followers.read(read, &places).await
    }

    async fn extent(&self, partition: u32, stream: &Outbound) -> Result<StreamBounds, LogError> {
        let mut cmd = ::redis::cmd("XINFO");
        cmd.arg("STREAM").arg(self.keys.outbound(partition, stream));
        match cmd.query_async(&mut self.pooled().await?).await {
            Ok(value) => parse::extent(value),
            Err(e) if is_no_key(&e) => Ok(StreamBounds { floor: EntryId::ZERO, last: EntryId::ZERO }),
            Err(e) => Err(fault(partition, &e)),
        }
    }

    async fn earlier(
        &self,
        partition: u32,
        stream: &Outbound,
        before: EntryId,
        max: usize,
    ) -> Result<Vec<OutEntry>, LogError> {
        let mut cmd = ::redis::cmd("XREVRANGE");
        let newest = before.before().to_string();
        cmd.arg(self.keys.outbound(partition, stream)).arg(newest).arg("-").arg("COUNT").arg(max);
        let rows = parse::entries(self.query(&cmd).await?)?;
        Ok(rows.into_iter().rev().map(|(id, fields)| follow::out_entry(stream, id, fields)).collect())
    }

    async fn bury(&self, partition: u32, letter: EntryId) -> Result<bool, LogError> {
        let mut cmd = ::redis::cmd("XDEL");
        cmd.arg(self.keys.outbound(partition, &Outbound::Dead)).arg(letter.to_string());
        Ok(parse::number(&self.query(&cmd).await?, "a deletion")? > 0)
    }

    async fn reply_names(&self, partition: u32) -> Result<Vec<Arc<str>>, LogError> {
        let mut cmd = ::redis::cmd("SMEMBERS");
        let names = parse::array(self.query(cmd.arg(self.keys.reply_names(partition))).await?, "reply names")?;
        Ok(names.iter().filter_map(parse::bytes).map(|name| String::from_utf8_lossy(name).into()).collect())
    }

    async fn trim(&self, partition: u32, retention: Retention) -> Result<u64, LogError> {
        let mut cmd = call(&self.trim, 7);
        cmd.arg(&self.keys.inbounds(partition))
            .arg(self.keys.outbound(partition, &Outbound::Answers))
            .arg(self.keys.outbound(partition, &Outbound::Events))
            .arg(self.keys.outbound(partition, &Outbound::Dead))
            .arg(self.keys.reply_names(partition))
            .arg(millis(retention.commands))
            .arg(millis(retention.answers))
            .arg(millis(retention.events))
            .arg(retention.dead_max)
            .arg(self.keys.reply_prefix(partition))
            .arg(retention.dead_age.map(millis).map(|age| age.to_string()).unwrap_or_default());
        parse::number(&self.scripted(&self.trim, &cmd).await?, "a trim")
    }

    async fn stats(&self, partition: u32) -> Result<LogStats, LogError> {
        let mut cmd = call(&self.stats, 4);
        cmd.arg(&self.keys.inbounds(partition)).arg(self.keys.outbound(partition, &Outbound::Dead));
        let row = parse::array(self.scripted(&self.stats, &cmd).await?, "statistics")?;
        let [lag, steps, pending, settled, length, dead] = row.as_slice() else { return Err(strange("statistics")) };
        let n = |value| parse::number(value, "statistics");
        let (lag, steps, pending, settled) = (n(lag)?, n(steps)?, n(pending)?, n(settled)?);
        Ok(LogStats { lag, steps, pending, settled, length: n(length)?, dead: n(dead)? })
    }

    async fn life(&self) -> Result<Option<String>, LogError> {
        let info = self.query(::redis::cmd("INFO").arg("server")).await?;
        let info = parse::bytes(&info).map(String::from_utf8_lossy).unwrap_or_default();
        let id = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        id.map(|id| Some(id.to_owned())).ok_or_else(|| strange("its run id"))
    }

    async fn ping(&self) -> Result<(), LogError> {
        self.query(&::redis::cmd("PING")).await.map(|_| ())
    }
}

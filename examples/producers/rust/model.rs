//! Places orders over Redis Streams and awaits their answers: a model of a checkout. The guide: docs/guide/producers.md.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    streams::{StreamRangeReply, StreamReadOptions, StreamReadReply},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::oneshot, time};
use uuid::Uuid;

const TRIES_MAX: u32 = 8;
const BLOCK: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
pub struct Answer {
    command_id: String,
    pub outcome: String,
    pub order_id: Option<String>,
    pub order_status: Option<String>,
    pub reason: Option<String>,
}

/// The id of the last entry that was read, by stream.
type Last = BTreeMap<String, String>;
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>;

/// One for each process: it owns a reply stream, and the one task that reads it.
pub struct Checkout {
    namespace: String,
    reply_to: String,
    patience: Duration,
    redis: ConnectionManager,
    partitions: u32,
    waiting: Waiting,
    pub retries: AtomicU32,
}

impl Checkout {
    pub async fn open(url: &str, namespace: &str, reply_to: &str, patience: Duration) -> anyhow::Result<Self> {
        let client = Client::open(url)?;
        // It connects anew by itself. How long to wait for an XADD's ok is the patience's matter.
        let settings = ConnectionManagerConfig::new().set_response_timeout(Some(patience));
        let mut redis = client.get_connection_manager_with_config(settings).await?;
        let partitions: u32 = redis.hget(format!("{namespace}:meta"), "partitions").await?;
        // From where to read is settled before anything is sent, else the first answers could be missed.
        let mut last = Last::new();
        for partition in 0..partitions {
            let key = format!("{namespace}:{{{partition}}}:answers:{reply_to}");
            let newest: StreamRangeReply = redis.xrevrange_count(&key, "+", "-", 1).await?;
            last.insert(key, newest.ids.into_iter().next().map_or_else(|| "0-0".to_owned(), |entry| entry.id));
        }
        let waiting = Waiting::default();
        tokio::spawn(read_on(client, last, Arc::clone(&waiting)));
        let (namespace, reply_to) = (namespace.to_owned(), reply_to.to_owned());
        Ok(Self { namespace, reply_to, patience, redis, partitions, waiting, retries: AtomicU32::new(0) })
    }

    /// Sends until it is answered; `None` when that took too long.
    pub async fn send(&self, partition: u32, id: &str, mut command: Value) -> Option<Answer> {
        command["id"] = id.into();
        command["reply_to"] = self.reply_to.as_str().into();
        // Once: a retry is the same bytes. Built anew it might differ, and be refused as command_id_reused.
        let body = command.to_string();
        let key = format!("{}:{{{partition}}}:checkout", self.namespace);
        let (answered, mut answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), answered);
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                self.retries.fetch_add(1, Ordering::Relaxed);
            }
            // Longer each time: retries are commands too, and a server that is behind needs no more of them.
            let end = time::Instant::now() + self.patience * 2u32.pow(attempt.min(3));
            let sent: RedisResult<String> = self.redis.clone().xadd(&key, "*", &[("command", &body)]).await;
            if let Err(error) = sent {
                // Received or not, nobody knows. The id makes it safe to send it again.
                eprintln!("sending {id}: {error}");
            }
            if let Ok(answer) = time::timeout_at(end, &mut answer).await {
                return answer.ok();
            }
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        None
    }

    /// One unit for a customer, unpaid: it is held until the payment's deadline.
    pub async fn place(&self, sku: &str, customer: &str) -> Option<Answer> {
        let command = json!({
            "type": "place_order",
            "order_id": format!("o-{}", Uuid::now_v7()),
            "actor": format!("buyer:{customer}"),
            "customer_id": customer,
            "lines": [{"sku_id": sku, "quantity": 1}],
        });
        self.send(u32::from(crc16(sku)) % self.partitions, &format!("c-{}", Uuid::now_v7()), command).await
    }
}

/// Hands each answer to whoever waits for it, for ever.
async fn read_on(client: Client, mut last: Last, waiting: Waiting) {
    loop {
        // A blocked read keeps its connection to itself, so it has one of its own, more patient than the block.
        let settings = AsyncConnectionConfig::new().set_response_timeout(Some(BLOCK * 3));
        let ended = match client.get_multiplexed_async_connection_with_config(&settings).await {
            Ok(redis) => read(redis, &mut last, &waiting).await,
            Err(error) => Err(error.into()),
        };
        // Connected anew, reading goes on after the last entry that was read: nothing is lost.
        eprintln!("reading: {ended:?}");
        time::sleep(Duration::from_millis(200)).await;
    }
}

async fn read(mut redis: MultiplexedConnection, last: &mut Last, waiting: &Waiting) -> anyhow::Result<()> {
    let options = StreamReadOptions::default().count(100).block(usize::try_from(BLOCK.as_millis())?);
    loop {
        let (keys, ids): (Vec<_>, Vec<_>) = last.clone().into_iter().unzip();
        let read: Option<StreamReadReply> = redis.xread_options(&keys, &ids, &options).await?;
        for stream in read.map(|read| read.keys).unwrap_or_default() {
            for entry in stream.ids {
                let answers: String = entry.get("answers").context("an entry without answers")?;
                for answer in serde_json::from_str::<Vec<Answer>>(&answers)? {
                    let waiter = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&answer.command_id);
                    // Nobody waits: the second answer of a command that was sent twice, equal to the first.
                    drop(waiter.map(|waiter| waiter.send(answer)));
                }
                last.insert(stream.key.clone(), entry.id);
            }
        }
    }
}

/// CRC16/XMODEM, as in Redis Cluster.
fn crc16(text: &str) -> u16 {
    text.bytes().fold(0, |crc, byte| {
        let crc = crc ^ u16::from(byte) << 8;
        (0..8).fold(crc, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    })
}

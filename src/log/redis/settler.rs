//! A lane's acknowledging side: batches become calls of one script, on a connection of their own.

use std::{sync::Arc, time::Duration};

use ::redis::{Cmd, Script};
use async_trait::async_trait;

use super::{
    arrays::{ANSWERS_KEY, Arrays, EVENTS_KEY, FIXED_KEYS},
    keys::Keys,
    link::{DedicatedConnection, Dial, call_of, fault},
    parse,
};
use crate::log::{Inbound, LogError, Outbound, REPLY_STREAMS_MAX, Retention, SettleReport, Settled, Settler};

/// Entries a call: each call is atomic and keeps Redis from everything else for a millisecond or two.
const CALL_ENTRIES_MAX: usize = 512;
/// Bytes of answers and events a call.
const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn script() -> Script {
    Script::new(include_str!("settle.lua"))
}

pub(super) struct RedisSettler {
    link: DedicatedConnection,
    script: Arc<Script>,
    keys: Keys,
    partition: u32,
    epoch: i64,
    retention: Retention,
}

fn millis(duration: Duration) -> u64 {
    // Redis refuses an expiry of nothing
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

impl RedisSettler {
    pub fn new(dial: Dial, script: Arc<Script>, keys: Keys, partition: u32, epoch: i64, retention: Retention) -> Self {
        Self { link: DedicatedConnection::new(dial), script, keys, partition, epoch, retention }
    }

    pub async fn attach(&mut self) -> Result<(), LogError> {
        self.link.up().await.map(|_| ()).map_err(|e| fault(self.partition, &e))
    }

    /// The call that settles these entries.
    fn command(&self, entries: &[Settled]) -> Cmd {
        let p = self.partition;
        // the script's ids: in the order of the streams, each stream's in its order
        let of = |stream| entries.iter().filter(|e| e.stream == stream).count();
        let (commands, checkout) = (of(Inbound::Commands), of(Inbound::Checkout));
        let before = [0, commands, commands + checkout];
        let mut arrays = Arrays::default();
        let mut ids = [Vec::with_capacity(commands), Vec::with_capacity(checkout), Vec::new()];
        let mut letters = Vec::new();
        for entry in entries {
            let stream = entry.stream.index();
            ids[stream].push(entry.id);
            let n = before[stream] + ids[stream].len();
            if let Some(answer) = &entry.answer {
                let key = answer.reply_to.as_ref().map_or(ANSWERS_KEY, |name| arrays.reply_key(name));
                arrays.push(key, n, std::iter::once(&*answer.json));
            }
            arrays.push(EVENTS_KEY, n, entry.events.iter().map(|event| &**event));
            letters.extend(entry.dead.as_ref().map(|dead| (n, dead)));
        }
        arrays.finish();

        let bytes: usize = arrays.done.iter().map(|a| a.text.len() + a.items.len()).sum();
        let names = arrays.names.len();
        let mut cmd = call_of(
            &self.script,
            FIXED_KEYS + names,
            32 + 2 * names + entries.len() + 3 * arrays.done.len() + 5 * letters.len(),
            bytes + 24 * entries.len() + 128 * names + 1024,
        );
        cmd.arg(self.keys.epoch(p))
            .arg(&self.keys.inbounds(p))
            .arg(self.keys.outbound(p, &Outbound::Answers))
            .arg(self.keys.outbound(p, &Outbound::Events))
            .arg(self.keys.outbound(p, &Outbound::Dead))
            .arg(self.keys.reply_names(p));
        for name in &arrays.names {
            cmd.arg(self.keys.reply_prefix(p) + name);
        }
        cmd.arg(self.epoch)
            .arg(millis(self.retention.answers))
            .arg(millis(self.retention.events))
            .arg(self.retention.dead_max)
            .arg(REPLY_STREAMS_MAX)
            .arg(commands)
            .arg(commands + checkout)
            .arg(entries.len())
            .arg(arrays.done.len());
        for name in &arrays.names {
            cmd.arg(&**name);
        }
        for id in ids.iter().flatten() {
            cmd.arg(id.to_string());
        }
        for array in &arrays.done {
            cmd.arg(array.key).arg(&array.text).arg(&array.items);
        }
        for (n, dead) in letters {
            cmd.arg(n).arg(dead.kept()).arg(dead.stream.name()).arg(&dead.reason).arg(dead.attempts);
        }
        cmd
    }
}

/// What an entry adds to a call.
fn bytes(entry: &Settled) -> usize {
    entry.answer.as_ref().map_or(0, |a| a.json.len())
        + entry.events.iter().map(|e| e.len()).sum::<usize>()
        + entry.dead.as_ref().map_or(0, |d| d.kept().len())
}

/// The first entries that fit into one call: at least one.
fn head(entries: &[Settled]) -> usize {
    let mut sum = 0;
    let fits = entries.iter().take(CALL_ENTRIES_MAX).take_while(|entry| {
        sum += bytes(entry);
        sum <= CALL_BYTES_MAX
    });
    fits.count().max(1)
}

#[async_trait]
impl Settler for RedisSettler {
    async fn settle(&mut self, entries: &[Settled]) -> Result<SettleReport, LogError> {
        let mut report = SettleReport { acknowledged: 0, already: 0 };
        let mut rest = entries;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(head(rest));
            rest = later;
            let cmd = self.command(now);
            let script = Arc::clone(&self.script);
            let value = self.link.run(&script, &cmd).await.map_err(|e| fault(self.partition, &e))?;
            let n = u32::try_from(parse::number(&value, "a settlement")?).unwrap_or(u32::MAX);
            report.acknowledged += n;
            report.already += u32::try_from(now.len()).unwrap_or(u32::MAX).saturating_sub(n);
        }
        Ok(report)
    }
}

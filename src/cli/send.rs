//! `jumun send`: one command from a file or standard input; prints its answer.

mod http;

use std::{io::Read as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::Value;

use super::config::{InsecureArgs, RedisTlsArgs, real_clock, seconds};
use crate::{
    log::{CommandLog, EntryId, Inbound, Outbound, crc16::partition_of, redis::RedisLog},
    protocol::{Answer, OutcomeKind, strict},
};

/// Sends one command, through Redis or the HTTP API, and prints its answer.
///
/// Exit status: 0 accepted, 1 rejected, 2 failed, 3 sent and not known (no answer in time, or the server went away: send
/// it again under the same id), 4 not sent.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  echo '{\"id\":\"c-000000001\",\"type\":\"receive_stock\",\"actor\":\"operator:me\",\"sku_id\":\"AC-100\",\"quantity\":10}' | jumun send --http http://127.0.0.1:8080 -")]
pub struct SendArgs {
    /// Redis whose streams the server reads
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL", required_unless_present = "http")]
    redis: Option<String>,
    /// The server's HTTP API, in place of Redis: http://127.0.0.1:8080
    #[arg(long, env = "JUMUN_HTTP", value_name = "URL")]
    http: Option<String>,
    /// Token to show there, where it is not open to anyone
    #[arg(long, env = "JUMUN_TOKEN_TEXT", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Customer whom a checkout's token speaks for there
    #[arg(long, env = "JUMUN_CUSTOMER", value_name = "ID")]
    customer: Option<String>,
    #[command(flatten)]
    redis_tls: RedisTlsArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
    /// First part of the Redis keys
    #[arg(long, env = "JUMUN_NAMESPACE", default_value = "jumun")]
    namespace: String,
    /// Partition to send to [default: that of the first SKU, else 0; a wrong one is passed on]
    #[arg(long)]
    partition: Option<u32>,
    /// Stream to send to: commands, or checkout, which takes what buyers say
    #[arg(long, default_value = "commands", value_parser = stream, value_name = "STREAM")]
    stream: Inbound,
    /// How long to wait for the answer, in seconds
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    wait: f64,
    /// File with the command as JSON; - for standard input
    file: PathBuf,
}

fn stream(text: &str) -> Result<Inbound, String> {
    Inbound::named(text).filter(|s| s.produced()).ok_or_else(|| format!("{text:?} is neither commands nor checkout"))
}

/// Runs it.
///
/// # Errors
/// None: what goes wrong is told on standard error, with exit status 3 or 4.
pub async fn run(args: SendArgs) -> anyhow::Result<ExitCode> {
    Ok(send(args).await.unwrap_or_else(|e| {
        eprintln!("jumun: it was not sent: {e:#}");
        ExitCode::from(4)
    }))
}

async fn send(args: SendArgs) -> anyhow::Result<ExitCode> {
    let wait = seconds("--wait", args.wait, 0.01, 3_600.0)?;
    let mut text = String::new();
    if args.file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    }
    let Value::Object(mut command) = strict::value(text.as_bytes()).context("the command is not JSON")? else {
        bail!("the command is not a JSON object");
    };
    let id = command.get("id").and_then(Value::as_str).context("the command has no id")?.to_owned();
    if let Some(url) = &args.http {
        return http::send(url, &args, wait, &command).await;
    }
    let redis = args.redis.as_deref().context("where to is not said: --http or --redis")?;
    args.insecure.redis(redis)?;
    let certificates = args.redis_tls.certificates()?;
    let log: Arc<dyn CommandLog> = Arc::new(RedisLog::connect_by(redis, &args.namespace, &certificates).await?);
    let partitions = log.partitions().await?.context("no server has opened this namespace yet")?;
    let name: Arc<str> = match command.get("reply_to").and_then(Value::as_str) {
        Some(name) => name.into(),
        None => format!("send-{}", uuid::Uuid::now_v7().simple()).into(),
    };
    command.insert("reply_to".into(), Value::from(&*name));
    let first = command.get("lines").and_then(|l| l.get(0)).and_then(|l| l.get("sku_id"));
    let sku = first.or_else(|| command.get("sku_id")).and_then(Value::as_str);
    let partition = args.partition.unwrap_or_else(|| sku.map_or(0, |s| partition_of(s, partitions)));
    ensure!(partition < partitions, "there are partitions 0 to {}, not {partition}", partitions - 1);
    let raw: Arc<[u8]> = serde_json::to_vec(&command)?.into();
    // a reply of Redis that was lost may have taken it
    if let Err(e) = log.append(partition, args.stream, &[raw]).await {
        return unknown(format!("whether it was sent is not known: {e}"));
    }
    let answer = match tokio::time::timeout(wait, answer(&*log, partitions, &name, &id)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(e)) => return unknown(format!("its answer can't be read: {e:#}")),
        Err(_) => return unknown(format!("no answer within {} s", args.wait)),
    };
    told(&answer)
}

/// Sent, and what became of it is not known.
fn unknown(why: String) -> anyhow::Result<ExitCode> {
    eprintln!("jumun: {why}; send it again under the same id");
    Ok(ExitCode::from(3))
}

fn told(answer: &Answer) -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(answer)?);
    Ok(match answer.outcome {
        OutcomeKind::Accepted => ExitCode::SUCCESS,
        OutcomeKind::Rejected => ExitCode::from(1),
        OutcomeKind::Failed => ExitCode::from(2),
    })
}

/// The answer, from whichever lane gives it.
async fn answer(log: &dyn CommandLog, partitions: u32, name: &Arc<str>, id: &str) -> anyhow::Result<Answer> {
    let clock = real_clock();
    tracing::debug!(since = %clock.now(), "waiting for the answer");
    let stream = Outbound::AnswersTo(Arc::clone(name));
    let mut after = vec![EntryId::ZERO; usize::try_from(partitions)?];
    let wait = if partitions == 1 { Duration::from_secs(1) } else { Duration::from_millis(20) };
    loop {
        for (partition, after) in (0..partitions).zip(&mut after) {
            for entry in log.follow(partition, &stream, *after, 1_000, wait).await? {
                *after = entry.id;
                let answers: Vec<Answer> = serde_json::from_str(&entry.json)?;
                if let Some(answer) = answers.into_iter().find(|a| *a.command_id == *id) {
                    return Ok(answer);
                }
            }
        }
    }
}

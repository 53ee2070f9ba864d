//! Sends traces to a collector: OTLP over HTTP, in batches, beside everything else. A collector that is slow or away costs
//! the spans that there is no room for, and a line in the log now and then.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Traces, WAITING_MAX};
use crate::http_client;

/// Traces in one request.
const REQUEST_TRACES_MAX: usize = 256;
/// How long the first trace of a request waits for others.
const GATHER: Duration = Duration::from_millis(500);
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a stopping process waits for what is left to be sent.
const LAST: Duration = Duration::from_secs(1);
/// Between two lines about a collector that does not answer.
const SAY_EVERY: Duration = Duration::from_secs(60);
const PATH: &str = "/v1/traces";

/// The sending side.
#[derive(Debug)]
pub struct Exporter {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts sending. `collector` is a base address (`http://localhost:4318`) or ends in `/v1/traces`.
///
/// # Errors
/// A sentence, when that is no address that can be sent to.
pub fn start(collector: &str, ratio: f64, instance: &str) -> anyhow::Result<(Traces, Exporter)> {
    let dropped = metrics::counter!("jumun_trace_spans_dropped_total");
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http_client::client(PATIENCE, &http_client::Trust::System)?)
        .with_endpoint(endpoint(collector)?)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(PATIENCE)
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        .context("traces can't be sent")?;
    let about = [("service.version", env!("CARGO_PKG_VERSION")), ("service.instance.id", instance)];
    let about = about.map(|(key, value)| opentelemetry::KeyValue::new(key, value.to_owned()));
    exporter.set_resource(&Resource::builder().with_service_name("jumun").with_attributes(about).build());
    let (to, from) = mpsc::channel(WAITING_MAX);
    let stop = CancellationToken::new();
    let sending = Sending { exporter, from, stop: stop.clone(), dropped: dropped.clone(), said: None, lost: 0 };
    Ok((Traces::new(ratio, to, dropped), Exporter { stop, task: tokio::spawn(sending.run()) }))
}

/// Where requests go.
fn endpoint(collector: &str) -> anyhow::Result<String> {
    let rest = collector.strip_prefix("http://").or_else(|| collector.strip_prefix("https://"));
    let rest = rest.context("--traces is an address that begins with http:// or https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // an address is logged; what grants access goes into the headers
    ensure!(!host.contains('@'), "--traces holds no user or password: put them into OTEL_EXPORTER_OTLP_HEADERS");
    ensure!(!host.is_empty() && !rest.contains(['?', '#']), "--traces is like http://localhost:4318");
    let base = collector.trim_end_matches('/');
    Ok(if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") })
}

impl Exporter {
    /// Sends what is left, for a second at most.
    pub async fn close(self) {
        self.stop.cancel();
        let mut task = self.task;
        if tokio::time::timeout(LAST, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the last traces could not be sent in time");
        }
    }
}

struct Sending {
    exporter: SpanExporter,
    from: mpsc::Receiver<Vec<SpanData>>,
    stop: CancellationToken,
    dropped: metrics::Counter,
    said: Option<Instant>,
    /// spans lost since
    lost: usize,
}

impl Sending {
    async fn run(mut self) {
        loop {
            let mut traces = Vec::with_capacity(REQUEST_TRACES_MAX);
            self.gather(&mut traces).await;
            if traces.is_empty() {
                return;
            }
            let spans: Vec<SpanData> = traces.into_iter().flatten().collect();
            let n = spans.len();
            if let Err(e) = self.exporter.export(spans).await {
                self.lose(n, &e.to_string());
            }
        }
    }

    /// Waits for a trace, and a moment for more; nothing comes once the process stops and all is sent.
    async fn gather(&mut self, traces: &mut Vec<Vec<SpanData>>) {
        let stop = self.stop.clone();
        let gathered = async {
            if self.from.recv_many(traces, REQUEST_TRACES_MAX).await == 0 {
                return;
            }
            let more = async {
                while traces.len() < REQUEST_TRACES_MAX {
                    let room = REQUEST_TRACES_MAX - traces.len();
                    if self.from.recv_many(traces, room).await == 0 {
                        return;
                    }
                }
            };
            // either way it goes out now
            drop(tokio::time::timeout(GATHER, more).await);
        };
        tokio::select! {
            () = gathered => {}
            () = stop.cancelled() => {
                self.from.close();
                while traces.len() < REQUEST_TRACES_MAX
                    && let Ok(trace) = self.from.try_recv()
                {
                    traces.push(trace);
                }
            }
        }
    }

    fn lose(&mut self, n: usize, error: &str) {
        self.lost += n;
        self.dropped.increment(n as u64);
        if self.said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
            let error: String = error.chars().take(300).collect();
            tracing::warn!(error, spans = self.lost, "traces could not be sent and are dropped");
            (self.said, self.lost) = (Some(Instant::now()), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_or_refused() {
        for (collector, is) in [
            ("http://localhost:4318", Some("http://localhost:4318/v1/traces")),
            ("https://c.example/otlp/", Some("https://c.example/otlp/v1/traces")),
            ("http://localhost:4318/v1/traces", Some("http://localhost:4318/v1/traces")),
            ("localhost:4318", None),
            ("http://", None),
            ("http://user:secret@c.example", None),
            ("http://c.example/?key=secret", None),
        ] {
            assert_eq!(endpoint(collector).ok().as_deref(), is, "{collector}");
        }
    }
}

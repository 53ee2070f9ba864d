//! Traces: where a command's time went, from its stream entry to its answer, of a sample of the commands. Off unless a
//! collector is named.
//!
//! The lane takes a few time stamps a chunk and a batch; the publisher makes the spans of sampled commands once their
//! answers are out; [`export`] sends them. A trace's id is the command id's hash, so whoever knows the id finds the trace,
//! every lane and process samples the same commands, and what is published twice is the same span twice.

pub mod export;

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{domain::Time, lane::commit::Outgoing, protocol::OutcomeKind};

/// Traces that wait for the exporter; further ones are dropped and counted. A trace is some 4 KiB.
pub const WAITING_MAX: usize = 1_024;
/// Spans of a trace: the command, and its four parts.
const SPANS: usize = 5;

/// When a batch's commands were decided and committed.
#[derive(Debug)]
pub struct StageTimes {
    /// each chunk's end in the batch, and when it was decided; empty where nobody traces
    pub decided: Vec<(usize, Instant)>,
    pub began: Instant,
    pub durable: Instant,
}

/// Makes traces of the sampled commands, and hands them over.
#[derive(Debug)]
pub struct Traces {
    /// how many of 10⁹ commands are traced
    share: u64,
    to: mpsc::Sender<Vec<SpanData>>,
    scope: InstrumentationScope,
    dropped: metrics::Counter,
}

/// The ids that a command's entry has in the traces.
struct Ids {
    trace: TraceId,
    root: u64,
}

const BILLION: u64 = 1_000_000_000;

impl Traces {
    /// Of this share of all commands (0 to 1). Traces go to `to`, as long as there is room.
    fn new(ratio: f64, to: mpsc::Sender<Vec<SpanData>>, dropped: metrics::Counter) -> Self {
        let share = u64::try_from(Duration::from_secs_f64(ratio.clamp(0.0, 1.0)).as_nanos()).unwrap_or(BILLION);
        let scope = InstrumentationScope::builder("jumun").with_version(env!("CARGO_PKG_VERSION")).build();
        Self { share, to, scope, dropped }
    }

    /// A command's trace id, where it is sampled.
    fn sampled(&self, command_id: &str) -> Option<TraceId> {
        let hash = Sha256::digest(command_id.as_bytes());
        let (mut id, mut low) = ([0; 16], [0; 8]);
        id.copy_from_slice(&hash[..16]);
        low.copy_from_slice(&hash[8..16]);
        let place = (u128::from(u64::from_be_bytes(low)) * u128::from(BILLION)) >> 64;
        (place < u128::from(self.share)).then(|| TraceId::from_bytes(id))
    }

    /// Makes the traces of a batch that was settled just now.
    pub fn tell(&self, partition: u32, batch: &[Outgoing], stamps: &StageTimes, now: Time) {
        let settled = Instant::now();
        // the stamps are of a clock that only goes forward; `now` says where on the wall it stands, to the millisecond that
        // it cuts off: nothing is read before its entry was made
        let now = SystemTime::from(now) + Duration::from_millis(1);
        let wall = |at: Instant| now.checked_sub(settled.saturating_duration_since(at)).unwrap_or(now);
        let mut chunks = stamps.decided.iter().peekable();
        for (i, out) in batch.iter().enumerate() {
            while chunks.next_if(|(end, _)| *end <= i).is_some() {}
            let (Some((_, answer)), Some(read)) = (&out.answer, out.source.read) else { continue };
            let Some(trace) = self.sampled(&answer.command_id) else { continue };
            let decided = chunks.peek().map_or(stamps.began, |(_, at)| *at);
            let (began, durable) = (stamps.began, stamps.durable);
            // a trace begins at its entry's time; where the wall's clock went back since, the rest goes along
            let entered = SystemTime::from(out.source.at);
            let ahead = entered.duration_since(wall(read)).unwrap_or_default();
            let wall = |at: Instant| wall(at) + ahead;
            let hash = Sha256::new().chain_update(trace.to_bytes()).chain_update(answer.entry.as_bytes()).finalize();
            let mut root = [0; 8];
            root.copy_from_slice(&hash[..8]);
            let ids = Ids { trace, root: u64::from_be_bytes(root) };
            let mut about = vec![
                KeyValue::new("jumun.command_id", answer.command_id.to_string()),
                KeyValue::new("jumun.type", out.name),
                KeyValue::new("jumun.partition", i64::from(partition)),
                KeyValue::new("jumun.entry", answer.entry.to_string()),
                KeyValue::new("jumun.outcome", answer.outcome.word()),
            ];
            about.extend(answer.order_id.as_ref().map(|o| KeyValue::new("jumun.order_id", o.to_string())));
            about.extend(answer.reason.as_ref().map(|r| KeyValue::new("jumun.reason", r.to_string())));
            let failed = answer.outcome == OutcomeKind::Failed;
            let status = if failed { Status::error("a fault of ours") } else { Status::Unset };
            let commands = i64::try_from(batch.len()).unwrap_or(i64::MAX);
            let spans = vec![
                SpanData { status, ..self.span(&ids, 0, "jumun.command", entered, wall(settled), about) },
                self.span(&ids, 1, "wait", entered, wall(read), Vec::new()),
                self.span(&ids, 2, "decide", wall(read), wall(decided), Vec::new()),
                self.span(
                    &ids,
                    3,
                    "commit",
                    wall(began),
                    wall(durable),
                    vec![KeyValue::new("jumun.batch_commands", commands)],
                ),
                self.span(&ids, 4, "answer", wall(durable), wall(settled), Vec::new()),
            ];
            if self.to.try_send(spans).is_err() {
                self.dropped.increment(SPANS as u64);
            }
        }
    }

    fn span(
        &self,
        ids: &Ids,
        n: u64,
        name: &'static str,
        start_time: SystemTime,
        end_time: SystemTime,
        attributes: Vec<KeyValue>,
    ) -> SpanData {
        let id = |n: u64| SpanId::from_bytes((ids.root ^ n).to_be_bytes());
        let (parent_span_id, span_kind) =
            if n == 0 { (SpanId::INVALID, SpanKind::Consumer) } else { (id(0), SpanKind::Internal) };
        SpanData {
            span_context: SpanContext::new(ids.trace, id(n), TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id,
            parent_span_is_remote: false,
            span_kind,
            name: name.into(),
            start_time,
            end_time,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(ratio: f64) -> Traces {
        let (to, _) = mpsc::channel(1);
        Traces::new(ratio, to, metrics::Counter::noop())
    }

    #[test]
    fn the_sample_is_the_share_that_was_asked_for() {
        for (ratio, least, most) in [(0.0, 0, 0), (0.01, 60, 140), (0.5, 4_800, 5_200), (1.0, 10_000, 10_000)] {
            let traces = traces(ratio);
            let n = (0..10_000).filter(|i| traces.sampled(&format!("c-{i:08}")).is_some()).count();
            assert!((least..=most).contains(&n), "{ratio}: {n}");
        }
    }

    #[test]
    fn whoever_knows_the_command_id_knows_the_trace() {
        let (some, all) = (traces(0.5), traces(1.0));
        for i in 0..100 {
            let id = format!("c-{i:08}");
            let trace = all.sampled(&id);
            assert_eq!(trace, all.sampled(&id));
            assert!(some.sampled(&id).is_none_or(|t| Some(t) == trace));
        }
        // as the page on operations says it is found: the first 16 bytes of the id's SHA-256
        let known = all.sampled("c-000000001").map(|t| t.to_string());
        assert_eq!(known.as_deref(), Some("8a9f644a80a845bf96c5b2202f4a30b1"));
    }
}

//! The publishing loop of a lane: steps to other lanes, then acknowledgements with answers and events, then credit.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Durable, instruments::Instruments};
use crate::{
    clock::Clock,
    history::effects::OutgoingEvents,
    integrations::payment::DueRefund,
    lane::{
        commit::Outgoing,
        ingest::Credit,
        pulse::{Duty, Pause, Pulse},
        traces::Traces,
    },
    log::{CommandLog, Inbound, LogError, OutAnswer, Retention, Settled, Settler},
    store::rows::OtbxRow,
};

/// The longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Outbox rows that reached their stream, to be deleted with the next batch.
pub type RelayedOutbox = Arc<Mutex<Vec<Arc<str>>>>;

/// What the loop needs.
pub struct Publisher {
    pub partition: u32,
    pub epoch: i64,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub retention: Retention,
    pub credit: Arc<Credit>,
    pub pulse: Arc<Pulse>,
    pub from: mpsc::Receiver<Durable>,
    pub sent: RelayedOutbox,
    /// where refunds are asked; `None`: somebody else reads the events and asks
    pub gateway: Option<mpsc::Sender<DueRefund>>,
    /// where commands are traced
    pub traces: Option<Arc<Traces>>,
    pub stop: CancellationToken,
}

/// Why publishing ended.
#[derive(Debug)]
pub enum PublisherEnded {
    Stopped,
    Fenced,
}

impl Publisher {
    /// Publishes until the lane hangs up. What fails is tried again until it succeeds: it is durable, and is owed.
    pub async fn run(mut self) -> PublisherEnded {
        let instruments = Instruments::new(self.partition);
        let mut settler = None;
        while let Some(durable) = self.from.recv().await {
            let Durable { outgoing, steps, asks, stamps, said } = durable;
            if !steps.is_empty()
                && let Err(end) = self.relay(&steps).await
            {
                return end;
            }
            for (lane, raw) in outgoing.iter().filter_map(|o| o.forward.as_ref()) {
                if let Err(end) = self.append(*lane, std::slice::from_ref(raw)).await {
                    return end;
                }
            }
            if let Some(gateway) = &self.gateway {
                for ask in asks {
                    if gateway.try_send(ask).is_err() {
                        break; // busy: the order stays due and is asked again
                    }
                }
            }
            fail::fail_point!("before_settle", |_| std::process::abort());
            let entries: Vec<Settled> = outgoing.iter().map(settled).collect();
            if let Err(end) = self.settle(&mut settler, &entries).await {
                return end;
            }
            fail::fail_point!("after_settle", |_| std::process::abort());
            self.credit.give(outgoing.iter().filter(|o| o.credit).count());
            let now = self.clock.now();
            instruments.count(&outgoing, now);
            if let (Some(traces), Some(stamps)) = (&self.traces, &stamps) {
                traces.tell(self.partition, &outgoing, stamps, now);
            }
            if let Some(said) = said
                && said.send(()).is_err()
            {
                tracing::debug!(partition = self.partition, "nobody waits for what was said");
            }
        }
        PublisherEnded::Stopped
    }

    async fn settle(&self, settler: &mut Option<Box<dyn Settler>>, entries: &[Settled]) -> Result<(), PublisherEnded> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut pause = Pause::up_to(PAUSE_MAX);
        loop {
            let fault = match settler {
                None => match self.log.settler(self.partition, self.epoch, self.retention).await {
                    Ok(attached) => {
                        *settler = Some(attached);
                        continue;
                    }
                    Err(e) => e,
                },
                Some(settler) => match settler.settle(entries).await {
                    Ok(report) => {
                        self.pulse.moved();
                        self.pulse.settled_unknown(report.already);
                        self.pulse.well(Duty::Publish);
                        return Ok(());
                    }
                    Err(e) => e,
                },
            };
            self.hold(&mut pause, "settling", fault).await?;
        }
    }

    /// Puts steps on their lanes' internal streams, in order.
    async fn relay(&self, steps: &[OtbxRow]) -> Result<(), PublisherEnded> {
        for step in steps {
            let raw: Arc<[u8]> = step.cmd.as_bytes().into();
            let lane = u32::try_from(step.to_prtn_no).unwrap_or(u32::MAX);
            self.append(lane, &[raw]).await?;
        }
        if let Ok(mut sent) = self.sent.lock() {
            sent.extend(steps.iter().map(|s| Arc::clone(&s.otbx_id)));
        }
        Ok(())
    }

    async fn append(&self, lane: u32, raw: &[Arc<[u8]>]) -> Result<(), PublisherEnded> {
        let mut pause = Pause::up_to(PAUSE_MAX);
        loop {
            match self.log.append(lane, Inbound::Internal, raw).await {
                Ok(_) => {
                    self.pulse.well(Duty::Publish);
                    return Ok(());
                }
                Err(e) => self.hold(&mut pause, "sending to another lane", e).await?,
            }
        }
    }

    /// Waits before the next try. It gives up only where a successor has the partition, or the lane stops.
    async fn hold(&self, pause: &mut Pause, what: &str, e: LogError) -> Result<(), PublisherEnded> {
        if matches!(e, LogError::Fenced { .. }) {
            return Err(PublisherEnded::Fenced);
        }
        if self.stop.is_cancelled() {
            return Err(PublisherEnded::Stopped); // the pulse is the next run's
        }
        if let Some(unsaid) = self.pulse.trouble(Duty::Publish, &e.to_string()) {
            tracing::error!(partition = self.partition, error = %e, unsaid, "{what} failed; trying again");
        }
        if pause.wait(&self.stop).await { Ok(()) } else { Err(PublisherEnded::Stopped) }
    }
}

fn settled(out: &Outgoing) -> Settled {
    let answer = out.answer.as_ref().map(|(to, a)| OutAnswer { reply_to: to.clone(), json: a.json() });
    let events = out.events.iter().flat_map(OutgoingEvents::published).collect();
    Settled { stream: out.source.stream, id: out.source.id, answer, events, dead: out.dead.clone() }
}

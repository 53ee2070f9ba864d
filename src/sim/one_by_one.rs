//! One command at a time: each is sent when everything before it is answered and at rest, and its answer is held to the model's;
//! at the end, so are the tables.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    Ground,
    judge::{HeardAnswers, at_rest},
    model::{Expected, Model, ModelOutcome, Owed, order::ModelStatus},
    tables,
    workload::Sent,
};
use crate::{
    domain::ids::OrderId,
    log::{EntryId, Origin},
    protocol::{Answer, OutcomeKind},
    store::{LookupStore as _, QueryStore},
};

/// An answer comes, and everything rests, within so long.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// An order expires within so long of its deadline.
const EXPIRY_MAX: Duration = Duration::from_secs(20);
/// Longer than a command takes: nothing is sent so shortly before a deadline.
const MARGIN_MS: u64 = 400;

/// The model beside the run.
pub(super) struct Beside {
    model: Model,
    heard: Arc<HeardAnswers>,
    /// answers that were looked at
    seen: usize,
    found: Vec<String>,
    pub compared: u64,
    pub unsure: u64,
}

fn now_ms(ground: &Ground) -> u64 {
    u64::try_from(ground.world.now().timestamp_millis()).unwrap_or(0)
}

/// The order that a command is about; empty: none.
fn order_of(json: &str) -> String {
    let command: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    command["order_id"].as_str().unwrap_or_default().to_owned()
}

impl Beside {
    /// A model that has heard nothing yet.
    pub fn new(partitions: u32, payment_window_ms: u64, heard: Arc<HeardAnswers>) -> Self {
        let model = Model::new(partitions, payment_window_ms);
        Self { model, heard, seen: 0, found: Vec::new(), compared: 0, unsure: 0 }
    }

    /// Before a command is sent: what other orders' deadlines bring about has come about, and none comes while it is decided.
    pub async fn before(&mut self, ground: &Ground, sent: &Sent) {
        let own = order_of(&sent.json);
        loop {
            let now = now_ms(ground);
            let near = |(id, at): &(&str, u64)| *at <= now + MARGIN_MS && (*id != own || now < *at);
            let Some((id, at)) = self.model.deadlines().find(near).map(|(id, at)| (id.to_owned(), at)) else { return };
            sleep(Duration::from_millis((at + 1).saturating_sub(now))).await;
            if id != own {
                self.expired(ground, &id).await;
                self.model.expire_one(&id);
            }
        }
    }

    /// Waits until an order has expired.
    async fn expired(&mut self, ground: &Ground, id: &str) {
        let began = Instant::now();
        while began.elapsed() < EXPIRY_MAX {
            let rows = ground.store.order_rows(&[OrderId::stored(id)]).await.unwrap_or_default();
            if rows.first().is_some_and(|row| &*row.ord_stat_cd == ModelStatus::PaymentExpired.code()) {
                self.rest(ground).await;
                return;
            }
            sleep(LOOK).await;
        }
        self.found.push(format!("model: order {id} does not expire within {EXPIRY_MAX:?} of its deadline"));
        self.model.forget(id);
    }

    /// After it was sent: its answer is heard, and everything is at rest.
    pub async fn after(&mut self, ground: &Ground, sent: &Sent, id: EntryId) {
        let expected = self.model.say(id.ms, sent.partition, &sent.json);
        if expected.outcome == ModelOutcome::Silent {
            return self.rest(ground).await;
        }
        let entry = Origin { stream: sent.stream, id }.to_string();
        let began = Instant::now();
        let answer = loop {
            let news = self.heard.since(self.seen);
            self.seen += news.len();
            if let Some(answer) = news.into_iter().find(|a| *a.command_id == *sent.id && *a.entry == *entry) {
                break answer;
            }
            if began.elapsed() > ANSWER_MAX {
                self.found.push(format!("model: not answered within {ANSWER_MAX:?}: {}", sent.json));
                return;
            }
            sleep(LOOK).await;
        };
        self.rest(ground).await;
        self.compared += 1;
        if expected.outcome == ModelOutcome::Unsure {
            self.unsure += 1;
            return;
        }
        let differs = differences(&expected, &answer);
        if !differs.is_empty() {
            self.found.push(format!(
                "model: {} of {}\n      was answered {}\n      expected {expected:?}",
                differs.join(", "),
                sent.json,
                answer.json()
            ));
            self.model.differs(&sent.json);
        }
    }

    /// Waits until nothing is unread, pending or to be sent.
    async fn rest(&mut self, ground: &Ground) {
        let (began, mut calm) = (Instant::now(), 0);
        while calm < 2 {
            if began.elapsed() > ANSWER_MAX {
                self.found.push(format!("model: it does not come to rest within {ANSWER_MAX:?}"));
                return;
            }
            sleep(LOOK).await;
            let rests = at_rest(&ground.log, &*ground.store, ground.plan.partitions).await;
            calm = if rests { calm + 1 } else { 0 };
        }
    }

    /// At the end: what does not hold, tables included.
    pub async fn end(&mut self, ground: &Ground) -> Vec<String> {
        self.model.expire(now_ms(ground));
        let store = Arc::clone(&ground.store) as Arc<dyn QueryStore>;
        let mut found = std::mem::take(&mut self.found);
        found.extend(tables::shelves(&self.model, &store).await);
        found.extend(tables::orders(&self.model, &store).await);
        found
    }
}

/// In what an answer is another than the model's.
fn differences(expected: &Expected, answer: &Answer) -> Vec<&'static str> {
    let mut differs = Vec::new();
    let mut hold = |what, holds: bool| {
        if !holds {
            differs.push(what);
        }
    };
    let outcome = match answer.outcome {
        OutcomeKind::Accepted => Some(ModelOutcome::Accepted),
        OutcomeKind::Rejected => Some(ModelOutcome::Rejected),
        OutcomeKind::Failed => None,
    };
    hold("outcome", outcome == Some(expected.outcome));
    let reason = answer.reason.as_deref();
    let told = |reason: &str| expected.reasons.contains(&reason);
    hold("reason", reason.map_or(expected.reasons.is_empty(), told));
    let status = answer.order_status.as_deref();
    let shown = |s: &ModelStatus| Some(s.code()) == status;
    hold("order_status", expected.statuses.is_empty() || expected.statuses.iter().any(shown));
    if expected.outcome == ModelOutcome::Accepted && answer.outcome == OutcomeKind::Accepted {
        let ms = |at: crate::domain::Time| u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let facts = &answer.facts;
        let due = facts.due.map_or(0, |won| won.get());
        let owed = facts.total.map(|total| Owed { total: total.get(), due, deadline: facts.deadline.map(ms) });
        hold("total, due or deadline", expected.owed.contains(&owed));
        hold("claim_group", expected.claim == facts.claim_group.map(u64::from));
        hold("line_no", expected.line == facts.line_no.map(u64::from));
        hold("linked_order_id", expected.linked.as_deref() == facts.linked_order_id.as_ref().map(OrderId::as_str));
    }
    differs
}

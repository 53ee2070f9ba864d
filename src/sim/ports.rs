//! A process's ports: the store and the log of the world, each call with its delay and its faults.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    mutant::Mutant,
    process::{Fate, Process},
};
use crate::{
    domain::{
        Time,
        ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    },
    integrations::payment::{Charge, PaymentGateway, RefundAsk, Verdict},
    log::{
        CommandLog, EntryId, Follow, Fresh, Inbound, LogEntry, LogError, LogStats, OutEntry, Outbound, Reader,
        Retention, SettleReport, Settled, Settler, StreamBounds,
    },
    store::{
        Batch, Commit, Committer, Done, LaneStore, Lease, LeaseAnswer, LookupStore, Outcome, StoreError,
        StoredGiftPromotion, StoredSku,
        rows::{
            CmpnRow, HistRow, OrdRow, OtbxRow, PdGdsRow, PrmRow, PrsnRow, PtnrByrRow, PtnrRow, RgstRow, RsvRow, TmplRow,
        },
    },
};

/// The store, as a process reaches it.
pub struct StorePort {
    pub inner: Arc<dyn LaneStore>,
    pub process: Arc<Process>,
}

fn away() -> StoreError {
    StoreError::Unavailable("simulated: it does not answer".into())
}

impl StorePort {
    fn is(&self, mutant: Mutant) -> bool {
        self.process.world.mutant == Some(mutant)
    }

    async fn asked<T>(
        &self,
        call: &str,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.process.before(call).await {
            Fate::Away => Err(away()),
            Fate::Lost => {
                let _lost = answer.await;
                self.process.after().await;
                Err(away())
            }
            Fate::Well => {
                let answer = answer.await;
                self.process.after().await;
                answer
            }
        }
    }
}

#[async_trait]
impl LookupStore for StorePort {
    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        let mut histories = self.asked("orders", self.inner.orders(ids)).await?;
        if self.process.world.mutates(3) == Some(Mutant::HistoryShort) {
            let longer = histories.iter_mut().filter(|events| events.len() > 1);
            longer.for_each(|events| drop(events.pop()));
        }
        Ok(histories)
    }
    async fn order_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        self.asked("order_rows", self.inner.order_rows(ids)).await
    }
    async fn archived_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        self.inner.archived_rows(ids).await
    }
    async fn skus(&self, ids: &[SkuId]) -> Result<Vec<StoredSku>, StoreError> {
        let mut skus = self.asked("skus", self.inner.skus(ids)).await?;
        self.process.world.mutant.into_iter().for_each(|mutant| skus.iter_mut().for_each(|sku| mutant.sku(sku)));
        Ok(skus)
    }
    async fn products(&self, ids: &[ProductId]) -> Result<Vec<PdGdsRow>, StoreError> {
        self.asked("products", self.inner.products(ids)).await
    }
    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<TmplRow>, StoreError> {
        self.asked("templates", self.inner.templates(ids)).await
    }
    async fn promotions(&self, ids: &[PromotionId]) -> Result<Vec<PrmRow>, StoreError> {
        self.asked("promotions", self.inner.promotions(ids)).await
    }
    async fn gift_promotions(
        &self,
        ids: &[PromotionId],
        giving: &[SkuId],
    ) -> Result<Vec<StoredGiftPromotion>, StoreError> {
        let mut some = self.asked("gift_promotions", self.inner.gift_promotions(ids, giving)).await?;
        self.process.world.mutant.into_iter().for_each(|mutant| some.iter_mut().for_each(|p| mutant.gift_promotion(p)));
        Ok(some)
    }
    async fn partners(&self, ids: &[PartnerId]) -> Result<Vec<PtnrRow>, StoreError> {
        self.asked("partners", self.inner.partners(ids)).await
    }
    async fn consent(&self, partner: &PartnerId, buyer: &PartnerId) -> Result<Option<PtnrByrRow>, StoreError> {
        self.asked("consent", self.inner.consent(partner, buyer)).await
    }
    async fn campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CmpnRow>, StoreError> {
        self.asked("campaigns", self.inner.campaigns(ids)).await
    }
    async fn payments(&self, ids: &[String]) -> Result<Vec<RgstRow>, StoreError> {
        let mut paid = self.asked("payments", self.inner.payments(ids)).await?;
        if paid.is_empty() && self.is(Mutant::PaymentMistaken) && self.process.world.mutates(8).is_some() {
            let mistaken = |id: &String| RgstRow {
                pay_id: id.as_str().into(),
                pay_mns_cd: "CARD".into(),
                ord_id: "o-another".into(),
                stlm_no: 1,
                pay_amt: 1,
                pay_dttm: self.process.world.now(),
            };
            paid = ids.iter().map(mistaken).collect();
        }
        Ok(paid)
    }
    async fn accounts(&self, order: &OrderId) -> Result<Vec<PrsnRow>, StoreError> {
        self.asked("accounts", self.inner.accounts(order)).await
    }
    async fn outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.asked("outcomes", self.inner.outcomes(ids)).await?;
        Ok(if self.is(Mutant::OutcomesForgotten) { Vec::new() } else { outcomes })
    }
    async fn reservations(&self, ids: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError> {
        self.asked("reservations", self.inner.reservations(ids)).await
    }
}

#[async_trait]
impl LaneStore for StorePort {
    async fn claim_partitions(&self, partitions: u32) -> Result<(), StoreError> {
        self.inner.claim_partitions(partitions).await
    }
    async fn acquire_above(
        &self,
        wanted: (u32, &str, Duration),
        seen: i64,
        over: Option<(&str, Time)>,
    ) -> Result<LeaseAnswer, StoreError> {
        self.asked("acquire", self.inner.acquire_above(wanted, seen, over)).await
    }
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        self.asked("renew", self.inner.renew(lease, ttl)).await
    }
    async fn owns(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.asked("owns", self.inner.owns(lease)).await
    }
    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.asked("release", self.inner.release(lease)).await
    }
    async fn committer(&self, lease: Lease) -> Result<Box<dyn Committer>, StoreError> {
        let inner = self.asked("committer", self.inner.committer(lease)).await?;
        Ok(Box::new(CommitterPort { inner, process: Arc::clone(&self.process) }))
    }
    async fn due(&self, partition: u32, until: Time, limit: u32) -> Result<Vec<(OrderId, Time)>, StoreError> {
        let due = self.asked("due", self.inner.due(partition, until, limit)).await?;
        Ok(if self.is(Mutant::DueForgotten) { Vec::new() } else { due })
    }
    async fn events_between(
        &self,
        partition: u32,
        from: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<(OrderId, i64, Time)>, StoreError> {
        self.asked("events_between", self.inner.events_between(partition, from, until, limit)).await
    }
    async fn outbox(&self, partition: u32, limit: u32) -> Result<Vec<OtbxRow>, StoreError> {
        let steps = self.asked("outbox", self.inner.outbox(partition, limit)).await?;
        Ok(if self.is(Mutant::OutboxForgotten) { Vec::new() } else { steps })
    }
}

struct CommitterPort {
    inner: Box<dyn Committer>,
    process: Arc<Process>,
}

#[async_trait]
impl Committer for CommitterPort {
    async fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError> {
        let Self { inner, process } = self;
        let (unknown, fate) = (StoreError::Unknown("simulated: no word".into()), process.before("commit").await);
        if process.world.happens("refused", |f| f.refused) {
            return Err(StoreError::Refused("simulated: refused".into()));
        }
        let mutant = process.world.mutant.and_then(|mutant| process.world.mutates(mutant.once_in()));
        if mutant == Some(Mutant::CommitLost) {
            return Ok(Commit::Done(Done::default()));
        }
        let wrong = mutant.and_then(|mutant| mutant.batch(batch));
        let batch = wrong.as_ref().unwrap_or(batch);
        match fate {
            // it never came there, which is known or not
            Fate::Away if process.world.chance.once_in(2) => Err(away()),
            Fate::Away => Err(unknown),
            Fate::Lost => {
                let _lost = inner.commit(batch).await;
                process.after().await;
                Err(unknown)
            }
            Fate::Well => {
                let done = inner.commit(batch).await;
                process.after().await;
                done
            }
        }
    }
}

/// The log, as a process reaches it.
pub struct LogPort {
    pub inner: Arc<dyn CommandLog>,
    pub process: Arc<Process>,
}

fn silent() -> LogError {
    LogError::Unavailable("simulated: it does not answer".into())
}

/// A call of the log, with its delay and its faults.
async fn asked<T>(
    process: &Process,
    call: &str,
    answer: impl Future<Output = Result<T, LogError>> + Send,
) -> Result<T, LogError> {
    match process.before(call).await {
        Fate::Away => Err(silent()),
        Fate::Lost => {
            let _lost = answer.await;
            process.after().await;
            Err(silent())
        }
        Fate::Well => {
            let answer = answer.await;
            process.after().await;
            answer
        }
    }
}

#[async_trait]
impl CommandLog for LogPort {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
    async fn open(&self, partitions: u32) -> Result<(), LogError> {
        self.inner.open(partitions).await
    }
    async fn partitions(&self) -> Result<Option<u32>, LogError> {
        self.inner.partitions().await
    }
    async fn append(&self, partition: u32, to: Inbound, commands: &[Arc<[u8]>]) -> Result<Vec<EntryId>, LogError> {
        asked(&self.process, "append", self.inner.append(partition, to, commands)).await
    }
    async fn reader(&self, partition: u32, consumer: &str, epoch: i64) -> Result<Box<dyn Reader>, LogError> {
        let inner = asked(&self.process, "reader", self.inner.reader(partition, consumer, epoch)).await?;
        Ok(Box::new(ReaderPort { inner, process: Arc::clone(&self.process), lost: VecDeque::new() }))
    }
    async fn settler(&self, partition: u32, epoch: i64, retention: Retention) -> Result<Box<dyn Settler>, LogError> {
        let inner = asked(&self.process, "settler", self.inner.settler(partition, epoch, retention)).await?;
        Ok(Box::new(SettlerPort { inner, process: Arc::clone(&self.process) }))
    }
    async fn follow_each(&self, read: Follow<'_>) -> Result<Vec<(u32, Vec<OutEntry>)>, LogError> {
        self.inner.follow_each(read).await
    }
    async fn extent(&self, partition: u32, stream: &Outbound) -> Result<StreamBounds, LogError> {
        self.inner.extent(partition, stream).await
    }
    async fn earlier(
        &self,
        partition: u32,
        stream: &Outbound,
        before: EntryId,
        max: usize,
    ) -> Result<Vec<OutEntry>, LogError> {
        asked(&self.process, "earlier", self.inner.earlier(partition, stream, before, max)).await
    }
    async fn bury(&self, partition: u32, letter: EntryId) -> Result<bool, LogError> {
        self.inner.bury(partition, letter).await
    }
    async fn reply_names(&self, partition: u32) -> Result<Vec<Arc<str>>, LogError> {
        asked(&self.process, "reply_names", self.inner.reply_names(partition)).await
    }
    async fn trim(&self, partition: u32, retention: Retention) -> Result<u64, LogError> {
        asked(&self.process, "trim", self.inner.trim(partition, retention)).await
    }
    async fn stats(&self, partition: u32) -> Result<LogStats, LogError> {
        self.inner.stats(partition).await
    }
    async fn ping(&self) -> Result<(), LogError> {
        self.inner.ping().await
    }
}

struct ReaderPort {
    inner: Box<dyn Reader>,
    process: Arc<Process>,
    /// handed out with an answer that was lost: they come with the next one
    lost: VecDeque<LogEntry>,
}

#[async_trait]
impl Reader for ReaderPort {
    async fn pending(&mut self, stream: Inbound, after: EntryId, max: usize) -> Result<Vec<LogEntry>, LogError> {
        if after == EntryId::ZERO {
            self.lost.retain(|entry| entry.stream != stream);
        }
        let pending = asked(&self.process, "pending", self.inner.pending(stream, after, max)).await?;
        let forgets = self.process.world.mutant == Some(Mutant::PendingForgotten);
        Ok(if forgets { Vec::new() } else { pending })
    }

    async fn fresh(&mut self, max: usize, wait: Duration) -> Result<Fresh, LogError> {
        let Self { inner, process, lost } = self;
        match process.before("fresh").await {
            Fate::Away => Err(silent()),
            Fate::Lost => {
                lost.extend(inner.fresh(max, wait).await?.entries);
                process.after().await;
                Err(silent())
            }
            Fate::Well if !lost.is_empty() => {
                let entries = lost.drain(..lost.len().min(max)).collect();
                Ok(Fresh { entries, reached: None })
            }
            Fate::Well => {
                let mut fresh = inner.fresh(max, wait).await;
                if let (Ok(fresh), Some(Mutant::EntryLost)) = (&mut fresh, process.world.mutates(40)) {
                    fresh.entries.pop();
                }
                process.after().await;
                fresh
            }
        }
    }
}

struct SettlerPort {
    inner: Box<dyn Settler>,
    process: Arc<Process>,
}

#[async_trait]
impl Settler for SettlerPort {
    async fn settle(&mut self, entries: &[Settled]) -> Result<SettleReport, LogError> {
        let Self { inner, process } = self;
        // what is told wrongly each time contradicts nothing
        let often =
            if matches!(process.world.mutant, Some(Mutant::ReasonWrong | Mutant::StatusWrong)) { 1 } else { 12 };
        let wrong = process.world.mutates(often).and_then(|mutant| mutant.settled(entries));
        asked(process, "settle", inner.settle(wrong.as_deref().unwrap_or(entries))).await
    }
}

/// The payment side: it gives money back once a key, at once or later, or refuses, or is silent.
pub struct Till {
    pub process: Arc<Process>,
    pub told: Arc<std::sync::Mutex<std::collections::BTreeMap<String, Verdict>>>,
}

#[async_trait]
impl PaymentGateway for Till {
    async fn charge(&self, _: &Charge) -> Verdict {
        Verdict::Refused("nobody is charged here".into())
    }

    async fn refund(&self, ask: &RefundAsk) -> Verdict {
        let chance = &self.process.world.chance;
        let silent = || Verdict::Unknown("simulated: silent".into());
        match self.process.before("refund").await {
            Fate::Away => return silent(),
            Fate::Well | Fate::Lost => {}
        }
        let draw = chance.of(0..12);
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut key = ask.key.clone();
        if self.process.world.mutates(4) == Some(Mutant::RefundByNewKey) {
            key.push_str("-again");
        }
        let again = told.contains_key(&key);
        let verdict = told.entry(key).or_insert_with(|| match draw {
            0 => Verdict::Refused("simulated: the account is closed".into()),
            1 => Verdict::Pending("simulated: under way".into()),
            _ => Verdict::Done(format!("r-{}", ask.key)),
        });
        let answer = verdict.clone();
        if again && matches!(answer, Verdict::Pending(_)) {
            *verdict = Verdict::Done(format!("r-{}", ask.key));
        }
        if draw == 2 { silent() } else { answer }
    }
}

//! News of commits: what was kept until it is durable is let go, and idle actors with it.

use std::{rc::Rc, sync::Arc};

use actix::{Handler, Message, ResponseFuture};

use super::{Lane, Supervisor};
use crate::{
    domain::ids::SkuId,
    lane::actors::{Fault, inventory::LastBatch, order::PassivateIfIdle},
    protocol::Answer,
    store::StoreError,
};

/// Batches up to this count are durable; another system has changed these balances.
#[derive(Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct Committed {
    pub batches: u64,
    pub external: Vec<(SkuId, i64)>,
    pub tick: u64,
    /// answers that were decided, and those that were given in their place
    pub mended: Vec<(Arc<Answer>, Arc<Answer>)>,
}

impl Handler<Committed> for Supervisor {
    type Result = ResponseFuture<Result<(), Fault>>;
    fn handle(&mut self, news: Committed, _: &mut Self::Context) -> Self::Result {
        let lane = Rc::clone(&self.lane);
        Box::pin(async move { lane.committed(news).await })
    }
}

impl Lane {
    async fn committed(&self, news: Committed) -> Result<(), Fault> {
        self.shared.tick.set(news.tick);
        self.cx.near.committed(news.batches);
        self.cx.payments.committed(news.batches);
        self.shared.reservations.committed(news.batches);
        self.cx.steps.borrow_mut().retain(|_, batch| *batch > news.batches);
        {
            let mut window = self.window.borrow_mut();
            for (decided, given) in news.mended {
                window.mend(&decided, given, news.batches);
            }
        }
        for (sku_id, delta) in news.external {
            let actor = match self.shared.activation.sku(&sku_id).await {
                Ok(actor) => actor,
                // it is followed when it can be read again
                Err(Fault::Store(StoreError::Unusable(why))) => {
                    tracing::error!(%sku_id, why, "another system has changed a SKU that can't be read");
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            self.shared.activation.notice(&sku_id, &actor, delta, true).await?;
        }
        self.passivate(news.batches).await;
        Ok(())
    }

    /// Lets idle actors go, the longest unused first; none that waits for a commit or for another lane.
    async fn passivate(&self, batches: u64) {
        let tick = self.shared.tick.get();
        let idle_before = tick.saturating_sub(self.bounds.idle_ticks);
        let (mut orders, mut skus) = (0u64, 0u64);
        while let Some(id) = self.orders.lru_candidate(self.bounds.orders_max, idle_before) {
            match self.orders.ask(&id, PassivateIfIdle, |order| order.kept_by()).await {
                Some(Ok(kept)) if kept.batch > batches || kept.waits => {
                    self.orders.keep(&id, tick);
                    break;
                }
                Some(Ok(_) | Err(_)) | None => self.orders.remove(&id),
            }
            orders += 1;
        }
        while let Some(id) = self.shared.skus.lru_candidate(self.bounds.skus_max, idle_before) {
            let batch = match self.shared.skus.get(&id) {
                Some(actor) => actor.send(LastBatch).await.ok(),
                None => None,
            };
            if batch.is_some_and(|batch| batch > batches) {
                self.shared.skus.keep(&id, tick);
                break;
            }
            self.shared.skus.remove(&id);
            skus += 1;
        }
        if orders + skus > 0 {
            metrics::counter!("jumun_passivations_total", "kind" => "order").increment(orders);
            metrics::counter!("jumun_passivations_total", "kind" => "sku").increment(skus);
        }
    }
}

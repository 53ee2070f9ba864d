//! What a refund that is due rests on when it is asked for: it may have waited, here or in a server that was frozen.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jumun::{
    domain::{ids::OrderId, money::Won, order::command::PaymentMethod},
    integrations::payment::{Charge, DueRefund, PaymentGateway, RefundAsk, Verdict},
    server::refund_dispatcher::{self, RefundDispatcher},
    store::Lease,
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::world::{On, Setup, World};

/// A payment side that writes down what it is asked and refuses it.
#[derive(Default)]
struct Refuses(Mutex<Vec<(String, usize)>>);

#[async_trait]
impl PaymentGateway for Refuses {
    async fn charge(&self, _: &Charge) -> Verdict {
        Verdict::Refused("it is no till".into())
    }

    async fn refund(&self, ask: &RefundAsk) -> Verdict {
        self.0.lock().unwrap().push((ask.key.clone(), ask.attempt));
        Verdict::Refused("not today".into())
    }
}

impl Refuses {
    fn asked(&self) -> Vec<(String, usize)> {
        self.0.lock().unwrap().clone()
    }
}

/// Hands a refund to an asking side that remembers nothing, as one does that was frozen or has forgotten: so many were
/// asked of the gateway then.
async fn asked(w: &World, gateway: &Arc<Refuses>, due: DueRefund, times: usize, why: &str) {
    let (to, asks) = mpsc::channel(8);
    let stop = CancellationToken::new();
    let its: Arc<dyn PaymentGateway> = Arc::<Refuses>::clone(gateway);
    let office = RefundDispatcher { gateway: its, log: Arc::clone(&w.log), store: w.store.clone() };
    let asking = tokio::spawn(refund_dispatcher::run(office, asks, stop.clone()));
    to.send(due).await.unwrap();
    let begun = Instant::now();
    while gateway.asked().len() < times && begun.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(gateway.asked().len(), times, "{why}: {:?}", gateway.asked());
    stop.cancel();
    asking.await.unwrap();
}

/// An order that is paid and cancelled; its refund.
async fn to_refund(w: &mut World, order: &str) -> RefundAsk {
    let paid = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 1_000,
        "approval": {"approval_id": format!("a-{order}")}}]});
    w.ok(json!({"type": "place_order", "order_id": order, "customer_id": "u-1",
        "lines": [{"sku_id": "A", "quantity": 1}], "payment": paid}))
        .await;
    let key = w.ok(json!({"type": "cancel_lines", "order_id": order, "lines": [1]})).await.facts.refunds[0].clone();
    let (order_id, amount) = (OrderId::stored(order), Won::new(1_000));
    RefundAsk {
        order_id,
        lane: 0,
        key,
        amount,
        method: PaymentMethod::Card,
        payment_id: None,
        account: None,
        attempt: 0,
    }
}

#[tokio::test]
async fn a_refund_that_waited_is_asked_for_only_while_its_order_waits_for_it() {
    for on in [On::Memory, On::Real] {
        let mut w = World::open(on, Setup::default()).await;
        w.sku("A", 1_000, 0, 50).await;
        let (gateway, ask) = (Arc::new(Refuses::default()), to_refund(&mut w, "o-1").await);
        let mut epoch = 1;
        while !w.store.owns(&Lease { partition: 0, epoch }).await.unwrap() {
            epoch += 1;
        }
        let due = |attempt, epoch, ago| DueRefund {
            ask: RefundAsk { attempt, ..ask.clone() },
            epoch,
            found: Instant::now().checked_sub(Duration::from_secs(ago)).unwrap(),
        };
        asked(&w, &gateway, due(0, epoch, 11), 0, "it waited for too long").await;
        asked(&w, &gateway, due(0, epoch - 1, 0), 0, "a successor owns the partition").await;
        asked(&w, &gateway, due(0, epoch, 0), 1, "it is due").await;
        w.rest().await;
        asked(&w, &gateway, due(0, epoch, 0), 1, "that try was refused").await;
        asked(&w, &gateway, due(1, epoch, 0), 2, "the next one").await;
        w.rest().await;
        w.ok(json!({"type": "refund_by_bank_transfer", "order_id": "o-1", "refund_key": ask.key})).await;
        asked(&w, &gateway, due(2, epoch, 0), 2, "the money went back another way").await;
        assert_eq!(w.money("o-1").await, [(1_000, 0, 0, 1_000)]);
        w.done().await;
    }
}

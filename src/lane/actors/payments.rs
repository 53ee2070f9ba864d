//! The register of payments near at hand: whether a payment has paid another order. One look a chunk of commands; what this
//! lane has claimed and not committed yet is known here, but for placements that are taken for new. Who wins among those, and
//! between two lanes, the register's unique key says.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::DecisionContext;
use crate::{
    domain::{
        catalog::Approvals,
        ids::OrderId,
        order::{
            Order, OrderCommand,
            command::{Paid, PaymentMethod},
            register::{PaymentKey, paid},
        },
        reason::{Facts, Reason, Refusal},
    },
    history::register::paid_orders,
    protocol::{decode::Personal, internal::is_callback},
    store::{LookupStore, StoreError},
};

/// What this server takes from nobody, or not in this way.
pub fn not_taken(
    cx: &DecisionContext,
    command: &OrderCommand,
    command_id: &str,
    personal: Option<&Personal>,
) -> Option<Refusal> {
    if cx.policy.approvals == Approvals::CallbacksOnly && command.brings_money() && !is_callback(command_id) {
        let detail = Some("money that came in is told by signed call-backs only".to_owned());
        return Some(Refusal::new(Reason::Forbidden, Facts { detail, ..Facts::default() }));
    }
    if personal.is_some_and(|p| p.refund_account.is_some()) && !cx.payments.keeps_accounts() {
        return Some(Refusal::invalid("this server keeps no account numbers: it has no account key"));
    }
    None
}

/// What a lane knows of payments.
pub struct PaymentRegister {
    store: Arc<dyn LookupStore>,
    /// the last look, for the chunk that is being decided
    looked: RefCell<HashMap<PaymentKey, Option<OrderId>>>,
    /// claimed in batches that are not committed yet, with the batch
    claims: RefCell<HashMap<PaymentKey, (OrderId, u64)>>,
    /// what placements brought that other lanes are asked for
    waiting: RefCell<HashMap<OrderId, Vec<PaymentKey>>>,
}

/// The payments that a command brings by name, as far as it says itself.
pub fn named(command: &OrderCommand) -> Vec<PaymentKey> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command brings money")]
    match command {
        OrderCommand::Place(p) => paid(&p.payment).iter().filter_map(Paid::key).collect(),
        OrderCommand::ApprovePayment { settlements, .. } => settlements.iter().filter_map(Paid::key).collect(),
        OrderCommand::ConfirmDeposit { payment_id: Some(id), .. } => {
            let key = |method| PaymentKey { method, id: id.as_str().into() };
            vec![key(PaymentMethod::VirtualAccount), key(PaymentMethod::BankTransfer)]
        }
        _ => Vec::new(),
    }
}

/// The same, with what the order knows.
fn brings(order: Option<&Order>, command: &OrderCommand) -> Vec<PaymentKey> {
    match (command, order) {
        (OrderCommand::ConfirmDeposit { payment_id, .. }, Some(order)) => {
            let key =
                |id: &String| order.deposit.as_ref().map(|d| PaymentKey { method: d.method, id: id.as_str().into() });
            let announced = order.deposit.as_ref().and_then(|d| d.payment_id.as_ref());
            payment_id.as_ref().or(announced).and_then(key).into_iter().collect()
        }
        (OrderCommand::Reserved { .. }, Some(order)) => order.brings().collect(),
        _ => named(command),
    }
}

impl PaymentRegister {
    /// Nothing is known yet.
    pub fn new(store: Arc<dyn LookupStore>) -> Self {
        Self { store, looked: RefCell::default(), claims: RefCell::default(), waiting: RefCell::default() }
    }

    /// Whether the store keeps account numbers: it has a key to seal them with.
    pub fn keeps_accounts(&self) -> bool {
        self.store.vault().is_some()
    }

    /// Looks up what a chunk brings, in one read.
    ///
    /// # Errors
    /// The store's.
    pub async fn look(&self, keys: Vec<PaymentKey>) -> Result<(), StoreError> {
        self.looked.borrow_mut().clear();
        if keys.is_empty() {
            return Ok(());
        }
        let found = paid_orders(&*self.store, &keys).await?;
        let mut looked = self.looked.borrow_mut();
        looked.extend(keys.into_iter().map(|key| {
            let order = found.get(&key).cloned();
            (key, order)
        }));
        Ok(())
    }

    /// What the waiting placement of an order brought.
    pub fn of_waiting(&self, order: &OrderId) -> Vec<PaymentKey> {
        self.waiting.borrow().get(order).cloned().unwrap_or_default()
    }

    /// Of the payments that the command brings, those that have paid another order. What a placement brings is taken for
    /// new: the register's unique key says otherwise, and then the batch is decided again with the store asked first.
    ///
    /// # Errors
    /// The store's.
    pub async fn taken(
        &self,
        id: &OrderId,
        order: Option<&Order>,
        command: &OrderCommand,
        careful: bool,
    ) -> Result<Vec<PaymentKey>, StoreError> {
        let (mut taken, mut unknown) = (Vec::new(), Vec::new());
        if !careful && matches!(command, OrderCommand::Place(_)) {
            return Ok(taken);
        }
        for key in brings(order, command) {
            let claimed = self.claims.borrow().get(&key).map(|(order, _)| order.clone());
            let looked = claimed.map(Some).or_else(|| self.looked.borrow().get(&key).cloned());
            match looked {
                Some(Some(owner)) if owner != *id => taken.push(key),
                None => unknown.push(key),
                Some(_) => {}
            }
        }
        if !unknown.is_empty() {
            let found = paid_orders(&*self.store, &unknown).await?;
            taken.extend(unknown.into_iter().filter(|key| found.get(key).is_some_and(|owner| owner != id)));
        }
        Ok(taken)
    }

    /// What was decided: payments that the batch of this number will enter, and what a waiting placement brought.
    pub fn decided(&self, order: &Order, entered: impl Iterator<Item = PaymentKey>, batch: u64) {
        for key in entered {
            self.claims.borrow_mut().insert(key, (order.id.clone(), batch));
        }
        let mut waiting = self.waiting.borrow_mut();
        let brings: Vec<PaymentKey> = order.brings().collect();
        if !brings.is_empty() {
            waiting.insert(order.id.clone(), brings);
        } else if !waiting.is_empty() {
            waiting.remove(&order.id);
        }
    }

    /// All that is not durable was rolled back, with these orders: it is decided again.
    pub fn lost(&self, orders: &HashSet<OrderId>) {
        self.looked.borrow_mut().clear();
        self.claims.borrow_mut().clear();
        self.waiting.borrow_mut().retain(|order, _| !orders.contains(order));
    }

    /// Batches up to this count are durable: the store knows their claims.
    pub fn committed(&self, batches: u64) {
        self.claims.borrow_mut().retain(|_, (_, batch)| *batch > batches);
    }
}

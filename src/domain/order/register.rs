//! 결제등록: what makes a payment one payment, over all orders. By (means, the payment side's own id): an approval, a
//! deposit, a movement of points. An account of points pays many times, a movement of it once.

use std::sync::Arc;

use super::{
    command::{Deposit, Paid, PaymentMethod, PaymentOffer},
    state::{Order, Placement, Settlement},
};
use crate::domain::ids::OrderId;

/// The approval id of a deposit that the payment side gave no name.
pub const DEPOSIT: &str = "deposit";

/// A payment's place in the register.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaymentKey {
    pub method: PaymentMethod,
    /// the payment side's id; made of the order and the settlement where it gave none, with a blank, which no id has
    pub id: Arc<str>,
}

impl PaymentMethod {
    /// Whether it comes in by an account that is announced beforehand.
    pub const fn is_deposit(self) -> bool {
        matches!(self, PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer)
    }
}

impl Paid {
    /// The payment side's own name for it.
    pub fn name(&self) -> Option<&str> {
        match self.method {
            PaymentMethod::Points => self.movement_id.as_deref(),
            PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer if self.approval_id == DEPOSIT => None,
            PaymentMethod::Card | PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer => {
                Some(&self.approval_id)
            }
        }
    }

    /// Its place in the register, where it has a name.
    pub fn key(&self) -> Option<PaymentKey> {
        self.name().map(|id| PaymentKey { method: self.method, id: id.into() })
    }
}

impl Deposit {
    /// What its settlement is known by while it is awaited.
    pub fn named_by(&self) -> Option<String> {
        self.payment_id.clone().or_else(|| self.account_no.clone())
    }
}

/// What a placement brings as paid.
pub fn paid(offer: &PaymentOffer) -> &[Paid] {
    match offer {
        PaymentOffer::Approved(paid) => paid,
        PaymentOffer::Later | PaymentOffer::Deposit(_) => &[],
    }
}

impl Order {
    /// The payments that it was placed with, of those that have names, while its placement is not through.
    pub fn brings(&self) -> impl Iterator<Item = PaymentKey> {
        let reserving =
            self.settlements.iter().filter(|s| self.placement == Placement::Reserving && s.paid.is_positive());
        reserving.filter_map(|s| Some(PaymentKey { method: s.method, id: self.name_of(s)?.into() }))
    }

    /// The payment side's own name for what a settlement got.
    pub fn name_of<'a>(&'a self, s: &'a Settlement) -> Option<&'a str> {
        match s.method {
            PaymentMethod::Points => s.movement_id.as_deref(),
            PaymentMethod::Card => s.approval_id.as_deref(),
            PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer => {
                // an account is handed out again, to others: its number names no payment
                let account = self.deposit.as_ref().and_then(|d| d.account_no.as_deref());
                s.approval_id.as_deref().filter(|id| *id != DEPOSIT && Some(*id) != account)
            }
        }
    }

    /// Whether a settlement's money is in, and the order's.
    pub fn is_in(&self, s: &Settlement) -> bool {
        self.placement == Placement::Done && s.paid.is_positive()
    }

    /// A settlement's place in the register, once its money is in.
    pub fn key_of(&self, s: &Settlement) -> Option<PaymentKey> {
        if !self.is_in(s) {
            return None;
        }
        let id = self.name_of(s).map_or_else(|| nameless(&self.id, s.no), Arc::from);
        Some(PaymentKey { method: s.method, id })
    }

    /// What the payment side calls the payment that a refund of this settlement goes back to.
    pub fn payment_id_of(&self, s: &Settlement) -> Option<String> {
        let announced = || self.deposit.as_ref().filter(|d| d.method == s.method).and_then(|d| d.payment_id.clone());
        match s.method {
            PaymentMethod::Card | PaymentMethod::Points => s.approval_id.clone(),
            PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer => {
                self.name_of(s).map(str::to_owned).or_else(announced)
            }
        }
    }
}

/// The place of a payment that the payment side gave no name.
fn nameless(order: &OrderId, settlement_no: u16) -> Arc<str> {
    format!("{order} {settlement_no}").into()
}

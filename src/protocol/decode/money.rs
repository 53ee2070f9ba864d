//! Payments as they come over the wire, and what of them is kept apart.

use super::{PaymentToken, Personal, codes::code, no_card, recipient, text};
use crate::{
    domain::{
        order::command::{Deposit, Paid, PaymentMethod, PaymentOffer},
        reason::Refusal,
    },
    protocol::command::{Recipient, RefundAccount, Text, WireApproval, WirePayment, WireSettlement},
};

pub(super) fn offer(payment: Option<WirePayment>) -> Result<PaymentOffer, Refusal> {
    match payment {
        None => Ok(PaymentOffer::Later),
        Some(WirePayment::Approved { settlements: s }) => Ok(PaymentOffer::Approved(settlements(s)?)),
        Some(WirePayment::Deposit { method, payment_id: name, virtual_account_no, bank_code, .. }) => {
            if !matches!(method, PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer) {
                return Err(Refusal::invalid("a deposit comes by virtual_account or bank_transfer"));
            }
            text(bank_code.as_deref())?;
            payment_id(name.as_deref())?;
            for field in [&virtual_account_no, &bank_code].into_iter().flatten() {
                token(field)?;
            }
            // the account's number is in no event
            let (payment_id, bank_code) = (Text::maybe(name), Text::maybe(bank_code));
            Ok(PaymentOffer::Deposit(Deposit { method, payment_id, account_no: None, bank_code }))
        }
    }
}

pub(super) fn settlements(list: Vec<WireSettlement>) -> Result<Vec<Paid>, Refusal> {
    if list.len() > 10 {
        return Err(Refusal::invalid("at most 10 settlements"));
    }
    list.into_iter()
        .map(|s| {
            let WireApproval { approval_id, movement_id, token: secret } = s.approval;
            for field in [Some(&approval_id), movement_id.as_ref(), secret.as_ref()].into_iter().flatten() {
                token(field)?;
                no_card(field)?;
            }
            if movement_id.is_some() && s.method != PaymentMethod::Points {
                return Err(Refusal::invalid("only points have a movement_id"));
            }
            let (approval_id, movement_id) = (approval_id.into_string(), Text::maybe(movement_id));
            Ok(Paid { method: s.method, amount: s.amount, approval_id, movement_id })
        })
        .collect()
}

pub(super) fn tokens(list: &[WireSettlement]) -> Vec<PaymentToken> {
    let token = |a: &WireApproval| {
        Some(PaymentToken { approval_id: a.approval_id.to_string(), token: a.token.as_ref()?.to_string() })
    };
    list.iter().filter_map(|s| token(&s.approval)).collect()
}

pub(super) fn payment_id(id: Option<&str>) -> Result<(), Refusal> {
    id.map_or(Ok(()), |id| {
        token(id)?;
        no_card(id)
    })
}

/// A refund's account, with its bounds; the number may look like a card's.
pub(super) fn account(account: Option<RefundAccount>) -> Result<Option<RefundAccount>, Refusal> {
    if let Some(RefundAccount { bank, number, holder }) = &account {
        code("a bank", bank)?;
        no_card(bank)?;
        text(Some(holder))?;
        if holder.trim().is_empty() {
            return Err(Refusal::invalid("a refund account has a holder"));
        }
        if !(1..=32).contains(&number.len()) || !number.chars().all(|c| c.is_ascii_digit() || c == '-') {
            return Err(Refusal::invalid("a refund account's number is 1 to 32 digits and hyphens"));
        }
    }
    Ok(account)
}

pub(super) fn kept(personal: Personal) -> Option<Box<Personal>> {
    (personal != Personal::default()).then(|| Box::new(personal))
}

fn token(field: &str) -> Result<(), Refusal> {
    if field.is_empty() || field.len() > 128 || !field.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Refusal::invalid("approval ids, tokens and account numbers are 1 to 128 printable characters"));
    }
    Ok(())
}

pub(super) fn personal(
    to: Option<Recipient>,
    payment: Option<&WirePayment>,
    refund_account: Option<RefundAccount>,
) -> Result<Option<Box<Personal>>, Refusal> {
    let mut p = to.map(recipient).transpose()?.unwrap_or_default();
    p.refund_account = refund_account;
    if let Some(WirePayment::Approved { settlements }) = payment {
        p.tokens = tokens(settlements);
    }
    if let Some(WirePayment::Deposit { account_owner, holder, remitter, virtual_account_no, .. }) = payment {
        let kept = |field: &Option<Text>| field.as_deref().map(str::to_owned);
        p.virtual_account_no = kept(virtual_account_no);
        for field in [account_owner, holder, remitter] {
            text(field.as_deref())?;
        }
        p.account_owner = kept(account_owner);
        p.holder = kept(holder);
        p.remitter = kept(remitter);
    }
    Ok(kept(p))
}

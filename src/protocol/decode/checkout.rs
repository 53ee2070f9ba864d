//! What may come by the stream `checkout`: what a buyer says, and what a checkout says of the buyer's payment. Whoever may
//! write there has no say over stock, prices, sellers' work or money that goes back.

use super::{Command, Kind, Unreadable, decode};
use crate::{
    domain::reason::{Facts, Reason, Refusal},
    protocol::{command::ActorRole, internal::is_payments},
};

/// What a checkout says for the payment side: money that comes in. Money that goes back is not its word.
pub const CHECKOUT_PAYS: [&str; 2] = ["approve_payment", "decline_payment"];

/// Reads a command of the stream `checkout`. `pays`: whether a checkout's word that money came in is taken.
///
/// # Errors
/// As [`decode`]; and what is not for a checkout to say is refused as `forbidden`.
pub fn decode_checkout(bytes: &[u8], pays: bool) -> Result<Command, Unreadable> {
    let command = decode(bytes)?;
    let Some(why) = forbidden(&command, pays) else { return Ok(command) };
    let refusal = Refusal::new(Reason::Forbidden, Facts { detail: Some(why.to_owned()), ..Facts::default() });
    let Command { id, reply_to, name, .. } = command;
    Err(Unreadable::Refused { id, name: Some(name), reply_to, refusal: Box::new(refusal) })
}

fn forbidden(command: &Command, pays: bool) -> Option<&'static str> {
    let role = ActorRole::of(&command.actor).map(|(role, _)| role);
    let payment = role == Some(ActorRole::Payment) && CHECKOUT_PAYS.contains(&command.name);
    if role != Some(ActorRole::Buyer) && !payment {
        return Some("the stream checkout is for what buyers say, and for approve_payment and decline_payment");
    }
    if is_payments(command.id.as_str()) {
        return Some("an id that begins so is kept for the payment side's word");
    }
    let brings = matches!(&command.kind, Kind::Order { command: c, .. } if c.brings_money());
    (brings && !pays)
        .then_some("this server takes no checkout's word that money came in: see --trust-checkout-payments")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::command::Wire;

    fn placement(actor: &str, payment: Option<Value>) -> Vec<u8> {
        let mut command = json!({ "id": "c-00000001", "type": "place_order", "order_id": "o-1", "actor": actor,
            "customer_id": "u-1", "lines": [{ "sku_id": "A", "quantity": 1 }] });
        if let Some(payment) = payment {
            command["payment"] = payment;
        }
        command.to_string().into_bytes()
    }

    fn refused(bytes: &[u8], pays: bool) -> Option<String> {
        match decode_checkout(bytes, pays) {
            Ok(_) => None,
            Err(Unreadable::Refused { refusal, .. }) if refusal.reason == Reason::Forbidden => Some(refusal.message()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_checkout_speaks_for_buyers_only() {
        assert_eq!(refused(&placement("buyer:u-1", None), false), None);
        for actor in ["operator:evil", "system:evil", "seller:p-1", "partner:p-1"] {
            assert!(refused(&placement(actor, None), true).is_some(), "{actor}");
        }
    }

    #[test]
    fn a_checkouts_word_that_money_came_in_is_taken_where_it_is_set() {
        let paid = json!({ "kind": "approved", "settlements":
            [{ "method": "card", "amount": 1_000, "approval": { "approval_id": "a-1" } }] });
        let approve = |id: &str| {
            let command = json!({ "id": id, "type": "approve_payment", "order_id": "o-1", "actor": "payment:web",
                "settlements": paid["settlements"] });
            command.to_string().into_bytes()
        };
        for bytes in [placement("buyer:u-1", Some(paid.clone())), approve("c-00000002")] {
            assert_eq!(refused(&bytes, true), None);
            assert!(refused(&bytes, false).unwrap().contains("--trust-checkout-payments"));
        }
        let decline =
            json!({ "id": "c-00000003", "type": "decline_payment", "order_id": "o-1", "actor": "payment:web" });
        assert_eq!(refused(decline.to_string().as_bytes(), false), None);
        assert!(refused(&approve("callback:e-1"), true).is_some(), "a call-back's id was taken");
    }

    #[test]
    fn every_command_that_no_buyer_may_send_is_refused() {
        let mut others = 0;
        for (name, roles) in Wire::ROLES {
            let buyers = roles.contains(&ActorRole::Buyer);
            for role in roles.iter().filter(|role| **role != ActorRole::Buyer) {
                let paid = *role == ActorRole::Payment && CHECKOUT_PAYS.contains(name);
                let command = Command {
                    id: crate::domain::ids::CommandId::stored("c-00000001"),
                    digest: "".into(),
                    actor: format!("{}:x", role.word()).into(),
                    reply_to: None,
                    name,
                    expected_version: None,
                    kind: Kind::Internal(crate::protocol::internal::Internal::Refresh { id: "x".into() }),
                };
                assert_eq!(forbidden(&command, true).is_none(), paid, "{name} by {role:?}");
            }
            others += usize::from(!buyers);
        }
        assert!(others > 30, "{others}");
    }
}

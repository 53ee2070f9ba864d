//! What the people say: commands as JSON, under ids that tell who said what.

use std::fmt;

/// What a customer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CustomerRequest {
    Place,
    /// an order for a second unit
    Second,
    Approve,
    Decline,
    GiveUp,
    Cancel,
}

impl CustomerRequest {
    const ALL: [(CustomerRequest, char); 6] = [
        (CustomerRequest::Place, 'p'),
        (CustomerRequest::Second, 's'),
        (CustomerRequest::Approve, 'a'),
        (CustomerRequest::Decline, 'd'),
        (CustomerRequest::GiveUp, 'g'),
        (CustomerRequest::Cancel, 'c'),
    ];

    fn letter(self) -> char {
        Self::ALL.into_iter().find(|(ask, _)| *ask == self).map_or('?', |(_, letter)| letter)
    }
}

/// A command of the sale: who, what, and at which of their tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word {
    pub ask: CustomerRequest,
    pub customer: u32,
    pub attempt: u32,
}

/// The names of a run: ids carry its tag, so that runs share nothing.
#[derive(Debug, Clone)]
pub struct Names {
    pub tag: String,
}

impl Names {
    /// The SKU on sale.
    pub fn sku(&self) -> String {
        format!("{}-sku", self.tag)
    }

    /// A command's id.
    pub fn command(&self, word: Word) -> String {
        format!("{}-{}{}.{}", self.tag, word.ask.letter(), word.customer, word.attempt)
    }

    /// Whose command this is; `None` for someone else's.
    pub fn word(&self, command_id: &str) -> Option<Word> {
        let rest = command_id.strip_prefix(&*self.tag)?.strip_prefix('-')?;
        let mut chars = rest.chars();
        let letter = chars.next()?;
        let (ask, _) = CustomerRequest::ALL.into_iter().find(|(_, l)| *l == letter)?;
        let (customer, attempt) = chars.as_str().split_once('.')?;
        Some(Word { ask, customer: customer.parse().ok()?, attempt: attempt.parse().ok()? })
    }

    /// A customer's order.
    pub fn order(&self, word: Word) -> OrderRef<'_> {
        OrderRef { names: self, word }
    }

    /// What the command says, as JSON. `price` is what an order costs.
    pub fn json(&self, word: Word, price: u64) -> String {
        let id = self.command(word);
        let (order, customer) = (self.order(word), word.customer);
        let head = |kind: &str, actor: &str| {
            format!("{{\"id\":\"{id}\",\"type\":\"{kind}\",\"actor\":\"{actor}\",\"order_id\":\"{order}\"")
        };
        let buyer = format!("buyer:u-{customer}");
        match word.ask {
            CustomerRequest::Place | CustomerRequest::Second => format!(
                "{},\"customer_id\":\"u-{customer}\",\"lines\":[{{\"sku_id\":\"{}\",\"quantity\":1,\"unit_price\":{price}}}]}}",
                head("place_order", &buyer),
                self.sku()
            ),
            CustomerRequest::Approve => format!(
                "{},\"settlements\":[{{\"method\":\"card\",\"amount\":{price},\"approval\":{{\"approval_id\":\"ap-{order}\",\
                 \"token\":\"tok-{customer}\"}}}}]}}",
                head("approve_payment", "payment:cards")
            ),
            CustomerRequest::Decline => {
                format!("{},\"reason\":\"over the limit\"}}", head("decline_payment", "payment:cards"))
            }
            CustomerRequest::GiveUp => format!("{}}}", head("cancel_payment", &buyer)),
            CustomerRequest::Cancel => format!("{},\"lines\":[1]}}", head("cancel_lines", &buyer)),
        }
    }
}

/// An order's id.
#[derive(Debug, Clone, Copy)]
pub struct OrderRef<'a> {
    names: &'a Names,
    word: Word,
}

impl fmt::Display for OrderRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = if self.word.ask == CustomerRequest::Second { "-second" } else { "" };
        write!(f, "{}-{}.{}{second}", self.names.tag, self.word.customer, self.word.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Kind, decode};

    #[test]
    fn every_word_is_a_command_that_the_lanes_read() {
        let names = Names { tag: "d0123abcd".into() };
        for (ask, _) in CustomerRequest::ALL {
            let word = Word { ask, customer: 99_999, attempt: 3 };
            let command = decode(names.json(word, 899_000).as_bytes()).expect("it is read");
            assert_eq!(names.word(command.id.as_str()), Some(word));
            let Kind::Order { order_id, .. } = command.kind else { panic!("{ask:?} is about an order") };
            assert_eq!(order_id.as_str(), names.order(word).to_string());
        }
        for other in ["d0123abce-p1.0", "d0123abcd-z1.0", "d0123abcd-p1", "refund:abc"] {
            assert_eq!(names.word(other), None, "{other}");
        }
    }
}

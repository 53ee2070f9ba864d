//! Who asks, once the token is known, and what they may speak as.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};

use super::{
    desks,
    tokens::{AccessToken, Role},
};
use crate::{
    domain::ids::{CustomerId, PartnerId},
    protocol::{command::ActorRole as Actor, decode::CHECKOUT_PAYS},
};

/// Who asks. A handler takes it as a parameter.
#[derive(Debug, Clone)]
pub enum Caller {
    /// no authentication is configured: development
    Anyone,
    Checkout {
        name: String,
        customer: Option<CustomerId>,
    },
    Partner {
        partner: PartnerId,
    },
    Payment {
        name: String,
    },
    /// of this role: all of it, or a part
    Operator {
        name: String,
        role: Role,
    },
    Auditor {
        name: String,
    },
    Metrics,
    /// whom no token names: may do nothing
    Nobody,
}

impl Caller {
    /// Of a token and the customer whom the request names.
    pub fn of(token: &AccessToken, customer: Option<CustomerId>) -> Self {
        let name = token.name.clone();
        match token.role {
            Role::Checkout => Caller::Checkout { name, customer: token.customer.clone().or(customer) },
            // `Tokens::add` refuses a partner's token without its partner
            Role::Partner => match &token.partner {
                Some(partner) => Caller::Partner { partner: partner.clone() },
                None => Caller::Nobody,
            },
            Role::Payment => Caller::Payment { name },
            role @ (Role::Operator | Role::Support | Role::Stock | Role::Privacy | Role::Finance) => {
                Caller::Operator { name, role }
            }
            Role::Auditor => Caller::Auditor { name },
            Role::Metrics => Caller::Metrics,
        }
    }

    /// Its token's name, or its partner's.
    pub fn name(&self) -> &str {
        match self {
            Caller::Anyone => "anyone",
            Caller::Checkout { name, .. }
            | Caller::Payment { name }
            | Caller::Operator { name, .. }
            | Caller::Auditor { name } => name,
            Caller::Partner { partner } => partner.as_str(),
            Caller::Metrics => "metrics",
            Caller::Nobody => "nobody",
        }
    }

    /// Its token's role, if it has a token.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Caller::Anyone | Caller::Nobody => None,
            Caller::Checkout { .. } => Some(Role::Checkout),
            Caller::Partner { .. } => Some(Role::Partner),
            Caller::Payment { .. } => Some(Role::Payment),
            Caller::Operator { role, .. } => Some(*role),
            Caller::Auditor { .. } => Some(Role::Auditor),
            Caller::Metrics => Some(Role::Metrics),
        }
    }

    /// As what it does or sees is written down: `role:name`; without a token the name alone.
    pub fn actor(&self) -> String {
        self.role().map_or_else(|| self.name().to_owned(), |role| format!("{}:{}", role.word(), self.name()))
    }

    /// The actors' roles that it may speak as, with one command or another.
    pub const fn speaks(&self) -> &'static [Actor] {
        match self {
            Caller::Anyone => &Actor::ALL,
            Caller::Checkout { .. } => &[Actor::Buyer, Actor::Payment],
            Caller::Partner { .. } => &[Actor::Seller, Actor::Partner],
            Caller::Payment { .. } => &[Actor::Payment],
            Caller::Operator { role: Role::Privacy, .. }
            | Caller::Auditor { .. }
            | Caller::Metrics
            | Caller::Nobody => &[],
            Caller::Operator { .. } => &[Actor::Operator],
        }
    }

    /// Whom a command may come from, by its type and its type's actors: the first is taken where the command names none.
    /// Empty: no one.
    pub fn actors(&self, command: &str, may: &[Actor]) -> Vec<String> {
        let of = |actor: Actor, id: &str| may.contains(&actor).then(|| format!("{}:{id}", actor.word()));
        match self {
            Caller::Anyone | Caller::Auditor { .. } | Caller::Metrics | Caller::Nobody => Vec::new(),
            Caller::Checkout { name, customer } => {
                let buyer = customer.as_ref().and_then(|c| of(Actor::Buyer, c.as_str()));
                let pays = CHECKOUT_PAYS.contains(&command).then(|| of(Actor::Payment, name)).flatten();
                buyer.into_iter().chain(pays).collect()
            }
            Caller::Partner { partner } => {
                let id = partner.as_str();
                // also as who bought; whether it did is looked at with the order
                [Actor::Seller, Actor::Partner].into_iter().filter_map(|a| of(a, id)).collect()
            }
            Caller::Payment { name } => of(Actor::Payment, name).into_iter().collect(),
            Caller::Operator { name, role } => {
                of(Actor::Operator, name).filter(|_| desks::sends(*role, command)).into_iter().collect()
            }
        }
    }
}

/// Without the guard nobody would come to a handler; then nobody may do anything.
impl FromRequest for Caller {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Caller>().cloned().unwrap_or(Caller::Nobody)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkouts_payments_are_commands_of_the_payment_side() {
        for command in CHECKOUT_PAYS {
            let (_, may) = crate::protocol::command::Wire::ROLES.iter().find(|(name, _)| *name == command).unwrap();
            assert!(may.contains(&Actor::Payment), "{command}");
        }
    }
}

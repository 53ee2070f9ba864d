//! `GET /v1/me`: who asks, as the HTTP API sees it.

use actix_web::web::Json;
use schemars::JsonSchema;
use serde::Serialize;

use super::{caller::Caller, tokens::Role};
use crate::domain::ids::{CustomerId, PartnerId};

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Me {
    /// the token's, or its partner's id
    pub name: String,
    /// absent where no authentication is configured
    pub role: Option<Role>,
    pub partner: Option<PartnerId>,
    /// whom a checkout speaks for
    pub customer: Option<CustomerId>,
    /// no tokens are configured: whoever comes may do anything
    pub no_authentication: bool,
    /// the roles that an `actor` of this caller may have; none: it sends no commands
    pub actors: Vec<&'static str>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        let (partner, customer) = match caller {
            Caller::Partner { partner } => (Some(partner.clone()), None),
            Caller::Checkout { customer, .. } => (None, customer.clone()),
            Caller::Anyone
            | Caller::Payment { .. }
            | Caller::Operator { .. }
            | Caller::Auditor { .. }
            | Caller::Metrics
            | Caller::Nobody => (None, None),
        };
        Self {
            name: caller.name().to_owned(),
            role: caller.role(),
            partner,
            customer,
            no_authentication: matches!(caller, Caller::Anyone),
            actors: caller.speaks().iter().map(|a| a.word()).collect(),
        }
    }
}

/// `GET /v1/me`.
pub async fn me(caller: Caller) -> Json<Me> {
    Json(Me::from(&caller))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::command::{ActorRole as Actor, Wire};

    #[test]
    fn what_one_speaks_as_is_what_the_door_takes() {
        let name = "n".to_owned();
        let customer = Some(CustomerId::new("u-1").unwrap());
        for caller in [
            Caller::Checkout { name: name.clone(), customer },
            Caller::Partner { partner: PartnerId::new("p-1").unwrap() },
            Caller::Payment { name: name.clone() },
            Caller::Operator { name: name.clone(), role: Role::Operator },
            Caller::Operator { name: name.clone(), role: Role::Support },
            Caller::Operator { name: name.clone(), role: Role::Stock },
            Caller::Operator { name: name.clone(), role: Role::Privacy },
            Caller::Operator { name: name.clone(), role: Role::Finance },
            Caller::Auditor { name },
            Caller::Metrics,
            Caller::Nobody,
        ] {
            let taken: Vec<String> =
                Wire::ROLES.iter().flat_map(|(command, may)| caller.actors(command, may)).collect();
            let words: Vec<&str> = taken.iter().filter_map(|a| a.split(':').next()).collect();
            for actor in Actor::ALL {
                let told = Me::from(&caller).actors.contains(&actor.word());
                assert_eq!(told, words.contains(&actor.word()), "{caller:?} {actor:?}");
            }
        }
    }
}

//! Who uses the HTTP API: tokens with roles, kept as hashes. Without any token anybody may do anything, which somebody has to ask for.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        Time,
        ids::{CustomerId, PartnerId},
    },
    protocol::internal::hex,
};

/// What a token may do. In [`Role::ALL`]'s order its words are those of the token file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// a shop's checkout: speaks for one customer at a time, and brings their payments
    Checkout,
    /// a seller or partner: its own orders, those that it bought among them
    Partner,
    /// the payment side: approvals, deposits, refunds
    Payment,
    /// an operator: everything
    Operator,
    /// an operator for orders and claims
    Support,
    /// an operator for goods, stock and campaigns
    Stock,
    /// an operator for people's data: erases it, and sees who looked at it
    Privacy,
    /// an operator for money that comes in and goes back
    Finance,
    /// reads everything, changes nothing
    Auditor,
    /// Prometheus
    Metrics,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 10] = [
        Role::Checkout,
        Role::Partner,
        Role::Payment,
        Role::Operator,
        Role::Support,
        Role::Stock,
        Role::Privacy,
        Role::Finance,
        Role::Auditor,
        Role::Metrics,
    ];

    /// As the token file writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Checkout => "checkout",
            Role::Partner => "partner",
            Role::Payment => "payment",
            Role::Operator => "operator",
            Role::Support => "support",
            Role::Stock => "stock",
            Role::Privacy => "privacy",
            Role::Finance => "finance",
            Role::Auditor => "auditor",
            Role::Metrics => "metrics",
        }
    }
}

/// A token as it is configured: its hash, never itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessToken {
    /// in the history and in the log
    pub name: String,
    pub role: Role,
    /// SHA-256 of the token, in hexadecimal: a token is 32 random bytes, so a slow hash would add nothing
    pub sha256: String,
    /// a partner's own id
    #[serde(default)]
    pub partner: Option<PartnerId>,
    /// the one customer that a checkout token may speak for; otherwise each request names theirs
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// whether it may say that money came in; when absent: [`AccessToken::says_paid`]
    #[serde(default)]
    pub pays: Option<bool>,
    /// from when on it is good for nothing; when absent it has no end
    #[serde(default)]
    pub expires: Option<Time>,
    /// cancelled when it is taken away
    #[serde(skip)]
    pub ended: CancellationToken,
}

/// Whether a token may say that money came in, and whose word that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// it may not
    Nothing,
    /// it may, and is bound to one customer: the buyer's own word
    Buyers,
    /// it may: the payment side's word
    Payments,
}

impl AccessToken {
    /// Whether it is the other one, and may the same.
    fn same(&self, other: &Self) -> bool {
        let told = |t: &Self| (t.name.clone(), t.role, t.partner.clone(), t.customer.clone(), t.pays, t.expires);
        told(self) == told(other)
    }

    /// What was set; else: yes of an unbound checkout, of the payment side and of operators, no of whoever may be the buyer.
    pub fn says_paid(&self) -> Says {
        let usual = match self.role {
            Role::Checkout => self.customer.is_none(),
            Role::Payment | Role::Operator | Role::Finance => true,
            Role::Partner | Role::Support | Role::Stock | Role::Privacy | Role::Auditor | Role::Metrics => false,
        };
        let may_buy = self.customer.is_some() || self.role == Role::Partner;
        match self.pays.unwrap_or(usual) {
            false => Says::Nothing,
            true if may_buy => Says::Buyers,
            true => Says::Payments,
        }
    }
}

/// The tokens that are accepted.
#[derive(Debug, Clone, Default)]
pub struct Tokens(HashMap<String, Arc<AccessToken>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<AccessToken>,
}

/// The token that a header `Authorization` shows, if it shows one.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// The SHA-256 of a token, as it is configured.
pub fn hashed(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

impl Tokens {
    /// No tokens: whoever comes may do anything.
    pub fn open(&self) -> bool {
        self.0.is_empty()
    }

    /// Of a TOML file's text and of single ones (`name:role:sha256[:partner][:until=TIME]`).
    ///
    /// # Errors
    /// A sentence, when the text can't be read or a token makes no sense.
    pub fn of(text: Option<&str>, single: &[String]) -> anyhow::Result<Self> {
        let mut tokens = Self::default();
        if let Some(text) = text {
            let parsed: File = config::Config::builder()
                .add_source(config::File::from_str(text, config::FileFormat::Toml))
                .build()
                .and_then(config::Config::try_deserialize)
                .context("the token file can't be read")?;
            ensure!(!parsed.token.is_empty(), "the token file names no token: it would let everybody in");
            for token in parsed.token {
                tokens.add(token)?;
            }
        }
        for text in single {
            ensure!(!text.trim().is_empty(), "a token is empty: --token and JUMUN_TOKEN are NAME:ROLE:SHA256");
            tokens.add(one(text)?)?;
        }
        Ok(tokens)
    }

    /// All of them, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<AccessToken>> {
        self.0.values()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// In the place of others: a token that is the same goes on, what became of the rest is over.
    pub fn instead_of(mut self, old: &Self) -> Self {
        for (hash, before) in &old.0 {
            match self.0.get_mut(hash).filter(|now| now.same(before)) {
                Some(now) => *now = Arc::clone(before),
                None => before.ended.cancel(),
            }
        }
        self
    }

    /// Adds one.
    ///
    /// # Errors
    /// A sentence, when it makes no sense.
    pub fn add(&mut self, token: AccessToken) -> anyhow::Result<()> {
        let name = &token.name;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        ensure!(
            (1..=48).contains(&name.len()) && name.chars().all(fits),
            "a token's name is 1 to 48 letters, digits and . _ -, not {name:?}"
        );
        let hash = token.sha256.to_ascii_lowercase();
        ensure!(
            hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()),
            "token {name}: sha256 is 64 hexadecimal digits (jumun token makes one)"
        );
        ensure!(
            hash != hashed(""),
            "token {name}: sha256 is that of nothing; the token was empty when it was made (jumun token makes one)"
        );
        ensure!(
            token.role != Role::Partner || token.partner.is_some(),
            "token {name}: a partner's token names its partner"
        );
        ensure!(
            token.role == Role::Partner || token.partner.is_none(),
            "token {name}: only a partner's token names one"
        );
        ensure!(
            token.role == Role::Checkout || token.customer.is_none(),
            "token {name}: only a checkout's token names a customer"
        );
        ensure!(
            token.pays.is_none() || !matches!(token.role, Role::Auditor | Role::Metrics | Role::Stock | Role::Privacy),
            "token {name}: who has no word about payments has no pays"
        );
        ensure!(self.0.values().all(|t| t.name != *name), "token {name} is there twice");
        if self.0.insert(hash, Arc::new(token.clone())).is_some() {
            bail!("token {name} is another token under a second name");
        }
        Ok(())
    }

    /// Whose it is.
    ///
    /// # Errors
    /// Why it is nobody's.
    pub fn find(&self, token: &str, now: Time) -> Result<Arc<AccessToken>, &'static str> {
        let found = self.0.get(&hashed(token)).ok_or("that token is not known")?;
        match found.expires {
            Some(at) if at <= now => Err("that token is over: it had an end (jumun token makes another)"),
            Some(_) | None => Ok(Arc::clone(found)),
        }
    }
}

/// What stands before a single token's end. No name, role, hash or partner's id has a `=` in it.
const UNTIL: &str = ":until=";

fn one(text: &str) -> anyhow::Result<AccessToken> {
    let (text, until) = text.split_once(UNTIL).map_or((text, None), |(text, until)| (text, Some(until)));
    let parts: Vec<&str> = text.split(':').collect();
    let (name, role, sha256, partner) = match parts[..] {
        [name, role, sha256] => (name, role, sha256, None),
        [name, role, sha256, partner] => (name, role, sha256, Some(partner)),
        // not told: it may hold a hash
        _ => bail!("a token is name:role:sha256 or name:partner:sha256:PARTNER, and :until=TIME behind it"),
    };
    let known = Role::ALL.into_iter().find(|r| r.word() == role);
    let words = Role::ALL.map(Role::word).join(", ");
    Ok(AccessToken {
        name: name.to_owned(),
        role: known.with_context(|| format!("token {name}: a role is one of {words}, not {role:?}"))?,
        sha256: sha256.to_owned(),
        partner: partner.map(PartnerId::new).transpose().with_context(|| format!("token {name}"))?,
        customer: None,
        pays: None,
        expires: until.map(end).transpose().with_context(|| format!("token {name}"))?,
        ended: CancellationToken::new(),
    })
}

/// A day, from whose beginning on (UTC) a token is good for nothing, or a moment.
fn end(text: &str) -> anyhow::Result<Time> {
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let read = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok().or_else(day);
    read.with_context(|| format!("until= is a day (2027-03-01) or a moment (2027-03-01T09:00:00Z), not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_be_the_buyer_does_not_say_paid() {
        let token = |role, bound: bool, pays| AccessToken {
            name: "t".into(),
            role,
            sha256: hashed("t"),
            partner: (role == Role::Partner).then(|| PartnerId::stored("p-1")),
            customer: bound.then(|| CustomerId::stored("u-1")),
            pays,
            expires: None,
            ended: CancellationToken::new(),
        };
        for (role, bound, pays, says) in [
            (Role::Checkout, false, None, Says::Payments),
            (Role::Checkout, true, None, Says::Nothing),
            (Role::Checkout, true, Some(true), Says::Buyers),
            (Role::Checkout, false, Some(false), Says::Nothing),
            (Role::Payment, false, None, Says::Payments),
            (Role::Payment, false, Some(false), Says::Nothing),
            (Role::Operator, false, None, Says::Payments),
            (Role::Operator, false, Some(false), Says::Nothing),
            (Role::Finance, false, None, Says::Payments),
            (Role::Support, false, None, Says::Nothing),
            (Role::Partner, false, None, Says::Nothing),
            (Role::Partner, false, Some(true), Says::Buyers),
            (Role::Auditor, false, None, Says::Nothing),
            (Role::Metrics, false, None, Says::Nothing),
        ] {
            assert_eq!(token(role, bound, pays).says_paid(), says, "{role:?} {bound} {pays:?}");
        }
        assert!(Tokens::default().add(token(Role::Auditor, false, Some(true))).is_err());
    }

    #[test]
    fn tokens_are_read_or_refused() {
        let hash = hashed("t");
        for (text, fits) in [
            (format!("web:checkout:{hash}"), true),
            (format!("p:partner:{hash}:p-1"), true),
            (format!("p:partner:{hash}"), false),
            (format!("web:checkout:{hash}:until=2027-03-01"), true),
            (format!("web:checkout:{hash}:until=2027-03-01T09:00:00+09:00"), true),
            (format!("p:partner:{hash}:p-1:until=2027-03-01"), true),
            (format!("web:checkout:{hash}:until="), false),
            (format!("web:checkout:{hash}:until=2027-13-01"), false),
            (format!("web:checkout:{hash}:until=2027-03-01:until=2027-03-01"), false),
            (format!("web:checkout:{hash}:2027-03-01"), false),
            (format!("web:checkout:{hash}:p-1"), false),
            (format!("web:king:{hash}"), false),
            (format!("web:checkout:{}", &hash[1..]), false),
            (format!("we b:checkout:{hash}"), false),
            // of a variable that was not set
            (format!("web:checkout:{}", hashed("")), false),
            ("web".to_owned(), false),
            (String::new(), false),
            (" ".to_owned(), false),
        ] {
            let read = Tokens::of(None, std::slice::from_ref(&text));
            assert_eq!(read.is_ok(), fits, "{text}: {read:?}");
        }
        let both = [format!("a:metrics:{hash}"), format!("b:operator:{hash}")];
        assert!(Tokens::of(None, &both).is_err());
        let tokens = Tokens::of(None, &both[..1]).unwrap();
        assert_eq!(tokens.find("t", Time::UNIX_EPOCH).map(|t| t.role), Ok(Role::Metrics));
        assert!(tokens.find("T", Time::UNIX_EPOCH).is_err());
        let day = Tokens::of(None, &[format!("a:operator:{hash}:until=1970-01-02")]).unwrap();
        let at = |seconds| Time::from_timestamp(seconds, 0).unwrap();
        assert!(day.find("t", at(86_399)).is_ok() && day.find("t", at(86_400)).is_err());
    }
}

//! Keys of account numbers and tokens: which of them a database needs, and the exchange of one for another while the shop is
//! open.
//!
//! The database notes the ids of keys that something may be sealed by (`tb_sy_meta`, `account_keys`), and by which one each
//! partition's owner seals (`seals:N`), which it says before it seals anything. So a server that lacks a key does not start,
//! and a key is called needless only when nothing is sealed by it, nobody seals by it, and nobody has begun to meanwhile.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};

use crate::{
    domain::ids::OrderId,
    store::{
        AdminStore, StoreError,
        rows::{AprvRow, PrsnRow},
        seals::SealAt,
    },
    vault::{Secret, Vault, sealed_by},
};

/// Under what the keys are noted: how often it was noted anew, then their ids.
const KEYS: &str = "account_keys";
/// There from a migration that found tokens or numbers in clear, until they are sealed.
const IN_CLEAR: &str = "secrets_in_clear";
/// Rows that are looked at at a time.
const PAGE: u32 = 500;
/// Orders that are named of those whose values do not open.
const NAMED_MAX: usize = 10;

/// What was noted of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Keys {
    changes: u64,
    ids: BTreeSet<String>,
}

impl Keys {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let changes = words.next()?.parse().ok()?;
        Some(Self { changes, ids: words.filter(|w| !w.is_empty()).map(str::to_owned).collect() })
    }

    fn text(&self) -> String {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        format!("{} {}", self.changes, ids.join(" "))
    }

    fn told(ids: impl Iterator<Item = impl AsRef<str>>) -> String {
        ids.map(|id| id.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
    }
}

fn owner(partition: i64) -> String {
    format!("seals:{partition}")
}

/// Changes what is noted of the keys, whoever else does at the same time; `None`: as it is.
async fn change(store: &dyn AdminStore, to: impl Fn(Keys) -> Option<Keys>) -> Result<(), StoreError> {
    loop {
        let was = store.noted(KEYS).await?;
        let Some(mut keys) = to(was.as_deref().and_then(Keys::read).unwrap_or_default()) else { return Ok(()) };
        keys.changes += 1;
        if store.note_if(KEYS, was.as_deref(), &keys.text()).await? {
            return Ok(());
        }
    }
}

/// Whether a server with these keys may start; before anything is sealed or opened.
///
/// # Errors
/// A sentence, when something in the database is sealed by a key that is not here.
pub async fn check(store: &dyn AdminStore, vault: Option<&Vault>) -> anyhow::Result<()> {
    let knows = |id: &str| vault.is_some_and(|v| v.knows(id));
    let noted = store.noted(KEYS).await?;
    match noted.as_deref().map(|text| Keys::read(text).context("what the database notes of its account keys")) {
        Some(keys) => {
            let keys = keys?;
            let missing: Vec<&String> = keys.ids.iter().filter(|id| !knows(id)).collect();
            if let Some(first) = missing.first() {
                let (ids, here) = (Keys::told(missing.iter()), vault.map_or("none".to_owned(), |v| v.id().to_owned()));
                bail!(
                    "account numbers or tokens in this database are sealed by account keys that are not here: {ids} (the \
                     first one here: {here}). Nothing is lost: put the key into --account-key-file (a line each, the one \
                     that seals first). If it is gone for good: jumun reseal --give-up {first}"
                );
            }
        }
        // from before keys were noted: one value tells whether there are any
        None => {
            let mut after = None;
            let found = loop {
                let some = store.secrets(after.as_ref(), PAGE).await?;
                let Some(last) = some.last() else { break None };
                after = Some(at(last));
                if let Some(row) = some.into_iter().find(|r| r.acct_enc.is_some()) {
                    break Some(row);
                }
            };
            if let Some((row, sealed)) = found.as_ref().and_then(|r| Some((r, r.acct_enc.as_deref()?))) {
                let what = Secret::of(&row.prsn_knd_cd).context("what is sealed has a kind")?;
                let opens = vault.is_some_and(|v| v.open(&row.ord_id, what, sealed).is_ok());
                if !opens {
                    bail!(
                        "account numbers in this database are sealed by an account key that is not here. Nothing is lost: \
                         give the key by --account-key-file. If it is gone for good: jumun reseal --give-up before-ids"
                    );
                }
            }
            let ids = || vault.into_iter().flat_map(Vault::ids).map(str::to_owned).collect();
            let all = found.is_some();
            change(store, |keys| Some(Keys { ids: if all { ids() } else { BTreeSet::new() }, ..keys })).await?;
        }
    }
    if in_clear(store).await? {
        tracing::warn!(
            "the database holds payment tokens or account numbers in clear, from before they were sealed: run jumun reseal"
        );
    }
    Ok(())
}

/// Notes by which key the owner of a partition seals from now on; before it seals anything.
///
/// # Errors
/// The store's.
pub async fn note(store: &dyn AdminStore, partition: u32) -> Result<(), StoreError> {
    let id = store.vault().map(|v| v.id().to_owned());
    if let Some(id) = &id {
        change(store, |keys| Some(Keys { ids: keys.ids.iter().cloned().chain([id.clone()]).collect(), ..keys }))
            .await?;
    }
    store.note_as(&owner(partition.into()), id.as_deref().unwrap_or("-")).await
}

/// Notes that what a key has sealed is given up: servers start without it.
///
/// # Errors
/// The store's, or a sentence when nothing is noted of that key.
pub async fn give_up(store: &dyn AdminStore, id: &str) -> anyhow::Result<()> {
    let noted = store.noted(KEYS).await?.as_deref().and_then(Keys::read);
    if noted.as_ref().is_some_and(|keys| !keys.ids.contains(id)) || (noted.is_none() && id != "before-ids") {
        let ids = noted.map(|keys| Keys::told(keys.ids.iter())).unwrap_or_default();
        bail!("no key of that id is noted; noted are: {}", if ids.is_empty() { "none" } else { &ids });
    }
    Ok(change(store, |mut keys| {
        keys.ids.remove(id);
        Some(keys)
    })
    .await?)
}

/// What a pass has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// values that were looked at
    pub looked: u64,
    /// sealed anew, by the first key
    pub again: u64,
    /// sealed that had been in clear
    pub sealed: u64,
    /// that no key here opens, by the order
    pub closed: u64,
    /// the first of those orders
    pub orders: Vec<String>,
    /// values that were written meanwhile by somebody else: another pass finds them
    pub moved: u64,
}

/// What is to be said in the end.
#[derive(Debug, PartialEq, Eq)]
pub enum SealVerdict {
    /// these keys are needed no more
    Needless(Vec<String>),
    /// values are left that no key here opens
    Closed,
    /// these partitions' owners seal by another key, or do not say by which
    Others(Vec<i64>),
    /// somebody has begun to seal by a key meanwhile, or values moved: once more
    Again,
}

fn at(row: &PrsnRow) -> SealAt {
    SealAt { order: OrderId::stored(&row.ord_id), kind: row.prsn_knd_cd.to_string(), number: row.ord_seq }
}

/// Seals everything by the first key, page by page: what is done is not done again, so it may be broken off and begun anew.
/// Servers may run beside it.
///
/// # Errors
/// The store's, or a sentence.
pub async fn reseal(
    store: &dyn AdminStore,
    vault: &Vault,
    tell: &mut (dyn FnMut(&Resealed) + Send),
) -> anyhow::Result<(Resealed, SealVerdict)> {
    let before = store.noted(KEYS).await?;
    let mut done = Resealed::default();
    let mut after = None;
    loop {
        let some = store.bare_approvals(after.as_ref(), PAGE).await?;
        let Some(last) = some.last() else { break };
        let order = OrderId::stored(&last.ord_id);
        after = Some(SealAt { order, kind: String::new(), number: last.stlm_no });
        for row in &some {
            let moved = store.approval_sealed(row, &of_approval(vault, row)?).await?;
            done.looked += 1;
            *(if moved { &mut done.sealed } else { &mut done.moved }) += 1;
        }
        tell(&done);
    }
    let mut after = None;
    loop {
        let some = store.secrets(after.as_ref(), PAGE).await?;
        let Some(last) = some.last() else { break };
        after = Some(at(last));
        for row in &some {
            one(store, vault, row, &mut done).await?;
        }
        tell(&done);
    }
    let verdict = judge(store, vault, before, &done).await?;
    Ok((done, verdict))
}

/// What an approval holds, as rows of personal data.
fn of_approval(vault: &Vault, row: &AprvRow) -> anyhow::Result<Vec<PrsnRow>> {
    let mut rows = Vec::new();
    for (what, number, text) in [(Secret::Token, row.stlm_no, &row.aprv_tkn), (Secret::Payer, 0, &row.vrtl_acct_no)] {
        if let Some(text) = text {
            let sealed = vault.seal(&row.ord_id, what, text)?;
            rows.push(PrsnRow::sealed(&row.ord_id, what, number, sealed.into()));
        }
    }
    Ok(rows)
}

async fn one(store: &dyn AdminStore, vault: &Vault, row: &PrsnRow, done: &mut Resealed) -> anyhow::Result<()> {
    done.looked += 1;
    let Some(what) = Secret::of(&row.prsn_knd_cd) else { return Ok(()) };
    let (sealed, clear) = match (&row.vrtl_acct_no, &row.acct_enc) {
        (Some(number), _) => (Ok(Some(vault.seal(&row.ord_id, what, number)?)), true),
        (None, Some(sealed)) => (vault.reseal(&row.ord_id, what, sealed), false),
        (None, None) => (Ok(None), false),
    };
    match sealed {
        Ok(None) => {}
        Ok(Some(sealed)) if store.sealed_again(row, &sealed).await? => {
            *(if clear { &mut done.sealed } else { &mut done.again }) += 1;
        }
        Ok(Some(_)) => done.moved += 1,
        Err(e) => {
            done.closed += 1;
            if done.orders.len() < NAMED_MAX {
                let by = row.acct_enc.as_deref().and_then(sealed_by).unwrap_or("-");
                tracing::debug!(order_id = &*row.ord_id, key = by, error = %e, "a value does not open");
                done.orders.push(row.ord_id.to_string());
            }
        }
    }
    Ok(())
}

/// Whether the other keys are needed no more; notes it then.
async fn judge(
    store: &dyn AdminStore,
    vault: &Vault,
    before: Option<String>,
    done: &Resealed,
) -> anyhow::Result<SealVerdict> {
    if done.closed > 0 {
        return Ok(SealVerdict::Closed);
    }
    let mut others = Vec::new();
    for partition in store.owned().await? {
        let by = store.noted(&owner(partition)).await?;
        // whoever has no key seals nothing
        if !by.is_some_and(|by| by == vault.id() || by == "-") {
            others.push(partition);
        }
    }
    if !others.is_empty() {
        return Ok(SealVerdict::Others(others));
    }
    let was = before.as_deref().and_then(Keys::read).unwrap_or_default();
    let now = Keys { changes: was.changes + 1, ids: BTreeSet::from([vault.id().to_owned()]) };
    if done.moved > 0 || !store.note_if(KEYS, before.as_deref(), &now.text()).await? {
        return Ok(SealVerdict::Again);
    }
    if store.noted(IN_CLEAR).await?.is_some() {
        store.note_as(IN_CLEAR, "").await?;
    }
    let needless = was.ids.into_iter().chain(vault.ids().map(str::to_owned)).filter(|id| id != vault.id());
    Ok(SealVerdict::Needless(needless.collect::<BTreeSet<_>>().into_iter().collect()))
}

/// Whether rows of an older version may hold secrets in clear: until they were sealed, they stay where that is done.
///
/// # Errors
/// The store's.
pub async fn in_clear(store: &dyn AdminStore) -> Result<bool, StoreError> {
    Ok(store.noted(IN_CLEAR).await?.is_some_and(|noted| !noted.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_of_keys_is_read_again() {
        for ids in [&[][..], &["aa"], &["aa", "bb"]] {
            let keys = Keys { changes: 7, ids: ids.iter().map(|id| (*id).to_owned()).collect() };
            assert_eq!(Keys::read(&keys.text()), Some(keys));
        }
        assert_eq!(Keys::read("x"), None);
    }
}

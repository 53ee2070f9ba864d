//! What account numbers and payment tokens are kept under: ChaCha20-Poly1305 by keys that are not in the database. What is
//! sealed names its key, its order and what it is, so that it opens in no other place. The first key seals, all open: so keys
//! are exchanged while the shop is open (`jumun reseal`).

use std::{fmt, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use rand::TryRngCore as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use crate::{
    protocol::{
        command::RefundAccount,
        internal::{hex, unhex},
    },
    secrets,
};

/// A key's length in bytes.
const KEY_BYTES: usize = 32;
/// Bytes of a key's id.
const ID_BYTES: usize = 4;
/// Keys that a server reads by, at most: each is tried on what was sealed before keys had ids.
const KEYS_MAX: usize = 16;
/// How what is sealed begins: `2.`, the key's id, `.`.
const FORM: &str = "2.";
/// The same of accounts from before keys had ids.
const OLD_FORM: &str = "1.";

/// What is sealed; it opens as nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// 환불계좌: where refunds go
    RefundAccount,
    /// where one has gone
    Refund,
    /// 가상계좌번호: that a deposit comes to
    Payer,
    /// 승인토큰: of an approval
    Token,
}

impl Secret {
    /// All of them.
    pub const ALL: [Secret; 4] = [Secret::RefundAccount, Secret::Refund, Secret::Payer, Secret::Token];

    /// Its kind of personal data (개인정보종류코드).
    pub const fn code(self) -> &'static str {
        match self {
            Secret::RefundAccount => "REFUND_ACCOUNT",
            Secret::Refund => "REFUND",
            Secret::Payer => "PAYER",
            Secret::Token => "TOKEN",
        }
    }

    /// By its code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

struct Key {
    id: String,
    key: LessSafeKey,
}

/// Seals by its first key, and opens by all.
pub struct Vault(Vec<Key>);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

fn key(text: &str) -> anyhow::Result<Key> {
    let bytes = unhex(text).filter(|key| key.len() == KEY_BYTES);
    let bytes = bytes.context("an account key is 64 hexadecimal digits (openssl rand -hex 32)")?;
    let unbound =
        UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| anyhow::anyhow!("the account key is no key"))?;
    let digest = Sha256::new().chain_update("jumun account key ").chain_update(&bytes).finalize();
    let id = hex(digest.get(..ID_BYTES).unwrap_or_default());
    Ok(Key { id, key: LessSafeKey::new(unbound) })
}

/// The id of the key that something was sealed by; `None`: it is from before keys had ids, or was not sealed.
pub fn sealed_by(sealed: &str) -> Option<&str> {
    Some(sealed.strip_prefix(FORM)?.split_once('.')?.0)
}

impl Vault {
    /// Of keys, the one that seals first: each 64 hexadecimal digits, with blanks, commas or new lines between, and `#` before
    /// the rest of a line that is none.
    ///
    /// # Errors
    /// A sentence without a key.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let plain = text.lines().map(|line| line.split_once('#').map_or(line, |(keys, _)| keys));
        let words = plain.flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()));
        let keys = words.filter(|word| !word.is_empty()).map(key).collect::<anyhow::Result<Vec<Key>>>()?;
        anyhow::ensure!(
            !keys.is_empty(),
            "an account key is 64 hexadecimal digits (openssl rand -hex 32); there is none"
        );
        anyhow::ensure!(keys.len() <= KEYS_MAX, "at most {KEYS_MAX} account keys are read");
        let twice = keys.iter().enumerate().any(|(i, k)| keys.iter().skip(i + 1).any(|other| other.id == k.id));
        anyhow::ensure!(!twice, "an account key is there twice");
        Ok(Self(keys))
    }

    /// Of the keys in a file.
    ///
    /// # Errors
    /// A sentence, when it can't be read or has none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = secrets::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        Self::new(&text).with_context(|| path.display().to_string())
    }

    /// Of the keys in a file, which is made with one where there is none, for its owner only.
    ///
    /// # Errors
    /// A sentence, when it can't be read, or made.
    pub fn read_or_make(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            let mut key = [0u8; KEY_BYTES];
            rand::rngs::OsRng.try_fill_bytes(&mut key).context("the machine gives no random bytes")?;
            let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            match made {
                Ok(mut file) => {
                    file.write_all(hex(&key).as_bytes())?;
                    file.sync_all()?;
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).with_context(|| format!("{} can't be made", path.display())),
            }
        }
        Self::read(path)
    }

    /// The id of the key that seals.
    pub fn id(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// The ids of all its keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// Whether it opens what a key of this id has sealed.
    pub fn knows(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Seals a text of an order.
    ///
    /// # Errors
    /// A sentence, when the machine gives no random bytes.
    pub fn seal(&self, order_id: &str, what: Secret, text: &str) -> anyhow::Result<String> {
        let key = self.0.first().context("there is no account key")?;
        let mut nonce = [0u8; NONCE_LEN];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce).context("the machine gives no random bytes")?;
        let mut text = text.as_bytes().to_vec();
        let sealed = key.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place(order_id, what).as_bytes()),
            &mut text,
        );
        sealed.map_err(|_| anyhow::anyhow!("it can't be sealed"))?;
        Ok(format!("{FORM}{}.{}{}", key.id, hex(&nonce), hex(&text)))
    }

    /// Seals an account of an order.
    ///
    /// # Errors
    /// A sentence, when the machine gives no random bytes.
    pub fn seal_account(&self, order_id: &str, what: Secret, account: &RefundAccount) -> anyhow::Result<String> {
        self.seal(order_id, what, &serde_json::to_string(account)?)
    }

    /// Opens what was sealed for that order as that, by one of these keys.
    ///
    /// # Errors
    /// A sentence, when it was not.
    pub fn open(&self, order_id: &str, what: Secret, sealed: &str) -> anyhow::Result<String> {
        let opened = match sealed_by(sealed) {
            Some(id) => {
                let key = self.0.iter().find(|key| key.id == id);
                let key = key.with_context(|| format!("it was sealed by the account key {id}, which is not here"))?;
                let rest = sealed.get(FORM.len() + id.len() + 1..).unwrap_or_default();
                opened(&key.key, &place(order_id, what), rest)
            }
            None => {
                let rest = sealed.strip_prefix(OLD_FORM).context("that was not sealed here")?;
                self.0.iter().find_map(|key| opened(&key.key, order_id, rest))
            }
        };
        let text = opened.context("it was sealed by another key, or for another order")?;
        Ok(String::from_utf8(text)?)
    }

    /// Opens an account that was sealed for that order.
    ///
    /// # Errors
    /// A sentence, when it was not.
    pub fn open_account(&self, order_id: &str, what: Secret, sealed: &str) -> anyhow::Result<RefundAccount> {
        Ok(serde_json::from_str(&self.open(order_id, what, sealed)?)?)
    }

    /// Seals anew, by the first key, what another one has sealed; `None`: this one has.
    ///
    /// # Errors
    /// A sentence, when it does not open.
    pub fn reseal(&self, order_id: &str, what: Secret, sealed: &str) -> anyhow::Result<Option<String>> {
        if sealed_by(sealed) == Some(self.id()) {
            return Ok(None);
        }
        self.seal(order_id, what, &self.open(order_id, what, sealed)?).map(Some)
    }
}

/// Where something is sealed; no id has a blank.
fn place(order_id: &str, what: Secret) -> String {
    format!("{order_id} {}", what.code())
}

fn opened(key: &LessSafeKey, place: &str, sealed: &str) -> Option<Vec<u8>> {
    let all = unhex(sealed).filter(|all| all.len() > NONCE_LEN)?;
    let (nonce, text) = all.split_at(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    Some(key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    const B: &str = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";

    fn account() -> RefundAccount {
        let text = |t: &str| crate::protocol::command::Text::new(t).unwrap();
        RefundAccount { bank: text("088"), number: text("110-123-456789"), holder: text("김수취") }
    }

    #[test]
    fn what_is_sealed_opens_by_its_key_for_its_order_as_what_it_is_only() {
        let vault = Vault::new(A).unwrap();
        let what = Secret::RefundAccount;
        let sealed = vault.seal_account("o-1", what, &account()).unwrap();
        assert_ne!(sealed, vault.seal_account("o-1", what, &account()).unwrap(), "no two look alike");
        assert_eq!(vault.open_account("o-1", what, &sealed).unwrap(), account());
        assert!(vault.open("o-2", what, &sealed).is_err(), "for another order");
        for other in Secret::ALL.into_iter().filter(|s| *s != what) {
            assert!(vault.open("o-1", other, &sealed).is_err(), "as {}", other.code());
            assert_eq!(Secret::of(other.code()), Some(other));
        }
        let told = Vault::new(B).unwrap().open("o-1", what, &sealed).unwrap_err().to_string();
        assert!(told.contains(vault.id()), "by another key: {told}");
        let last = if sealed.ends_with('0') { "1" } else { "0" };
        assert!(vault.open("o-1", what, &format!("{}{last}", &sealed[..sealed.len() - 1])).is_err(), "changed");
        let id = vault.id();
        for bad in ["", "1.", "1.zz", "2.00", &format!("2.{id}."), &format!("2.{id}.00"), &"00".repeat(40)] {
            assert!(vault.open("o-1", what, bad).is_err(), "{bad}");
        }
        // as it is, or as its bytes; whole, since short ones come about by chance
        for hidden in ["110-123-456789", "김수취"] {
            assert!(!sealed.contains(hidden) && !sealed.contains(&hex(hidden.as_bytes())), "{hidden} can be read");
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let (old, both) = (Vault::new(A).unwrap(), Vault::new(&format!("# since May\n{B}\n\n{A} # before\n")).unwrap());
        let sealed = old.seal("o-1", Secret::Token, "tok-1").unwrap();
        assert_eq!(sealed_by(&sealed), Some(old.id()));
        assert_eq!(both.open("o-1", Secret::Token, &sealed).unwrap(), "tok-1");
        let again = both.reseal("o-1", Secret::Token, &sealed).unwrap().unwrap();
        assert_eq!(sealed_by(&again), Some(both.id()));
        assert_eq!(both.reseal("o-1", Secret::Token, &again).unwrap(), None, "once");
        let new = Vault::new(B).unwrap();
        assert_eq!(new.open("o-1", Secret::Token, &again).unwrap(), "tok-1");
        assert!(new.open("o-1", Secret::Token, &sealed).is_err() && !new.knows(old.id()) && both.knows(old.id()));
        assert_ne!(old.id(), new.id());
        for keys in [format!("{A},{B}"), format!("{A} {B}"), format!("{A}\r\n{B}\r\n")] {
            let vault = Vault::new(&keys).unwrap();
            assert_eq!((vault.id(), vault.knows(new.id())), (old.id(), true), "{keys}");
        }
    }

    /// As it was sealed before keys had ids.
    #[test]
    fn an_account_from_before_keys_had_ids_opens_and_is_sealed_anew() {
        let sealed = "1.000102030405060708090a0b".to_owned() + OLD_SEALED;
        let (a, both) = (Vault::new(A).unwrap(), Vault::new(&format!("{B},{A}")).unwrap());
        for vault in [&a, &both] {
            assert_eq!(vault.open_account("o-1", Secret::RefundAccount, &sealed).unwrap(), account());
        }
        let again = both.reseal("o-1", Secret::RefundAccount, &sealed).unwrap().unwrap();
        assert_eq!(sealed_by(&again), Some(both.id()));
        assert!(Vault::new(B).unwrap().open("o-1", Secret::RefundAccount, &sealed).is_err());
        assert!(a.open("o-2", Secret::RefundAccount, &sealed).is_err());
    }

    const OLD_SEALED: &str = "b2460249b31d45d991871e3f61454fec488e4b6950ad0658f4c5ab8a952946dc\
        94a45f683bb42c2557573d96c8bd4470725d945904db94f729d49eb82e4e2ed1\
        298c66756dd9850a937f13964f";

    #[test]
    fn a_key_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jumun.db.key");
        let sealed = Vault::read_or_make(&path).unwrap().seal("o-1", Secret::Token, "t").unwrap();
        assert_eq!(Vault::read_or_make(&path).unwrap().open("o-1", Secret::Token, &sealed).unwrap(), "t");
        let many = vec![A; KEYS_MAX + 1].join("\n");
        for bad in ["", " \n# none\n", "abc", &A[1..], &"é".repeat(32), &format!("{A} {A}"), &format!("{A},abc"), &many]
        {
            let told = Vault::new(bad).unwrap_err().to_string();
            assert!(!told.contains(A), "{told}");
        }
    }

    #[test]
    fn an_account_is_not_told_by_its_debug_form() {
        assert_eq!(format!("{:?}", account()), "RefundAccount");
    }
}

//! What account numbers are kept under: ChaCha20-Poly1305 by a key that is not in the database. What is sealed names its
//! order, so that it opens in no other.

use std::{fmt, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use rand::TryRngCore as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::protocol::{
    command::RefundAccount,
    internal::{hex, unhex},
};

/// A key's length in bytes.
const KEY_BYTES: usize = 32;

/// Seals and opens.
pub struct Vault(LessSafeKey);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Of a key: 64 hexadecimal digits.
    ///
    /// # Errors
    /// A sentence without the key.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let key = unhex(text.trim()).filter(|key| key.len() == KEY_BYTES);
        let key = key.context("an account key is 64 hexadecimal digits (openssl rand -hex 32)")?;
        let key =
            UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| anyhow::anyhow!("the account key is no key"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Of the key in a file.
    ///
    /// # Errors
    /// A sentence, when it can't be read or is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
        Self::new(&text).with_context(|| path.display().to_string())
    }

    /// Of the key in a file, which is made where there is none, for its owner only.
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

    /// Seals an account of an order.
    ///
    /// # Errors
    /// A sentence, when the machine gives no random bytes.
    pub fn seal(&self, order_id: &str, account: &RefundAccount) -> anyhow::Result<String> {
        let mut nonce = [0u8; NONCE_LEN];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce).context("the machine gives no random bytes")?;
        let mut text = serde_json::to_vec(account)?;
        let sealed = self.0.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(order_id.as_bytes()),
            &mut text,
        );
        sealed.map_err(|_| anyhow::anyhow!("an account can't be sealed"))?;
        Ok(format!("1.{}{}", hex(&nonce), hex(&text)))
    }

    /// Opens what was sealed for that order by this key.
    ///
    /// # Errors
    /// A sentence, when it was not.
    pub fn open(&self, order_id: &str, sealed: &str) -> anyhow::Result<RefundAccount> {
        let all = sealed.strip_prefix("1.").and_then(unhex).filter(|all| all.len() > NONCE_LEN);
        let all = all.context("that was not sealed here")?;
        let (nonce, text) = all.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow::anyhow!("that was not sealed here"))?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(order_id.as_bytes()), &mut text);
        let opened = opened.map_err(|_| anyhow::anyhow!("it was sealed by another key, or for another order"))?;
        Ok(serde_json::from_slice(opened)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> RefundAccount {
        let text = |t: &str| crate::protocol::command::Text::new(t).unwrap();
        RefundAccount { bank: text("088"), number: text("110-123-456789"), holder: text("김수취") }
    }

    #[test]
    fn what_is_sealed_opens_by_its_key_for_its_order_only() {
        let vault = Vault::new(&"a1".repeat(32)).unwrap();
        let sealed = vault.seal("o-1", &account()).unwrap();
        assert_ne!(sealed, vault.seal("o-1", &account()).unwrap(), "no two look alike");
        assert_eq!(vault.open("o-1", &sealed).unwrap(), account());
        assert!(vault.open("o-2", &sealed).is_err(), "for another order");
        assert!(Vault::new(&"a2".repeat(32)).unwrap().open("o-1", &sealed).is_err(), "by another key");
        let last = if sealed.ends_with('0') { "1" } else { "0" };
        assert!(vault.open("o-1", &format!("{}{last}", &sealed[..sealed.len() - 1])).is_err(), "changed");
        for bad in ["", "1.", "1.zz", "2.00", &"00".repeat(40)] {
            assert!(vault.open("o-1", bad).is_err(), "{bad}");
        }
        assert!(!sealed.contains("110") || !sealed.contains("김"), "it can't be read");
    }

    #[test]
    fn a_key_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jumun.db.key");
        let sealed = Vault::read_or_make(&path).unwrap().seal("o-1", &account()).unwrap();
        assert_eq!(Vault::read_or_make(&path).unwrap().open("o-1", &sealed).unwrap(), account());
        for bad in ["", "abc", &"0".repeat(63), &"é".repeat(32)] {
            assert!(Vault::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_is_not_told_by_its_debug_form() {
        assert_eq!(format!("{:?}", account()), "RefundAccount");
    }
}

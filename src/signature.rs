//! Signed messages over HTTP: what goes out as a webhook or to a payment service, and what comes back from one.
//!
//! The header [`HEADER`] holds `t=SECONDS,v1=HEX`: the time of signing, and HMAC-SHA-256 of `SECONDS.BODY` by the secret
//! that both sides have. The time is signed too, so an old message can't be played again later.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    domain::Time,
    protocol::internal::{hex, unhex},
};

/// Holds the signature.
pub const HEADER: &str = "jumun-signature";
/// How far the signer's clock may be from ours, and how old a message may be, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Bytes of an HMAC-SHA-256.
const CODE_BYTES: usize = 32;
/// A secret's least length, in bytes.
pub const SECRET_MIN: usize = 24;

/// What both sides know; it shows itself to nobody.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("the header {HEADER} is not like t=SECONDS,v1=HEX")]
    Form,
    #[error("the signature is more than {TOLERANCE_SECONDS} seconds from now")]
    Time,
    #[error("the signature does not fit the body")]
    Wrong,
}

impl Secret {
    /// Of a text.
    ///
    /// # Errors
    /// A sentence, when it is too short to keep anybody out.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < SECRET_MIN {
            return Err(format!("a secret has at least {SECRET_MIN} characters"));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }

    fn mac(&self, at: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?; // takes keys of any length
        mac.update(at.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac)
    }

    /// The header's value for a body that is sent now.
    pub fn sign(&self, now: Time, body: &[u8]) -> String {
        let at = now.timestamp();
        let code = self.mac(at, body).map(|m| hex(&m.finalize().into_bytes())).unwrap_or_default();
        format!("t={at},v1={code}")
    }

    /// Whether a body came from somebody who knows the secret, lately. Several `v1` may stand in a header, so that a
    /// secret can be changed without a gap.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, now: Time, header: &str, body: &[u8]) -> Result<(), Doubt> {
        let parts = || header.split(',').filter_map(|p| p.trim().split_once('='));
        let at: i64 = parts().find(|(k, _)| *k == "t").and_then(|(_, v)| v.parse().ok()).ok_or(Doubt::Form)?;
        let code = |v: &str| unhex(v).filter(|code| code.len() == CODE_BYTES);
        let codes: Vec<Vec<u8>> = parts().filter(|(k, _)| *k == "v1").filter_map(|(_, v)| code(v)).take(4).collect();
        if codes.is_empty() {
            return Err(Doubt::Form);
        }
        if now.timestamp().saturating_sub(at).saturating_abs() > TOLERANCE_SECONDS {
            return Err(Doubt::Time);
        }
        // compared in constant time
        let fits = |code: &Vec<u8>| self.mac(at, body).is_some_and(|m| m.verify_slice(code).is_ok());
        if codes.iter().any(fits) { Ok(()) } else { Err(Doubt::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn only_the_secrets_own_fresh_signature_fits() {
        let secret = Secret::new("0123456789abcdef01234567").unwrap();
        let other = Secret::new("another secret, long enough").unwrap();
        let header = secret.sign(at(1_000), b"body");
        assert_eq!(secret.check(at(1_000), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(1_300), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(700), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(1_301), &header, b"body"), Err(Doubt::Time));
        assert_eq!(secret.check(at(699), &header, b"body"), Err(Doubt::Time));
        assert_eq!(secret.check(at(1_000), &header, b"Body"), Err(Doubt::Wrong));
        assert_eq!(other.check(at(1_000), &header, b"body"), Err(Doubt::Wrong));
        // another time under the same code
        assert_eq!(secret.check(at(1_000), &header.replace("t=1000", "t=1001"), b"body"), Err(Doubt::Wrong));
        // an old secret's beside the new one's
        let both = format!("{header},{}", other.sign(at(1_000), b"body").split_once(',').unwrap().1);
        assert_eq!((secret.check(at(1_000), &both, b"body"), other.check(at(1_000), &both, b"body")), (Ok(()), Ok(())));
        for bad in ["", "t=1000", "v1=00", "t=x,v1=00", "t=1000,v1=zz", "t=1000,v1=", &"v1=é".repeat(40)] {
            assert_eq!(secret.check(at(1_000), bad, b"body"), Err(Doubt::Form), "{bad}");
        }
    }

    #[test]
    fn it_is_the_hmac_that_others_make() {
        // printf '1000.body' | openssl dgst -sha256 -hmac 0123456789abcdef01234567
        let secret = Secret::new("0123456789abcdef01234567").unwrap();
        let code = "b64bc1f25f77ec53cd66e88260baf3321343e12a472bdc62fa9c2391f569b1a0";
        assert_eq!(secret.sign(at(1_000), b"body"), format!("t=1000,v1={code}"));
    }

    #[test]
    fn a_secret_hides_and_has_a_length() {
        assert!(Secret::new("short").is_err());
        assert_eq!(format!("{:?}", Secret::new("0123456789abcdef01234567").unwrap()), "Secret");
    }
}

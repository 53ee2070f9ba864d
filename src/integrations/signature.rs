//! Signed messages over HTTP: what goes out as a webhook or to a payment service, and what comes back from one.
//!
//! The header [`HEADER`] holds `t=SECONDS,v1=HEX`: the time of signing, and HMAC-SHA-256 of `SECONDS.BODY` by the secret
//! that both sides have. The time is signed too, so an old message can't be played again later.
//!
//! It does not say what the message is for: one that was signed on its way out could come back in as if the other side had
//! made it. [`HEADER_V2`] does, `t=SECONDS,v2=HEX` of `LABEL.SECONDS.BODY`. It is a header of its own, since receivers may
//! read the first one as two parts; where it is there, it alone counts.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    domain::Time,
    protocol::internal::{hex, unhex},
};

/// Holds the signature.
pub const HEADER: &str = "jumun-signature";
/// Holds the one that says what it is for.
pub const HEADER_V2: &str = "jumun-signature-v2";
/// How far the signer's clock may be from ours, and how old a message may be, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Bytes of an HMAC-SHA-256.
const CODE_BYTES: usize = 32;
/// A secret's least length, in bytes.
pub const SECRET_MIN: usize = 24;

/// What both sides know; it shows itself to nobody.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a signed message is for, and so which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// events, to a receiver
    Webhook,
    /// what is asked of a payment service
    Payment,
    /// what a payment service tells here
    Callback,
}

impl Purpose {
    /// Every one.
    pub const ALL: [Purpose; 3] = [Purpose::Webhook, Purpose::Payment, Purpose::Callback];

    /// As it is signed.
    pub const fn label(self) -> &'static str {
        match self {
            Purpose::Webhook => "jumun.webhook",
            Purpose::Payment => "jumun.payment",
            Purpose::Callback => "jumun.callback",
        }
    }
}

/// Why a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the header {HEADER} is not like t=SECONDS,v1=HEX, nor {HEADER_V2} like t=SECONDS,v2=HEX")]
    Form,
    #[error("the signature is more than {TOLERANCE_SECONDS} seconds from now")]
    Time,
    #[error("the signature does not fit the body")]
    Wrong,
}

impl SigningSecret {
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

    fn mac(&self, purpose: Option<Purpose>, at: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?; // takes keys of any length
        if let Some(purpose) = purpose {
            mac.update(purpose.label().as_bytes());
            mac.update(b".");
        }
        mac.update(at.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac)
    }

    fn code(&self, purpose: Option<Purpose>, at: i64, body: &[u8]) -> String {
        self.mac(purpose, at, body).map(|m| hex(&m.finalize().into_bytes())).unwrap_or_default()
    }

    /// The value of [`HEADER`] for a body that is sent now.
    pub fn sign(&self, now: Time, body: &[u8]) -> String {
        let at = now.timestamp();
        format!("t={at},v1={}", self.code(None, at, body))
    }

    /// The value of [`HEADER_V2`] for a body that is sent now.
    pub fn sign_for(&self, purpose: Purpose, now: Time, body: &[u8]) -> String {
        let at = now.timestamp();
        format!("t={at},v2={}", self.code(Some(purpose), at, body))
    }

    /// Whether a body came from somebody who knows the secret, lately. Several `v1` may stand in a header, so that a
    /// secret can be changed without a gap.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, now: Time, header: &str, body: &[u8]) -> Result<(), SignatureError> {
        self.fits(None, now, header, body)
    }

    /// The same of the value of [`HEADER_V2`], with several `v2`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_for(&self, purpose: Purpose, now: Time, header: &str, body: &[u8]) -> Result<(), SignatureError> {
        self.fits(Some(purpose), now, header, body)
    }

    fn fits(&self, purpose: Option<Purpose>, now: Time, header: &str, body: &[u8]) -> Result<(), SignatureError> {
        let version = if purpose.is_some() { "v2" } else { "v1" };
        let parts = || header.split(',').filter_map(|p| p.trim().split_once('='));
        let at: i64 = parts().find(|(k, _)| *k == "t").and_then(|(_, v)| v.parse().ok()).ok_or(SignatureError::Form)?;
        let code = |v: &str| unhex(v).filter(|code| code.len() == CODE_BYTES);
        let codes = parts().filter(|(k, _)| *k == version).filter_map(|(_, v)| code(v));
        let codes: Vec<Vec<u8>> = codes.take(4).collect();
        if codes.is_empty() {
            return Err(SignatureError::Form);
        }
        if now.timestamp().saturating_sub(at).saturating_abs() > TOLERANCE_SECONDS {
            return Err(SignatureError::Time);
        }
        // compared in constant time
        let fits = |code: &Vec<u8>| self.mac(purpose, at, body).is_some_and(|m| m.verify_slice(code).is_ok());
        if codes.iter().any(fits) { Ok(()) } else { Err(SignatureError::Wrong) }
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
        let secret = SigningSecret::new("0123456789abcdef01234567").unwrap();
        let other = SigningSecret::new("another secret, long enough").unwrap();
        let header = secret.sign(at(1_000), b"body");
        assert_eq!(secret.check(at(1_000), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(1_300), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(700), &header, b"body"), Ok(()));
        assert_eq!(secret.check(at(1_301), &header, b"body"), Err(SignatureError::Time));
        assert_eq!(secret.check(at(699), &header, b"body"), Err(SignatureError::Time));
        assert_eq!(secret.check(at(1_000), &header, b"Body"), Err(SignatureError::Wrong));
        assert_eq!(other.check(at(1_000), &header, b"body"), Err(SignatureError::Wrong));
        // another time under the same code
        assert_eq!(secret.check(at(1_000), &header.replace("t=1000", "t=1001"), b"body"), Err(SignatureError::Wrong));
        // an old secret's beside the new one's
        let both = format!("{header},{}", other.sign(at(1_000), b"body").split_once(',').unwrap().1);
        assert_eq!((secret.check(at(1_000), &both, b"body"), other.check(at(1_000), &both, b"body")), (Ok(()), Ok(())));
        for bad in ["", "t=1000", "v1=00", "t=x,v1=00", "t=1000,v1=zz", "t=1000,v1=", &"v1=é".repeat(40)] {
            assert_eq!(secret.check(at(1_000), bad, b"body"), Err(SignatureError::Form), "{bad}");
        }
    }

    #[test]
    fn what_is_signed_for_one_way_is_not_for_another() {
        let secret = SigningSecret::new("0123456789abcdef01234567").unwrap();
        for signed in Purpose::ALL {
            let header = secret.sign_for(signed, at(1_000), b"body");
            for asked in Purpose::ALL {
                let told = secret.check_for(asked, at(1_000), &header, b"body");
                assert_eq!(
                    told,
                    if signed == asked { Ok(()) } else { Err(SignatureError::Wrong) },
                    "{signed:?} {asked:?}"
                );
            }
            // under another version's name, or as a body that begins with the label
            let renamed = header.replace("v2=", "v1=");
            assert_eq!(secret.check(at(1_000), &renamed, b"body"), Err(SignatureError::Wrong));
            assert_eq!(secret.check(at(1_000), &header, b"body"), Err(SignatureError::Form));
            let old = secret.sign(at(1_000), b"body").replace("v1=", "v2=");
            assert_eq!(secret.check_for(signed, at(1_000), &old, b"body"), Err(SignatureError::Wrong));
        }
        // printf 'jumun.callback.1000.body' | openssl dgst -sha256 -hmac 0123456789abcdef01234567
        let code = "8207de5b81291792036772679dd29abde9c37849deec0b0009b1ecd8faa26e56";
        assert_eq!(secret.sign_for(Purpose::Callback, at(1_000), b"body"), format!("t=1000,v2={code}"));
    }

    #[test]
    fn it_is_the_hmac_that_others_make() {
        // printf '1000.body' | openssl dgst -sha256 -hmac 0123456789abcdef01234567
        let secret = SigningSecret::new("0123456789abcdef01234567").unwrap();
        let code = "b64bc1f25f77ec53cd66e88260baf3321343e12a472bdc62fa9c2391f569b1a0";
        assert_eq!(secret.sign(at(1_000), b"body"), format!("t=1000,v1={code}"));
    }

    #[test]
    fn a_secret_hides_and_has_a_length() {
        assert!(SigningSecret::new("short").is_err());
        assert_eq!(format!("{:?}", SigningSecret::new("0123456789abcdef01234567").unwrap()), "Secret");
    }
}

//! Who says who they are: the tokens' file, the header that shows one, and signatures.

use crate::{
    domain::Time,
    http::tokens::{Role, Says, Tokens, bearer, hashed},
    integrations::signature::{SignatureError, SigningSecret, TOLERANCE_SECONDS},
};

/// A tokens' file. Whatever it is: it lets not everybody in, nobody comes in by a hash, by nothing, or after a token's end.
/// The bytes are the header, too, that shows a token.
pub fn tokens(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    authorization(text);
    let read = Tokens::of(Some(text), &[]);
    for line in text.lines() {
        if let Ok(single) = Tokens::of(None, &[line.to_owned()]) {
            sound(&single);
        }
    }
    match read {
        Ok(tokens) => {
            sound(&tokens);
            // read again, they are the same: nothing that listens ends
            let again = Tokens::of(Some(text), &[]).unwrap_or_default().instead_of(&tokens);
            assert_eq!(again.count(), tokens.count());
            assert!(tokens.all().all(|t| !t.ended.is_cancelled()), "a token that has not changed was ended");
            // gone, they are over
            assert!(Tokens::default().instead_of(&tokens).open());
            assert!(tokens.all().all(|t| t.ended.is_cancelled()), "a token that is gone goes on");
            true
        }
        Err(why) => {
            // a sentence, which may quote a line; never the whole file
            let why = format!("{why:#}");
            assert!(why.len() <= 4 * text.len() + 1_024, "{why}");
            false
        }
    }
}

fn sound(tokens: &Tokens) {
    assert!(!tokens.open() && tokens.count() == tokens.all().count(), "no token was taken for one");
    let now = Time::UNIX_EPOCH;
    assert!(tokens.find("", now).is_err(), "nothing is a token");
    for token in tokens.all() {
        assert!((1..=48).contains(&token.name.len()) && token.name.is_ascii(), "{token:?}");
        for shown in [token.sha256.to_ascii_lowercase(), token.sha256.to_ascii_uppercase(), token.name.clone()] {
            // whoever comes in has shown what was hashed, not the hash
            let found = tokens.find(&shown, now);
            assert!(found.is_err() || found.is_ok_and(|f| f.sha256.eq_ignore_ascii_case(&hashed(&shown))));
        }
        assert!(token.role != Role::Partner || token.says_paid() != Says::Payments, "a partner vouches for money");
    }
}

fn authorization(header: &str) {
    match bearer(header) {
        Some(token) => {
            assert!(!token.is_empty() && token.trim() == token && header.contains(token), "{header}");
            assert!(header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")), "{header}");
        }
        None => assert!(bearer(&format!("Bearer {header}")).is_none_or(|token| token == header.trim())),
    }
}

/// A signature's header, and behind its line the body: nothing fits but what the secret's holder has made, lately.
pub fn signature(data: &[u8]) -> bool {
    let (header, body) = data.iter().position(|b| *b == b'\n').map_or((data, &[][..]), |at| {
        let (header, body) = data.split_at(at);
        (header, &body[1..])
    });
    let (Ok(header), Ok(secret), Some(now)) =
        (std::str::from_utf8(header), SigningSecret::new("0123456789abcdef01234567"), Time::from_timestamp(1_000, 0))
    else {
        return false;
    };
    let made = secret.sign(now, body);
    assert_eq!(secret.check(now, &made, body), Ok(()));
    let more = [body, b"\0"].concat();
    assert_eq!(secret.check(now, &made, &more), Err(SignatureError::Wrong));
    // with anything before or behind it
    for with in [format!("{made},{header}"), format!("{made},v1={header}")] {
        let told = secret.check(now, &with, body);
        assert!(told == Ok(()), "{told:?}: {with}");
    }
    match secret.check(now, header, body) {
        Ok(()) => {
            let at = header.split(',').find_map(|p| p.trim().strip_prefix("t=")).and_then(|t| t.parse::<i64>().ok());
            let Some(signed) = at.and_then(|at| Time::from_timestamp(at, 0)) else { panic!("{header} has no time") };
            assert!((signed - now).num_seconds().abs() <= TOLERANCE_SECONDS, "{header}");
            let code = secret.sign(signed, body);
            let code = code.split_once(",v1=").map_or("", |(_, code)| code);
            assert!(!code.is_empty() && header.to_ascii_lowercase().contains(code), "{header}");
            true
        }
        Err(SignatureError::Form | SignatureError::Time | SignatureError::Wrong) => false,
    }
}

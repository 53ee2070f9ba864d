//! A blocking connection to Redis that writes what was encoded by the caller and counts or parses what comes back.
//!
//! A client library allocates for every reply; at tens of thousands of orders a second on the machine under test that
//! would be measured as the server's cost.

use std::{
    io::{Read, Write},
    time::Duration,
};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use super::{LoadError, stream::Stream};
use crate::http_client::Certificates;

/// A reply larger than this is refused.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A reply that is nested deeper is refused; those of streams are of five.
const DEPTH_MAX: u32 = 16;

/// A reply, borrowed from the connection's buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    Nil,
    Int(i64),
    /// simple or bulk string
    Text(&'a [u8]),
    Error(&'a [u8]),
    Array(Vec<Reply<'a>>),
}

/// The connection.
#[derive(Debug)]
pub struct Resp {
    stream: Stream,
    buf: Vec<u8>,
    /// what of `buf` was consumed
    at: usize,
}

/// Where a Redis is.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    encrypted: bool,
    host: String,
    user: Option<String>,
    password: Option<String>,
    database: u32,
}

fn address(url: &str) -> Result<Address, LoadError> {
    let bad = |why: &str| {
        LoadError::Plan(format!("the Redis address {why}; redis[s]://[user:password@]host:port[/db] is wanted"))
    };
    let (encrypted, rest) = match (url.strip_prefix("rediss://"), url.strip_prefix("redis://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(bad("starts with neither redis:// nor rediss://")),
    };
    let rest = rest.split('?').next().unwrap_or(rest);
    let (rest, database) = match rest.split_once('/') {
        None | Some((_, "")) => (rest.trim_end_matches('/'), 0),
        Some((rest, db)) => (rest, db.parse().map_err(|_| bad("names a database that is not a number"))?),
    };
    let (login, host) = rest.rsplit_once('@').map_or((None, rest), |(login, host)| (Some(login), host));
    let (user, password) = match login.map(|login| login.split_once(':').unwrap_or(("", login))) {
        None => (None, None),
        Some((user, password)) => (Some(user).filter(|user| !user.is_empty()).map(unescape), Some(unescape(password))),
    };
    if host.is_empty() {
        return Err(bad("names no host"));
    }
    let port_follows = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if port_follows { host.to_owned() } else { format!("{host}:6379") };
    Ok(Address { encrypted, host, user, password, database })
}

/// Percent-decodes.
fn unescape(s: &str) -> String {
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = (byte == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = &tail[2..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a command.
pub fn encode(out: &mut Vec<u8>, words: &[&[u8]]) {
    head(out, b'*', words.len());
    for word in words {
        bulk(out, word);
    }
}

/// Appends the head of an array (`*`) or a bulk string (`$`).
pub fn head(out: &mut Vec<u8>, kind: u8, len: usize) {
    out.push(kind);
    super::json::number(out, u64::try_from(len).unwrap_or(u64::MAX));
    out.extend_from_slice(b"\r\n");
}

/// Appends a bulk string.
pub fn bulk(out: &mut Vec<u8>, word: &[u8]) {
    head(out, b'$', word.len());
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

impl Resp {
    /// Connects and logs in. Reads time out after `patience`.
    ///
    /// # Errors
    /// [`LoadError`] when the address is malformed, nobody answers there, is not trusted, or refuses us.
    pub fn connect(url: &str, certificates: &Certificates, patience: Duration) -> Result<Self, LoadError> {
        let address = address(url)?;
        let stream = match (address.encrypted, certificates.is_empty()) {
            (true, _) => Stream::encrypted(&address.host, certificates, patience)?,
            (false, true) => Stream::plain(&address.host, patience)?,
            (false, false) => return Err(LoadError::Plan("certificates are for a rediss:// address".into())),
        };
        let mut me = Self { stream, buf: Vec::with_capacity(256 * 1024), at: 0 };
        if let Some(password) = &address.password {
            match &address.user {
                Some(user) => me.ok(&[b"AUTH", user.as_bytes(), password.as_bytes()])?,
                None => me.ok(&[b"AUTH", password.as_bytes()])?,
            }
        }
        if address.database != 0 {
            me.ok(&[b"SELECT", address.database.to_string().as_bytes()])?;
        }
        Ok(me)
    }

    /// Sends one command and refuses an error reply.
    ///
    /// # Errors
    /// [`LoadError`] when Redis says no, or can't be reached.
    pub fn ok(&mut self, words: &[&[u8]]) -> Result<(), LoadError> {
        self.call(words, |reply| match reply {
            Reply::Error(e) => Err(LoadError::Protocol(format!("redis refused: {}", String::from_utf8_lossy(e)))),
            Reply::Nil | Reply::Int(_) | Reply::Text(_) | Reply::Array(_) => Ok(()),
        })?
    }

    /// Sends one command and hands its reply to `read`.
    ///
    /// # Errors
    /// [`LoadError`] when Redis can't be reached or answers no RESP.
    pub fn call<T>(&mut self, words: &[&[u8]], read: impl FnOnce(&Reply<'_>) -> T) -> Result<T, LoadError> {
        let mut out = Vec::with_capacity(128);
        encode(&mut out, words);
        self.send(&out)?;
        self.reply(read)
    }

    /// Writes what was encoded.
    ///
    /// # Errors
    /// [`LoadError::Io`] when the connection broke.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(LoadError::io("writing to redis"))
    }

    /// Waits for the next reply and hands it to `read`.
    ///
    /// # Errors
    /// [`LoadError`] when the connection broke, nothing came in time, or it is no RESP.
    pub fn reply<T>(&mut self, read: impl FnOnce(&Reply<'_>) -> T) -> Result<T, LoadError> {
        loop {
            let end = match whole(&self.buf, self.at)? {
                Some(end) => end,
                None => {
                    self.fill()?;
                    continue;
                }
            };
            let mut at = self.at;
            let value = read(&parse(&self.buf, &mut at)?);
            self.at = end;
            if self.at == self.buf.len() {
                self.buf.clear();
                self.at = 0;
            }
            return Ok(value);
        }
    }

    fn fill(&mut self) -> Result<(), LoadError> {
        if self.at > 0 {
            self.buf.drain(..self.at);
            self.at = 0;
        }
        if self.buf.len() > REPLY_BYTES_MAX {
            return Err(LoadError::Protocol("a reply of redis is larger than 64 MiB".into()));
        }
        let had = self.buf.len();
        // a reply that needed more than one read needs a large one
        let want = had.clamp(64 * 1024, 4 * 1024 * 1024);
        self.buf.resize(had + want, 0);
        let got = self.stream.read(&mut self.buf[had..]);
        let kept = *got.as_ref().unwrap_or(&0);
        self.buf.truncate(had + kept);
        match got {
            Ok(0) => Err(LoadError::Protocol("redis closed the connection".into())),
            Ok(_) => Ok(()),
            Err(e) => Err(LoadError::io("reading from redis")(e)),
        }
    }
}

fn broken() -> LoadError {
    LoadError::Protocol("redis sent something that is not RESP2".into())
}

/// The line at `at` without its kind byte, and where the next one starts.
fn line(buf: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = buf.get(at + 1..)?;
    let len = rest.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&rest[..len], at + 1 + len + 2))
}

fn int(digits: &[u8]) -> Result<i64, LoadError> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or_else(broken)
}

/// Where the reply at `at` ends; `None` while it is not all there.
fn whole(buf: &[u8], at: usize) -> Result<Option<usize>, LoadError> {
    let mut at = at;
    let mut left = 1u64;
    while left > 0 {
        let Some(&kind) = buf.get(at) else { return Ok(None) };
        let Some((head, next)) = line(buf, at) else { return Ok(None) };
        left -= 1;
        at = next;
        match kind {
            b'+' | b'-' | b':' => {}
            b'$' => {
                if let Ok(len) = usize::try_from(int(head)?) {
                    at += len + 2;
                    if at > buf.len() {
                        return Ok(None);
                    }
                }
            }
            // more than fit into what is read are never all there
            b'*' => left = left.saturating_add(u64::try_from(int(head)?).unwrap_or(0)),
            _ => return Err(broken()),
        }
    }
    Ok(Some(at))
}

fn parse<'a>(buf: &'a [u8], at: &mut usize) -> Result<Reply<'a>, LoadError> {
    within(buf, at, DEPTH_MAX)
}

fn within<'a>(buf: &'a [u8], at: &mut usize, depth: u32) -> Result<Reply<'a>, LoadError> {
    let deeper = depth.checked_sub(1).ok_or_else(broken)?;
    let kind = *buf.get(*at).ok_or_else(broken)?;
    let (head, next) = line(buf, *at).ok_or_else(broken)?;
    *at = next;
    Ok(match kind {
        b'+' => Reply::Text(head),
        b'-' => Reply::Error(head),
        b':' => Reply::Int(int(head)?),
        b'$' => match usize::try_from(int(head)?) {
            Err(_) => Reply::Nil,
            Ok(len) => {
                let text = buf.get(*at..*at + len).ok_or_else(broken)?;
                *at += len + 2;
                Reply::Text(text)
            }
        },
        b'*' => match usize::try_from(int(head)?) {
            Err(_) => Reply::Nil,
            Ok(len) => Reply::Array((0..len).map(|_| within(buf, at, deeper)).collect::<Result<_, _>>()?),
        },
        _ => return Err(broken()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |url: &str, host: &str, user: Option<&str>, password: Option<&str>, database: u32| {
            let (user, password) = (user.map(Into::into), password.map(Into::into));
            let want = Address { encrypted: url.starts_with("rediss"), host: host.into(), user, password, database };
            assert_eq!(address(url).unwrap(), want, "{url}");
        };
        check("redis://localhost", "localhost:6379", None, None, 0);
        check("redis://127.0.0.1:7000/", "127.0.0.1:7000", None, None, 0);
        check("redis://:p%40ss@h:1/3", "h:1", None, Some("p@ss"), 3);
        check("redis://u:p@h", "h:6379", Some("u"), Some("p"), 0);
        check("redis://u:100%@h", "h:6379", Some("u"), Some("100%"), 0);
        check("rediss://u:p@h:6380", "h:6380", Some("u"), Some("p"), 0);
        for bad in ["redisss://h", "h:1", "redis://", "redis://h/x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reply_is_whole_only_at_its_last_byte() {
        let wire: &[u8] = b"*2\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n*3\r\n:7\r\n$-1\r\n-ERR no\r\n+next\r\n";
        let end = wire.len() - b"+next\r\n".len();
        for cut in 0..end {
            assert_eq!(whole(&wire[..cut], 0).unwrap(), None, "{cut}");
        }
        assert_eq!(whole(wire, 0).unwrap(), Some(end));
        let mut at = 0;
        assert_eq!(
            parse(wire, &mut at).unwrap(),
            Reply::Array(vec![
                Reply::Array(vec![Reply::Text(b"1-0"), Reply::Nil]),
                Reply::Array(vec![Reply::Int(7), Reply::Nil, Reply::Error(b"ERR no")]),
            ])
        );
        assert_eq!(at, end);
        assert!(whole(b"hello\r\n", 0).is_err());
    }

    #[test]
    fn a_reply_that_never_ends_or_is_too_deep_breaks_nothing() {
        for endless in [b"*9223372036854775807\r\n".repeat(3), b"$9223372036854775807\r\nx".to_vec()] {
            assert_eq!(whole(&endless, 0).unwrap(), None);
        }
        let deep = [b"*1\r\n".repeat(100_000), b":1\r\n".to_vec()].concat();
        assert_eq!(whole(&deep, 0).unwrap(), Some(deep.len()));
        assert!(parse(&deep, &mut 0).is_err());
        assert!(parse(&deep[deep.len() - 4 - 4 * 15..], &mut 0).is_ok());
    }
}

//! Replies that may be anything.

use super::{Reply, bulk, encode, head, parse, whole};

/// A reply is whole at one place, and read to that place; less of it is never whole; and what is written is read back.
pub fn resp(data: &[u8]) -> bool {
    let mut out = Vec::new();
    let words: Vec<&[u8]> = data.splitn(4, |b| *b == b'\n').collect();
    encode(&mut out, &words);
    let mut at = 0;
    let written = parse(&out, &mut at);
    assert!(at == out.len() && whole(&out, 0).is_ok_and(|end| end == Some(at)), "what was written is not whole");
    assert!(written.is_ok_and(|r| r == Reply::Array(words.into_iter().map(Reply::Text).collect())));

    let Ok(Some(end)) = whole(data, 0) else { return false };
    let mut at = 0;
    let read = parse(data, &mut at);
    for cut in (0..end).rev().take(64) {
        assert!(matches!(whole(&data[..cut], 0), Ok(None)), "{cut} bytes of {end} are a reply");
    }
    let Ok(read) = read else { return false };
    assert_eq!(at, end);
    let mut again = Vec::new();
    write(&read, &mut again);
    let mut at = 0;
    assert!(parse(&again, &mut at).is_ok_and(|r| r == read), "{read:?}");
    assert_eq!(at, again.len());
    true
}

fn write(reply: &Reply<'_>, out: &mut Vec<u8>) {
    match reply {
        Reply::Nil => out.extend_from_slice(b"$-1\r\n"),
        Reply::Int(n) => out.extend_from_slice(format!(":{n}\r\n").as_bytes()),
        Reply::Text(text) => bulk(out, text),
        Reply::Error(text) => out.extend_from_slice(&[b"-", *text, b"\r\n"].concat()),
        Reply::Array(items) => {
            head(out, b'*', items.len());
            items.iter().for_each(|item| write(item, out));
        }
    }
}

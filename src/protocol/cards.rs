//! Card numbers: found in texts, so that none is taken, and masked where a text is kept that could not be read.
//!
//! What counts: 13 to 19 digits, of a length and a beginning that a card scheme gives out, with a right check digit; in one
//! piece or in groups with blanks, dashes or dots between, in ASCII or full-width (전각). Ids are opaque and not looked
//! into, nor are account and waybill numbers.

use std::{ops::Range, sync::Arc};

const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// Characters that may stand between two groups.
const BETWEEN_MAX: usize = 3;
/// How many digits of a masked number are left to be read.
const LEFT: usize = 4;

fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => u8::try_from(c.to_digit(10)?).ok(),
        '０'..='９' => u8::try_from(u32::from(c) - u32::from('０')).ok(),
        _ => None,
    }
}

fn between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '_' | '·' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '．')
}

/// Whether a scheme gives out numbers of this length that begin so.
fn issued(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0u32, |n, d| n * 10 + u32::from(*d));
    let (one, two) = (head / 1_000, head / 100);
    match digits.len() {
        // American Express; Diners
        15 if matches!(two, 34 | 37) => true,
        14..=19 if matches!(two, 36 | 38 | 39) || matches!(head, 3000..=3059) => true,
        // Visa
        13 | 16 | 19 if one == 4 => true,
        // Mastercard
        16 if matches!(two, 51..=55) || matches!(head, 2221..=2720) => true,
        // JCB, Discover, UnionPay, Maestro
        16..=19 if matches!(head, 3528..=3589) => true,
        13..=19 if one == 6 || matches!(two, 50 | 56..=58) => true,
        // cards for use in Korea only
        16 => one == 9,
        _ => false,
    }
}

/// The check digit (Luhn's).
fn checked(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| u32::from(if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 }))
        .sum();
    sum.is_multiple_of(10)
}

/// Digits that follow one another with nothing between.
struct Group {
    digits: Vec<u8>,
    at: Range<usize>,
    /// whether the next group may belong to the same number
    joins: bool,
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut gap = 0;
    for (at, c) in text.char_indices() {
        let Some(d) = digit(c) else {
            gap += 1;
            if let Some(last) = groups.last_mut() {
                last.joins &= between(c) && gap <= BETWEEN_MAX;
            }
            continue;
        };
        match groups.last_mut() {
            Some(last) if gap == 0 => {
                last.digits.push(d);
                last.at.end = at + c.len_utf8();
            }
            Some(_) | None => groups.push(Group { digits: vec![d], at: at..at + c.len_utf8(), joins: true }),
        }
        gap = 0;
    }
    groups
}

/// Whether enough digits follow one another, in groups that may belong together. Most texts have too few, and are not looked
/// at twice.
fn long_enough(text: &str) -> bool {
    let (mut digits, mut gap) = (0, 0);
    text.chars().any(|c| {
        if digit(c).is_some() {
            (digits, gap) = (digits + 1, 0);
        } else {
            gap += 1;
            if gap > BETWEEN_MAX || !between(c) {
                digits = 0;
            }
        }
        digits >= DIGITS_MIN
    })
}

/// Where the card numbers of a text are; one begins and ends where a group of digits does.
fn found(text: &str) -> Vec<Range<usize>> {
    if !long_enough(text) {
        return Vec::new();
    }
    let groups = groups(text);
    let mut found = Vec::new();
    let mut i = 0;
    while let Some(first) = groups.get(i) {
        let mut digits: Vec<u8> = Vec::with_capacity(DIGITS_MAX);
        let (mut next, mut number) = (i + 1, None);
        for (j, group) in groups.iter().enumerate().skip(i) {
            if digits.len() + group.digits.len() > DIGITS_MAX {
                break;
            }
            digits.extend(&group.digits);
            if digits.len() >= DIGITS_MIN && issued(&digits) && checked(&digits) {
                // a longer one may follow: as many digits as there are belong to it
                number = Some(first.at.start..group.at.end);
                next = j + 1;
            }
            if !group.joins {
                break;
            }
        }
        found.extend(number);
        i = next;
    }
    found
}

/// Whether a text holds a card number.
pub fn holds(text: &str) -> bool {
    !found(text).is_empty()
}

/// The text with the card numbers in it masked: the last four digits are left. `None`: it holds none.
pub fn masked(text: &str) -> Option<String> {
    let found = found(text);
    if found.is_empty() {
        return None;
    }
    let mut safe = String::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        safe.push_str(&text[from..at.start]);
        let number = &text[at.clone()];
        let mut hidden = number.chars().filter(|c| digit(*c).is_some()).count().saturating_sub(LEFT);
        for c in number.chars() {
            if digit(c).is_some() && hidden > 0 {
                hidden -= 1;
                safe.push('*');
            } else {
                safe.push(c);
            }
        }
        from = at.end;
    }
    safe.push_str(&text[from..]);
    Some(safe)
}

/// A command that could not be read, as it is kept: its first bytes, with card numbers masked.
pub fn kept(command: &Arc<[u8]>, bytes_max: usize) -> Arc<[u8]> {
    // a number that the cut goes through is seen whole
    let seen = &command[..command.len().min(bytes_max + 4 * DIGITS_MAX * BETWEEN_MAX)];
    match masked(&String::from_utf8_lossy(seen)) {
        Some(safe) => safe.as_bytes()[..safe.len().min(bytes_max)].into(),
        None => Arc::clone(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_scheme_are_found_however_they_are_written() {
        for text in [
            "4111111111111111",
            "4222222222222",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4111 - 1111 - 1111 - 1111",
            "4111–1111–1111–1111",
            "４１１１－１１１１－１１１１－１１１１",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "card:4111111111111111, thanks",
            "010-1234-5678 4111 1111 1111 1111",
            "4111 1111 1111 1111 12/29 123",
            "카드4111111111111111번",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3530111333300000",
            "6011111111111117",
            "6200000000000005",
            "9490220006611406",
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_card_number_is_let_through() {
        for text in [
            "",
            "10 units of AC-100",
            "4111111111111112",
            "411111111111111",
            "41111111111111111111",
            "2026112212345671",
            "1234567812345670",
            "010-1234-5678, 02-123-4567",
            "tok_123",
            "4111111111111111 0"[1..].trim(),
            "4111,1111,1111,1111",
            "4111 1111\n\n\n\n1111 1111",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn the_last_four_digits_are_left() {
        for (text, is) in [
            ("nothing", None),
            ("pay 4111 1111-1111.1111 now", Some("pay **** ****-****.1111 now")),
            ("a378282246310005b5555555555554444", Some("a***********0005b************4444")),
            ("４１１１１１１１１１１１１１１１.", Some("************１１１１.")),
        ] {
            assert_eq!(masked(text).as_deref(), is, "{text}");
        }
    }
}

//! Personal data half hidden: enough to tell two people of a list apart, too little to find either.

use super::view::RecipientView;

/// Stars that stand for one word at most: a long name does not show how long it is.
const STARS_MAX: usize = 8;

fn stars(n: usize) -> String {
    "*".repeat(n.min(STARS_MAX))
}

/// 김철수 → 김*수, 김수 → 김*, Hong Gildong → H*** G******.
pub fn name(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    match letters[..] {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        // of a word in Latin letters the last one tells little, and the first is an initial
        [first, .., _] if word.is_ascii() => format!("{first}{}", stars(letters.len() - 1)),
        [first, .., last] => format!("{first}{}{last}", stars(letters.len() - 2)),
    }
}

/// 010-1234-5678 → 010-****-5678; +82-10-1234-5678 → +82-**-****-5678. What is no digit of a telephone number is hidden.
pub fn phone(phone: &str) -> String {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let abroad = phone.trim_start().starts_with('+');
    let country = || phone.trim_start().chars().skip(1).take_while(char::is_ascii_digit).count().min(3);
    let head = match digits {
        0..=8 => 0,
        _ if abroad => country(),
        _ if phone.starts_with("02") => 2,
        _ => 3,
    };
    let tail = match digits {
        0..=4 => 0,
        5..=8 => 2,
        _ => 4,
    };
    let mut seen = 0;
    let hide = |c: char| {
        if c.is_ascii_digit() {
            seen += 1;
            if seen <= head || seen > digits - tail { c } else { '*' }
        } else if matches!(c, '-' | ' ' | '(' | ')' | '.' | '+') {
            c
        } else {
            '*'
        }
    };
    phone.chars().map(hide).collect()
}

/// Province and town, never the last word: 서울특별시 강남구 테헤란로 1 → 서울특별시 강남구 ***.
pub fn address(address: &str) -> String {
    let words: Vec<&str> = address.split_whitespace().collect();
    let kept = words.len().saturating_sub(1).min(2);
    let mut told: Vec<&str> = words.into_iter().take(kept).collect();
    told.push("***");
    told.join(" ")
}

/// A means of payment's id: its last four characters, where there are more than twice as many.
pub fn id(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    let tail: String = letters.iter().skip(letters.len() - 4.min(letters.len())).collect();
    if letters.len() > 8 { format!("****{tail}") } else { "****".to_owned() }
}

/// A recipient as a list shows them; the postal code tells a quarter, not a house.
pub fn recipient(whole: &RecipientView) -> RecipientView {
    RecipientView {
        masked: true,
        name: name(&whole.name),
        phone: whole.phone.as_deref().map(phone),
        zip: whole.zip.clone(),
        address: whole.address.as_deref().map(address),
        address_detail: whole.address_detail.as_ref().map(|_| "***".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hidden_in_any_script() {
        for (whole, masked) in [
            ("김철수", "김*수"),
            ("김수", "김*"),
            ("김", "*"),
            ("남궁민수", "남**수"),
            ("김 철수", "* 철*"),
            ("Hong Gildong", "H*** G******"),
            ("Al", "A*"),
            ("J", "*"),
            ("José", "J**é"),
            ("王小明", "王*明"),
            ("ㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎ", "ㅎ********ㅎ"),
            ("Wolfeschlegelsteinhausen", "W********"),
            ("  ", ""),
            ("", ""),
        ] {
            assert_eq!(name(whole), masked, "{whole}");
        }
    }

    #[test]
    fn numbers_are_hidden_wherever_they_are_from() {
        for (whole, masked) in [
            ("010-1234-5678", "010-****-5678"),
            ("01012345678", "010****5678"),
            ("010 123 4567", "010 *** 4567"),
            ("02-123-4567", "02-***-4567"),
            ("02-1234-5678", "02-****-5678"),
            ("+82-10-1234-5678", "+82-**-****-5678"),
            ("+1 (415) 555-2671", "+1 (***) ***-2671"),
            ("+4915123456789", "+491******6789"),
            ("1588-1234", "****-**34"),
            ("119", "***"),
            ("０１０-1234-5678", "***-****-**78"),
            ("call Kim 010-1234-5678", "**** *** 010-****-5678"),
            ("", ""),
        ] {
            assert_eq!(phone(whole), masked, "{whole}");
        }
    }

    #[test]
    fn addresses_and_ids_keep_little() {
        for (whole, masked) in [
            ("서울특별시 강남구 테헤란로 1", "서울특별시 강남구 ***"),
            ("Test-ro 1", "Test-ro ***"),
            ("somewhere", "***"),
            ("", "***"),
        ] {
            assert_eq!(address(whole), masked);
        }
        for (whole, masked) in [("a-1", "****"), ("12345678", "****"), ("pg-20261129-0007", "****0007"), ("", "****")] {
            assert_eq!(id(whole), masked);
        }
    }
}

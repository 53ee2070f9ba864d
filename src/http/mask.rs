//! Personal data half hidden: enough to tell two people of a list apart, too little to find either.

use serde_json::{Map, Value};

use super::view::RecipientView;

/// Fields of commands whose texts are ids, names of goods, codes and times. What is not named here may be about a person.
const TOLD: &[&str] = &[
    "actor",
    "at",
    "campaign_id",
    "carrier",
    "coupon_id",
    "customer_id",
    "fault",
    "gift_promotion_id",
    "gift_sku_id",
    "id",
    "kind",
    "main_product_ids",
    "method",
    "method",
    "movement_id",
    "option_name",
    "order_id",
    "partner_id",
    "product_id",
    "product_type",
    "promotion_id",
    "refund_key",
    "reply_to",
    "reservation",
    "sku_id",
    "sku_ids",
    "stock_policy",
    "template_id",
    "timing",
    "type",
];
/// Those whose numbers count something, or are an amount. Another one may be a telephone, an account or a date of birth.
const COUNTED: &[&str] = &[
    "allotted",
    "amount",
    "attempt",
    "claim_group",
    "delivery_fee",
    "expected_version",
    "free_threshold",
    "gift_quantity",
    "withheld_amount",
    "lead_time_days",
    "limit_per_customer",
    "line_no",
    "lines",
    "main_quantity",
    "points_rate_bp",
    "price",
    "quantity",
    "rate_bp",
    "sellable",
    "settlement_no",
    "unsellable",
];
/// Of what is no command at all.
const LETTERS_MAX: usize = 200;
/// Digits that are no telephone.
const DIGITS_MAX: usize = 4;

/// A command that nobody could take, as a list shows it: what it is about, and nobody's name, address or account. Of what is no
/// JSON the plain words that it begins with; none of what may have been a command.
pub fn command(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => field("", &value).to_string(),
        Ok(_) => stars(STARS_MAX),
        Err(_) => {
            let mut digits = 0;
            let plain = |c: &char| {
                digits += usize::from(c.is_ascii_digit());
                digits <= DIGITS_MAX && (c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '_'))
            };
            let begins: String = text.chars().take_while(plain).take(LETTERS_MAX).collect();
            let rest = text.len() - begins.len();
            if rest == 0 { begins } else { format!("{begins}{} ({rest} bytes more)", stars(3)) }
        }
    }
}

fn field(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let shown = |(name, value): (&String, &Value)| {
                let known = name.len() <= 40 && name.chars().all(plain);
                (if known { name.clone() } else { stars(3) }, field(name, value))
            };
            Value::Object(fields.iter().map(shown).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| field(name, item)).collect()),
        Value::String(text) if !text.is_empty() && !TOLD.contains(&name) => Value::String(stars(3)),
        Value::Number(_) if !COUNTED.contains(&name) => Value::String(stars(3)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
    }
}

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

/// A payment method's id: its last four characters, where there are more than twice as many.
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
    fn a_command_tells_what_it_is_about_and_nobodys_name() {
        let whole = r#"{"id":"c-1","type":"place_order","order_id":"o-1","customer_id":"u-1","lines":[{"sku_id":"A","quantity":2}],
            "recipient":{"name":"김철수","phone":"010-1234-5678","zip":"06236"},"reason":"the stairs","phone":212345678,
            "refund_account":{"bank_code":"004","account_no":"123-456"},"메모":"x","id2":{"name":["Kim"]}}"#;
        let told: Value = serde_json::from_str(&command(whole)).unwrap();
        let expected = serde_json::json!({"id": "c-1", "type": "place_order", "order_id": "o-1", "customer_id": "u-1",
            "lines": [{"sku_id": "A", "quantity": 2}], "recipient": {"name": "***", "phone": "***", "zip": "***"},
            "reason": "***", "phone": "***", "refund_account": {"bank_code": "***", "account_no": "***"}, "***": "***",
            "id2": {"name": ["***"]}});
        assert_eq!(told, expected);
        assert_eq!(command("no command"), "no command");
        assert_eq!(command(r#"{"recipient":{"name":"김철"#), "*** (28 bytes more)");
        assert_eq!(command("\u{feff}{\"recipient\":{\"name\":\"김철수\"}}"), "*** (37 bytes more)");
        assert_eq!(command("command={\"phone\":\"02-123-4567\"}"), "command*** (24 bytes more)");
        assert_eq!(command("call 010-1234-5678"), "call 010-1*** (8 bytes more)");
        assert_eq!(command("\"010-1234-5678\""), "********");
        assert_eq!(command(&"x".repeat(300)), format!("{}*** (100 bytes more)", "x".repeat(200)));
    }

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

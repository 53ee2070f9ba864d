//! Steps as English with `{holes}` and `[optional parts]`. A hole says of which kind its words are, so that what is
//! written wrongly matches nothing.

/// What stands in the holes: name and words.
pub type Found = Vec<(&'static str, String)>;

enum Part {
    Text(&'static str),
    Hole(&'static str, &'static str),
}

/// All ways to say the pattern: with and without each optional part.
fn expand(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('[') else { return vec![pattern.to_owned()] };
    let (inner, after) = rest.split_once(']').expect("what opens is closed");
    let ends = expand(after);
    let with = ends.iter().map(|end| format!("{before}{inner}{end}"));
    with.chain(ends.iter().map(|end| format!("{before}{end}"))).collect()
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (piece, i) in pattern.split(['{', '}']).zip(0..) {
        match (i % 2, piece) {
            (0, "") => {}
            (0, text) => parts.push(Part::Text(text)),
            (_, hole) => {
                let (name, kind) = hole.split_once(':').unwrap_or((hole, hole));
                parts.push(Part::Hole(name, kind));
            }
        }
    }
    parts
}

/// A pattern, in all its ways.
pub struct Pattern(Vec<Vec<Part>>);

impl Pattern {
    pub fn new(pattern: &'static str) -> Self {
        Self(expand(pattern).into_iter().map(|way| parts(String::leak(way))).collect())
    }

    /// What stands in the holes, if the text says this.
    pub fn read(&self, text: &str) -> Option<Found> {
        self.0.iter().find_map(|way| fill(way, text))
    }
}

fn fill(way: &[Part], text: &str) -> Option<Found> {
    match way {
        [] => text.is_empty().then(Vec::new),
        [Part::Text(t), rest @ ..] => fill(rest, text.strip_prefix(t)?),
        [Part::Hole(name, kind), rest @ ..] => {
            let ends = text.char_indices().map(|(i, c)| i + c.len_utf8());
            ends.filter(|end| fits(kind, &text[..*end])).find_map(|end| {
                let mut found = fill(rest, &text[end..])?;
                found.insert(0, (name, text[..end].to_owned()));
                Some(found)
            })
        }
    }
}

/// Payment methods as people say them, and as the protocol does.
pub const METHODS: [(&str, &str); 4] = [
    ("card", "card"),
    ("points", "points"),
    ("bank transfer", "bank_transfer"),
    ("virtual account", "virtual_account"),
];

/// `a, b and c`.
pub fn list(text: &str) -> Vec<&str> {
    text.split(" and ").flat_map(|part| part.split(", ")).collect()
}

/// `23,000 won`, or `nothing`.
pub fn won(text: &str) -> Option<i64> {
    if text == "nothing" {
        return Some(0);
    }
    let digits = text.strip_suffix(" won")?;
    let grouped =
        digits.split(',').enumerate().all(|(i, g)| if i == 0 { (1..=3).contains(&g.len()) } else { g.len() == 3 });
    if grouped { digits.replace(',', "").parse().ok() } else { None }
}

/// `2 of line 1`.
pub fn unit(text: &str) -> Option<(u32, u16)> {
    let (n, line) = text.split_once(" of line ")?;
    Some((n.parse().ok()?, line.parse().ok()?))
}

/// `2 apple`.
pub fn goods(text: &str) -> Option<(u32, &str)> {
    let (n, name) = text.split_once(' ')?;
    fits("name", name).then_some(())?;
    Some((n.parse().ok()?, name))
}

/// `20,000 won by card`.
pub fn payment(text: &str) -> Option<(i64, &'static str)> {
    let (amount, method) = text.split_once(" by ")?;
    Some((won(amount)?, METHODS.iter().find(|(said, _)| *said == method)?.1))
}

/// `lines 1, 2 and 3`, or `line 1`.
pub fn lines(text: &str) -> Option<Vec<u16>> {
    if let Some(one) = text.strip_prefix("line ") {
        return Some(vec![one.parse().ok()?]);
    }
    list(text.strip_prefix("lines ")?).into_iter().map(|n| n.parse().ok()).collect()
}

fn fits(kind: &str, text: &str) -> bool {
    let all = |ok: fn(char) -> bool| !text.is_empty() && text.chars().all(ok);
    match kind {
        "won" => won(text).is_some(),
        "n" => all(|c| c.is_ascii_digit()),
        "change" => text.strip_prefix(['+', '-']).is_some_and(|n| fits("n", n)),
        "name" => all(|c| c.is_ascii_alphanumeric() || "_.-:".contains(c)),
        "code" => all(|c| c.is_ascii_uppercase() || c == '_'),
        "words" => all(|c| c.is_ascii_lowercase() || " '-".contains(c)),
        "text" => text.len() > 1 && text.starts_with('"') && text.ends_with('"') && text.matches('"').count() == 2,
        "order" => text == "the order" || text.strip_prefix("order ").is_some_and(|id| fits("name", id)),
        "line" => text.strip_prefix("line ").is_some_and(|n| fits("n", n)),
        "lines" => lines(text).is_some(),
        "units" => list(text).into_iter().all(|u| unit(u).is_some()),
        "goods" => list(text).into_iter().all(|g| goods(g).is_some()),
        "names" => list(text).into_iter().all(|g| fits("name", g)),
        "payments" => text == "nothing" || text.split(" and ").all(|p| payment(p).is_some()),
        "method" => METHODS.iter().any(|(said, _)| *said == text),
        // choices
        choices => choices.split('|').any(|c| c == text),
    }
}

#[test]
fn patterns_read_what_they_should() {
    let read = |pattern, text| {
        let found = Pattern::new(pattern).read(text)?;
        Some(found.into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" "))
    };
    for (pattern, text, told) in [
        ("cancels {lines}[ of {order}]", "cancels lines 1, 2 and 3", Some("lines=lines 1, 2 and 3")),
        ("cancels {lines}[ of {order}]", "cancels line 1 of order o-2", Some("lines=line 1 order=order o-2")),
        ("cancels {lines}[ of {order}]", "cancels line one", None),
        ("has {a:won} left, {b:won} gone", "has 23,000 won left, nothing gone", Some("a=23,000 won b=nothing")),
        ("has {a:won}", "has 23000 won", None),
        (
            "orders {goods}[, {how:for now|for ever}]",
            "orders 2 a and 1 b, for ever",
            Some("goods=2 a and 1 b how=for ever"),
        ),
        (
            "pays {payments}",
            "pays 15,000 won by card and 500 won by points",
            Some("payments=15,000 won by card and 500 won by points"),
        ),
        ("{order} is {status:code}", "the order is PREPARING", Some("order=the order status=PREPARING")),
    ] {
        assert_eq!(read(pattern, text).as_deref(), told, "{pattern}: {text}");
    }
}

//! 택배사: the usual Korean carriers, by the codes that shops and markets know them by. A carrier that is not here is as good as
//! any: it is known by what the seller calls it.

/// Code and name.
pub const CARRIERS: [(&str, &str); 24] = [
    ("CJGLS", "CJ대한통운"),
    ("EPOST", "우체국택배"),
    ("HANJIN", "한진택배"),
    ("HYUNDAI", "롯데택배"),
    ("KGB", "로젠택배"),
    ("KDEXP", "경동택배"),
    ("DAESIN", "대신택배"),
    ("ILYANG", "일양로지스"),
    ("HDEXP", "합동택배"),
    ("CHUNIL", "천일택배"),
    ("KUNYOUNG", "건영택배"),
    ("CVSNET", "GS25편의점택배"),
    ("CUPARCEL", "CU편의점택배"),
    ("HOMEPICK", "홈픽택배"),
    ("HONAM", "호남택배"),
    ("SLX", "SLX택배"),
    ("NHLOGIS", "농협택배"),
    ("LOTTEGLOBAL", "롯데글로벌로지스"),
    ("COUPANGLS", "쿠팡로지스틱스서비스"),
    ("TEAMFRESH", "팀프레시"),
    ("EMS", "우체국EMS"),
    ("DHL", "DHL코리아"),
    ("FEDEX", "페덱스코리아"),
    ("UPS", "UPS코리아"),
];

/// What a carrier is known by: its code and its name. A name that is on the list stands for its code, blanks in it or not.
pub fn known(said: &str) -> (String, Option<String>) {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let found = CARRIERS.iter().find(|(code, name)| *code == said || bare(name) == bare(said));
    match found {
        Some((code, name)) => ((*code).to_owned(), Some((*name).to_owned())),
        None => (said.to_owned(), (!said.is_ascii()).then(|| said.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_has_one_code_however_it_is_called() {
        for (said, code, name) in [
            ("CJ대한통운", "CJGLS", Some("CJ대한통운")),
            ("CJ 대한통운", "CJGLS", Some("CJ대한통운")),
            ("CJGLS", "CJGLS", Some("CJ대한통운")),
            ("cj", "cj", None),
            ("동네 퀵", "동네 퀵", Some("동네 퀵")),
        ] {
            assert_eq!(known(said), (code.to_owned(), name.map(str::to_owned)), "{said}");
        }
        for (i, (code, name)) in CARRIERS.iter().enumerate() {
            let twice = CARRIERS[..i].iter().any(|(c, n)| c == code || n == name);
            assert!(!twice && code.is_ascii() && code.len() <= 64, "{code} {name}");
        }
    }
}

//! Reads feature files: as much of Gherkin as these scenarios speak. A line it does not know is refused, not skipped.

use std::{fs, path::Path};

/// What kind of step a line is; `And` and `But` are of the kind before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Given,
    When,
    Then,
}

/// Rows of cells, the heading first.
pub type Table = Vec<Vec<String>>;

#[derive(Debug, Clone)]
pub struct Step {
    pub line: usize,
    pub kind: Kind,
    pub text: String,
    pub table: Table,
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub line: usize,
    /// without the `@`
    pub tags: Vec<String>,
    /// the background's first
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub struct Feature {
    /// as people name it, from the root
    pub file: String,
    pub scenarios: Vec<Scenario>,
}

/// Every feature file, by name.
pub fn all() -> Vec<Feature> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names.iter().map(|n| read(n.strip_suffix(".feature").expect("only feature files live there"))).collect()
}

/// The feature of that name.
pub fn read(name: &str) -> Feature {
    let file = format!("tests/scenarios/{name}.feature");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
    parse(&file, &text).unwrap_or_else(|why| panic!("{file}:{why}"))
}

/// Where the lines that follow belong.
enum At {
    /// words about the feature
    Preface,
    Background,
    Scenario,
}

fn parse(file: &str, text: &str) -> Result<Feature, String> {
    let mut feature = Feature { file: file.to_owned(), scenarios: Vec::new() };
    let (mut background, mut tags, mut at, mut kind) = (Vec::new(), Vec::new(), At::Preface, None);
    let mut named = false;
    for (raw, no) in text.lines().zip(1..) {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |why: &str| format!("{no}: {why}: {line}");
        if let Some(rest) = line.strip_prefix('@') {
            tags.extend(rest.split(" @").map(|t| t.trim().to_owned()));
        } else if line.strip_prefix("Feature: ").is_some() {
            named = true;
        } else if line == "Background:" {
            (at, kind) = (At::Background, None);
        } else if let Some(name) = line.strip_prefix("Scenario: ") {
            let tags = std::mem::take(&mut tags);
            feature.scenarios.push(Scenario { name: name.to_owned(), line: no, tags, steps: background.clone() });
            (at, kind) = (At::Scenario, None);
        } else {
            let steps = match at {
                At::Preface => continue,
                At::Background => &mut background,
                At::Scenario => &mut feature.scenarios.last_mut().ok_or_else(|| bad("no scenario"))?.steps,
            };
            if line.starts_with('|') {
                let cells = line.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
                let table: &mut Table = &mut steps.last_mut().ok_or_else(|| bad("a table of no step"))?.table;
                table.push(cells);
                continue;
            }
            let (word, text) = line.split_once(' ').ok_or_else(|| bad("no step"))?;
            kind = match word {
                "Given" => Some(Kind::Given),
                "When" => Some(Kind::When),
                "Then" => Some(Kind::Then),
                "And" | "But" => kind,
                _ => return Err(bad("a line that is no step")),
            };
            let kind = kind.ok_or_else(|| bad("`And` follows nothing"))?;
            steps.push(Step { line: no, kind, text: text.to_owned(), table: Vec::new() });
        }
    }
    for step in feature.scenarios.iter().flat_map(|s| &s.steps) {
        if step.text.ends_with(':') == step.table.is_empty() {
            return Err(format!("{}: a step ends with a colon when, and only when, a table follows", step.line));
        }
        if step.table.iter().any(|row| row.len() != step.table[0].len()) {
            return Err(format!("{}: its table's rows are of unequal length", step.line));
        }
    }
    if named { Ok(feature) } else { Err("1: a file begins with its feature".to_owned()) }
}

#[test]
fn a_line_that_is_no_step_is_refused() {
    for (text, why) in [
        ("Feature: f\nScenario: s\nGive me", "3: a line that is no step"),
        ("Feature: f\nScenario: s\nAnd x", "3: `And` follows nothing"),
        ("Feature: f\nScenario: s\nGiven x:", "3: a step ends with a colon"),
        ("Feature: f\nScenario: s\nGiven x:\n| a | b |\n| 1 |", "3: its table's rows"),
        ("Scenario: s", "1: a file begins"),
    ] {
        let told = parse("f", text).unwrap_err();
        assert!(told.starts_with(why), "{told}");
    }
    let read = parse("f", "Feature: f\nBackground:\nGiven a\n\n@W1 @G2\nScenario: s\nAnd b").unwrap_err();
    assert!(read.starts_with("7: `And`"), "{read}");
    let read = parse("f", "Feature: f\nBackground:\nGiven a\n\n@W1 @G2\nScenario: s\nThen b\nAnd c").unwrap();
    let s = &read.scenarios[0];
    assert_eq!((s.tags.join(" "), s.line, s.steps.len(), s.steps[2].kind), ("W1 G2".to_owned(), 6, 3, Kind::Then));
}

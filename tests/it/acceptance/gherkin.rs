//! Reads feature files, by the `gherkin` crate; the steps are matched by our own patterns (`pattern.rs`), because `cucumber`
//! would bring its own runner, and these scenarios run twice (over both stores and both logs), several at once, each with a
//! server of its own whose books are looked at after every step. What the scenarios do not speak (outlines, rules, documents,
//! words between a heading and its steps) is refused, not skipped.

use std::{fs, path::Path};

use gherkin::GherkinEnv;
pub use gherkin::StepType as Kind;

/// Rows of cells, the heading first.
pub type Table = Vec<Vec<String>>;

#[derive(Debug, Clone)]
pub struct Step {
    pub line: usize,
    /// `And` and `But` are of the kind before them
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
    parse(&file, &text).unwrap_or_else(|why| panic!("{file}: {why}"))
}

fn parse(file: &str, text: &str) -> Result<Feature, String> {
    let read = gherkin::Feature::parse(text, GherkinEnv::default()).map_err(|e| e.to_string())?;
    if !read.rules.is_empty() || !read.tags.is_empty() {
        return Err("a feature has scenarios, and neither rules nor tags".to_owned());
    }
    let mut background = Vec::new();
    if let Some(b) = read.background {
        plain(b.description.as_deref(), b.position.line)?;
        background = steps(b.steps)?;
    }
    let mut scenarios = Vec::new();
    for s in read.scenarios {
        plain(s.description.as_deref(), s.position.line)?;
        if s.keyword != "Scenario" || !s.examples.is_empty() {
            return Err(format!("{}: a scenario has no examples", s.position.line));
        }
        let own = steps(s.steps)?;
        if own.is_empty() {
            return Err(format!("{}: a scenario without a step", s.position.line));
        }
        let steps = background.iter().cloned().chain(own).collect();
        scenarios.push(Scenario { name: s.name, line: s.position.line, tags: s.tags, steps });
    }
    Ok(Feature { file: file.to_owned(), scenarios })
}

/// Words where steps should be may be steps that are written wrongly.
fn plain(words: Option<&str>, line: usize) -> Result<(), String> {
    words.map_or(Ok(()), |words| Err(format!("{line}: no step below it: {words}")))
}

fn steps(read: Vec<gherkin::Step>) -> Result<Vec<Step>, String> {
    let step = |(i, s): (usize, gherkin::Step)| {
        let line = s.position.line;
        // the crate takes one that follows nothing for a given
        match (i, s.keyword.trim()) {
            (_, "Given" | "When" | "Then") | (1.., "And" | "But") => {}
            (_, keyword) => return Err(format!("{line}: `{keyword}` follows nothing")),
        }
        if s.docstring.is_some() {
            return Err(format!("{line}: a step has no document"));
        }
        let table = s.table.map(|t| t.rows).unwrap_or_default();
        if s.value.ends_with(':') == table.is_empty() {
            return Err(format!("{line}: a step ends with a colon when, and only when, a table follows"));
        }
        Ok(Step { line, kind: s.ty, text: s.value, table })
    };
    read.into_iter().enumerate().map(step).collect()
}

#[test]
fn a_line_that_is_no_step_is_refused() {
    for text in [
        "Feature: f\nScenario: s\nGive me",
        "Feature: f\nScenario: s\nGiven a\nGive me",
        "Feature: f\nScenario: s\nAnd x",
        "Feature: f\nScenario: s\n* x",
        "Feature: f\nBackground:\nGiven a\n\nScenario: s\nAnd x",
        "Feature: f\nScenario: s\nGiven x:",
        "Feature: f\nScenario: s\nGiven x\n| a | b |",
        "Feature: f\nScenario: s\nGiven x:\n| a | b |\n| 1 |",
        "Feature: f\nScenario: s\nGiven x\n\"\"\"\nwords\n\"\"\"",
        "Feature: f\nScenario Outline: s\nGiven <x>\nExamples:\n| x |\n| 1 |",
        "Feature: f\nRule: r\nScenario: s\nGiven a",
        "Feature: f\nBackground:\nGive me\n\nScenario: s\nGiven a",
        "Feature: f\nScenario: s",
        "Scenario: s\nGiven a",
    ] {
        assert!(parse("f", text).is_err(), "{text}");
    }
    let told = parse("f", "Feature: f\nScenario: s\nGiven x:").unwrap_err();
    assert!(told.starts_with("3: a step ends with a colon"), "{told}");
    let read = parse(
        "f",
        "Feature: f\n  What it is.\nBackground:\nGiven a\n\n@W1 @G2\nScenario: s\nThen b:\n| h |\n|  |\nAnd c",
    )
    .unwrap();
    let s = &read.scenarios[0];
    assert_eq!((s.tags.join(" "), s.line, s.steps.len(), s.steps[2].kind), ("W1 G2".to_owned(), 7, 3, Kind::Then));
    assert_eq!((s.steps[1].line, s.steps[1].table.clone()), (8, vec![vec!["h".to_owned()], vec![String::new()]]));
}

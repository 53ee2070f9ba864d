//! Documents name only files that exist.

use std::{fs, io, path::PathBuf};

use super::{root, walk};

/// Overlays of one's own, which a page tells to make.
const MADE_BY_THE_READER: [&str; 1] = ["k8s/overlays/shop"];

#[test]
fn documents_name_only_files_that_exist() -> io::Result<()> {
    let root = root();
    let beside = ["README.md", "README.ko.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut documents: Vec<PathBuf> = beside.map(|n| root.join(n)).into();
    documents.extend(walk(&root.join("docs"), &|p| p.extension().is_some_and(|e| e == "md"))?);
    let mut found = Vec::new();
    let mut seen = 0;
    for document in documents.iter().filter(|d| d.exists()) {
        let folder = document.parent().unwrap_or(&root);
        for (line, named) in named_files(&fs::read_to_string(document)?) {
            seen += 1;
            let there = match &named {
                Named::Link(path) => folder.join(path).exists(),
                Named::Path(path) => {
                    root.join(path).exists() || MADE_BY_THE_READER.iter().any(|made| path.starts_with(made))
                }
            };
            if !there {
                found.push(format!("{}:{line}: there is no {}", document.display(), named.text()));
            }
        }
    }
    assert!(seen > 0, "the documents name no file at all: is the search broken?");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn file_names_are_found_in_documents() {
    let text = "See [the log](../src/log/mod.rs#keys), <https://a.b/c> and [b](https://b.c).\n\
                Run `scripts/test.sh store`; `src/store/row.rs:12`, `migrations/*.sql`, `jumun:{p}:commands`, docs.\n\
                ```\n$ scripts/bench.sh --quick\n```\n[c](#here) [d](d.md)";
    let names: Vec<String> = named_files(text).iter().map(|(line, n)| format!("{line} {}", n.text())).collect();
    assert_eq!(
        names,
        ["1 ../src/log/mod.rs", "2 scripts/test.sh", "2 src/store/row.rs", "4 scripts/bench.sh", "6 d.md"]
            .map(String::from)
    );
}

/// A file that a document names.
#[derive(Debug)]
enum Named {
    /// relative to the document
    Link(String),
    /// relative to the repository
    Path(String),
}

impl Named {
    fn text(&self) -> &str {
        match self {
            Named::Link(path) | Named::Path(path) => path,
        }
    }
}

/// Folders whose files are recognised by their path alone, in prose, code spans and code blocks.
const FOLDERS: &[&str] = &[
    "src/",
    "tests/",
    "benches/",
    "examples/",
    "migrations/",
    "scripts/",
    "docs/",
    "k8s/",
    "ops/",
    ".ci/",
    ".config/",
];

fn named_files(text: &str) -> Vec<(usize, Named)> {
    let mut names = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            let path = target.split(['#', ' ']).next().unwrap_or_default();
            if !path.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                names.push((number + 1, Named::Link(path.to_owned())));
            }
        }
        let prose = line.split("](").enumerate().map(|(i, part)| match part.split_once(')') {
            Some((_, rest)) if i > 0 => rest,
            _ => part,
        });
        for word in prose.flat_map(|p| p.split(|c: char| c.is_whitespace() || "`()\"',;|=".contains(c))) {
            let word = word.strip_prefix("./").unwrap_or(word);
            // `src/a.rs:12` and a full stop at the end are not part of the name
            let path = word.split(':').next().unwrap_or_default().trim_end_matches('.');
            if FOLDERS.iter().any(|f| path.starts_with(f)) && !word.contains(['*', '{', '<', '$', '…', '[']) {
                names.push((number + 1, Named::Path(path.to_owned())));
            }
        }
    }
    names
}

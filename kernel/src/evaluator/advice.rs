//! Which of rustc's notes are of use to the author of a cell, and what there is to add to them.
//!
//! A message may be about the code around a cell, which its author never sees, or give advice that is right in a
//! package and not in a notebook.

use serde_json::Value;

use super::missing_crate;
use super::source_map::Sources;
use super::spans;
use super::unsettled;
use crate::evcxr_text::words::IN_MESSAGES;

/// What names of the runtime's begin with in the code around a cell, and no name of a person's. evcxr's are others.
const OURS: [&str; 2] = ["threadbook::abi", "threadbook::show"];
/// Crates that are there without a `:dep`, and whose `impl`s so count in every cell.
const PRELOADED: [&str; 11] = [
    "serde_json",
    "serde",
    "tokio",
    "rayon",
    "crossbeam",
    "futures",
    "log",
    "parking_lot",
    "postcard",
    "rand",
    "tracing",
];
/// rustc's message about a constant that reads a static which can change, and why that is so between cells as well.
const CONSTANT: (&str, &str) = (
    "constant accesses mutable global memory",
    "a constant is evaluated when the cell is compiled, and a static has its value only when the cell runs: read it in a \
     function, or with `let`",
);

/// Whether a text names the code around a cell.
pub(super) fn names_ours(text: &str) -> bool {
    let mut names = OURS.iter().chain(&IN_MESSAGES);
    names.any(|name| text.contains(name))
}

/// Whether a note, a help or a suggestion is of use: it names nothing that is around a cell, and shows something else.
pub(super) fn is_of_use(child: &Value, sources: Sources) -> bool {
    let text = child["message"].as_str().unwrap_or_default();
    let mut all = spans::spans(child).peekable();
    let shows_nothing = all.peek().is_some()
        && all.all(|span| {
            let is_suggestion = span["suggested_replacement"].is_string();
            !is_suggestion && spans::found(span, sources.map, sources.cells).is_none()
        });
    !names_ours(text)
        && !shows_nothing
        && !is_about_a_package(text)
        && !is_about_an_inner_crate(child)
        // Said of each lint in each cell.
        && !text.contains("on by default")
        && !text.contains("the full type name has been written to")
        && !text.contains("the full name for the type has been written to")
        && !text.contains("consider using `--verbose`")
}

/// Whether it gives advice for a package.
fn is_about_a_package(text: &str) -> bool {
    text.contains("cargo add") || text.contains("you might be missing a crate named")
}

/// Whether it shows that a crate has something of the kind, which no cell names: what the runtime is made with.
fn is_about_an_inner_crate(child: &Value) -> bool {
    let mut files = spans::spans(child).filter_map(|span| span["file_name"].as_str());
    child["level"] == "help" && files.any(|file| file.contains("/registry/src/"))
}

/// What there is to add to a message.
pub(super) fn of(message: &Value, sources: Sources) -> Vec<String> {
    let text = message["message"].as_str().unwrap_or_default();
    let code = message["code"]["code"].as_str().unwrap_or_default();
    let mut advice = Vec::new();
    if text.contains(CONSTANT.0) {
        advice.push(CONSTANT.1.to_owned());
    }
    if let Some(name) = unlinked_crate(message) {
        advice.push(missing_crate::advice(name));
    }
    // Of other traits that a future lacks, its value may lack them too.
    // rustc writes the trait's path where another crate has something of that name.
    let without = [
        "doesn't implement `Debug`",
        "doesn't implement `std::fmt::Debug`",
    ];
    if text.starts_with("`impl Future<") && without.iter().any(|end| text.ends_with(end)) {
        advice.push("`.await` it for its value".to_owned());
    }
    if ["E0282", "E0283", "E0284"].contains(&code) {
        advice.extend(match ambiguous_crates(message, sources) {
            Some(crates) => Some(format!(
                "{crates} is there in each cell without a `:dep`, so its `impl`s count too (write the type that is meant)"
            )),
            None => unsettled::advice(message, sources),
        });
    }
    advice
}

/// The crate that a path begins with and that is not there.
fn unlinked_crate(message: &Value) -> Option<&str> {
    let labels = spans::spans(message).filter_map(|span| span["label"].as_str());
    let mut texts = labels.chain([message["message"].as_str().unwrap_or_default()]);
    texts.find_map(|text| {
        let (_, rest) = text.split_once("unlinked crate `")?;
        Some(rest.split_once('`')?.0)
    })
}

/// The preloaded crates among those whose `impl`s rustc can't choose between. Of a comparison it does not name them.
fn ambiguous_crates(message: &Value, sources: Sources) -> Option<String> {
    let children = message["children"].as_array().into_iter().flatten();
    let mut lists = children.filter_map(|child| {
        let text = child["message"].as_str()?;
        Some(text.split_once("following crates: ")?.1)
    });
    let named = lists.next().map(|list| {
        let line = list.lines().next().unwrap_or_default();
        let crates = PRELOADED.iter().map(|name| format!("`{name}`"));
        crates
            .filter(|name| line.contains(name))
            .collect::<Vec<_>>()
    });
    match named {
        Some(crates) if crates.is_empty() => None,
        Some(crates) => Some(crates.join(", ")),
        None => is_of_a_comparison(message, sources).then(|| "`serde_json`".to_owned()),
    }
}

/// Whether the line that a message is about compares: `serde_json` compares its values with numbers and texts.
fn is_of_a_comparison(message: &Value, sources: Sources) -> bool {
    let mut primary = spans::spans(message).filter(|span| spans::is_primary(span));
    primary.any(|span| {
        let part = spans::in_cell(span, sources.map);
        let line = part.and_then(|part| sources.cells.line(part.start));
        line.is_some_and(|line| {
            ["==", "!=", "assert_eq!", "assert_ne!"]
                .iter()
                .any(|word| line.contains(word))
        })
    })
}

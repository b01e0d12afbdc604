//! Whether a cell's code may log, and thus needs the runtime's logger.
//!
//! A logger takes its place for good. So the runtime's takes it as late as it can, and never in a session that names another
//! one: by the words of its text, since what a crate does when it is called can't be seen.

use std::collections::HashSet;

use crate::cell::words;
use crate::evcxr_text::generated;

/// Crates whose events show, and the runtime's module that changes how.
const CRATES: [&str; 2] = ["log", "tracing"];
const MODULE: &str = "logging";
/// The macros of both crates that make an event.
const EVENTS: [&str; 7] = ["debug", "error", "event", "info", "log", "trace", "warn"];
/// What a text names that brings a logger of its own, where it does not have a name with `logger` or `subscriber`.
const OWN: [&str; 10] = [
    "Log",
    "fern",
    "log4rs",
    "set_default",
    "set_global_default",
    "simplelog",
    "stderrlog",
    "tracing_appender",
    "tracing_log",
    "with_default",
];

/// Whether the runtime's logger is to be there before the statements of a cell run. The source is what evcxr generates.
pub(crate) fn are_needed(source: &str) -> bool {
    if !CRATES.iter().any(|name| source.contains(name)) {
        return false;
    }
    let Some(frame) = generated::Frame::find(source) else {
        return false;
    };
    let lines = source[frame.body].lines();
    let statements: String = lines
        .filter(|line| generated::put_of_line(line).is_none())
        .flat_map(|line| [line, "\n"])
        .collect();
    may_log(generated::items(source), &statements)
}

fn may_log(items: &str, statements: &str) -> bool {
    let all: Vec<&str> = words(items).chain(words(statements)).collect();
    if all.iter().any(|word| is_of_another_logger(word)) {
        return false;
    }
    let here: Vec<&str> = words(statements).collect();
    let is_crate = |word: &&str| CRATES.contains(word);
    if here.contains(&MODULE) || (all.iter().any(is_crate) && has_event(&here)) {
        return true;
    }
    // A function that logs, perhaps by way of others.
    let of_items: Vec<&str> = words(items).collect();
    if !(of_items.iter().any(is_crate) && has_event(&of_items)) {
        return false;
    }
    let functions: HashSet<&str> = of_items
        .windows(2)
        .filter(|pair| pair[0] == "fn")
        .map(|pair| pair[1])
        .collect();
    here.iter().any(|word| functions.contains(word))
}

/// Whether a macro is called that makes an event.
fn has_event(words: &[&str]) -> bool {
    let mut pairs = words.windows(2);
    pairs.any(|pair| EVENTS.contains(&pair[0]) && pair[1] == "!")
}

fn is_of_another_logger(word: &str) -> bool {
    let lower = word.to_lowercase();
    // `log::logger()` is the one that is there.
    OWN.contains(&word)
        || (lower.contains("logger") && word != "logger")
        || lower.contains("subscriber")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_logs_needs_the_logger() {
        for (items, statements, expected) in [
            ("", "log::info!(\"a\");", true),
            ("use log::info;", "info!(\"a\");", true),
            ("use log::info;", "let a = 1;", false),
            ("", "let info = 1; info != 2;", false),
            ("", "tracing::event!(tracing::Level::INFO, \"a\")", true),
            ("", "logging::format(|record| record.text());", true),
            ("fn work() { log::info!(\"a\") }", "", false),
            ("fn work() { log::info!(\"a\") }", "let a = 1;", false),
            ("fn work() { log::info!(\"a\") }", "work();", true),
            (
                "fn inner() { log::info!(\"a\") } fn outer() { inner() }",
                "outer()",
                true,
            ),
            ("", "env_logger::init(); log::info!(\"a\");", false),
            (
                "use tracing::info;",
                "tracing_subscriber::fmt().init(); info!(\"a\");",
                false,
            ),
            (
                "struct Mine; impl log::Log for Mine {}",
                "log::set_boxed_logger(Box::new(Mine))?; log::warn!(\"a\");",
                false,
            ),
            ("", "println!(\"log::info!\"); // log::info!(1)", false),
        ] {
            assert_eq!(may_log(items, statements), expected, "{items} {statements}");
        }
    }
}

//! The variables that a cell's code takes out of the store, and puts back.
//!
//! evcxr has every cell do that with every variable of the session, and each costs rustc an instance of both functions
//! for its type. A variable that the cell's text does not mention can as well stay where it is. Only its name is checked; whether
//! its type is another one now is known without (`fingerprints`).

use std::collections::BTreeSet;

use super::calls;
use crate::evcxr_text::generated;

/// Makes the lines empty that take or put a variable which the cell does not mention, but for those that are given up.
/// One line checks that all of these are there.
pub(crate) fn leave_unmentioned(source: &str, cell: &str, given_up: &BTreeSet<String>) -> String {
    let is_left = |name: &str| !mentions(cell, name) && !given_up.contains(name);
    let checked = source.lines().filter_map(generated::check_of_line);
    let left: Vec<&str> = checked
        .map(|(_, name)| name)
        .filter(|name| is_left(name))
        .collect();
    let mut check = Some(calls::check_names(&left));
    let mut kept = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        let checks = generated::check_of_line(line).is_some_and(|(_, name)| is_left(name));
        if checks {
            kept.push_str(&check.take().unwrap_or("\n".to_owned()));
        } else if variable(line).is_some_and(is_left) {
            kept.push('\n');
        } else {
            kept.push_str(line);
        }
    }
    kept
}

/// Makes the lines empty that look for, or take, variables of earlier cells that can't be had.
pub(crate) fn leave_out(source: &str, names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return source.to_owned();
    }
    let lines = source.split_inclusive('\n');
    lines
        .map(|line| {
            let found = generated::check_of_line(line).or_else(|| generated::take_of_line(line));
            let is_left = found.is_some_and(|(_, name)| names.contains(name));
            if is_left { "\n" } else { line }
        })
        .collect()
}

/// The variable that a line of evcxr's takes or puts.
fn variable(line: &str) -> Option<&str> {
    let found = generated::take_of_line(line).or_else(|| generated::put_of_line(line));
    found.map(|(_, name)| name)
}

/// Whether a name stands in a text, be it in a comment or a string: `{name}` in a string is a use.
fn mentions(text: &str, name: &str) -> bool {
    if !name.is_ascii() {
        // The same name may be written in other characters.
        return true;
    }
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_does_not_mention_stays_in_the_store() {
        let source = "\
fn user() {}
vars_ok &= evcxr_variable_store.check_variable::<u8>(stringify!(a));
let a = evcxr_variable_store.take_variable::<u8>(stringify!(a));
let mut b = evcxr_variable_store.take_variable::<Vec<(u8, fn(u8))>>(stringify!(b));
let r#type = evcxr_variable_store.take_variable::<u8>(stringify!(r#type));
async {
b.push((1, f)); // not aa
evcxr_variable_store.put_variable::<u8>(stringify!(c), c);
evcxr_variable_store.put_variable::<u8>(stringify!(a), a);
evcxr_variable_store.put_variable::<Vec<(u8, fn(u8))>>(stringify!(b), b);
";
        let cell = "b.push((1, f)); // not aa\nlet c = 1; _a";
        assert_eq!(
            leave_unmentioned(source, cell, &BTreeSet::new()),
            "\
fn user() {}
vars_ok &= evcxr_variable_store.check_names(\"a\");

let mut b = evcxr_variable_store.take_variable::<Vec<(u8, fn(u8))>>(stringify!(b));

async {
b.push((1, f)); // not aa
evcxr_variable_store.put_variable::<u8>(stringify!(c), c);

evcxr_variable_store.put_variable::<Vec<(u8, fn(u8))>>(stringify!(b), b);
"
        );
    }

    #[test]
    fn a_name_is_mentioned_as_a_whole_word_anywhere() {
        for text in ["a", "(a)", "a.b", "\"{a}\"", "// a", "r#a", "é a", "'a"] {
            assert!(mentions(text, "a"), "{text}");
        }
        for text in ["", "ab", "_a", "éa", "a1", "aé"] {
            assert!(!mentions(text, "a"), "{text}");
        }
        assert!(mentions("", "é"));
    }
}

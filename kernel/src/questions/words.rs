//! Names in Rust, as far as they are known without reading types: the session's and the cell's own.

use std::collections::HashSet;

use super::Known;
use super::is_internal;
use crate::cell::is_word;
use crate::evaluator::Completion;
use crate::evaluator::Completions;

/// The signature of a longer item is cut.
const SIGNATURE_CHARS: usize = 160;

/// What stands before the word that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Dot,
    Colons,
    Other,
}

/// The names that may be meant at a place: variables first, then items, then words of the cell.
pub(super) fn complete(code: &str, cursor: usize, known: &Known) -> Completions {
    let start = word_start(&code[..cursor]);
    let typed = &code[start..cursor];
    let lead = Lead::of(&code[..start]);
    let mut matches = Vec::new();
    if lead == Lead::Other {
        matches.extend(variables(known));
        matches.extend(items(known));
    }
    matches.retain(|found| found.text.starts_with(typed) && !is_internal(&found.text));
    if !typed.is_empty() && !typed.starts_with(|first: char| first.is_ascii_digit()) {
        matches.extend(
            words(code)
                .filter(|(at, word)| *at != start && word.starts_with(typed) && *word != typed)
                .filter(|(at, _)| Lead::of(&code[..*at]) == lead)
                .map(|(_, word)| offer(word, "instance", "")),
        );
    }
    let mut seen = HashSet::new();
    matches.retain(|found| seen.insert(found.text.clone()));
    Completions {
        start_byte: if matches.is_empty() { cursor } else { start },
        end_byte: cursor,
        matches,
    }
}

/// Where the word begins that ends with a text.
pub(super) fn word_start(text: &str) -> usize {
    text.char_indices()
        .rev()
        .find(|(_, char)| !is_word(*char))
        .map_or(0, |(at, char)| at + char.len_utf8())
}

/// An item's first lines without its documentation and attributes, up to its contents.
pub(crate) fn signature(definition: &str) -> String {
    let lines = definition.lines().map(str::trim);
    let code: Vec<&str> = lines
        .skip_while(|line| {
            line.is_empty()
                || ["//", "#[", "/*", "*"]
                    .iter()
                    .any(|sign| line.starts_with(sign))
        })
        .collect();
    let code = code.join(" ");
    let end = match code.starts_with("use ") {
        true => code.find(';'),
        false => code.find(['{', ';']),
    };
    let text = code[..end.unwrap_or(code.len())].trim_end();
    match text.char_indices().nth(SIGNATURE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Lead {
    fn of(before: &str) -> Lead {
        if before.ends_with('.') && !before.ends_with("..") {
            Lead::Dot
        } else if before.ends_with("::") {
            Lead::Colons
        } else {
            Lead::Other
        }
    }
}

fn variables(known: &Known) -> impl Iterator<Item = Completion> {
    let variables = known.variables.iter();
    variables.map(|(name, ty)| offer(name, "instance", &format!("{name}: {ty}")))
}

fn items(known: &Known) -> impl Iterator<Item = Completion> {
    known.items.iter().map(|(name, definition)| {
        let signature = signature(definition);
        offer(name, kind(&signature), &signature)
    })
}

/// The kind of an item, in the words of front ends.
fn kind(signature: &str) -> &'static str {
    for word in signature.split(|char: char| !is_word(char)) {
        match word {
            "fn" | "macro_rules" => return "function",
            "struct" | "enum" | "union" | "trait" | "type" => return "class",
            "mod" | "use" => return "module",
            "static" => return "instance",
            _ => {}
        }
    }
    "instance"
}

fn offer(text: &str, kind: &str, signature: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        kind: kind.to_owned(),
        signature: signature.to_owned(),
    }
}

/// The words of a text that can be names, with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(is_word)?;
        let len = text[start..].find(|char| !is_word(char));
        at = len.map_or(text.len(), |len| start + len);
        Some((start, &text[start..at]))
    })
    .filter(|(_, word)| word.len() > 1 && !word.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        Known {
            variables: vec![pair("numbers", "Vec<i32>"), pair("evcxr_x", "i32")],
            items: vec![
                pair(
                    "numeral",
                    "/// Roman.\n#[inline]\npub fn numeral(n: u32) -> String {\n 1 }",
                ),
                pair("Number", "struct Number<T> { a: T }\nimpl<T> Number<T> {}"),
            ],
            ..Known::default()
        }
    }

    #[test]
    fn names_come_with_what_they_are() {
        let code = "let number_of = 1;\nnum";
        let found = complete(code, code.len(), &known());
        let found: Vec<(&str, &str, &str)> = found
            .matches
            .iter()
            .map(|found| {
                (
                    found.text.as_str(),
                    found.kind.as_str(),
                    found.signature.as_str(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("numbers", "instance", "numbers: Vec<i32>"),
                ("numeral", "function", "pub fn numeral(n: u32) -> String"),
                ("number_of", "instance", ""),
            ]
        );
    }

    #[test]
    fn words_are_offered_where_such_words_stand() {
        for (code, expected) in [
            ("привет.length();\nсвет.le", &["length"][..]),
            ("let длина = 1; дл", &["длина"]),
            ("Vec::new(); Box::ne", &["new"]),
            ("Vec::new(); ne", &[]),
            ("x.", &[]),
            ("evc", &[]),
            ("Nu", &["Number"]),
            ("0..nu", &["numbers", "numeral"]),
            ("12", &[]),
        ] {
            let found = complete(code, code.len(), &known());
            let texts: Vec<&str> = found
                .matches
                .iter()
                .map(|found| found.text.as_str())
                .collect();
            assert_eq!(texts, expected, "{code}");
        }
    }
}

//! Completes what stands behind a magic's name: options, words of its usage, files.

use super::Known;
use super::dependency;
use super::files;
use super::files::Style;
use super::files::Which;
use super::registry::Registry;
use crate::evaluator::Completion;
use crate::evaluator::Completions;
use crate::magics;

/// Completes arguments, at their end. They begin at `at` in the cell. Gives nothing where Rust stands.
pub(super) fn complete(name: &str, args: &str, at: usize, known: &Known) -> Option<Completions> {
    let start = files::word_start(args);
    let typed = &args[start..];
    let mut words = match typed.starts_with('-') || !magics::takes_rust(name) {
        true => usage(name, args[..start].trim().is_empty()),
        false => Vec::new(),
    };
    words.retain(|word| {
        word.starts_with(typed) && (typed.starts_with('-') == word.starts_with('-'))
    });
    if words.is_empty() && magics::takes_rust(name) {
        return None;
    }
    let mut found = match which(name) {
        Some(which) if !typed.starts_with('-') => {
            files::complete(args, start, &known.folder(), Style::Plain, which)
        }
        _ if name == "dep" => dependency::complete(args, 0, &Registry::find()),
        _ => Completions {
            start_byte: start,
            end_byte: args.len(),
            matches: Vec::new(),
        },
    };
    if found.start_byte == start {
        let words = words.into_iter().map(|word| Completion {
            text: word.to_owned(),
            kind: "keyword".to_owned(),
            signature: format!("%{name}"),
        });
        found.matches.splice(0..0, words);
    }
    found.start_byte += at;
    found.end_byte += at;
    Some(found)
}

/// The files that a magic takes.
fn which(name: &str) -> Option<Which> {
    match name {
        "cd" => Some(Which::Folders),
        "use" | "run" | "load" => Some(Which::Rust),
        "writefile" | "save" | "ls" => Some(Which::All),
        _ => None,
    }
}

/// The options in a magic's help; at its first argument the words of its usage too.
fn usage(name: &str, is_first: bool) -> Vec<&'static str> {
    let Some(magic) = magics::find(name) else {
        return Vec::new();
    };
    let mut words: Vec<&str> = Vec::new();
    for line in magic.help.lines() {
        let is_usage = line.starts_with('%');
        let line = line.trim_start_matches('%');
        if let Some(usage) = line.strip_prefix(name).filter(|rest| rest.starts_with(' '))
            && is_first
        {
            let first = usage.split_whitespace().next().unwrap_or_default();
            let alternatives = first.trim_matches(['[', ']']).split('|');
            words.extend(alternatives.filter(|word| is_literal(word)));
        }
        let parts = line.split(|char: char| char.is_whitespace() || "[]|".contains(char));
        // Prose may name another program's.
        let lists = is_usage || line.starts_with('-');
        words.extend(parts.filter(|part| lists && is_option(part)));
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether a word of a usage is written as it is: a placeholder is in capitals.
fn is_literal(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
}

fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let signs = word.len() - name.len();
    (signs == 1 && name.len() == 1 || signs == 2 && name.len() > 1)
        && name
            .chars()
            .all(|char| char.is_ascii_alphabetic() || char == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(name: &str, args: &str, known: &Known) -> Option<Vec<String>> {
        let found = complete(name, args, 0, known)?;
        Some(found.matches.into_iter().map(|found| found.text).collect())
    }

    #[test]
    fn options_and_words_of_the_usage_are_offered() {
        let known = Known::default();
        for (name, args, expected) in [
            ("timeit", "-", Some(&["-n", "-o", "-p", "-q", "-r"][..])),
            ("timeit", "-n 3 x.a", None),
            ("time", "", None),
            ("history", "-", Some(&["-g", "-l", "-n"])),
            ("history", "-l 3 ", Some(&[])),
            ("snapshot", "o", Some(&["off", "on"])),
            ("snapshot", "on o", Some(&[])),
            ("opt", "", Some(&["0", "1", "2", "3", "s", "z"])),
            ("run", "--", Some(&["--no-raise"])),
            ("who", "V", Some(&[])),
            ("dep", "--", Some(&["--lock"])),
        ] {
            let found = offered(name, args, &known);
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|found| found.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{name} {args}");
        }
    }

    #[test]
    fn files_are_offered_to_the_magics_that_take_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("source")).unwrap();
        for name in ["some.rs", "some.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let known = Known {
            folder: Some(folder.path().to_owned()),
            ..Known::default()
        };
        for (name, args, expected) in [
            ("cd", "so", &["source/"][..]),
            ("run", "-b so", &["some.rs", "source/"]),
            ("load", "so", &["some.rs", "source/"]),
            ("use", "so", &["some.rs", "source/"]),
            ("writefile", "-a so", &["some.rs", "some.txt", "source/"]),
        ] {
            let found = offered(name, args, &known).unwrap();
            assert_eq!(found, expected, "{name} {args}");
        }
    }
}

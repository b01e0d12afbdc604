//! Describes what stands at a place, as far as it is known without rust-analyzer.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Map;
use serde_json::Value;

use super::Known;
use super::words;
use super::words::word_start;
use crate::cell::is_keyword;
use crate::cell::is_word;
use crate::magics;

/// Describes what stands at a place of a cell, in bytes.
pub(crate) fn inspect(code: &str, cursor: usize, known: &Known) -> Option<Map<String, Value>> {
    let settled = settled(code, cursor, known);
    settled.or_else(|| name(word_at(code, cursor), known))
}

/// What rust-analyzer has nothing to add to: magics, error codes and keywords.
pub(crate) fn settled(code: &str, cursor: usize, known: &Known) -> Option<Map<String, Value>> {
    let word = word_at(code, cursor);
    magic_at(code, cursor).or_else(|| explanation(word, known))
}

/// The explanation of an error code or a keyword.
pub(crate) fn explanation(name: &str, known: &Known) -> Option<Map<String, Value>> {
    let text = match is_error_code(name) {
        true => error_code(known.rustc.as_deref()?, name),
        false if is_keyword(name) => keyword(known.library.as_deref()?, name),
        false => None,
    };
    text.map(|text| both(&text))
}

/// A variable with its type, or an item with its text, of the session.
pub(crate) fn name(name: &str, known: &Known) -> Option<Map<String, Value>> {
    let mut variables = known.variables.iter();
    if let Some((name, ty)) = variables.find(|(variable, _)| variable == name) {
        return Some(variable(name, ty, None));
    }
    // What an import names has documentation elsewhere.
    let mut items = known.items.iter();
    let is_named = |(item, text): &&(String, String)| item == name && !text.starts_with("use ");
    let (_, definition) = items.find(is_named)?;
    let documentation: Vec<&str> = definition
        .lines()
        .filter_map(|line| line.trim().strip_prefix("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let signature = words::signature(definition);
    let documentation = documentation.join("\n");
    let mut data = Map::new();
    let plain = format!("{signature}\n\n{documentation}");
    data.insert("text/plain".to_owned(), plain.trim_end().into());
    let markdown = format!("```rust\n{signature}\n```\n\n{documentation}");
    data.insert("text/markdown".to_owned(), markdown.trim_end().into());
    Some(data)
}

/// A variable with its type, and its value where that is known.
pub(crate) fn variable(name: &str, ty: &str, value: Option<&str>) -> Map<String, Value> {
    let mut text = format!("let {name}: {ty}");
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        text.push_str(&format!(" = {value}"));
    }
    let mut data = Map::new();
    data.insert("text/plain".to_owned(), text.clone().into());
    let markdown = format!("```rust\n{text}\n```");
    data.insert("text/markdown".to_owned(), markdown.into());
    data
}

/// The help text of a magic.
pub(crate) fn of_magic(name: &str) -> Option<Map<String, Value>> {
    let text = magics::help(name)?;
    let mut data = Map::new();
    data.insert("text/plain".to_owned(), text.into());
    Some(data)
}

/// The magic whose name is under the cursor.
fn magic_at(code: &str, cursor: usize) -> Option<Map<String, Value>> {
    let line_start = code
        .get(..cursor)?
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let line = code[line_start..].lines().next()?;
    let name = line.trim_start().strip_prefix('%')?;
    let name = name
        .split(|char: char| !is_word(char) && char != '%')
        .next()?;
    let end = line_start + line.find(name)? + name.len();
    (cursor <= end).then(|| of_magic(name)).flatten()
}

/// The word around a place.
fn word_at(code: &str, cursor: usize) -> &str {
    let Some(before) = code.get(..cursor) else {
        return "";
    };
    let rest = &code[cursor..];
    let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
    &code[word_start(before)..cursor + end]
}

fn is_error_code(word: &str) -> bool {
    let number = word.strip_prefix('E').unwrap_or_default();
    number.len() == 4 && number.chars().all(|char| char.is_ascii_digit())
}

fn error_code(rustc: &Path, code: &str) -> Option<String> {
    let output = Command::new(rustc)
        .args(["--explain", code])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .inspect_err(|error| tracing::warn!("rustc did not explain `{code}`: {error}"))
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    (output.status.success() && !text.trim().is_empty())
        .then(|| format!("{code}\n\n{}", text.trim()))
}

/// The documentation of a keyword, from the standard library's sources.
fn keyword(library: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(library.join("std/src/keyword_docs.rs")).ok()?;
    let begin = format!("#[doc(keyword = {name:?})]");
    let mut lines = text.lines().skip_while(|line| *line != begin).skip(1);
    let mut documentation = format!("{name}\n");
    let mut is_found = false;
    for line in lines.by_ref().take_while(|line| line.starts_with("//")) {
        let Some(line) = line.strip_prefix("///") else {
            continue;
        };
        is_found = true;
        documentation.push('\n');
        documentation.push_str(line.strip_prefix(' ').unwrap_or(line));
    }
    is_found.then_some(documentation)
}

/// Markdown, which is readable as plain text too.
fn both(text: &str) -> Map<String, Value> {
    ["text/plain", "text/markdown"]
        .into_iter()
        .map(|mime| (mime.to_owned(), text.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(data: Option<Map<String, Value>>) -> String {
        let data = data.unwrap_or_default();
        let text = data.get("text/plain").and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    fn known() -> Known {
        Known {
            variables: vec![("число".to_owned(), "i32".to_owned())],
            items: vec![(
                "twice".to_owned(),
                "/// Doubles.\n///\n/// Always.\nfn twice(n: u8) -> u8 {\n    2 * n\n}".to_owned(),
            )],
            ..Known::default()
        }
    }

    #[test]
    fn names_of_the_session_are_described() {
        let known = known();
        for (code, expected) in [
            ("x + число", "let число: i32"),
            ("twice(1)", "fn twice(n: u8) -> u8\n\nDoubles.\n\nAlways."),
            ("nothing", ""),
            ("", ""),
        ] {
            let at = code.find(['ч', 't']).unwrap_or(0);
            let whole = if at == 0 { 1.min(code.len()) } else { at + 2 };
            assert_eq!(plain(inspect(code, whole, &known)), expected, "{code}");
        }
        assert_eq!(plain(Some(variable("x", "u8", Some("3")))), "let x: u8 = 3");
    }

    #[test]
    fn magics_are_described_at_their_name() {
        let known = Known::default();
        assert!(plain(inspect("%time f()", 3, &known)).contains("%time"));
        assert_eq!(plain(inspect("%time f()", 7, &known)), "");
    }

    #[test]
    fn keywords_have_the_librarys_documentation() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("std/src/keyword_docs.rs");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = "#[doc(keyword = \"let\")]\n//\n/// Binds.\n///\n/// More.\nmod let_keyword {}\n\n\
                    #[doc(keyword = \"mod\")]\n//\n/// Modules.\nmod mod_keyword {}\n";
        std::fs::write(file, text).unwrap();
        let known = Known {
            library: Some(folder.path().to_owned()),
            ..Known::default()
        };
        assert_eq!(plain(inspect("let x", 1, &known)), "let\n\nBinds.\n\nMore.");
        assert_eq!(plain(inspect("mod x", 0, &known)), "mod\n\nModules.");
        assert_eq!(plain(inspect("trait x", 0, &known)), "");
    }

    #[test]
    fn error_codes_are_known_by_their_form() {
        for (word, is_code) in [
            ("E0382", true),
            ("E382", false),
            ("E03821", false),
            ("0382", false),
            ("E038é", false),
        ] {
            assert_eq!(is_error_code(word), is_code, "{word}");
        }
    }
}

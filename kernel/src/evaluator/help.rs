//! Help on a name: what is asked about, and how the answer is shown.

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;

/// The name in a cell that is `name?` or `name??`.
pub(super) fn question(code: &str) -> Option<&str> {
    let code = code.trim();
    let name = code.strip_suffix("??").or_else(|| code.strip_suffix('?'))?;
    let is_name = is_path(name)
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(is_part);
    is_name.then_some(name)
}

/// The path or method chain that ends with the word under the cursor.
pub(super) fn word_at(code: &str, cursor_byte: usize) -> Option<&str> {
    let cursor = (0..=cursor_byte.min(code.len()))
        .rev()
        .find(|at| code.is_char_boundary(*at))?;
    let end = cursor
        + code[cursor..]
            .chars()
            .take_while(|char| is_word(*char))
            .map(char::len_utf8)
            .sum::<usize>();
    let start = code[..end]
        .char_indices()
        .rev()
        .take_while(|(_, char)| is_part(*char))
        .last()?
        .0;
    let word = code[start..end].trim_start_matches(['.', ':']);
    (!word.is_empty() && is_path(word)).then_some(word)
}

/// Whether it can stand as an expression. evcxr would keep an item that a keyword begins, and every later cell would
/// have it in front.
fn is_path(name: &str) -> bool {
    const KEYWORDS: [&str; 38] = [
        "as",
        "async",
        "await",
        "box",
        "break",
        "const",
        "continue",
        "dyn",
        "else",
        "enum",
        "extern",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "macro_rules",
        "match",
        "mod",
        "move",
        "mut",
        "pub",
        "ref",
        "return",
        "static",
        "struct",
        "trait",
        "try",
        "type",
        "union",
        "unsafe",
        "use",
        "where",
        "while",
        "yield",
    ];
    !name
        .split(['.', ':', '!'])
        .any(|part| KEYWORDS.contains(&part))
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn is_part(char: char) -> bool {
    is_word(char) || matches!(char, ':' | '.' | '!')
}

/// The answer as a MIME bundle; nothing where rust-analyzer knew nothing.
pub(super) fn bundle(content: HashMap<String, String>) -> Option<Map<String, Value>> {
    let text = content
        .get("text/plain")
        .or_else(|| content.get("text/markdown"))?;
    if text.is_empty() || text == "No documentation found" {
        return None;
    }
    let mut data: Map<String, Value> = Map::new();
    data.insert("text/plain".to_owned(), text.clone().into());
    data.extend(content.into_iter().map(|(mime, text)| (mime, text.into())));
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_from_rust() {
        for (code, name) in [
            ("Vec?", "Vec"),
            (" std::thread::spawn??\n", "std::thread::spawn"),
            ("println!?", "println!"),
        ] {
            assert_eq!(question(code), Some(name), "{code}");
        }
        for code in [
            "f()?",
            "mod?",
            "x.await?",
            "let x = y?;",
            "?",
            "3?",
            "a b?",
            "",
        ] {
            assert_eq!(question(code), None, "{code}");
        }
    }

    #[test]
    fn the_word_under_the_cursor_brings_its_path() {
        let code = "let é = std::thread::spawn(f);";
        let at = code.find("read").unwrap();
        assert_eq!(word_at(code, at), Some("std::thread"));
        assert_eq!(
            word_at(code, code.find("(").unwrap()),
            Some("std::thread::spawn")
        );
        assert_eq!(word_at(code, code.len() + 9), None);
        assert_eq!(word_at("", 0), None);
    }
}

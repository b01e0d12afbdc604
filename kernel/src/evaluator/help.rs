//! Help on a name: which one is asked about in a text, and how the answer is shown.

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;

use crate::cell::is_part;
use crate::cell::is_path;
use crate::cell::is_word;

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

/// Source code as a MIME bundle.
pub(super) fn code(text: &str) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("text/plain".to_owned(), text.into());
    data.insert(
        "text/markdown".to_owned(),
        format!("```rust\n{text}\n```").into(),
    );
    data
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
    data.insert("text/markdown".to_owned(), markdown(text).into());
    data.extend(content.into_iter().map(|(mime, text)| (mime, text.into())));
    Some(data)
}

/// rust-analyzer's words as Markdown: path and signature come first, and two blank lines before the documentation.
fn markdown(text: &str) -> String {
    let (signature, documentation) = text
        .trim()
        .split_once("\n\n\n")
        .unwrap_or((text.trim(), ""));
    let markdown = format!(
        "```rust\n{}\n```\n\n{}",
        signature.trim(),
        documentation.trim()
    );
    markdown.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_code_in_markdown() {
        assert_eq!(
            markdown("std::time::Instant\n\npub fn now() -> Instant\n\n\nReturns now."),
            "```rust\nstd::time::Instant\n\npub fn now() -> Instant\n```\n\nReturns now."
        );
        assert_eq!(markdown("let x: i32"), "```rust\nlet x: i32\n```");
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

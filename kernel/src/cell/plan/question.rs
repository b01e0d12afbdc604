//! `name?`, `name??`, `?name`, `%magic?`: a line that asks for help.

/// What a line asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// A path, a macro with its `!`, a method chain, or a magic with its `%` signs.
    pub name: String,
    /// Whether the source is wanted, by two question marks.
    pub source: bool,
    /// Where the name stands, in bytes of the text that was read.
    pub at: usize,
}

/// The question that a line is.
pub(crate) fn question(line: &str) -> Option<Question> {
    let text = line.trim_end();
    let start = text.len() - text.trim_start().len();
    let inner = &text[start..];
    let (marks, name, offset) = match inner.strip_prefix('?') {
        Some(_) => {
            let name = inner.trim_start_matches('?');
            (
                inner.len() - name.len(),
                name.trim_start(),
                inner.len() - name.trim_start().len(),
            )
        }
        None => {
            let name = inner.trim_end_matches('?');
            (inner.len() - name.len(), name, 0)
        }
    };
    if !(1..=2).contains(&marks) || !is_askable(name) {
        return None;
    }
    Some(Question {
        name: name.to_owned(),
        source: marks == 2,
        at: start + offset,
    })
}

fn is_askable(name: &str) -> bool {
    let bare = name.strip_prefix("%%").or_else(|| name.strip_prefix('%'));
    match bare {
        Some(magic) => !magic.is_empty() && magic.len() == super::magic_name_len(magic),
        None => {
            !name.is_empty()
                && !name.starts_with(|first: char| first.is_ascii_digit())
                && name.chars().all(is_part)
                && (is_path(name) || is_keyword(name) && name != "await")
        }
    }
}

/// Words that begin no expression of a path.
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

/// Keywords that the standard library describes, and no path is.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) && !["box", "gen", "macro_rules", "try", "yield"].contains(&word)
}

/// Whether a text can stand as an expression. evcxr would keep an item that a keyword begins, and every later cell would
/// have it in front.
pub(crate) fn is_path(name: &str) -> bool {
    !name
        .split(['.', ':', '!'])
        .any(|part| KEYWORDS.contains(&part))
}

/// Whether a character can stand in a name.
pub(crate) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Whether a character can stand in a path or a method chain.
pub(crate) fn is_part(char: char) -> bool {
    is_word(char) || matches!(char, ':' | '.' | '!')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_from_rust() {
        for (line, name, source) in [
            ("Vec?", "Vec", false),
            (" std::thread::spawn??\n", "std::thread::spawn", true),
            ("println!?", "println!", false),
            ("?Vec", "Vec", false),
            ("?? Vec", "Vec", true),
            ("match?", "match", false),
            ("%time?", "%time", false),
            ("?%%time", "%%time", false),
        ] {
            let found = question(line);
            assert_eq!(
                found
                    .as_ref()
                    .map(|found| (found.name.as_str(), found.source)),
                Some((name, source)),
                "{line}"
            );
            let at = found.unwrap().at;
            assert!(line[at..].starts_with(name), "{line}: {at}");
        }
        for line in [
            "f()?",
            "await?",
            "x.await?",
            "let x = y?;",
            "?",
            "??",
            "3?",
            "a b?",
            "",
            "x???",
            "?x?",
            "%?",
            "%time x?",
        ] {
            assert_eq!(question(line), None, "{line}");
        }
    }
}

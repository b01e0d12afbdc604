//! Which crates a cell names. Pure.

use std::collections::BTreeSet;

use super::lexer::Token;
use super::lexer::TokenKind;
use super::lexer::tokens;

/// Those of the given names with which a path or an import of the code begins. A module or a variable of
/// the name may be meant as well.
pub(crate) fn crates_named<'a>(
    code: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut missing: BTreeSet<&str> = names
        .into_iter()
        .filter(|name| code.contains(name))
        .collect();
    if missing.is_empty() {
        return found;
    }
    let tokens: Vec<Token> = tokens(code, 0).collect();
    let text = |index: usize| code.get(tokens.get(index)?.range.clone());
    let mut is_import = false;
    for (index, token) in tokens.iter().enumerate() {
        match (&token.kind, text(index)) {
            (TokenKind::Ident, Some("use" | "extern")) => is_import = true,
            (TokenKind::Semi, _) => is_import = false,
            (TokenKind::Ident, Some(name)) => {
                let is_path = || text(index + 1) == Some(":") && text(index + 2) == Some(":");
                if (is_import || is_path())
                    && let Some(name) = missing.take(name)
                {
                    found.insert(name);
                }
            }
            _ => {}
        }
    }
    found
}

/// The names in a code, and the exclamation marks between them.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    let tokens =
        tokens(code, 0).filter(|token| matches!(token.kind, TokenKind::Ident | TokenKind::Bang));
    tokens.filter_map(|token| code.get(token.range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_named_by_a_path_or_an_import() {
        for (code, expected) in [
            ("use futures::StreamExt;", "futures"),
            ("use {std::fmt, futures as f};", "futures"),
            ("#[macro_use]\nextern crate log;", "log"),
            ("let m = parking_lot :: Mutex::new(0);", "parking_lot"),
            ("fn f() -> ::rand::rngs::StdRng { loop {} }", "rand"),
            ("log::info!(\"{}\", rand::random::<u8>())", "log rand"),
            ("// futures::StreamExt\n/* log::info */", ""),
            ("println!(\"rand::random\"); r#\"log::x\"#", ""),
            ("let log = 3; log + 1; (log)(rand);", ""),
            ("let futures = vec![]; futures.len()", ""),
            (":dep log = \"0.4\"", ""),
            ("\"an open text log::info", ""),
        ] {
            let named = crates_named(code, ["futures", "log", "parking_lot", "rand"]);
            let named: Vec<&str> = named.into_iter().collect();
            assert_eq!(named.join(" "), expected, "{code}");
        }
    }
}

//! Whether a text is a whole cell, for consoles that ask after each line.

use ra_ap_syntax::Edition;
use ra_ap_syntax::NodeOrToken;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;

use crate::dispatcher::Completeness;

/// How much deeper each open bracket indents.
const INDENT: usize = 4;

/// Tells whether a text can be run, wants more lines, or is wrong whatever follows.
pub fn is_complete(text: &str) -> Completeness {
    if text.trim().is_empty() || is_command(text) {
        return Completeness::Complete;
    }
    let tree = SourceFile::parse(text, Edition::Edition2024);
    let tokens = Tokens::of(&tree.syntax_node());
    if tokens.mismatched {
        return Completeness::Invalid;
    }
    if tokens.unterminated {
        return Completeness::Incomplete {
            indent: String::new(),
        };
    }
    if tokens.depth > 0 {
        return Completeness::Incomplete {
            indent: " ".repeat(tokens.depth * INDENT),
        };
    }
    if tokens.wants_more {
        return Completeness::Incomplete {
            indent: " ".repeat(INDENT),
        };
    }
    // A cell is what stands in a function's body: statements, items, and an expression at the end.
    let as_body = SourceFile::parse(&format!("fn cell() {{\n{text}\n}}"), Edition::Edition2024);
    // Attributes of the whole crate may come first, which a body does not take.
    if as_body.errors().is_empty() || tree.errors().is_empty() {
        Completeness::Complete
    } else {
        Completeness::Invalid
    }
}

/// Whether the name at a place (from 1) is that of a cell's own variable, which later cells may use.
pub(crate) fn binds_for_later(text: &str, line: u32, column: u32) -> bool {
    let body = format!("fn cell() {{\n{text}\n}}");
    // The body's first line is one above the cell's.
    let Some(start) = body.match_indices('\n').nth(line as usize - 1) else {
        return false;
    };
    let line_start = start.0 + 1;
    let byte = body[line_start..]
        .char_indices()
        .nth(column as usize - 1)
        .map(|(byte, _)| line_start + byte)
        .and_then(|byte| u32::try_from(byte).ok());
    let tree = SourceFile::parse(&body, Edition::Edition2024).syntax_node();
    let Some(token) = byte.and_then(|byte| tree.token_at_offset(byte.into()).right_biased()) else {
        return false;
    };
    let mut above = token
        .parent_ancestors()
        .map(|node| node.kind())
        .skip_while(|kind| {
            !matches!(
                kind,
                SyntaxKind::LET_STMT | SyntaxKind::FN | SyntaxKind::CLOSURE_EXPR
            )
        });
    [
        SyntaxKind::LET_STMT,
        SyntaxKind::STMT_LIST,
        SyntaxKind::BLOCK_EXPR,
        SyntaxKind::FN,
        SyntaxKind::SOURCE_FILE,
    ]
    .into_iter()
    .all(|kind| above.next() == Some(kind))
}

/// Commands, shell lines, magics and help end with their line.
fn is_command(text: &str) -> bool {
    let last = text.trim_end().lines().last().unwrap_or_default();
    let is_help = last.ends_with('?') && !last.contains([' ', '(', ')', ';']);
    last.starts_with([':', '!', '%']) || is_help
}

#[derive(Debug, Default)]
struct Tokens {
    depth: usize,
    mismatched: bool,
    unterminated: bool,
    wants_more: bool,
}

impl Tokens {
    fn of(root: &SyntaxNode) -> Tokens {
        let mut tokens = Tokens::default();
        let mut open = Vec::new();
        for token in root
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
        {
            let kind = token.kind();
            tokens.unterminated = is_unterminated(kind, token.text());
            if kind.is_trivia() {
                continue;
            }
            tokens.wants_more = wants_more(kind);
            match kind {
                SyntaxKind::L_PAREN | SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => open.push(kind),
                SyntaxKind::R_PAREN => tokens.mismatched |= open.pop() != Some(SyntaxKind::L_PAREN),
                SyntaxKind::R_BRACK => {
                    tokens.mismatched |= open.pop() != Some(SyntaxKind::L_BRACK);
                    // `#[derive(Debug)]` alone belongs to an item that is still to come.
                    tokens.wants_more = token.parent().is_some_and(|parent| {
                        parent.kind() == SyntaxKind::ATTR && !is_inner(&parent)
                    });
                }
                SyntaxKind::R_CURLY => tokens.mismatched |= open.pop() != Some(SyntaxKind::L_CURLY),
                _ => {}
            }
        }
        tokens.depth = open.len();
        tokens
    }
}

fn is_inner(attribute: &SyntaxNode) -> bool {
    attribute.text().to_string().starts_with("#!")
}

/// A literal or comment that runs into the end of the text.
fn is_unterminated(kind: SyntaxKind, text: &str) -> bool {
    match kind {
        SyntaxKind::STRING | SyntaxKind::BYTE_STRING | SyntaxKind::C_STRING => {
            let Some((prefix, rest)) = text.split_once('"') else {
                return true;
            };
            if let Some(hashes) = prefix.find('#').map(|at| &prefix[at..]) {
                return !(rest.ends_with(hashes) && rest.trim_end_matches('#').ends_with('"'));
            }
            let Some(inside) = rest.strip_suffix('"') else {
                return true;
            };
            let is_raw = prefix.ends_with('r');
            let backslashes = inside
                .bytes()
                .rev()
                .take_while(|byte| *byte == b'\\')
                .count();
            !is_raw && backslashes % 2 == 1
        }
        SyntaxKind::COMMENT => {
            text.starts_with("/*") && text.matches("/*").count() > text.matches("*/").count()
        }
        _ => false,
    }
}

/// After these no cell ends.
fn wants_more(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(
        kind,
        EQ | EQ2
            | NEQ
            | PLUS
            | MINUS
            | STAR
            | SLASH
            | PERCENT
            | AMP
            | PIPE
            | AMP2
            | PIPE2
            | L_ANGLE
            | DOT
            | DOT2EQ
            | COMMA
            | COLON
            | COLON2
            | FAT_ARROW
            | THIN_ARROW
            | PLUSEQ
            | MINUSEQ
            | LET_KW
            | ELSE_KW
            | FN_KW
            | IF_KW
            | WHILE_KW
            | FOR_KW
            | IN_KW
            | MATCH_KW
            | STRUCT_KW
            | ENUM_KW
            | IMPL_KW
            | TRAIT_KW
            | USE_KW
            | MOD_KW
            | MUT_KW
            | PUB_KW
            | AS_KW
            | UNSAFE_KW
            | ASYNC_KW
            | MOVE_KW
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_cell_are_told_from_those_inside_its_code() {
        let text = "let (a, é) = f(|x| { let y = 1; });\nfn g() { let z = 1; }";
        for (line, column, expected) in [
            (1, 6, true),
            (1, 9, true),
            (1, 17, false),
            (1, 26, false),
            (2, 14, false),
            (3, 1, false),
        ] {
            assert_eq!(
                binds_for_later(text, line, column),
                expected,
                "{line}:{column}"
            );
        }
    }

    fn check(text: &str) -> &'static str {
        match is_complete(text) {
            Completeness::Complete => "complete",
            Completeness::Incomplete { .. } => "incomplete",
            Completeness::Invalid => "invalid",
            Completeness::Unknown => "unknown",
        }
    }

    #[test]
    fn whole_cells_are_complete() {
        for text in [
            "1 + 1",
            "let x = 1;",
            "fn f() {}",
            "f(1)?",
            "x.await",
            "let v: Vec<u8> = vec![1];\nv.len()",
            "#![allow(dead_code)]",
            "\"a // {\"",
            "r#\"{ \"# ",
            "'{'",
            "// {",
            ":dep rand",
            "!ls {",
            "Vec?",
            "",
            "use std::thread;",
            "#[derive(Debug)]\nstruct A;",
        ] {
            assert_eq!(check(text), "complete", "{text}");
        }
    }

    #[test]
    fn open_ends_are_incomplete() {
        for text in [
            "fn f() {",
            "let x =",
            "f(1,",
            "\"abc",
            "\"abc\\\"",
            "r#\"abc\"",
            "/* abc",
            "/* /* */",
            "#[derive(Debug)]",
            "vec![1,\n2",
            "if x {\n} else",
            "x.",
            "let",
        ] {
            assert_eq!(check(text), "incomplete", "{text}");
        }
    }

    #[test]
    fn what_nothing_can_mend_is_invalid() {
        for text in ["}", "f(]", "let 1x = ;", "fn f( {)}", "x y z"] {
            assert_eq!(check(text), "invalid", "{text}");
        }
    }

    #[test]
    fn indent_follows_the_depth() {
        let Completeness::Incomplete { indent } = is_complete("fn f() {\n    if x {") else {
            panic!("expected more");
        };
        assert_eq!(indent, " ".repeat(8));
    }
}

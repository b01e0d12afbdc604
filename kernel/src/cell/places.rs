//! What stands at a place of a cell's code.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::SyntaxToken;
use ra_ap_syntax::T;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use super::body;
use super::range;

/// Where a cell binds a variable for later cells, in bytes: the last time that it does.
pub(crate) fn binding(text: &str, name: &str) -> Option<usize> {
    let list = body(text)?;
    let statements = list.syntax().children().filter_map(ast::LetStmt::cast);
    let names = statements
        .filter_map(|statement| statement.pat())
        .flat_map(|pattern| pattern.syntax().descendants())
        .filter_map(ast::IdentPat::cast)
        .filter_map(|pattern| pattern.name());
    let found = names.filter(|found| found.text() == name).last()?;
    Some(range(found.syntax(), text).start)
}

/// Whether the name at a place (from 1) is that of a cell's own variable, which later cells may use.
pub(crate) fn binds_for_later(text: &str, line: u32, column: u32) -> bool {
    let Some(token) = token_at(text, line, column) else {
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

/// Whether what stands at a place (from 1) is run by the cell itself, not by a function, closure or task of its own.
///
/// What a macro makes of its arguments is not known: those that may hold a closure or a function count as one.
pub(crate) fn is_outside_functions(text: &str, line: u32, column: u32) -> bool {
    let Some(token) = token_at(text, line, column) else {
        return false;
    };
    let is_inside = |node: &SyntaxNode| match node.kind() {
        SyntaxKind::CLOSURE_EXPR => true,
        SyntaxKind::BLOCK_EXPR => has_token(node, &[T![async]]),
        SyntaxKind::TOKEN_TREE => has_token(node, &[T![|], T![fn], T![async]]),
        _ => false,
    };
    let above: Vec<SyntaxNode> = token.parent_ancestors().collect();
    let functions = above.iter().filter(|node| node.kind() == SyntaxKind::FN);
    // The parser's own function is one.
    functions.count() == 1 && !above.iter().any(is_inside)
}

fn has_token(node: &SyntaxNode, kinds: &[SyntaxKind]) -> bool {
    let tokens = node
        .children_with_tokens()
        .filter_map(|child| child.into_token());
    let inside = node.children();
    tokens
        .map(|token| token.kind())
        .any(|kind| kinds.contains(&kind))
        || (node.kind() == SyntaxKind::TOKEN_TREE
            && inside.into_iter().any(|node| has_token(&node, kinds)))
}

/// The token at a place of a function's body, from 1.
fn token_at(text: &str, line: u32, column: u32) -> Option<SyntaxToken> {
    let body = format!("fn cell() {{\n{text}\n}}");
    // The body's first line is one above the cell's.
    let (newline, _) = body
        .match_indices('\n')
        .nth((line as usize).checked_sub(1)?)?;
    let line_start = newline + 1;
    let mut chars = body[line_start..].char_indices();
    let (byte, _) = chars.nth((column as usize).checked_sub(1)?)?;
    let byte = u32::try_from(line_start + byte).ok()?;
    let tree = SourceFile::parse(&body, Edition::Edition2024).syntax_node();
    tree.token_at_offset(byte.into()).right_biased()
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

    #[test]
    fn a_binding_is_found_where_it_was_made_last() {
        let text = "let a = 1;\nlet f = |b| { let c = b; c };\nlet (a, mut d) = (f(a), 2);";
        for (name, at) in [
            ("a", Some("a, mut")),
            ("f", Some("f = |b|")),
            ("d", Some("d) =")),
            ("b", None),
            ("c", None),
        ] {
            assert_eq!(
                binding(text, name),
                at.and_then(|at| text.find(at)),
                "{name}"
            );
        }
    }

    #[test]
    fn what_the_cell_runs_itself_is_told_from_its_functions() {
        for (text, is_outside) in [
            ("let a = 1;\n^v[10];", true),
            ("if a { for i in 0..3 { ^v[i]; } }", true),
            ("println!(\"{}\", ^v[10]);", true),
            ("let é = unsafe { ^v[10] };", true),
            ("later(3).^await;", true),
            ("fn f() { ^v[10] }", false),
            ("impl A {\n fn f() { ^v[10] } }", false),
            ("a.iter().map(|n| ^v[*n]).sum()", false),
            ("println!(\"{}\", a.iter().map(|n| ^v[*n]).sum());", false),
            ("print!(\"{}\", { fn f() -> u8 { ^v[1] } f() });", false),
            ("async { ^v[10] }.await;", false),
            ("let t = tokio::spawn(async move { ^v[10] });", false),
        ] {
            let before = text.find('^').unwrap_or_default();
            let line_start = text[..before].rfind('\n').map_or(0, |newline| newline + 1);
            let line = text[..before].matches('\n').count() as u32 + 1;
            let column = text[line_start..before].chars().count() as u32 + 1;
            let text = text.replace('^', "");
            assert_eq!(
                is_outside_functions(&text, line, column),
                is_outside,
                "{text}"
            );
        }
    }
}

//! A cell's Rust as a parser takes it: the body of a function, with statements, items and a last expression.

use std::ops::Range;

use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::TextRange;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasModuleItem;
use ra_ap_syntax::ast::HasName;

const BEFORE: &str = "fn f(){";

/// What the code consists of; nothing where its brackets do not match.
pub(crate) fn body(code: &str) -> Option<ast::StmtList> {
    // Behind the newline, a comment at the code's end does not reach the bracket.
    let file = SourceFile::parse(&format!("{BEFORE}{code}\n}}"), Edition::Edition2024).tree();
    match file.items().next()? {
        ast::Item::Fn(function) => function.body()?.stmt_list(),
        _ => None,
    }
}

/// Where in the code a part of its body is, in bytes. A part that ends behind the code is cut.
pub(crate) fn range(node: &SyntaxNode, code: &str) -> Range<usize> {
    text_range(node.text_range(), code)
}

/// The same for a range of the parsed text.
pub(crate) fn text_range(range: TextRange, code: &str) -> Range<usize> {
    let place = |offset| (usize::from(offset) - BEFORE.len()).min(code.len());
    place(range.start())..place(range.end())
}

/// The name by which other code refers to an item, where it has one.
pub(crate) fn item_name(item: &ast::Item) -> Option<String> {
    let name = match item {
        ast::Item::Const(item) => item.name(),
        ast::Item::Enum(item) => item.name(),
        ast::Item::Fn(item) => item.name(),
        ast::Item::MacroRules(item) => item.name(),
        ast::Item::Module(item) => item.name(),
        ast::Item::Static(item) => item.name(),
        ast::Item::Struct(item) => item.name(),
        ast::Item::Trait(item) => item.name(),
        ast::Item::TypeAlias(item) => item.name(),
        ast::Item::Union(item) => item.name(),
        _ => None,
    }?;
    Some(name.text().to_string())
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::AstNode;

    use super::*;

    #[test]
    fn parts_know_their_place() {
        let code = "let a = 1; fn é() {}\na // the end";
        let texts = |code: &str| -> Vec<String> {
            let list = body(code).unwrap();
            let parts = list.syntax().children();
            parts
                .map(|part| code[range(&part, code)].to_owned())
                .collect()
        };
        assert_eq!(texts(code), ["let a = 1;", "fn é() {}", "a"]);
        assert!(texts("").is_empty());
        // No part of the text is lost, and no range ends beyond the text.
        assert_eq!(texts("fn").concat(), "fn");
        assert_eq!(texts("[1, ").concat().trim_end(), "[1,");
    }
}

//! Items that a macro of a cell makes: `make_function!(f);`.
//!
//! For evcxr such a call is a statement, whose items end with the cell. It is marked here, and the stand-in for cargo moves it
//! out of the function that runs the cell, and into each later cell.

use std::collections::HashSet;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::SyntaxToken;
use ra_ap_syntax::T;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use super::Edits;
use super::body;
use super::range;

/// What stands before and behind a call.
const MARKING: (&str, &str) = ("threadbook::local! { ", " /*items*/ };");

/// The macros of a text that make items and nothing else.
pub fn item_macros(text: &str) -> HashSet<String> {
    let list = body(text);
    let nodes = list.iter().flat_map(|list| list.syntax().descendants());
    nodes
        .filter_map(ast::MacroRules::cast)
        .filter(makes_items)
        .filter_map(|item| Some(item.name()?.text().to_string()))
        .collect()
}

/// Marks the calls, at the top of a text, of macros that make items.
pub fn mark_item_macros(text: &str, macros: &HashSet<String>) -> Edits {
    let mut put_in = Vec::new();
    let list = body(text);
    let children = list.iter().flat_map(|list| list.syntax().children());
    for call in children.filter(|child| is_call_of_one(child, macros)) {
        let place = range(&call, text);
        let end = match text[place.clone()].ends_with([';', '}']) {
            true => "",
            false => ";",
        };
        put_in.push((place.start, MARKING.0.to_owned()));
        put_in.push((place.end, format!("{end}{}", MARKING.1)));
    }
    Edits::insertions(put_in)
}

/// Takes the marks away again.
pub(crate) fn unmark_item_macros(marked: &str) -> Edits {
    let mut unmarking = Edits::default();
    for call in marked_calls(marked) {
        unmarking.blank(marked, call.start - MARKING.0.len()..call.start);
        unmarking.blank(marked, call.end..call.end + MARKING.1.len());
    }
    unmarking
}

/// The generated code with blanks for the marked calls, and the calls.
pub(crate) fn take_item_macros(generated: &str) -> (String, Vec<String>) {
    let mut taking = Edits::default();
    let mut calls = Vec::new();
    for call in marked_calls(generated) {
        calls.push(generated[call.clone()].to_owned());
        let marked = call.start - MARKING.0.len()..call.end + MARKING.1.len();
        taking.blank(generated, marked);
    }
    (taking.apply(generated), calls)
}

/// Where marked calls are, in order.
fn marked_calls(text: &str) -> Vec<Range<usize>> {
    let mut calls = Vec::new();
    let mut at = 0;
    while let Some(end) = text[at..].find(MARKING.1).map(|end| at + end) {
        let Some(start) = text[at..end].rfind(MARKING.0) else {
            break;
        };
        calls.push(at + start + MARKING.0.len()..end);
        at = end + MARKING.1.len();
    }
    calls
}

fn is_call_of_one(node: &SyntaxNode, macros: &HashSet<String>) -> bool {
    let Some(call) = node.descendants().take(3).find_map(ast::MacroCall::cast) else {
        return false;
    };
    // The call is the whole statement, not the beginning of an expression.
    let text = node.text().to_string();
    let whole = call.syntax().text().to_string();
    if text.trim_end_matches([';', ' ']) != whole.trim_end_matches(';') {
        return false;
    }
    let path = call.path().map(|path| path.syntax().text().to_string());
    let name = path
        .as_deref()
        .and_then(|path| path.rsplit("::").next())
        .unwrap_or_default();
    if name == "thread_local" || name == "macro_rules" {
        return false;
    }
    macros.contains(name)
        || call
            .token_tree()
            .is_some_and(|tree| begins_as_item(&inside(&tree)))
}

/// Whether all that the macro can become are items: its rules for the inside, which call the macro again, aside.
fn makes_items(item: &ast::MacroRules) -> bool {
    let Some(rules) = item.token_tree() else {
        return false;
    };
    // A rule is a matcher, an arrow and a body.
    let bodies: Vec<ast::TokenTree> = rules
        .syntax()
        .children()
        .filter_map(ast::TokenTree::cast)
        .skip(1)
        .step_by(2)
        .collect();
    let made: Vec<Vec<SyntaxToken>> = bodies
        .iter()
        .map(inside)
        .filter(|tokens| !calls_a_macro(tokens))
        .collect();
    !made.is_empty() && made.iter().all(|tokens| begins_as_item(tokens))
}

/// The tokens between a tree's brackets, without blanks, comments and `$(`.
fn inside(tree: &ast::TokenTree) -> Vec<SyntaxToken> {
    let tokens = tree
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    let mut tokens: Vec<SyntaxToken> = tokens
        .filter(|token| !token.kind().is_trivia())
        .skip(1)
        .collect();
    tokens.pop();
    let repeated = tokens
        .chunks(2)
        .take_while(|pair| matches!(pair, [dollar, open] if dollar.kind() == T![$] && open.kind() == T!['(']))
        .count();
    tokens.split_off(repeated * 2)
}

fn calls_a_macro(tokens: &[SyntaxToken]) -> bool {
    matches!(tokens, [name, bang, ..] if name.kind() == SyntaxKind::IDENT && bang.kind() == T![!])
}

fn begins_as_item(tokens: &[SyntaxToken]) -> bool {
    let kinds: Vec<SyntaxKind> = tokens.iter().map(SyntaxToken::kind).collect();
    match kinds.as_slice() {
        [
            T![struct]
            | T![enum]
            | T![impl]
            | T![trait]
            | T![mod]
            | T![static]
            | T![type]
            | T![fn]
            | T![pub]
            | T![extern],
            ..,
        ] => true,
        [T![#], T!['['], ..] => {
            // Behind the attribute.
            let end = kinds
                .iter()
                .position(|kind| *kind == T![']'])
                .map_or(0, |end| end + 1);
            end > 0 && begins_as_item(&tokens[end..])
        }
        [
            T![const] | T![unsafe],
            T![fn] | T![impl] | T![trait] | SyntaxKind::IDENT | T![extern],
            ..,
        ] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_that_make_items_are_known() {
        let text = "macro_rules! f { ($n:ident) => { fn $n() {} }; }\n\
                    macro_rules! many { ($($n:ident),*) => { $(#[derive(Debug)] struct $n;)* }; (@one) => { many!(A) } }\n\
                    macro_rules! say { () => { println!() } }\n\
                    macro_rules! block { () => {{ fn inner() {} inner() }} }\n\
                    macro_rules! value { ($x:expr) => { $x + 1 } }";
        let mut found: Vec<String> = item_macros(text).into_iter().collect();
        found.sort();
        assert_eq!(found, ["f", "many"]);
    }

    #[test]
    fn their_calls_are_moved_out() {
        let macros = HashSet::from(["f".to_owned()]);
        let text = "let a = 1;\nf!(one); f! {\n two }\ng!(x); flags! { pub struct F; }\nf!(three)";
        let marked = mark_item_macros(text, &macros).apply(text);
        assert_eq!(marked.matches('\n').count(), text.matches('\n').count());
        let (rest, calls) = take_item_macros(&marked);
        assert_eq!(
            calls,
            [
                "f!(one);",
                "f! {\n two }",
                "flags! { pub struct F; }",
                "f!(three);"
            ]
        );
        assert_eq!(rest.matches('\n').count(), text.matches('\n').count());
        assert_eq!(
            rest.split_whitespace().collect::<Vec<_>>().join(" "),
            "let a = 1; g!(x);"
        );
        assert!(mark_item_macros("1 + f!(x)", &macros).is_empty());
        let unmarked = unmark_item_macros(&marked).apply(&marked);
        assert_eq!(unmarked, format!("{text};"));
    }
}

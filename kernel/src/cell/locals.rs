//! `let` statements that evcxr must not see, since it refuses a cell with a variable whose type has no name.
//!
//! Such a statement is put into a macro call, which the stand-in for cargo removes again before rustc runs. The names stay
//! visible, the types of what follows are still inferred, and no line is added.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use super::Edits;
use super::body;
use super::range;

/// What stands before and behind a hidden statement.
const HIDING: (&str, &str) = ("threadbook::local! { ", " /*local*/ };");

/// Hides the `let` statements of a cell that bind one of the names.
///
/// Other names that such a statement binds are bound once more behind it: evcxr keeps those.
pub fn hide_lets(text: &str, names: &HashSet<String>) -> Edits {
    if names.is_empty() {
        return Edits::default();
    }
    let mut put_in = Vec::new();
    for (statement, bound) in lets(text) {
        if !bound.iter().any(|binding| names.contains(&binding.name)) {
            continue;
        }
        let place = range(statement.syntax(), text);
        let again: String = bound
            .iter()
            .filter(|binding| !names.contains(&binding.name))
            .map(|Binding { name, is_mut }| {
                let mutable = if *is_mut { "mut " } else { "" };
                format!(" let {mutable}{name} = {name};")
            })
            .collect();
        put_in.push((place.start, HIDING.0.to_owned()));
        put_in.push((place.end, format!("{}{again}", HIDING.1)));
    }
    Edits::insertions(put_in)
}

/// Takes the macro calls away again.
pub(crate) fn uncover_lets(hidden: &str) -> Edits {
    let mut uncovering = Edits::default();
    for cover in covers(hidden) {
        uncovering.blank(hidden, cover);
    }
    uncovering
}

/// The text without the macro calls, and the byte offsets there at which hidden statements begin.
pub(crate) fn show_lets(hidden: &str) -> (String, Vec<usize>) {
    let uncovering = uncover_lets(hidden);
    let covers = covers(hidden).into_iter();
    let openings = covers.filter(|cover| hidden[cover.clone()] == *HIDING.0);
    let starts = openings.filter_map(|opening| uncovering.to_new(opening.start));
    (uncovering.apply(hidden), starts.collect())
}

/// What stands before and behind hidden statements, in order.
fn covers(hidden: &str) -> Vec<Range<usize>> {
    let mut covers = Vec::new();
    let mut at = 0;
    let mut awaited = HIDING.0;
    while let Some(start) = hidden[at..].find(awaited) {
        at += start + awaited.len();
        covers.push(at - awaited.len()..at);
        awaited = if awaited == HIDING.0 {
            HIDING.1
        } else {
            HIDING.0
        };
    }
    covers
}

/// What has a type without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnameable {
    /// A closure.
    Closure,
    /// An `async` block.
    Future,
}

/// The variables that a cell binds to a closure or a future at its top.
pub fn unnameable_lets(text: &str) -> HashMap<String, Unnameable> {
    let mut found = HashMap::new();
    for (statement, bound) in lets(text) {
        let value = statement.initializer().filter(|_| statement.ty().is_none());
        if let Some(what) = value.and_then(|value| unnameable(&value)) {
            found.extend(bound.into_iter().map(|binding| (binding.name, what)));
        }
    }
    found
}

fn unnameable(value: &ast::Expr) -> Option<Unnameable> {
    match value {
        ast::Expr::ClosureExpr(_) => Some(Unnameable::Closure),
        ast::Expr::BlockExpr(block) => block.async_token().map(|_| Unnameable::Future),
        ast::Expr::ParenExpr(inner) => unnameable(&inner.expr()?),
        _ => None,
    }
}

/// The names that a cell binds at its top.
pub fn bound_names(text: &str) -> HashSet<String> {
    let bound = lets(text).into_iter().flat_map(|(_, bound)| bound);
    bound.map(|binding| binding.name).collect()
}

/// Whether a cell binds variables by `let` statements of its own.
pub fn has_lets(text: &str) -> bool {
    text.contains("let") && !lets(text).is_empty()
}

/// A name that a pattern binds.
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) is_mut: bool,
}

/// The `let` statements at the top of a cell, with what they bind.
pub(crate) fn lets(text: &str) -> Vec<(ast::LetStmt, Vec<Binding>)> {
    let list = body(text);
    let children = list.iter().flat_map(|list| list.syntax().children());
    let statements = children.filter_map(ast::LetStmt::cast);
    statements
        .map(|statement| {
            let bound = statement
                .pat()
                .map_or_else(Vec::new, |pattern| bindings(pattern.syntax()));
            (statement, bound)
        })
        .collect()
}

fn bindings(pattern: &SyntaxNode) -> Vec<Binding> {
    let patterns = pattern.descendants().filter_map(ast::IdentPat::cast);
    patterns
        .filter_map(|pattern| {
            Some(Binding {
                name: pattern.name()?.text().trim_start_matches("r#").to_owned(),
                is_mut: pattern.mut_token().is_some(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(text: &str, names: &[&str]) -> String {
        hide_lets(text, &names.iter().map(|name| (*name).to_owned()).collect()).apply(text)
    }

    #[test]
    fn a_hidden_statement_comes_back_as_it_was() {
        let text = "let a = 1;\n  let f = |x| x + a; // é\nlet (mut b, g) = (1, || 2); f(b)";
        let hidden = hide(text, &["f", "g"]);
        assert_eq!(
            hidden,
            "let a = 1;\n  threadbook::local! { let f = |x| x + a; /*local*/ }; // é\n\
             threadbook::local! { let (mut b, g) = (1, || 2); /*local*/ }; let mut b = b; f(b)"
        );
        let (shown, starts) = show_lets(&hidden);
        assert_eq!(shown.replace(" let mut b = b;", ""), text);
        let at: Vec<&str> = starts
            .iter()
            .map(|start| &shown[*start..*start + 7])
            .collect();
        assert_eq!(at, ["let f =", "let (mu"]);
        assert_eq!(hide(text, &["c"]), text);
    }

    #[test]
    fn closures_and_futures_are_known_by_their_form() {
        let text = "let f = |x| x; let g = move || 1; let h = (async { 1 }); let i: fn() = || (); let j = { || 1 };";
        let found = unnameable_lets(text);
        assert_eq!(found.len(), 3);
        assert_eq!(found["f"], Unnameable::Closure);
        assert_eq!(found["g"], Unnameable::Closure);
        assert_eq!(found["h"], Unnameable::Future);
    }
}

//! `let` statements that evcxr must not see, since it refuses a cell with a variable whose type has no name.
//!
//! Such a statement is put into a macro call, which the stand-in for cargo removes again before rustc runs. The names stay
//! visible, the types of what follows are still inferred, and no line is added.

use std::collections::HashMap;
use std::collections::HashSet;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use super::body;
use super::range;

/// What stands before and behind a hidden statement.
const HIDING: (&str, &str) = ("threadbook::local! { ", " /*local*/ };");

/// What stands around a second binding of a name whose first one is hidden: evcxr keeps that one.
pub(super) const REBINDING: (&str, &str) = ("/*again*/ ", " /*bound*/");

/// The cell's text with the `let` statements hidden that bind one of the names.
///
/// Other names that such a statement binds are bound once more behind it.
pub fn hide_lets(text: &str, names: &HashSet<String>) -> String {
    if names.is_empty() {
        return text.to_owned();
    }
    let mut hidden = text.to_owned();
    for (statement, bound) in lets(text).into_iter().rev() {
        if !bound.iter().any(|binding| names.contains(&binding.name)) {
            continue;
        }
        let place = range(statement.syntax(), text);
        let again: String = bound
            .iter()
            .filter(|binding| !names.contains(&binding.name))
            .map(|Binding { name, is_mut }| {
                let mutable = if *is_mut { "mut " } else { "" };
                let (start, end) = REBINDING;
                format!("{start}let {mutable}{name} = {name};{end}")
            })
            .collect();
        hidden.insert_str(place.end, &format!("{}{again}", HIDING.1));
        hidden.insert_str(place.start, HIDING.0);
    }
    hidden
}

/// Takes the macro calls away again. Gives the byte offsets in the result at which hidden statements begin.
pub(crate) fn show_lets(generated: &str) -> (String, Vec<usize>) {
    let mut shown = String::with_capacity(generated.len());
    let mut starts = Vec::new();
    let mut rest = generated;
    while let Some((before, after)) = rest.split_once(HIDING.0) {
        shown.push_str(before);
        starts.push(shown.len());
        let (statement, behind) = after.split_once(HIDING.1).unwrap_or((after, ""));
        shown.push_str(statement);
        rest = behind;
    }
    shown.push_str(rest);
    (shown, starts)
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
        hide_lets(text, &names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_hidden_statement_comes_back_as_it_was() {
        let text = "let a = 1;\n  let f = |x| x + a; // é\nlet (mut b, g) = (1, || 2); f(b)";
        let hidden = hide(text, &["f", "g"]);
        assert_eq!(
            hidden,
            "let a = 1;\n  threadbook::local! { let f = |x| x + a; /*local*/ }; // é\n\
             threadbook::local! { let (mut b, g) = (1, || 2); /*local*/ };/*again*/ let mut b = b; /*bound*/ f(b)"
        );
        let (shown, starts) = show_lets(&hidden);
        assert_eq!(
            shown.replace("/*again*/ let mut b = b; /*bound*/", ""),
            text
        );
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

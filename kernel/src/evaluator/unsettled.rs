//! Advice about a variable whose type nothing in its cell determines.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;
use serde_json::Value;

use super::source_map::Sources;
use super::spans;
use super::spans::Source;
use crate::cell::lets;
use crate::cell::range;

/// The line to write, where a message is about the type of a `let` at the top of the cell.
pub(super) fn advice(message: &Value, sources: Sources) -> Option<String> {
    let mut primary = spans::spans(message).filter(|span| spans::is_primary(span));
    let found = spans::found(primary.next()?, sources.map, sources.cells)?;
    if found.source != Source::Cell(sources.latest) {
        return None;
    }
    let (statement, bound) = lets(&found.text).into_iter().find(|(statement, _)| {
        range(statement.syntax(), &found.text).contains(&found.range.start)
    })?;
    let names: Vec<String> = bound
        .iter()
        .map(|binding| format!("`{}`", binding.name))
        .collect();
    let names = names.join(", ");
    let line =
        written(&statement).unwrap_or_else(|| format!("let {}: ..", names.trim_matches('`')));
    Some(format!(
        "what later cells do with {names} can't settle the type: write it in this cell, as in `{line}`"
    ))
}

/// The value of a `let` with a type where one is missing, for a call without arguments such as `Vec::new()`.
fn written(statement: &ast::LetStmt) -> Option<String> {
    let ast::Expr::CallExpr(call) = statement.initializer()? else {
        return None;
    };
    let callee = call.expr()?.syntax().text().to_string();
    if callee.contains('<') {
        return None;
    }
    let args = call.syntax().text().to_string()[callee.len()..].to_owned();
    let of_type = callee.rsplit_once("::").filter(|(ty, _)| {
        ty.rsplit("::")
            .next()
            .is_some_and(|name| name.starts_with(char::is_uppercase))
    });
    Some(match of_type {
        Some((ty, function)) => format!("{ty}::<i32>::{function}{args}"),
        None => format!("{callee}::<i32>{args}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_written_where_it_is_missing() {
        for (text, expected) in [
            (
                "let (a, b) = mpsc::channel();",
                Some("mpsc::channel::<i32>()"),
            ),
            ("let a = Vec::new();", Some("Vec::<i32>::new()")),
            (
                "let a = std::vec::Vec::with_capacity(3);",
                Some("std::vec::Vec::<i32>::with_capacity(3)"),
            ),
            ("let a = f::<u8>();", None),
            ("let a = None;", None),
        ] {
            let (statement, _) = lets(text).pop().unwrap();
            assert_eq!(written(&statement).as_deref(), expected, "{text}");
        }
    }
}

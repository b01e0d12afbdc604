//! Which variables borrow from another for certain, as far as types and text show it.
//!
//! rustc would find out too, at the price of a compile. What is not certain here is left to it: a `&str` may be `'static`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;

use super::choice::Reason;
use super::put::Put;
use crate::cell::body;
use crate::cell::lets;
use crate::cell::range;
use crate::evcxr_text::generated;

/// Types of the runtime that have a lifetime, but borrow nothing from what they are made by.
const STATIC: [&str; 2] = ["executor::Map<'_", "executor::TryMap<'_"];

/// The types of the variables that a cell uses and binds.
#[derive(Debug, Default)]
pub(crate) struct Types {
    by_name: BTreeMap<String, String>,
    unkept: BTreeMap<String, Reason>,
    /// Names whose last `let` evcxr did not see.
    hidden: Vec<String>,
}

impl Types {
    /// `head` takes earlier variables out of the store. `hidden` are the bytes at which `let` statements begin that evcxr did
    /// not see.
    pub(super) fn of(head: &str, new: &[Put], statements: &str, hidden: &[usize]) -> Types {
        let taken = head.lines().filter_map(generated::take_of_line);
        let mut types = Types {
            by_name: taken
                .map(|(ty, name)| (name.to_owned(), ty.to_owned()))
                .collect(),
            ..Types::default()
        };
        let bound: BTreeMap<&str, &str> = new
            .iter()
            .map(|put| (put.name.as_str(), put.type_name.as_str()))
            .collect();
        for (statement, names) in lets(statements) {
            let is_hidden = hidden.contains(&range(statement.syntax(), statements).start);
            let value = statement.initializer();
            for binding in names {
                let name = binding.name;
                types.hidden.retain(|other| *other != name);
                types.unkept.remove(&name);
                let known = bound.get(name.as_str()).copied();
                let reason = known.and_then(|ty| types.reason(ty, value.as_ref()));
                if is_hidden {
                    types.hidden.push(name.clone());
                }
                // Of a name that is bound more than once, evcxr gives the last type. An earlier one is not looked at.
                types
                    .by_name
                    .insert(name.clone(), known.unwrap_or_default().to_owned());
                types.unkept.extend(reason.map(|reason| (name, reason)));
            }
        }
        types
    }

    /// The variables of the cell that can't be kept for certain.
    pub(super) fn unkept(&self) -> &BTreeMap<String, Reason> {
        &self.unkept
    }

    pub(super) fn is_hidden(&self, name: &str) -> bool {
        self.hidden.iter().any(|other| other == name)
    }

    /// Whether a variable's type has room for a reference.
    pub(super) fn may_borrow(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|ty| may_borrow(ty))
    }

    fn reason(&self, ty: &str, value: Option<&ast::Expr>) -> Option<Reason> {
        if ty.contains("impl ") {
            return Some(Reason::Unnameable(ty.to_owned()));
        }
        if !may_borrow(ty) {
            return None;
        }
        self.borrows(value?, ty)
    }

    /// What a value of such a type borrows from, if it does for certain.
    fn borrows(&self, value: &ast::Expr, ty: &str) -> Option<Reason> {
        match value {
            ast::Expr::ParenExpr(inner) => self.borrows(&inner.expr()?, ty),
            ast::Expr::TryExpr(inner) => self.borrows(&inner.expr()?, ty),
            ast::Expr::AwaitExpr(inner) => self.borrows(&inner.expr()?, ty),
            ast::Expr::RefExpr(inner) => self.referred(inner),
            ast::Expr::MethodCallExpr(call) => {
                let has_lifetime =
                    ty.contains("'_") && !STATIC.iter().any(|name| ty.contains(name));
                let receiver = receiver(call)?;
                let name = name_of(&receiver)?;
                let borrows =
                    self.unkept.contains_key(&name) || has_lifetime && self.is_owned(&name);
                borrows.then_some(Reason::Borrows(Some(name)))
            }
            ast::Expr::PathExpr(_) => {
                let name = name_of(value)?;
                let reason = self.unkept.get(&name)?;
                Some(reason.clone())
            }
            _ => None,
        }
    }

    fn referred(&self, reference: &ast::RefExpr) -> Option<Reason> {
        let mut place = reference.expr()?;
        loop {
            place = match place {
                ast::Expr::ParenExpr(inner) => inner.expr()?,
                ast::Expr::FieldExpr(field) => field.expr()?,
                ast::Expr::IndexExpr(index) => index.base()?,
                // A temporary value, which rustc does not make a constant of.
                ast::Expr::MethodCallExpr(_) | ast::Expr::CallExpr(_) => {
                    return Some(Reason::Borrows(None));
                }
                other => {
                    let name = name_of(&other)?;
                    return self.is_owned(&name).then_some(Reason::Borrows(Some(name)));
                }
            };
        }
    }

    fn is_owned(&self, name: &str) -> bool {
        let ty = self.by_name.get(name);
        ty.is_some_and(|ty| !ty.is_empty() && !may_borrow(ty))
    }
}

/// The names of variables that the statements assign to, as a whole or in part.
pub(super) fn assigned(statements: &str) -> BTreeSet<String> {
    let list = body(statements);
    let nodes = list.iter().flat_map(|list| list.syntax().descendants());
    nodes
        .filter_map(ast::BinExpr::cast)
        .filter(|expr| matches!(expr.op_kind(), Some(ast::BinaryOp::Assignment { op: None })))
        .filter_map(|expr| place_name(expr.lhs()?))
        .collect()
}

/// The variable that a place is a part of.
fn place_name(mut place: ast::Expr) -> Option<String> {
    loop {
        place = match place {
            ast::Expr::FieldExpr(field) => field.expr()?,
            ast::Expr::IndexExpr(index) => index.base()?,
            ast::Expr::ParenExpr(inner) => inner.expr()?,
            other => return name_of(&other),
        };
    }
}

fn may_borrow(ty: &str) -> bool {
    let without_static = ty.replace("&'static ", "").replace("'static", "");
    without_static.contains('&') || without_static.contains('\'')
}

/// Where a chain of method calls begins.
fn receiver(call: &ast::MethodCallExpr) -> Option<ast::Expr> {
    let mut at = call.receiver()?;
    loop {
        at = match at {
            ast::Expr::MethodCallExpr(inner) => inner.receiver()?,
            ast::Expr::TryExpr(inner) => inner.expr()?,
            ast::Expr::AwaitExpr(inner) => inner.expr()?,
            ast::Expr::ParenExpr(inner) => inner.expr()?,
            other => return Some(other),
        };
    }
}

/// The variable that an expression is.
fn name_of(expr: &ast::Expr) -> Option<String> {
    let ast::Expr::PathExpr(path) = expr else {
        return None;
    };
    let text = path.syntax().text().to_string();
    (!text.contains(':')).then(|| text.trim_start_matches("r#").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reasons why variables of a cell are not kept. `types` has the name and type of each variable.
    fn unkept(statements: &str, types: &[(&str, &str)]) -> Vec<(String, Reason)> {
        let new: Vec<Put> = types
            .iter()
            .map(|(name, ty)| Put {
                name: (*name).to_owned(),
                type_name: (*ty).to_owned(),
                text: String::new(),
                line: 1,
            })
            .collect();
        let head = "let old = evcxr_variable_store.take_variable::<Vec<u8>>(stringify!(old));\n";
        let types = Types::of(head, &new, statements, &[]);
        types.unkept.into_iter().collect()
    }

    fn from(name: &str) -> Reason {
        Reason::Borrows(Some(name.to_owned()))
    }

    #[test]
    fn what_borrows_from_a_variable_is_known() {
        for (value, ty, expected) in [
            ("m.lock().unwrap()", "MutexGuard<'_, i32>", Some(from("m"))),
            ("&old[0]", "&u8", Some(from("old"))),
            ("&mut p.name", "&mut String", Some(from("p"))),
            ("old.iter()", "Iter<'_, u8>", Some(from("old"))),
            ("f(&old)", "&u8", None),
            ("M.lock().unwrap()", "MutexGuard<'_, i32>", None),
            ("p.text()", "&str", None),
            ("text.split(' ')", "Split<'_, char>", None),
            ("p.words.iter()", "Iter<'_, &str>", None),
            ("&[1, 2]", "&[i32; 2]", None),
            ("&5", "&i32", None),
            ("&f()", "&i32", Some(Reason::Borrows(None))),
            ("old.len()", "usize", None),
            ("&old", "&'static Vec<u8>", None),
            (
                "numbers()",
                "impl Iterator<Item = i32>",
                Some(Reason::Unnameable("impl Iterator<Item = i32>".to_owned())),
            ),
        ] {
            let statements = format!("let m = f(); let p = f(); let text = \"\"; let x = {value};");
            let types = [("m", "Mutex<i32>"), ("p", "P"), ("text", "&str"), ("x", ty)];
            let found = unkept(&statements, &types).pop().map(|(_, reason)| reason);
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn assignments_are_known_by_their_variable() {
        let found = assigned("a = 1; b.c[0].d = 2; if x { (e) = 3; } f == 4; g += 5; *h = 6;");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b", "e"]);
    }

    #[test]
    fn what_is_made_of_a_borrow_borrows() {
        let statements =
            "let a = &old; let b = a; let c = b.first(); let d = c.copied(); let a = 1;";
        let types = [
            ("a", "i32"),
            ("b", "&Vec<u8>"),
            ("c", "Option<&u8>"),
            ("d", "Option<u8>"),
        ];
        // The type of the first `a` is not known, because a second `a` follows.
        assert!(unkept(statements, &types).is_empty());
        let names: Vec<String> = unkept(
            &statements.replace("let a = 1;", ""),
            &[types[1], types[2], types[3], ("a", "&Vec<u8>")],
        )
        .into_iter()
        .map(|(name, _)| name)
        .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}

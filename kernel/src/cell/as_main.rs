//! What a cell has in common with `fn main`: a program's `main` runs, `return` and a last `Ok(())` end the cell, and
//! `#[cfg]` leaves out what it leaves out in a file.

use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::SyntaxToken;
use ra_ap_syntax::T;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasArgList;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasName;

use super::Code;
use super::Edits;
use super::body;
use super::range;

/// Which configuration rustc compiles for.
pub trait Configuration {
    /// Whether the predicate of a `#[cfg(..)]` holds; `None` where that is not known.
    fn holds(&self, predicate: &str) -> Option<bool>;
}

/// The code of a cell as code that evcxr and rustc take, on the same lines.
pub fn as_main(cell: &str, code: &Code, configuration: &dyn Configuration) -> Code {
    let text = &code.text;
    let Some(list) = body(text) else {
        return code.clone();
    };
    let mut changes = Changes {
        text,
        list: Vec::new(),
    };
    let children: Vec<SyntaxNode> = list.syntax().children().collect();
    for child in &children {
        if changes.leave_out(child, configuration) {
            continue;
        }
        let is_last = list.tail_expr().is_some_and(|tail| tail.syntax() == child);
        changes.end_at_returns(child);
        if is_last {
            changes.end_with(child);
        }
    }
    changes.run_main(&children);
    let edits = changes.edits();
    match edits.is_empty() {
        true => code.clone(),
        false => code.then(cell, &edits),
    }
}

/// Whether a cell is a program: it defines `main`, and does not name it otherwise.
pub fn is_program(text: &str) -> bool {
    body(text).is_some_and(|list| {
        let children: Vec<SyntaxNode> = list.syntax().children().collect();
        main_of(&children).is_some()
    })
}

struct Changes<'a> {
    text: &'a str,
    list: Vec<(Range<usize>, String)>,
}

impl Changes<'_> {
    fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.list.push((range, with.into()));
    }

    fn edits(mut self) -> Edits {
        self.list.sort_by_key(|(range, _)| range.start);
        let mut edits = Edits::default();
        for (range, with) in self.list {
            edits.replace(self.text, range, with);
        }
        edits
    }

    /// Leaves out a statement or item whose `#[cfg]` does not hold, and the attribute where it holds; whether it is
    /// left out.
    fn leave_out(&mut self, node: &SyntaxNode, configuration: &dyn Configuration) -> bool {
        let attributes = attributes(node);
        let conditions: Vec<(Range<usize>, bool)> = attributes
            .iter()
            .filter_map(|attribute| {
                let predicate = condition(attribute)?;
                let holds = configuration.holds(&predicate)?;
                Some((range(attribute.syntax(), self.text), holds))
            })
            .collect();
        if conditions.iter().any(|(_, holds)| !holds) {
            self.replace(range(node, self.text), "");
            return true;
        }
        for (place, _) in conditions {
            self.replace(place, "");
        }
        false
    }

    /// A `return` of the cell's own ends it.
    fn end_at_returns(&mut self, node: &SyntaxNode) {
        for word in returns_in_macros(node) {
            let end = usize::from(word.text_range().end() - node.text_range().start());
            let end = range(node, self.text).start + end;
            self.replace(end..end, " ::threadbook::abi::leave(())");
        }
        for found in own_returns(node) {
            let place = range(found.syntax(), self.text);
            match found.expr() {
                None => {
                    self.replace(place.end..place.end, " ::threadbook::abi::leave(())");
                }
                Some(ast::Expr::CallExpr(call)) if is_variant(&call).is_some() => {
                    self.replace_variant(&call);
                }
                Some(value) => {
                    let value = range(value.syntax(), self.text);
                    self.replace(value.start..value.start, "::threadbook::abi::leave(");
                    self.replace(value.end..value.end, ")");
                }
            }
        }
    }

    /// `Ok(..)` or `Err(..)` without a type.
    fn replace_variant(&mut self, call: &ast::CallExpr) {
        let (Some(variant), Some(callee)) = (is_variant(call), call.expr()) else {
            return;
        };
        let function = match variant {
            Variant::Ok => "::threadbook::abi::leave_with_value",
            Variant::Err => "::threadbook::abi::leave_with_error",
        };
        self.replace(range(callee.syntax(), self.text), function);
    }

    /// The last expression: what it would be in `main`.
    fn end_with(&mut self, node: &SyntaxNode) {
        let place = range(node, self.text);
        let Some(value) = ast::Expr::cast(node.clone()) else {
            return;
        };
        if let ast::Expr::CallExpr(call) = &value
            && is_variant(call).is_some()
        {
            let is_unit = call.arg_list().is_some_and(|list| {
                list.syntax()
                    .text()
                    .to_string()
                    .replace(char::is_whitespace, "")
                    == "(())"
            });
            if is_unit && matches!(is_variant(call), Some(Variant::Ok)) {
                self.replace(place, "()");
            } else if matches!(is_variant(call), Some(Variant::Err)) {
                self.replace(place.start..place.start, "return ");
                self.replace_variant(call);
                self.replace(place.end..place.end, ";");
            }
        } else if !attributes(node).is_empty() {
            // Attributes of an expression are not stable, those of a statement are.
            self.replace(place.end..place.end, ";");
        }
    }

    /// Calls `main` at the end, if the cell defines it and does not name it otherwise.
    fn run_main(&mut self, children: &[SyntaxNode]) {
        let Some(main) = main_of(children) else {
            return;
        };
        let call = match main.async_token().is_some() && !has_main_attribute(&main) {
            true => "main().await",
            false => "main()",
        };
        let is_value = |node: &&SyntaxNode| ast::Expr::can_cast(node.kind());
        let behind = match children.last() {
            Some(last) if !is_value(&last) => last,
            _ => main.syntax(),
        };
        let end = range(behind, self.text).end;
        self.replace(end..end, format!(" ::threadbook::abi::main_ended({call});"));
    }
}

/// The cell's `main`, where nothing else in the cell names it.
fn main_of(children: &[SyntaxNode]) -> Option<ast::Fn> {
    let functions = children.iter().cloned().filter_map(ast::Fn::cast);
    let mut mains = functions.filter(|function| {
        let has_name = function.name().is_some_and(|name| name.text() == "main");
        let takes = function
            .param_list()
            .is_some_and(|list| list.params().next().is_some());
        has_name && !takes
    });
    let main = mains.next()?;
    let names_main = |node: &&SyntaxNode| {
        let tokens = node
            .descendants_with_tokens()
            .filter_map(|element| element.into_token());
        let mut words = tokens.filter(|token| token.kind() == SyntaxKind::IDENT);
        words.any(|token| token.text() == "main")
    };
    let others = children.iter().filter(|node| *node != main.syntax());
    let mut statements = others.filter(|node| !ast::Item::can_cast(node.kind()));
    (!statements.any(|node| names_main(&node))).then_some(main)
}

/// Whether an attribute such as `#[tokio::main]` makes an ordinary function of it.
fn has_main_attribute(main: &ast::Fn) -> bool {
    main.attrs().any(|attribute| {
        let path = attribute
            .path()
            .map(|path| path.syntax().text().to_string());
        path.is_some_and(|path| path.ends_with("main"))
    })
}

fn attributes(node: &SyntaxNode) -> Vec<ast::Attr> {
    let first_inside = node.first_child().filter(|_| {
        // A statement's attributes are its expression's.
        node.kind() == SyntaxKind::EXPR_STMT
    });
    let holders = [Some(node.clone()), first_inside];
    holders
        .into_iter()
        .flatten()
        .flat_map(|holder| {
            holder
                .children()
                .filter_map(ast::Attr::cast)
                .collect::<Vec<_>>()
        })
        .filter(|attribute| attribute.excl_token().is_none())
        .collect()
}

/// What stands in the brackets of `#[cfg(..)]`.
fn condition(attribute: &ast::Attr) -> Option<String> {
    let text = attribute.syntax().text().to_string();
    let inside = text.strip_prefix("#[")?.strip_suffix(']')?.trim();
    let predicate = inside
        .strip_prefix("cfg")?
        .trim()
        .strip_prefix('(')?
        .strip_suffix(')')?;
    Some(predicate.trim().to_owned())
}

enum Variant {
    Ok,
    Err,
}

fn is_variant(call: &ast::CallExpr) -> Option<Variant> {
    let callee = call.expr()?.syntax().text().to_string();
    let args = call.arg_list()?.args().count();
    match (callee.as_str(), args) {
        ("Ok", 1) => Some(Variant::Ok),
        ("Err", 1) => Some(Variant::Err),
        _ => None,
    }
}

/// Each `return` that is not one of a function, closure or future.
fn own_returns(node: &SyntaxNode) -> Vec<ast::ReturnExpr> {
    let nodes = own_nodes(node).into_iter();
    nodes.filter_map(ast::ReturnExpr::cast).collect()
}

/// Each `return` without a value in the arguments of a macro, such as `tokio::select!`, that has no function, closure
/// or future in them.
fn returns_in_macros(node: &SyntaxNode) -> Vec<SyntaxToken> {
    let calls = own_nodes(node).into_iter().filter_map(ast::MacroCall::cast);
    let trees = calls.filter_map(|call| call.token_tree());
    let mut found = Vec::new();
    for tree in trees {
        let tokens = tree
            .syntax()
            .descendants_with_tokens()
            .filter_map(|element| element.into_token());
        let tokens: Vec<SyntaxToken> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let has_other = tokens
            .iter()
            .any(|token| matches!(token.kind(), T![fn] | T![|] | T![||] | T![async]));
        let pairs = tokens.windows(2).filter(|pair| {
            !has_other
                && pair[0].kind() == T![return]
                && matches!(pair[1].kind(), T![;] | T!['}'] | T![,])
        });
        found.extend(pairs.map(|pair| pair[0].clone()));
    }
    found
}

/// The nodes that are not inside of a function, closure or future.
fn own_nodes(node: &SyntaxNode) -> Vec<SyntaxNode> {
    if is_other_code(node) {
        return Vec::new();
    }
    let inside = node.children().flat_map(|child| own_nodes(&child));
    std::iter::once(node.clone()).chain(inside).collect()
}

fn is_other_code(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::CLOSURE_EXPR => true,
        SyntaxKind::BLOCK_EXPR => {
            ast::BlockExpr::cast(node.clone()).is_some_and(|block| block.async_token().is_some())
        }
        kind => ast::Item::can_cast(kind) && kind != SyntaxKind::MACRO_CALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OnLinux;

    impl Configuration for OnLinux {
        fn holds(&self, predicate: &str) -> Option<bool> {
            match predicate {
                "linux" => Some(true),
                "windows" => Some(false),
                _ => None,
            }
        }
    }

    fn changed(text: &str) -> String {
        let code = as_main(text, &Code::verbatim(text), &OnLinux);
        assert_eq!(code.edits.apply(text), code.text);
        assert_eq!(code.text.matches('\n').count(), text.matches('\n').count());
        code.text
    }

    #[test]
    fn a_program_runs() {
        let run = |call: &str| format!(" ::threadbook::abi::main_ended({call});");
        for (text, call) in [
            ("fn main() {}", "main()"),
            ("use a::b;\nfn main() -> Result<(), b> { Ok(()) }", "main()"),
            ("async fn main() {}", "main().await"),
            ("#[tokio::main]\nasync fn main() {}", "main()"),
        ] {
            assert_eq!(changed(text), format!("{text}{}", run(call)));
            assert!(is_program(text));
        }
        assert_eq!(
            changed("fn main() {} // end\nfn f() {} // main"),
            format!(
                "fn main() {{}} // end\nfn f() {{}}{} // main",
                run("main()")
            )
        );
        for text in [
            "fn main() {} main()",
            "fn main() {}\nmain();",
            "fn main(x: u8) {}",
            "mod a { fn main() {} }",
            "let main = 1;",
        ] {
            assert_eq!(changed(text), text);
            assert!(!is_program(text));
        }
    }

    #[test]
    fn a_return_ends_the_cell() {
        assert_eq!(
            changed(
                "if a { return; }\nlet b = match c { 1 => return Err(d), 2 => return Ok(()), _ => return e() };"
            ),
            "if a { return ::threadbook::abi::leave(()); }\nlet b = match c { 1 => return ::threadbook::abi::leave_with_error(d), \
             2 => return ::threadbook::abi::leave_with_value(()), _ => return ::threadbook::abi::leave(e()) };"
        );
        assert_eq!(
            changed("select! { _ = a => { return; } }"),
            "select! { _ = a => { return ::threadbook::abi::leave(()); } }"
        );
        for text in [
            "spawn!(async { return; });",
            "fn f() { return; }",
            "let f = || { return; };",
            "let f = async { return 1; };",
        ] {
            assert_eq!(changed(text), text);
        }
    }

    #[test]
    fn the_last_expression_may_be_that_of_main() {
        assert_eq!(changed("f()?;\nOk( () )"), "f()?;\n()");
        assert_eq!(
            changed("Err(\"x\")"),
            "return ::threadbook::abi::leave_with_error(\"x\");"
        );
        assert_eq!(
            changed("#[allow(unused)]\n{ 1; }"),
            "#[allow(unused)]\n{ 1; };"
        );
        assert_eq!(changed("Ok::<(), u8>(())"), "Ok::<(), u8>(())");
    }

    #[test]
    fn what_is_not_configured_is_left_out() {
        assert_eq!(
            changed("#[cfg(linux)]\nfn f() -> u8 { 1 }\n#[cfg(windows)]\nfn f() -> u8 {\n 2 }\n#[cfg( windows )] { a(); }\nf()").trim_end(),
            "\nfn f() -> u8 { 1 }\n\n\n\n\nf()"
        );
        let unknown = "#[cfg(other)] fn f() {}";
        assert_eq!(changed(unknown), unknown);
    }
}

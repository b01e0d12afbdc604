//! A session as one program: what `%save` writes. Pure.
//!
//! Functions, types and imports go to the top, each in its latest version; everything else goes into `main`, in the order
//! in which it ran.

use std::fmt::Write;
use std::sync::Arc;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;

use super::blocks::without_replaced;
use super::body;
use super::item_name;

/// The Rust of a cell that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RanCode {
    /// Its number.
    pub cell: u32,
    /// What was compiled. Earlier states of the session share it.
    pub code: Arc<str>,
}

/// A cargo script: the manifest, then the program.
pub fn program(dependencies: &[(String, String)], ran: &[RanCode]) -> String {
    let mut added: Vec<(String, String)> = dependencies.to_vec();
    let mut items: Vec<Item> = Vec::new();
    let mut main = String::new();
    let last = ran.last().map(|ran| ran.cell);
    let mut heading = None;
    for RanCode { cell, code } in ran {
        let (commands, code) = split_commands(code);
        for (name, value) in commands {
            added.retain(|(other, _)| *other != name);
            added.push((name, value));
        }
        let parts = parts(&code);
        for item in parts.items {
            items.retain(|other| other.key != item.key);
            items.push(item);
        }
        if parts.statements.is_empty() && parts.value.is_none() {
            continue;
        }
        if heading != Some(*cell) {
            let gap = if main.is_empty() { "" } else { "\n" };
            let _ = writeln!(main, "{gap}    // Cell {cell}");
            heading = Some(*cell);
        }
        for statement in &parts.statements {
            let _ = writeln!(main, "    {statement}");
        }
        if let Some(value) = &parts.value {
            let _ = writeln!(
                main,
                "    ({value}).threadbook_by_reference().evcxr_display();"
            );
        }
    }
    let mut text = String::from("#!/usr/bin/env -S cargo +nightly -Zscript\n---\n[package]\n");
    text.push_str("edition = \"2024\"\n\n[dependencies]\n");
    for (name, value) in &added {
        let _ = writeln!(text, "{name} = {value}");
    }
    let _ = write!(
        text,
        "---\n\n//! {}.\n\n{PRELUDE}",
        match last {
            Some(last) => format!("What a notebook had run up to cell {last}"),
            None => "A notebook that had run nothing".to_owned(),
        }
    );
    let mut top = String::new();
    for item in &items {
        let _ = writeln!(top, "\n{}", item.text);
    }
    text.push_str(&without_replaced(&top));
    let _ = write!(
        text,
        "\n#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{main}    Ok(())\n}}\n"
    );
    text
}

const PRELUDE: &str = "\
#![allow(unused, clippy::all)]

use threadbook::prelude::*;
use threadbook::{dbg, eprint, eprintln, print, println, thread_local};
threadbook::shown_by!(\"{:?}\" of Debug, false);
";

/// evcxr's commands at the top of a cell: the dependencies that they add; and the rest.
fn split_commands(code: &str) -> (Vec<(String, String)>, String) {
    let mut dependencies = Vec::new();
    let mut rest = String::new();
    for line in code.split_inclusive('\n') {
        let Some(command) = line.trim_start().strip_prefix(':') else {
            rest.push_str(line);
            continue;
        };
        if command.starts_with(':') {
            // A path from the root of all crates.
            rest.push_str(line);
        } else if let Some(dependency) = command.trim().strip_prefix("dep ") {
            let (name, value) = dependency.split_once('=').unwrap_or((dependency, "\"*\""));
            dependencies.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (dependencies, rest)
}

struct Item {
    /// What a later one replaces it by.
    key: String,
    text: String,
}

#[derive(Default)]
struct Parts {
    items: Vec<Item>,
    statements: Vec<String>,
    value: Option<String>,
}

fn parts(code: &str) -> Parts {
    let mut parts = Parts::default();
    let Some(list) = body(code) else {
        return parts;
    };
    for statement in list.statements() {
        match statement {
            ast::Stmt::Item(item) => parts.items.push(top(&item)),
            ast::Stmt::ExprStmt(ref statement) if defines(statement.syntax()) => {
                let text = statement.syntax().text().to_string();
                parts.items.push(Item {
                    key: text.clone(),
                    text,
                });
            }
            other => parts.statements.push(other.syntax().text().to_string()),
        }
    }
    match list.tail_expr() {
        Some(value) if defines(value.syntax()) => {
            let text = value.syntax().text().to_string();
            parts.items.push(Item {
                key: text.clone(),
                text,
            });
        }
        value => parts.value = value.map(|value| value.syntax().text().to_string()),
    }
    parts
}

/// A macro that makes items, and so has to stand outside of `main`.
fn defines(node: &SyntaxNode) -> bool {
    let text = node.text().to_string();
    text.starts_with("thread_local!")
}

fn top(item: &ast::Item) -> Item {
    let text = item.syntax().text().to_string();
    let namespace = match item {
        ast::Item::Fn(_) | ast::Item::Const(_) | ast::Item::Static(_) => "value",
        ast::Item::MacroRules(_) => "macro",
        _ => "type",
    };
    let key = match item {
        // There may be several of a type.
        ast::Item::Impl(_) => None,
        _ => item_name(item).map(|name| format!("{namespace} {name}")),
    };
    Item {
        key: key.unwrap_or_else(|| text.clone()),
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stand_above_and_everything_else_in_main() {
        let ran = |cell, code: &str| RanCode {
            cell,
            code: code.into(),
        };
        let cells = [
            ran(
                1,
                ":dep rand = \"0.9\"\n:dep once\nuse std::fmt;\nfn a() -> u8 { 1 }\nlet x = a();",
            ),
            ran(2, "struct S;\nimpl S { fn s(&self) {} }\nx + 1"),
            ran(
                4,
                "fn a() -> u8 { 2 }\nuse std::fmt;\nimpl S { fn s(&self) { /* new */ } }",
            ),
            ran(
                5,
                "thread_local! { static T: u8 = 1; }\nlet y = 'l: loop { break 'l x };",
            ),
            ran(5, "println!(\"{y}\");"),
        ];
        let dependencies = [("threadbook".to_owned(), "{ path = \"p\" }".to_owned())];
        let expected = "\
#!/usr/bin/env -S cargo +nightly -Zscript
---
[package]
edition = \"2024\"

[dependencies]
threadbook = { path = \"p\" }
rand = \"0.9\"
once = \"*\"
---

//! What a notebook had run up to cell 5.

#![allow(unused, clippy::all)]

use threadbook::prelude::*;
use threadbook::{dbg, eprint, eprintln, print, println, thread_local};
threadbook::shown_by!(\"{:?}\" of Debug, false);

struct S;

fn a() -> u8 { 2 }

use std::fmt;

impl S { fn s(&self) { /* new */ } }

thread_local! { static T: u8 = 1; }

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cell 1
    let x = a();

    // Cell 2
    (x + 1).threadbook_by_reference().evcxr_display();

    // Cell 5
    let y = 'l: loop { break 'l x };
    println!(\"{y}\");
    Ok(())
}
";
        assert_eq!(program(&dependencies, &cells), expected);
    }
}

//! What Rust defines by name, as evcxr keeps it: an `impl` or `extern` block belongs to the item before it.

use std::collections::BTreeMap;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;

use super::blocks::is_block;
use super::body;
use super::imports::Import;
use super::item_name;
use super::items::anchors_blocks;

/// The text of each definition at the top of what evcxr is given, by name.
pub(crate) fn definitions(code: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(list) = body(code) else {
        return found;
    };
    let mut owner = Owner::default();
    for item in list.syntax().children().filter_map(ast::Item::cast) {
        let text = item.syntax().text().to_string();
        match (&item, owner.of(&item)) {
            (ast::Item::Use(item), _) => {
                for import in Import::all(item) {
                    if let Some(name) = import.name() {
                        found.insert(name.to_owned(), import.declaration());
                    }
                }
            }
            (block, Some(name)) if is_block(block) => {
                let whole = found.entry(name).or_default();
                whole.push('\n');
                whole.push_str(&text);
            }
            (_, Some(name)) => {
                found.insert(name, text);
            }
            _ => {}
        }
    }
    found
}

/// The names by which evcxr keeps the items of code, in their order.
#[derive(Default)]
pub(super) struct Owner {
    latest: Option<String>,
}

impl Owner {
    /// The name of the next item; that of the item before it for a block.
    pub(super) fn of(&mut self, item: &ast::Item) -> Option<String> {
        match item_name(item) {
            Some(name) => {
                if anchors_blocks(item) {
                    self.latest = Some(name.clone());
                }
                Some(name)
            }
            None if is_block(item) => self.latest.clone(),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::keep_items;

    #[test]
    fn a_block_belongs_to_the_item_before_it() {
        let code = "use a::{B, c as d}; struct A; impl A { fn f(&self) {} } let x = 1; fn f() -> i32 { fn inner() {} 1 }";
        let found = definitions(code);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "struct A;\nimpl A { fn f(&self) {} }"),
                ("B", "use a::B;"),
                ("d", "use a::c as d;"),
                ("f", "fn f() -> i32 { fn inner() {} 1 }"),
            ]
        );
    }

    #[test]
    fn what_has_no_name_has_the_one_that_it_was_given() {
        for code in [
            "impl X { fn x() {} }",
            "unsafe extern \"C\" { fn x(); }",
            "use a::*;",
            "use a::T as _;",
            "thread_local! { static A: u8 = 1; }",
        ] {
            let found = definitions(&keep_items(code).apply(code));
            let text = found
                .iter()
                .find_map(|(name, text)| name.starts_with("threadbook_").then_some(text));
            let held = code.trim_start_matches("use ");
            assert!(text.is_some_and(|text| text.contains(held)), "{found:#?}");
        }
    }
}

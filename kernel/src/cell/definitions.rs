//! What a cell's Rust defines by name, as evcxr keeps it: an `impl` belongs to the item before it.

use std::collections::BTreeMap;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;

use super::body;
use super::item_name;

/// The text of each definition at the top of the code, by name. Imports are not among them.
pub(crate) fn definitions(code: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(list) = body(code) else {
        return found;
    };
    let mut latest: Option<String> = None;
    for item in list.syntax().children().filter_map(ast::Item::cast) {
        let text = item.syntax().text().to_string();
        match (item_name(&item), &latest) {
            (Some(name), _) => {
                found.insert(name.clone(), text);
                latest = Some(name);
            }
            (None, Some(name)) if matches!(item, ast::Item::Impl(_)) => {
                let whole = found.entry(name.clone()).or_default();
                whole.push('\n');
                whole.push_str(&text);
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impl_belongs_to_the_item_before_it() {
        let found = definitions(
            "use std::fmt; impl X {} struct A; impl A { fn f(&self) {} } let x = 1; fn f() -> i32 { fn inner() {} 1 }",
        );
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "struct A;\nimpl A { fn f(&self) {} }"),
                ("f", "fn f() -> i32 { fn inner() {} 1 }"),
            ]
        );
    }
}

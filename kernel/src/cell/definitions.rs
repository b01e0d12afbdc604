//! What a cell's Rust defines by name, as evcxr keeps it: an `impl` belongs to the item before it, or has a name of its own.

use std::collections::BTreeMap;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;

use super::body;
use super::item_name;
use super::items::naming;
use super::items::takes_impls;

/// The text of each definition at the top of the code, by name. Imports are not among them.
pub(crate) fn definitions(code: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(list) = body(code) else {
        return found;
    };
    let mut latest: Option<String> = None;
    for item in list.syntax().children().filter_map(ast::Item::cast) {
        let text = item.syntax().text().to_string();
        if let (ast::Item::Impl(block), None) = (&item, &latest) {
            let naming = naming(block);
            let name = naming.split(' ').nth(1).unwrap_or_default().to_owned();
            found.insert(name, format!("{naming}{text}"));
            continue;
        }
        match (item_name(&item), &latest) {
            (Some(name), _) => {
                found.insert(name.clone(), text);
                if takes_impls(&item) {
                    latest = Some(name);
                }
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
    fn an_impl_belongs_to_the_item_before_it_or_stands_alone() {
        let found = definitions(
            "use std::fmt; impl X {} struct A; impl A { fn f(&self) {} } let x = 1; fn f() -> i32 { fn inner() {} 1 }",
        );
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let (alone, named): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(name, _)| name.starts_with("threadbook_impl_"));
        assert_eq!(
            named,
            [
                ("A", "struct A;\nimpl A { fn f(&self) {} }"),
                ("f", "fn f() -> i32 { fn inner() {} 1 }"),
            ]
        );
        let [(name, text)] = alone[..] else {
            panic!("{alone:?}");
        };
        assert_eq!(text, format!("mod {name} {{}} impl X {{}}"));
    }
}

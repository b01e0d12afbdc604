//! Items that evcxr would not keep.
//!
//! evcxr keeps functions, types and statics for later cells, but not what a macro defines: a `thread_local!` would be
//! gone with its cell. Wrapped in a module, which evcxr keeps, it stays. The wrapping adds no line, and is known by its
//! form, so that positions can be told without it.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;

use super::body;
use super::impls::impl_key;
use super::item_name;
use super::range;

const OPENING: (&str, &str) = (
    "mod threadbook_locals_",
    " { use super::*; use super::thread_local; ",
);
const CLOSING: (&str, &str) = (" } use threadbook_locals_", "::*; ");

/// What stands before an `impl`: evcxr replaces items by name, and keeps an `impl` with the item before it.
const NAMED: (&str, &str) = ("mod threadbook_impl_", " {} ");

/// The cell's text with its own `thread_local!` definitions wrapped, and a name for each `impl` that stands alone.
pub fn keep_items(text: &str) -> String {
    if !text.contains("thread_local!") && !text.contains("impl") {
        return text.to_owned();
    }
    let Some(list) = body(text) else {
        return text.to_owned();
    };
    let mut kept = text.to_owned();
    let children: Vec<SyntaxNode> = list.syntax().children().collect();
    for (index, child) in children.iter().enumerate().rev() {
        if let Some(ast::Item::Impl(block)) = ast::Item::cast(child.clone()) {
            let before = children[..index].iter();
            if !before
                .filter_map(|child| ast::Item::cast(child.clone()))
                .any(|item| takes_impls(&item))
            {
                let start = range(child, text).start;
                kept.insert_str(start, &naming(&block));
            }
            continue;
        }
        let Some(names) = thread_locals(child) else {
            continue;
        };
        let range = range(child, text);
        let name = names.join("_");
        kept.insert_str(range.end, &format!("{}{name}{}", CLOSING.0, CLOSING.1));
        kept.insert_str(range.start, &format!("{}{name}{}", OPENING.0, OPENING.1));
    }
    kept
}

/// Whether evcxr keeps an `impl` that stands below with this item.
pub(super) fn takes_impls(item: &ast::Item) -> bool {
    !matches!(item, ast::Item::MacroRules(_)) && item_name(item).is_some()
}

/// What gives a name to an `impl`: the same for one that defines the same.
pub(super) fn naming(block: &ast::Impl) -> String {
    let mut hasher = DefaultHasher::new();
    impl_key(block).hash(&mut hasher);
    format!("{}{:016x}{}", NAMED.0, hasher.finish(), NAMED.1)
}

/// Takes the wrapping out of a line; says how many characters were taken out at which columns, from 1.
pub(crate) fn without_wrapping(line: &str) -> (String, Vec<(u32, u32)>) {
    let mut text = line.to_owned();
    let mut cuts = Vec::new();
    for (from, to) in [OPENING, CLOSING, NAMED] {
        while let Some(start) = text.find(from) {
            let Some(len) = text[start..].find(to).map(|at| at + to.len()) else {
                break;
            };
            cuts.push((text[..start].chars().count() as u32 + 1, len as u32));
            text.replace_range(start..start + len, "");
        }
    }
    (text, cuts)
}

/// The names that a statement defines, if it is a call of `thread_local!`.
fn thread_locals(statement: &SyntaxNode) -> Option<Vec<String>> {
    let call = statement
        .descendants()
        .take(3)
        .find_map(ast::MacroCall::cast)?;
    if call.path()?.syntax().text() != "thread_local" {
        return None;
    }
    let tokens = call
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    let words: Vec<String> = tokens
        .filter(|token| !token.kind().is_trivia())
        .map(|token| token.text().to_owned())
        .collect();
    Some(
        words
            .windows(2)
            .filter(|pair| pair[0] == "static")
            .map(|pair| pair[1].clone())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_locals_are_wrapped_and_lines_stay() {
        let text = "let a = 1;\nthread_local! {\n    static A: u8 = 1;\n    static B: u8 = 2;\n}\nA.with(f)";
        let kept = keep_items(text);
        assert_eq!(
            kept,
            "let a = 1;\nmod threadbook_locals_A_B { use super::*; use super::thread_local; thread_local! {\n    \
             static A: u8 = 1;\n    static B: u8 = 2;\n} } use threadbook_locals_A_B::*; \nA.with(f)"
        );
        let lines: Vec<String> = kept.lines().map(|line| without_wrapping(line).0).collect();
        assert_eq!(lines, text.lines().collect::<Vec<_>>());
    }

    #[test]
    fn an_impl_that_stands_alone_is_named_by_what_it_defines() {
        let name = |text: &str| {
            let kept = keep_items(text);
            let lines: Vec<String> = kept.lines().map(|line| without_wrapping(line).0).collect();
            assert_eq!(lines, text.lines().collect::<Vec<_>>());
            kept.split(NAMED.1).next().unwrap().to_owned()
        };
        let first = name("impl A { fn a() -> u8 { 1 } }");
        assert!(first.starts_with("mod threadbook_impl_"), "{first}");
        assert_eq!(first, name("impl A {\n  fn a() -> String { x } }"));
        assert_ne!(first, name("impl A { fn b() {} }"));
        assert_eq!(name("impl S for A { fn a() {} }"), name("impl S for A {}"));
        let both = keep_items("impl A {} impl B {}");
        assert_eq!(both.matches("mod threadbook_impl_").count(), 2);
        for text in [
            "struct A; impl A {}",
            "fn f() { impl A {} }",
            "\"impl A {}\"",
        ] {
            assert_eq!(keep_items(text), text);
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in [
            "// thread_local! { }",
            "\"thread_local!\"",
            "fn f() { thread_local! { static A: u8 = 1; } }",
            "thread_local!",
        ] {
            let kept = keep_items(text);
            let lines: String = kept.lines().map(|line| without_wrapping(line).0).collect();
            assert_eq!(lines, text);
        }
    }
}

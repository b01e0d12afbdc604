//! Only the items that a cell reaches.
//!
//! evcxr writes all items of the session into each cell's code, and rustc would check and compile them again for each
//! cell. Empty lines stand in the place of those that the cell does not reach: by names in its text, and from there on by
//! names in the items that it reaches. An `impl` belongs to its types and its trait. What may have a meaning beyond its
//! names always stays, such as an attribute of a procedural macro. Each item was checked in the cell that defined it.
//!
//! Where rustc rejects the code for a reason that a missing item may be, the code is compiled again with all items.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasModuleItem;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::fingerprints::words;
use super::found::Found;
use crate::cell::item_name;
use crate::cell::person_name;
use crate::evcxr_text::generated;

/// Attributes and derives from which no other names come.
const PLAIN_ATTRIBUTES: [&str; 18] = [
    "allow",
    "cfg",
    "cold",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "inline",
    "macro_export",
    "macro_use",
    "must_use",
    "non_exhaustive",
    "repr",
    "serde",
    "track_caller",
    "unsafe",
    "warn",
];
const PLAIN_DERIVES: [&str; 12] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Eq",
    "Error",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Serialize",
];

/// rustc's errors about moves and borrows, and about what lives too short: no item that is missing leads to them.
const NOT_ABOUT_ITEMS: [&str; 24] = [
    "E0373", "E0381", "E0382", "E0384", "E0499", "E0500", "E0501", "E0502", "E0503", "E0504",
    "E0505", "E0506", "E0507", "E0509", "E0510", "E0515", "E0521", "E0594", "E0596", "E0597",
    "E0712", "E0713", "E0716", "E0728",
];

/// Leaves out the items that are not reached; nothing where all are. `texts` are other texts whose
/// names are reached.
/// `known` is what was found for earlier cells.
pub(crate) fn leave_unreached<'a>(
    source: &'a str,
    texts: impl Iterator<Item = &'a str>,
    known: &mut Found<Vec<Item>>,
) -> Option<String> {
    let end = generated::items_end(source)?;
    let items = known.of(&source[..end]);
    if items.is_empty() {
        items.extend(Item::all(&source[..end]));
    }
    let reached = texts.chain([&source[end..]]).flat_map(words).collect();
    let unreached = unreached(source, items, reached);
    (!unreached.is_empty()).then(|| without(source, &unreached))
}

/// The source without items, of which only the ends of lines stay.
fn without(source: &str, items: &[&Item]) -> String {
    let mut left = String::new();
    let mut end = 0;
    for item in items {
        left.push_str(&source[end..item.range.start]);
        left.extend(source[item.range.clone()].matches('\n'));
        end = item.range.end;
    }
    left + &source[end..]
}

/// The names of items, given with their texts, that other texts reach. `known` is what was found in the same items before.
pub(crate) fn names_reached(
    items: &BTreeMap<String, String>,
    texts: &[String],
    known: &mut Found<Vec<Item>>,
) -> BTreeSet<String> {
    let source: String = items.values().map(String::as_str).collect();
    let parsed = known.of(&source);
    if parsed.is_empty() {
        parsed.extend(Item::all(&source));
    }
    let words = texts.iter().flat_map(|text| words(text)).collect();
    let unreached = unreached(&source, parsed, words);
    let unreached: HashSet<usize> = unreached.iter().map(|item| item.range.start).collect();
    let mut rest = parsed.iter().peekable();
    let mut end = 0;
    let mut reached = BTreeSet::new();
    for (name, text) in items {
        end += text.len();
        while let Some(item) = rest.next_if(|item| item.range.start < end) {
            if !unreached.contains(&item.range.start) {
                reached.insert(name.clone());
            }
        }
    }
    reached
}

/// The items of a text that are not reached from names on.
fn unreached<'a>(
    source: &'a str,
    items: &'a [Item],
    mut reached: HashSet<&'a str>,
) -> Vec<&'a Item> {
    let mut waiting: Vec<&Item> = items.iter().collect();
    let names = waiting.iter().flat_map(|item| item.names());
    let defined: HashSet<&str> = names.map(String::as_str).collect();
    loop {
        let (found, rest): (Vec<&Item>, Vec<&Item>) = waiting
            .into_iter()
            .partition(|item| item.is_reached(&reached, &defined));
        waiting = rest;
        if found.is_empty() {
            return waiting;
        }
        reached.extend(
            found
                .iter()
                .flat_map(|item| words(&source[item.range.clone()])),
        );
    }
}

/// Whether one of rustc's errors may come from an item that is missing.
pub(crate) fn may_lack_items(messages: &[Value]) -> bool {
    let mut errors = messages.iter().filter(|message| {
        message["level"] == "error" && !message["spans"].as_array().is_none_or(Vec::is_empty)
    });
    errors.any(|error| {
        let code = error["code"]["code"].as_str().unwrap_or_default();
        let says_of_lifetimes = || {
            let message = error["message"].as_str().unwrap_or_default();
            message.contains("lifetime")
        };
        !NOT_ABOUT_ITEMS.contains(&code) && !says_of_lifetimes()
    })
}

/// An item of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    range: Range<usize>,
    kind: Kind,
}

/// When an item is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Always,
    /// By one of its names.
    Named(Vec<String>),
    /// By its trait, and by one of its other types.
    Impl {
        trait_name: Option<String>,
        others: Vec<String>,
    },
}

impl Item {
    /// Those at the top of a text.
    fn all(source: &str) -> Vec<Item> {
        let file = SourceFile::parse(source, Edition::Edition2024).tree();
        file.items().map(|item| Item::of(&item)).collect()
    }

    fn of(item: &ast::Item) -> Item {
        let range = item.syntax().text_range();
        let kind = match item {
            _ if makes_names(item) => Kind::Always,
            ast::Item::Impl(block) => impl_kind(block),
            ast::Item::Trait(block) => {
                let parts = block.assoc_item_list().into_iter();
                let parts = parts.flat_map(|list| list.assoc_items());
                let parts = parts.filter_map(|part| ast::Item::cast(part.syntax().clone()));
                let members = parts.filter_map(|part| item_name(&part));
                Kind::Named(item_name(item).into_iter().chain(members).collect())
            }
            ast::Item::Module(module) => module_kind(module),
            _ => item_name(item).map_or(Kind::Always, |name| Kind::Named(vec![name])),
        };
        Item {
            range: range.start().into()..range.end().into(),
            kind,
        }
    }

    fn names(&self) -> &[String] {
        match &self.kind {
            Kind::Named(names) => names,
            Kind::Always | Kind::Impl { .. } => &[],
        }
    }

    fn is_reached(&self, reached: &HashSet<&str>, defined: &HashSet<&str>) -> bool {
        // A name with other letters may be written in more than one way.
        let is_reached = |name: &String| reached.contains(name.as_str()) || !name.is_ascii();
        match &self.kind {
            Kind::Always => true,
            Kind::Named(names) => names.iter().any(is_reached),
            Kind::Impl { trait_name, others } => {
                let mut own = others.iter().filter(|name| defined.contains(name.as_str()));
                let has_trait = trait_name
                    .as_ref()
                    .is_none_or(|name| !defined.contains(name.as_str()) || is_reached(name));
                has_trait && (own.clone().next().is_none() || own.any(is_reached))
            }
        }
    }
}

/// Whether a macro may make other names of an item.
fn makes_names(item: &ast::Item) -> bool {
    item.attrs().any(|attribute| {
        let text = attribute.syntax().text().to_string();
        let mut words = words(&text);
        match words.next() {
            Some("derive") => !words
                .all(|word| PLAIN_DERIVES.contains(&word) || word.starts_with(char::is_lowercase)),
            Some(name) => !PLAIN_ATTRIBUTES.contains(&name),
            None => false,
        }
    })
}

fn impl_kind(block: &ast::Impl) -> Kind {
    let text = |ty: Option<ast::Type>| ty.map(|ty| ty.syntax().text().to_string());
    let trait_text = text(block.trait_()).unwrap_or_default();
    let (path, arguments) = trait_text.split_once('<').unwrap_or((&trait_text, ""));
    let own_type = text(block.self_ty()).unwrap_or_default();
    let others = words(arguments).chain(words(&own_type));
    Kind::Impl {
        trait_name: words(path).last().map(str::to_owned),
        others: others.map(str::to_owned).collect(),
    }
}

fn module_kind(module: &ast::Module) -> Kind {
    let item = ast::Item::Module(module.clone());
    let Some(name) = item_name(&item) else {
        return Kind::Always;
    };
    let held = person_name(&name);
    // An `impl` in it has a meaning for the code around it.
    let text = module.syntax().text().to_string();
    match held == name && words(&text).any(|word| word == "impl") {
        true => Kind::Always,
        false => Kind::Named(vec![held.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FRAME: &str =
        "struct EvcxrUserCodeError {}\nmod evcxr_internal_runtime {\n}\nfn run_user_code_1() {}\n";

    /// The items that a cell reaches.
    fn reached(items: &[&str], cell: &str) -> Vec<String> {
        let source = format!("{}\n{FRAME}", items.join("\n"));
        let left = leave_unreached(&source, [cell].into_iter(), &mut Found::default());
        let left = left.unwrap_or_else(|| source.clone());
        assert_eq!(left.lines().count(), source.lines().count());
        assert!(left.ends_with(FRAME));
        let kept = items.iter().zip(left.lines());
        kept.filter(|(_, line)| !line.trim().is_empty())
            .map(|(item, _)| (*item).to_owned())
            .collect()
    }

    #[test]
    fn names_are_followed_from_the_cell_on() {
        let items = [
            "fn f() -> A { A(g()) }",
            "struct A(B);",
            "struct B;",
            "fn g() -> B { B }",
            "fn unused() -> C { C }",
            "struct C;",
            "const LIMIT: u8 = 1;",
            "use std::fmt::Write as _;",
            "#[macro_use] mod threadbook_macro_say { #[macro_export] macro_rules! say { () => { h() } } }",
            "fn h() {}",
            "fn \u{e9}() {}",
        ];
        assert_eq!(
            reached(&items, "f()"),
            [items[0], items[1], items[2], items[3], items[7], items[10]]
        );
        assert_eq!(
            reached(&items, "println!(\"{LIMIT}\")"),
            [items[6], items[7], items[10]]
        );
        assert_eq!(
            reached(&items, "say!()"),
            [items[7], items[8], items[9], items[10]]
        );
        assert_eq!(reached(&items, "1 + 1"), [items[7], items[10]]);
    }

    #[test]
    fn a_block_comes_with_its_types_and_its_trait() {
        let items = [
            "struct A;",
            "struct B;",
            "impl A { fn new() -> A { A } }",
            "trait Area { fn area(&self) -> f64; }",
            "impl Area for A { fn area(&self) -> f64 { 1.0 } }",
            "impl Area for u8 { fn area(&self) -> f64 { 2.0 } }",
            "impl<T: Area> std::fmt::Display for Wrapper<T> {}",
            "struct Wrapper<T>(T);",
            "impl From<B> for u8 { fn from(_: B) -> u8 { 1 } }",
            "impl From<u8> for A { fn from(_: u8) -> A { A } }",
        ];
        assert_eq!(reached(&items, "A"), [items[0], items[2], items[9]]);
        assert_eq!(reached(&items, "1u8.area()"), [items[3], items[5]]);
        assert_eq!(
            reached(&items, "A.area()"),
            [items[0], items[2], items[3], items[4], items[5], items[9]]
        );
        assert_eq!(reached(&items, "u8::from(B)"), [items[1], items[8]]);
        let wrapper = reached(&items, "Wrapper(2)");
        assert_eq!(wrapper, [items[3], items[5], items[6], items[7]]);
    }

    #[test]
    fn what_may_have_other_names_stays() {
        let items = [
            "#[derive(Debug, serde::Serialize)] struct Plain;",
            "#[derive(Builder)] struct Made;",
            "#[tokio::main] async fn start() {}",
            "#[inline] #[must_use] fn plain() {}",
            "mod shapes { pub struct Inner; }",
            "mod blocks { impl super::Plain {} }",
            "unsafe extern \"C\" { fn getpid() -> i32; }",
            "const NAMED: () = ();",
        ];
        let kept = reached(&items, "1");
        assert_eq!(kept, [items[0], items[1], items[2], items[5], items[6]]);
    }

    #[test]
    fn only_errors_that_a_missing_item_may_lead_to_count() {
        let error = |code: &str, message: &str| json!({"level": "error", "code": {"code": code}, "message": message, "spans": [{}]});
        for (code, message, expected) in [
            ("E0425", "cannot find value `x`", true),
            ("E0277", "the trait bound is not satisfied", true),
            ("", "cannot find macro `m` in this scope", true),
            ("E0382", "use of moved value", false),
            ("", "lifetime may not live long enough", false),
        ] {
            assert_eq!(
                may_lack_items(&[error(code, message)]),
                expected,
                "{message}"
            );
        }
        let summary = json!({"level": "error", "code": null, "message": "aborting", "spans": []});
        assert!(!may_lack_items(&[summary, error("E0502", "cannot borrow")]));
    }
}

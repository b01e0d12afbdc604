//! Items that evcxr would not keep, or never let go.
//!
//! evcxr keeps functions, types and statics for later cells by their names, but not what a macro defines: a
//! `thread_local!` would be gone with its cell. And it keeps for good what has no name: `use a::*`, and an `impl` or
//! `extern` block that stands alone. Put into a module, or behind one, they have a name. This adds no line.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasVisibility;

use super::Edits;
use super::blocks::block_key;
use super::blocks::is_block;
use super::body;
use super::imports::Import;
use super::item_name;
use super::macros;
use super::range;

/// A module that holds something, and what is used of it: what stands before the module's name, and from there on.
struct Wrapping {
    module: (&'static str, &'static str),
    used: (&'static str, &'static str),
}

const LOCALS: Wrapping = Wrapping {
    module: (
        "mod threadbook_locals_",
        " { use super::*; use super::thread_local; ",
    ),
    used: (" use threadbook_locals_", "}; "),
};

const IMPORTS: Wrapping = Wrapping {
    module: ("mod threadbook_imports_", " { use super::*; "),
    used: (" use threadbook_imports_", "::*; "),
};

/// The end of such a module.
const END: &str = " }";

/// What lets an import be seen from outside of its module.
const VISIBLE: &str = "pub(super) ";

/// What stands before an `impl` or `extern` block: evcxr replaces items by name, and keeps a block with the item before
/// it.
const NAMED: (&str, &str) = ("mod threadbook_block_", " {} ");

/// Puts a cell's own `thread_local!` definitions, its macros and its imports without a name into modules, and a name
/// before each block that stands alone.
pub fn keep_items(text: &str) -> Edits {
    if !["thread_local!", "impl", "extern", "use", "macro_rules"]
        .iter()
        .any(|word| text.contains(word))
    {
        return Edits::default();
    }
    let Some(list) = body(text) else {
        return Edits::default();
    };
    let mut put_in = Vec::new();
    let children: Vec<SyntaxNode> = list.syntax().children().collect();
    for (index, child) in children.iter().enumerate() {
        let range = range(child, text);
        match ast::Item::cast(child.clone()) {
            Some(item) if is_block(&item) => {
                let before = children[..index].iter();
                if !before
                    .filter_map(|child| ast::Item::cast(child.clone()))
                    .any(|item| anchors_blocks(&item))
                {
                    put_in.push((range.start, naming(&item)));
                }
            }
            Some(ast::Item::MacroRules(item)) => {
                if let Some(opening) = macros::opening(&item) {
                    put_in.extend([(range.start, opening), (range.end, END.to_owned())]);
                }
            }
            Some(ast::Item::Use(item)) => put_in.extend(around_import(&item, &range)),
            _ => {
                if let Some(names) = thread_locals(child) {
                    put_in.extend(LOCALS.around(&range, &hash(&names), &names.join(", ")));
                }
            }
        }
    }
    Edits::insertions(put_in)
}

impl Wrapping {
    /// Puts what is at a place into a module; what is used of that stands behind it.
    fn around(&self, place: &Range<usize>, name: &str, used: &str) -> [(usize, String); 2] {
        let Wrapping {
            module,
            used: using,
        } = self;
        let before = [module.0, name, module.1].concat();
        let behind = [END, using.0, name, "::{", used, using.1].concat();
        [(place.start, before), (place.end, behind)]
    }
}

/// Puts a `use` into a module, if it brings in something that has no name.
///
/// It is left as it is where it has attributes, with which it may bring in nothing, and where it is about what stands
/// beside it, which a module can't hand on.
fn around_import(item: &ast::Use, place: &Range<usize>) -> Vec<(usize, String)> {
    let imports = Import::all(item);
    if imports.iter().all(|import| import.name().is_some())
        || imports.iter().any(Import::is_beside)
        || item.attrs().next().is_some()
    {
        return Vec::new();
    }
    let declarations: String = imports.iter().map(Import::declaration).collect();
    let module = hash(&declarations);
    // Those with a name are used by it too, so that a later item of that name takes their place.
    let names: Vec<&str> = imports.iter().filter_map(Import::name).collect();
    let used = format!("{}}};{}{module}", names.join(", "), IMPORTS.used.0);
    let mut put_in = Vec::from(IMPORTS.around(place, &module, &used));
    if let (None, Some(word)) = (item.visibility(), item.use_token()) {
        let start = item.syntax().text_range().start();
        let before_word = usize::from(word.text_range().start() - start);
        put_in.push((place.start + before_word, VISIBLE.to_owned()));
    }
    put_in
}

/// Whether a definition's text is that of a module for imports, which stay: what they are taken from must stay too.
pub(crate) fn holds_imports(definition: &str) -> bool {
    definition.starts_with(IMPORTS.module.0)
}

fn hash(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether evcxr keeps a block that stands below with this item.
pub(super) fn anchors_blocks(item: &ast::Item) -> bool {
    !matches!(item, ast::Item::MacroRules(_)) && item_name(item).is_some()
}

/// What gives a name to a block: the same for one that defines the same.
fn naming(block: &ast::Item) -> String {
    format!("{}{}{}", NAMED.0, hash(&block_key(block)), NAMED.1)
}

/// The names that a statement defines, if it is a call of `thread_local!`.
fn thread_locals(statement: &SyntaxNode) -> Option<Vec<String>> {
    let call = statement
        .descendants()
        .take(3)
        .find_map(ast::MacroCall::cast)?;
    let is_one = call.path()?.syntax().text() == "thread_local";
    let names = if is_one {
        statics_of(&call)
    } else {
        Vec::new()
    };
    (!names.is_empty()).then_some(names)
}

/// The names of the statics that a macro's arguments define.
pub(crate) fn statics_of(call: &ast::MacroCall) -> Vec<String> {
    let tokens = call
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    let words: Vec<String> = tokens
        .filter(|token| !token.kind().is_trivia())
        .map(|token| token.text().to_owned())
        .collect();
    words
        .windows(2)
        .filter(|pair| pair[0] == "static")
        .map(|pair| pair[1].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text after the edits. Asserts that they remove nothing and add no line.
    fn kept(text: &str) -> String {
        let edits = keep_items(text);
        let kept = edits.apply(text);
        assert_eq!(kept.lines().count(), text.lines().count());
        assert!(edits.columns(text).iter().all(|edit| edit.old.1 == 0));
        kept
    }

    #[test]
    fn thread_locals_are_wrapped_and_lines_stay() {
        let text = "let a = 1;\nthread_local! {\n    static A: u8 = 1;\n    static B: u8 = 2;\n}\nA.with(f)";
        let kept = kept(text);
        assert!(kept.starts_with("let a = 1;\nmod threadbook_locals_"));
        assert!(kept.contains(" { use super::*; use super::thread_local; thread_local! {\n"));
        assert!(kept.contains("\n} } use threadbook_locals_"));
        assert!(kept.ends_with("::{A, B}; \nA.with(f)"));
    }

    #[test]
    fn imports_without_a_name_are_put_into_a_module() {
        let text = "let a = 1; pub use a::*;\nuse std::{\n    fmt,\n    io::{self as i, prelude::*},\n}; i(a)";
        let kept = kept(text);
        assert!(kept.contains(" { use super::*; pub use a::*; } use threadbook_imports_"));
        assert!(kept.contains(" { use super::*; pub(super) use std::{\n    fmt,\n"));
        assert!(kept.contains("::{fmt, i}; use threadbook_imports_"));
        let module = |text: &str| {
            keep_items(text)
                .apply(text)
                .split(" {")
                .next()
                .map(str::to_owned)
        };
        assert_eq!(module("use a::{b, *};"), module("use  a::{ b,*, };"));
        assert_ne!(module("use a::{b, *};"), module("use a::*;"));
        assert_ne!(module("use a::T as _;"), module("use a::*;"));
        for text in [
            "use a::b;",
            "use Beside as _;",
            "#[cfg(unix)] use a::*;",
            "fn f() { use a::*; }",
            "use a::",
            "use",
        ] {
            assert!(keep_items(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_block_that_stands_alone_is_named_by_what_it_defines() {
        let name = |text: &str| {
            let kept = kept(text);
            kept.split(NAMED.1).next().unwrap().to_owned()
        };
        let first = name("impl A { fn a() -> u8 { 1 } }");
        assert!(first.starts_with("mod threadbook_block_"), "{first}");
        assert_eq!(first, name("impl A {\n  fn a() -> String { x } }"));
        assert_ne!(first, name("impl A { fn b() {} }"));
        assert_eq!(name("impl S for A { fn a() {} }"), name("impl S for A {}"));
        assert!(name("unsafe extern \"C\" { fn a(); }").starts_with("mod threadbook_block_"));
        let both = kept("impl A {} impl B {}");
        assert_eq!(both.matches("mod threadbook_block_").count(), 2);
        for text in [
            "struct A; impl A {}",
            "fn f() { impl A {} }",
            "\"impl A {}\"",
            "extern crate a;",
            "extern fn a() {}",
        ] {
            assert!(keep_items(text).is_empty(), "{text}");
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
            assert!(keep_items(text).is_empty(), "{text}");
        }
    }
}

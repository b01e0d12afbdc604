//! Items that evcxr would not keep, or never let go.
//!
//! evcxr keeps functions, types and statics for later cells by their names, but not what a macro defines: a
//! `thread_local!` would be gone with its cell. And it keeps for good what has no name: `use a::*`, and an `impl` or
//! `extern` block that stands alone. Put into a module, or behind one, they have a name. This adds no line, and is
//! known by its form, so that positions can be computed without it.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasVisibility;

use super::blocks::block_key;
use super::blocks::is_block;
use super::body;
use super::imports::Import;
use super::item_name;
use super::locals::REBINDING;
use super::macros;
use super::macros::EXPORTED;
use super::macros::MACRO;
use super::plain_types::TYPE;
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

/// The end of such a module, which evcxr parts from what follows.
const END: (&str, &str) = (" /*kept*/", " }");

/// What lets an import be seen from outside of its module. People write `pub(super)`.
const VISIBLE: (&str, &str) = ("pub(in super", ") ");

/// What stands before an `impl` or `extern` block: evcxr replaces items by name, and keeps a block with the item before
/// it.
const NAMED: (&str, &str) = ("mod threadbook_block_", " {} ");

/// What stands before a `let` whose variables end with the cell: it opens a block for what follows.
pub(crate) const SCOPE_OPENING: &str = "/*scope*/ { ";
const SCOPE: (&str, &str) = ("/*scope*/", " { ");

/// The cell's text with its own `thread_local!` definitions, its macros and its imports without a name in modules, and
/// a name for each block that stands alone.
pub fn keep_items(text: &str) -> String {
    if !["thread_local!", "impl", "extern", "use", "macro_rules"]
        .iter()
        .any(|word| text.contains(word))
    {
        return text.to_owned();
    }
    let Some(list) = body(text) else {
        return text.to_owned();
    };
    let mut kept = text.to_owned();
    let children: Vec<SyntaxNode> = list.syntax().children().collect();
    for (index, child) in children.iter().enumerate().rev() {
        let range = range(child, text);
        let text = &text[range.clone()];
        match ast::Item::cast(child.clone()) {
            Some(item) if is_block(&item) => {
                let before = children[..index].iter();
                if !before
                    .filter_map(|child| ast::Item::cast(child.clone()))
                    .any(|item| anchors_blocks(&item))
                {
                    kept.insert_str(range.start, &naming(&item));
                }
            }
            Some(ast::Item::MacroRules(item)) => {
                if let Some(opening) = macros::opening(&item) {
                    let wrapped = [&opening, text, END.0, END.1].concat();
                    kept.replace_range(range, &wrapped);
                }
            }
            Some(ast::Item::Use(item)) => {
                if let Some(wrapped) = wrapped_import(&item, text) {
                    kept.replace_range(range, &wrapped);
                }
            }
            _ => {
                if let Some(names) = thread_locals(child) {
                    let wrapped = LOCALS.around(text, &hash(&names), &names.join(", "));
                    kept.replace_range(range, &wrapped);
                }
            }
        }
    }
    kept
}

impl Wrapping {
    /// The text in a module, and what is used of that.
    fn around(&self, text: &str, name: &str, used: &str) -> String {
        let Wrapping {
            module,
            used: using,
        } = self;
        [
            module.0, name, module.1, text, END.0, END.1, using.0, name, "::{", used, using.1,
        ]
        .concat()
    }
}

/// A `use` in a module, if it brings in something that has no name.
///
/// It is left as it is where it has attributes, with which it may bring in nothing, and where it is about what stands
/// beside it, which a module can't hand on.
fn wrapped_import(item: &ast::Use, text: &str) -> Option<String> {
    let imports = Import::all(item);
    if imports.iter().all(|import| import.name().is_some())
        || imports.iter().any(Import::is_beside)
        || item.attrs().next().is_some()
    {
        return None;
    }
    let mut text = text.to_owned();
    if item.visibility().is_none() {
        let start = item.syntax().text_range().start();
        let word = item.use_token()?.text_range().start() - start;
        text.insert_str(word.into(), &[VISIBLE.0, VISIBLE.1].concat());
    }
    let declarations: String = imports.iter().map(Import::declaration).collect();
    let module = hash(&declarations);
    // Those with a name are used by it too, so that a later item of that name takes their place.
    let names: Vec<&str> = imports.iter().filter_map(Import::name).collect();
    let used = format!("{}}};{}{module}", names.join(", "), IMPORTS.used.0);
    Some(IMPORTS.around(&text, &module, &used))
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

/// Where in a line what keeps items was put in, in bytes.
pub(crate) fn wrappings(line: &str) -> Vec<Range<usize>> {
    let forms = [
        LOCALS.module,
        LOCALS.used,
        IMPORTS.module,
        IMPORTS.used,
        END,
        VISIBLE,
        NAMED,
        SCOPE,
        REBINDING,
        TYPE,
        MACRO,
        EXPORTED,
    ];
    let mut found = Vec::new();
    for (from, to) in forms {
        let mut at = 0;
        while let Some(start) = line[at..].find(from).map(|start| at + start) {
            let Some(len) = line[start..].find(to).map(|end| end + to.len()) else {
                break;
            };
            at = start + len;
            found.push(start..at);
        }
    }
    found
}

/// The names that a statement defines, if it is a call of `thread_local!`.
fn thread_locals(statement: &SyntaxNode) -> Option<Vec<String>> {
    let call = statement
        .descendants()
        .take(3)
        .find_map(ast::MacroCall::cast)?;
    (call.path()?.syntax().text() == "thread_local").then(|| statics_of(&call))
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

    fn written(kept: &str) -> Vec<String> {
        let line = |line: &str| {
            let mut line = line.to_owned();
            let mut wrappings = wrappings(&line);
            wrappings.sort_by_key(|range| range.start);
            for range in wrappings.into_iter().rev() {
                line.replace_range(range, "");
            }
            line
        };
        kept.lines().map(line).collect()
    }

    #[test]
    fn thread_locals_are_wrapped_and_lines_stay() {
        let text = "let a = 1;\nthread_local! {\n    static A: u8 = 1;\n    static B: u8 = 2;\n}\nA.with(f)";
        let kept = keep_items(text);
        assert_eq!(written(&kept), text.lines().collect::<Vec<_>>());
        assert!(kept.starts_with("let a = 1;\nmod threadbook_locals_"));
        assert!(kept.contains(" { use super::*; use super::thread_local; thread_local! {\n"));
        assert!(kept.contains("\n} /*kept*/ } use threadbook_locals_"));
        assert!(kept.ends_with("::{A, B}; \nA.with(f)"));
    }

    #[test]
    fn imports_without_a_name_are_put_into_a_module() {
        let text = "let a = 1; pub use a::*;\nuse std::{\n    fmt,\n    io::{self as i, prelude::*},\n}; i(a)";
        let kept = keep_items(text);
        assert_eq!(written(&kept), text.lines().collect::<Vec<_>>());
        assert!(kept.contains(" { use super::*; pub use a::*; /*kept*/ } use threadbook_imports_"));
        assert!(kept.contains(" { use super::*; pub(in super) use std::{\n    fmt,\n"));
        assert!(kept.contains("::{fmt, i}; use threadbook_imports_"));
        let module = |text: &str| keep_items(text).split(" {").next().map(str::to_owned);
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
            assert_eq!(keep_items(text), text);
        }
    }

    #[test]
    fn a_block_that_stands_alone_is_named_by_what_it_defines() {
        let name = |text: &str| {
            let kept = keep_items(text);
            assert_eq!(written(&kept), text.lines().collect::<Vec<_>>());
            kept.split(NAMED.1).next().unwrap().to_owned()
        };
        let first = name("impl A { fn a() -> u8 { 1 } }");
        assert!(first.starts_with("mod threadbook_block_"), "{first}");
        assert_eq!(first, name("impl A {\n  fn a() -> String { x } }"));
        assert_ne!(first, name("impl A { fn b() {} }"));
        assert_eq!(name("impl S for A { fn a() {} }"), name("impl S for A {}"));
        assert!(name("unsafe extern \"C\" { fn a(); }").starts_with("mod threadbook_block_"));
        let both = keep_items("impl A {} impl B {}");
        assert_eq!(both.matches("mod threadbook_block_").count(), 2);
        for text in [
            "struct A; impl A {}",
            "fn f() { impl A {} }",
            "\"impl A {}\"",
            "extern crate a;",
            "extern fn a() {}",
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
            assert_eq!(written(&kept).concat(), text);
        }
    }
}

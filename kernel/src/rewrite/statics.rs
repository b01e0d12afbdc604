//! Statics that keep their values from cell to cell.
//!
//! evcxr compiles the items of earlier cells again into each cell, so each cell's shared object has its own copy of
//! every `static`. A copy is given an exported symbol whose name stays the same from cell to cell. The worker loads
//! objects into one global scope, where the dynamic linker lets the first definition of a symbol stand for all: every
//! cell so uses the copy of the cell that was loaded first. Nothing else of the code changes.
//!
//! A static that is defined in a later cell starts anew: the symbol's name counts the definitions. With it starts anew whose
//! initial value is made of it, as in `static ALSO: &AtomicU32 = &ONE;`.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::WalkEvent;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasName;
use sha2::Digest;
use sha2::Sha256;

use crate::cell::body;
use crate::cell::statics_of;
use crate::evcxr_text::generated;
use crate::hash;

/// How each attribute that is put in begins.
const ATTRIBUTE_START: &str = "#[unsafe(export_name=\"threadbook_static_";
/// How each ends, after sixteen hexadecimal digits.
const ATTRIBUTE_END: &str = "\")] ";

/// How often each static was defined, by its path.
pub(crate) type Definitions = HashMap<String, u64>;

/// The attributes that a source gets, and the definitions as they stand when it has been compiled.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) attributes: Vec<(usize, String)>,
    pub(crate) definitions: Definitions,
}

/// Gives every static its symbol. `cell` is the text of the cell that is compiled: what stands in it is defined anew.
pub(crate) fn share(source: &str, cell: &str, definitions: &Definitions) -> Shared {
    let mut definitions = definitions.clone();
    let mut attributes = Vec::new();
    if source.contains("static") {
        let file = SourceFile::parse(source, Edition::Edition2024);
        let mut statics = Vec::new();
        for node in file.syntax_node().descendants() {
            let Some(item) = ast::Static::cast(node) else {
                continue;
            };
            let Some(path) = path(&item) else {
                continue;
            };
            let count = definitions.entry(path.clone()).or_insert(0);
            if cell.contains(&item.syntax().text().to_string()) {
                *count += 1;
            }
            statics.push((path, item));
        }
        let is_anew = |path: &String| definitions.get(path).is_some_and(|count| *count > 1);
        // Nothing is made of a static that was defined once only.
        let values = match statics.iter().any(|(path, _)| is_anew(path)) {
            true => Values::of(&file.syntax_node()),
            false => Values::default(),
        };
        for (path, item) in &statics {
            let mut parts = vec![format!("#{}", definitions[path])];
            let mut of = values.statics_of(item);
            of.retain(|other| other != path && is_anew(other));
            parts.extend(
                of.iter()
                    .map(|other| format!(" {other}#{}", definitions[other])),
            );
            let symbol = symbol(path, item, &parts.concat());
            attributes.push((
                place(source, start(item.syntax())),
                format!("{ATTRIBUTE_START}{symbol}{ATTRIBUTE_END}"),
            ));
        }
    }
    Shared {
        attributes,
        definitions,
    }
}

/// The thread-locals that a cell defines.
pub(crate) fn thread_locals(cell: &str) -> Vec<String> {
    if !cell.contains("thread_local") {
        return Vec::new();
    }
    let list = body(cell);
    let nodes = list.iter().flat_map(|list| list.syntax().descendants());
    nodes
        .filter_map(ast::MacroCall::cast)
        .flat_map(|call| thread_local_names(&call))
        .collect()
}

/// The static's path in its crate; nothing for one that has a symbol of its own already, or none at all.
fn path(item: &ast::Static) -> Option<String> {
    let attributes = item
        .attrs()
        .map(|attribute| attribute.syntax().text().to_string());
    let named = [
        "no_mangle",
        "export_name",
        "link_name",
        "link_section",
        "thread_local",
    ];
    let is_foreign = item
        .syntax()
        .parent()
        .is_some_and(|parent| ast::ExternItemList::can_cast(parent.kind()));
    if is_foreign
        || attributes
            .into_iter()
            .any(|text| named.iter().any(|name| text.contains(name)))
    {
        return None;
    }
    let mut parts = vec![item.name()?.text().to_string()];
    for ancestor in item.syntax().ancestors().skip(1) {
        parts.extend(name_of(&ancestor));
    }
    parts.reverse();
    Some(parts.join("::"))
}

fn name_of(node: &SyntaxNode) -> Option<String> {
    if let Some(item) = ast::Impl::cast(node.clone()) {
        let types = [item.trait_(), item.self_ty()].into_iter().flatten();
        return Some(
            types
                .map(|ty| ty.syntax().text().to_string())
                .collect::<Vec<_>>()
                .join(" for "),
        );
    }
    let name = ast::Fn::cast(node.clone())
        .and_then(|item| item.name())
        .or_else(|| ast::Module::cast(node.clone()).and_then(|item| item.name()))?;
    // The cell's own function is another one in each cell.
    let name = name.text().to_string();
    Some(if name.starts_with(generated::FUNCTION) {
        "cell".to_owned()
    } else {
        name
    })
}

/// What initial values can be made of: constants, statics and functions, by their names.
#[derive(Debug, Default)]
struct Values {
    by_name: HashMap<String, Vec<SyntaxNode>>,
}

impl Values {
    fn of(file: &SyntaxNode) -> Values {
        let mut by_name: HashMap<String, Vec<SyntaxNode>> = HashMap::new();
        for node in file.descendants() {
            let name = match node.kind() {
                SyntaxKind::CONST => ast::Const::cast(node.clone()).and_then(|item| item.name()),
                SyntaxKind::FN => ast::Fn::cast(node.clone()).and_then(|item| item.name()),
                SyntaxKind::STATIC => ast::Static::cast(node.clone()).and_then(|item| item.name()),
                _ => None,
            };
            if let Some(name) = name {
                by_name
                    .entry(name.text().to_string())
                    .or_default()
                    .push(node);
            }
        }
        Values { by_name }
    }

    /// The paths of the statics of which a static's initial value is made, in order. What a closure does comes later.
    fn statics_of(&self, item: &ast::Static) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut open = vec![item.syntax().clone()];
        while let Some(node) = open.pop() {
            let mut walk = node.preorder_with_tokens();
            while let Some(event) = walk.next() {
                let WalkEvent::Enter(element) = event else {
                    continue;
                };
                if element.kind() == SyntaxKind::CLOSURE_EXPR {
                    walk.skip_subtree();
                } else if element.kind() == SyntaxKind::IDENT
                    && let Some(token) = element.as_token()
                    && let Some((name, items)) = self.by_name.get_key_value(token.text())
                    && seen.insert(name)
                {
                    let statics = items.iter().cloned().filter_map(ast::Static::cast);
                    found.extend(statics.filter_map(|item| path(&item)));
                    open.extend(items.iter().cloned());
                }
            }
        }
        Vec::from_iter(found)
    }
}

fn symbol(path: &str, item: &ast::Static, definition: &str) -> String {
    let ty = item
        .ty()
        .map(|ty| ty.syntax().text().to_string())
        .unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(format!("{path}: {ty} {definition}"));
    hash::short(hasher)
}

/// Where an attribute may stand: behind comments and other attributes.
pub(crate) fn start(item: &SyntaxNode) -> usize {
    let first = item
        .children_with_tokens()
        .find(|child| !child.kind().is_trivia() && child.kind() != SyntaxKind::ATTR);
    let first = first.map_or_else(|| item.text_range(), |child| child.text_range());
    usize::from(first.start())
}

/// Moves the attribute to the end of the line before, where that can be done: then no column changes.
pub(crate) fn place(source: &str, start: usize) -> usize {
    let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let is_first = source[line_start..start].trim().is_empty();
    let before = source[..line_start].trim_end_matches('\n');
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    // What is put behind a line comment would be part of it.
    if is_first && line_start > 0 && !last_line.contains("//") {
        line_start - 1
    } else {
        start
    }
}

/// The names in a call of `thread_local!`.
fn thread_local_names(call: &ast::MacroCall) -> Vec<String> {
    let is_thread_local = call
        .path()
        .and_then(|path| path.segment())
        .is_some_and(|segment| segment.syntax().text() == "thread_local");
    match is_thread_local {
        true => statics_of(call),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Edits;

    fn symbols(shared: &Shared) -> Vec<String> {
        let attributes = shared.attributes.iter();
        attributes
            .map(|(_, attribute)| attribute[ATTRIBUTE_START.len()..][..16].to_owned())
            .collect()
    }

    #[test]
    fn a_symbol_stays_until_the_static_is_defined_again() {
        let source = "/// Text.\n#[used] pub static N: u8 = 1;\nfn f() { static N: u8 = 2; }\n";
        let first = share(source, source, &Definitions::new());
        let changed = Edits::insertions(first.attributes.clone()).apply(source);
        assert_eq!(changed.lines().count(), 3);
        let names = symbols(&first);
        assert_eq!(names.len(), 2);
        assert_ne!(names[0], names[1]);
        assert!(
            changed.contains("#[used] #[unsafe(export_name="),
            "{changed}"
        );
        let later = share(source, "f()", &first.definitions);
        assert_eq!(symbols(&later), names);
        let again = share(source, "pub static N: u8 = 1;", &later.definitions);
        assert_eq!(
            symbols(&again),
            names,
            "the item's text is its attributes too"
        );
        let again = share("static N: u8 = 1;", "static N: u8 = 1;", &later.definitions);
        assert_ne!(symbols(&again)[0], names[0]);
    }

    #[test]
    fn what_is_made_of_a_static_starts_anew_with_it() {
        let source = "static ONE: u8 = 1;\nconst fn one() -> &'static u8 { &ONE }\nconst BY: &u8 = one();\n\
                      static ALSO: &u8 = BY;\nstatic LATER: fn() -> u8 = || ONE;\nstatic OTHER: u8 = 2;\n";
        let first = share(source, source, &Definitions::new());
        let again = share(source, "static ONE: u8 = 1;", &first.definitions);
        let changed: Vec<bool> = symbols(&first)
            .iter()
            .zip(symbols(&again))
            .map(|(before, after)| *before != after)
            .collect();
        assert_eq!(changed, [true, true, false, false]);
        let later = share(source, "1", &again.definitions);
        assert_eq!(symbols(&later), symbols(&again));
    }

    #[test]
    fn statics_with_symbols_of_their_own_are_left_alone() {
        for source in [
            "#[unsafe(no_mangle)] static N: u8 = 1;",
            "unsafe extern \"C\" { static environ: *const u8; }",
            "// static N: u8 = 1;",
            "const T: &str = \"static N: u8 = 1;\";",
        ] {
            let shared = share(source, source, &Definitions::new());
            assert!(shared.attributes.is_empty(), "{source}");
        }
    }

    #[test]
    fn thread_locals_of_the_cell_are_named() {
        let source =
            "thread_local! { static A: u8 = 1; pub static B: Cell<u8> = const { Cell::new(0) } }";
        assert_eq!(thread_locals(source), ["A", "B"]);
        assert_eq!(thread_locals(&format!("fn f() {{ {source} }}")), ["A", "B"]);
        assert!(thread_locals("A.with(f) // thread_local").is_empty());
    }
}

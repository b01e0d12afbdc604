//! Macros of cells: each later item and cell may call them.
//!
//! evcxr keeps items by their names, in no order, and one for each name. A macro is seen below its definition only, and a
//! function of its name would take its place. In a module of its own, a macro has another name for evcxr, and is found at
//! the crate's root wherever it stands. For the cells' own modules the macros go to the top of the generated code.

use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasModuleItem;
use ra_ap_syntax::ast::HasName;

/// What stands before a macro's name, and from there up to its definition.
const MACRO: (&str, &str) = ("#[macro_use] mod threadbook_macro_", " { #[macro_export] ");
/// The same for a macro that is exported already.
const EXPORTED: (&str, &str) = ("#[macro_use] mod threadbook_exported_", " { ");

/// Macros that the prelude brings in by name: a cell's own takes the import's place.
pub(crate) const PRELUDE_MACROS: [&str; 6] = [
    "dbg",
    "eprint",
    "eprintln",
    "print",
    "println",
    "thread_local",
];

/// What stands before a macro's definition, up to it.
pub(super) fn opening(item: &ast::MacroRules) -> Option<String> {
    let name = item.name()?.text().to_string();
    if PRELUDE_MACROS.contains(&name.as_str()) {
        return None;
    }
    let is_exported = item.attrs().any(|attribute| {
        let path = attribute
            .path()
            .map(|path| path.syntax().text().to_string());
        path.is_some_and(|path| path == "macro_export")
    });
    let (before, behind) = match is_exported {
        true => EXPORTED,
        false => MACRO,
    };
    Some([before, &name, behind].concat())
}

/// The name of the macro that a module of an item's name holds; other names as they are.
pub(crate) fn person_name(item: &str) -> &str {
    let module = |form: &str| form.rsplit(' ').next().map(str::to_owned);
    let held = [MACRO.0, EXPORTED.0]
        .into_iter()
        .find_map(|form| item.strip_prefix(&module(form)?));
    held.unwrap_or(item)
}

/// The generated code with the macros above all other items.
pub(crate) fn macros_first(source: &str) -> String {
    if ![MACRO.0, EXPORTED.0]
        .iter()
        .any(|form| source.contains(form))
    {
        return source.to_owned();
    }
    let file = SourceFile::parse(source, Edition::Edition2024).tree();
    let items: Vec<ast::Item> = file.items().collect();
    let Some(first) = items.first() else {
        return source.to_owned();
    };
    let line_start = |byte: usize| source[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let top = line_start(first.syntax().text_range().start().into());
    let (mut above, mut below) = (String::new(), String::new());
    let mut at = top;
    for item in &items {
        let Some(place) = place_of_macro(item) else {
            continue;
        };
        let start = line_start(place.start);
        let end = source[place.end..].find('\n');
        let end = end.map_or(source.len(), |newline| place.end + newline + 1);
        if start < at {
            // It shares its line with the macro before.
            continue;
        }
        below.push_str(&source[at..start]);
        above.push_str(&source[start..end]);
        at = end;
    }
    [&source[..top], &above, &below, &source[at..]].concat()
}

/// Where a macro's module is, without the comments before it; nothing for other items.
fn place_of_macro(item: &ast::Item) -> Option<Range<usize>> {
    let text = item.syntax().text().to_string();
    let before = [MACRO.0, EXPORTED.0]
        .iter()
        .find_map(|form| text.find(form))?;
    let range = item.syntax().text_range();
    let is_module = matches!(item, ast::Item::Module(_));
    is_module.then(|| usize::from(range.start()) + before..range.end().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_is_known_by_its_own_name() {
        for (item, name) in [
            ("threadbook_macro_say", "say"),
            ("threadbook_exported_say", "say"),
            ("say", "say"),
            ("threadbook_block_1", "threadbook_block_1"),
        ] {
            assert_eq!(person_name(item), name);
        }
    }

    #[test]
    fn macros_go_above_other_items() {
        let say = "#[macro_use] mod threadbook_macro_say { #[macro_export] macro_rules! say {\n () => { 1 }\n} }\n";
        let source =
            format!("#![allow(dead_code)]\nfn f() {{ say!() }}\n// text\n{say}fn g() {{}}\n");
        assert_eq!(
            macros_first(&source),
            format!("#![allow(dead_code)]\n{say}fn f() {{ say!() }}\n// text\nfn g() {{}}\n")
        );
        for same in ["", "fn f() {}\n", say] {
            assert_eq!(macros_first(same), same);
        }
    }
}

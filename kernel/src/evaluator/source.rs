//! The source of a name: in the cells that ran, or in the standard library's files.

use std::path::Path;
use std::path::PathBuf;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use crate::cell::body;
use crate::cell::item_name;

/// The text of the item or `let` that makes a name in a cell.
pub(super) fn in_cell(text: &str, name: &str) -> Option<String> {
    let body = body(text)?;
    let found = body
        .syntax()
        .children()
        .filter(|child| makes(child, name))
        .last()?;
    Some(found.text().to_string())
}

fn makes(statement: &SyntaxNode, name: &str) -> bool {
    if let Some(item) = ast::Item::cast(statement.clone()) {
        return item_name(&item).is_some_and(|found| found == name);
    }
    let pattern = ast::LetStmt::cast(statement.clone()).and_then(|statement| statement.pat());
    pattern.is_some_and(|pattern| {
        let mut bound = pattern
            .syntax()
            .descendants()
            .filter_map(ast::IdentPat::cast);
        bound.any(|bound| bound.name().is_some_and(|found| found.text() == name))
    })
}

/// The text of an item of the standard library.
///
/// `described`: what rust-analyzer says of it; its first line is the module, or the type for a method.
pub(super) fn in_library(library: &Path, described: &str, name: &str) -> Option<String> {
    let name = name.rsplit(['.', ':']).next()?.trim_end_matches('!');
    let path = described
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let path = path.split('<').next()?.trim();
    let mut segments: Vec<&str> = path.split("::").collect();
    while segments.len() > 1
        || segments
            .first()
            .is_some_and(|root| library.join(root).is_dir())
    {
        for file in files(library, &segments) {
            if let Some(source) = in_file(&file, name) {
                let shown = file.strip_prefix(library).unwrap_or(&file);
                return Some(format!("// library/{}\n{source}", shown.display()));
            }
        }
        segments.pop();
    }
    None
}

/// The files in which a module may lie.
pub(super) fn files(library: &Path, segments: &[&str]) -> Vec<PathBuf> {
    let Some((root, modules)) = segments.split_first() else {
        return Vec::new();
    };
    let folder = library.join(root).join("src");
    let path = modules
        .iter()
        .fold(folder.clone(), |path, module| path.join(module));
    match modules.is_empty() {
        true => ["lib.rs", "macros.rs", "macros/mod.rs"]
            .map(|name| folder.join(name))
            .into(),
        false => vec![path.with_extension("rs"), path.join("mod.rs")],
    }
}

fn in_file(file: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let tree = SourceFile::parse(&text, Edition::Edition2024).syntax_node();
    let mut items = tree.descendants().filter_map(ast::Item::cast);
    let item = items.find(|item| item_name(item).is_some_and(|found| found == name))?;
    Some(item.syntax().text().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_a_cell_makes_them() {
        let text =
            "/// Twice.\nfn twice(n: u8) -> u8 {\n    2 * n\n}\nlet (a, b) = (1, 2);\nlet a = 3;";
        assert_eq!(
            in_cell(text, "twice").as_deref(),
            Some("/// Twice.\nfn twice(n: u8) -> u8 {\n    2 * n\n}")
        );
        assert_eq!(in_cell(text, "a").as_deref(), Some("let a = 3;"));
        assert_eq!(in_cell(text, "b").as_deref(), Some("let (a, b) = (1, 2);"));
        assert_eq!(in_cell(text, "n"), None);
        assert_eq!(in_cell("(((", "n"), None);
    }

    #[test]
    fn names_are_found_in_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alloc/src/vec/mod.rs");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(
            &file,
            "pub struct Vec<T>(T);\nimpl<T> Vec<T> {\n    pub fn push(&mut self) {}\n}",
        )
        .unwrap();
        let source = |described, name| in_library(folder.path(), described, name);
        assert_eq!(
            source("alloc::vec\n\npub struct Vec<T>", "Vec").as_deref(),
            Some("// library/alloc/src/vec/mod.rs\npub struct Vec<T>(T);")
        );
        assert!(
            source("alloc::vec::Vec<T, A>\n\npub fn push", "Vec::push")
                .is_some_and(|text| text.ends_with("{}"))
        );
        assert_eq!(source("regex\n\npub struct Regex", "Regex"), None);
    }
}

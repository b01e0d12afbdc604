//! What a `use` declaration brings in, by name.

use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::TextRange;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasName;

use super::body;
use super::text_range;

/// One name that is brought in, or everything of a path (`*`), or a trait without a name (`_`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    name: String,
    path: String,
    /// Where the segments of the path are written.
    segments: Vec<TextRange>,
    /// Where it stands itself: a part of the declaration, or all that it brings in.
    own: TextRange,
}

/// An import as a declaration of its own, and where its parts are written in the code, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Imported {
    /// The text of the declaration that brings in nothing else.
    pub(crate) declaration: String,
    /// The segments of its path.
    pub(crate) segments: Vec<Range<usize>>,
    /// The part of the written declaration that is about it alone.
    pub(crate) own: Range<usize>,
}

/// What the `use` declarations of a cell bring in.
pub(crate) fn imported(code: &str) -> Vec<Imported> {
    let Some(list) = body(code) else {
        return Vec::new();
    };
    let uses = list.syntax().children().filter_map(ast::Use::cast);
    let imports = uses.flat_map(|item| Import::all(&item));
    imports
        .map(|import| Imported {
            declaration: import.declaration(),
            segments: import
                .segments
                .iter()
                .map(|range| text_range(*range, code))
                .collect(),
            own: text_range(import.own, code),
        })
        .collect()
}

impl Import {
    /// What the declaration consists of, in its order.
    pub(super) fn all(item: &ast::Use) -> Vec<Import> {
        let mut found = Vec::new();
        if let Some(tree) = item.use_tree() {
            collect(&tree, "", &[], &mut found);
        }
        found
    }

    /// The name that later code uses for it, if it has one.
    pub(super) fn name(&self) -> Option<&str> {
        (!matches!(self.name.as_str(), "*" | "_")).then_some(&self.name)
    }

    /// Whether it gives another name to what stands beside it.
    pub(super) fn is_beside(&self) -> bool {
        self.name != "*" && !self.path.contains("::")
    }

    /// A declaration that brings in nothing else.
    pub(super) fn declaration(&self) -> String {
        let Import { name, path, .. } = self;
        let last = path.rsplit("::").next();
        match name.as_str() {
            "*" => format!("use {path}::*;"),
            _ if last == Some(name) => format!("use {path};"),
            _ => format!("use {path} as {name};"),
        }
    }
}

fn collect(tree: &ast::UseTree, prefix: &str, before: &[TextRange], found: &mut Vec<Import>) {
    let mut segments = before.to_vec();
    segments.extend(
        tree.path()
            .iter()
            .flat_map(ast::Path::segments)
            .map(|segment| segment.syntax().text_range()),
    );
    let own = tree.path().map(|path| path.syntax().text().to_string());
    let own: Option<String> = own.map(|text| text.split_whitespace().collect());
    let path = match own.as_deref() {
        // `a::{self}` is `a`.
        None | Some("self") if !prefix.is_empty() => prefix.to_owned(),
        None => String::new(),
        Some(own) if prefix.is_empty() => own.to_owned(),
        Some(own) => format!("{prefix}::{own}"),
    };
    if let Some(list) = tree.use_tree_list() {
        for tree in list.use_trees() {
            collect(&tree, &path, &segments, found);
        }
        return;
    }
    let name = if tree.star_token().is_some() {
        "*".to_owned()
    } else if let Some(rename) = tree.rename() {
        rename
            .name()
            .map_or("_".to_owned(), |name| name.text().to_string())
    } else {
        path.rsplit("::").next().unwrap_or_default().to_owned()
    };
    found.push(Import {
        name,
        path,
        segments,
        own: tree.syntax().text_range(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::body;

    fn declarations(code: &str) -> Vec<(Option<String>, String)> {
        let list = body(code).unwrap();
        let uses = list.syntax().children().filter_map(ast::Use::cast);
        uses.flat_map(|item| Import::all(&item))
            .map(|import| (import.name().map(str::to_owned), import.declaration()))
            .collect()
    }

    #[test]
    fn each_import_knows_where_it_is_written() {
        let code = "let a = 1;\npub use std::{fmt, io::{self, Wrong as W}};";
        let found = imported(code);
        let written: Vec<(&str, Vec<&str>, &str)> = found
            .iter()
            .map(|import| {
                let segments = import.segments.iter().map(|range| &code[range.clone()]);
                (
                    import.declaration.as_str(),
                    segments.collect(),
                    &code[import.own.clone()],
                )
            })
            .collect();
        assert_eq!(
            written,
            [
                ("use std::fmt;", vec!["std", "fmt"], "fmt"),
                ("use std::io;", vec!["std", "io", "self"], "self"),
                (
                    "use std::io::Wrong as W;",
                    vec!["std", "io", "Wrong"],
                    "Wrong as W"
                ),
            ]
        );
    }

    #[test]
    fn each_name_of_a_tree_is_found() {
        for (code, name, declaration) in [
            ("use std::fmt;", Some("fmt"), "use std::fmt;"),
            ("use tokio;", Some("tokio"), "use tokio;"),
            ("pub use a::b as c;", Some("c"), "use a::b as c;"),
            ("use ::a::{self};", Some("a"), "use ::a;"),
            ("use a::{self as b};", Some("b"), "use a as b;"),
            ("use a :: b\n:: *;", None, "use a::b::*;"),
            ("use a::{*};", None, "use a::*;"),
            ("use a::T as _;", None, "use a::T as _;"),
            ("use r#try::r#fn;", Some("r#fn"), "use r#try::r#fn;"),
        ] {
            let expected = (name.map(str::to_owned), declaration.to_owned());
            assert_eq!(declarations(code), [expected], "{code}");
        }
        let names: Vec<String> = declarations("use {a, b::{c, d::{self, *, e as f}, T as _}};")
            .into_iter()
            .map(|(_, declaration)| declaration)
            .collect();
        assert_eq!(
            names,
            [
                "use a;",
                "use b::c;",
                "use b::d;",
                "use b::d::*;",
                "use b::d::e as f;",
                "use b::T as _;",
            ]
        );
    }
}

//! Items as evcxr is given them once their cell has run: as a text inside of a constant of their name.
//!
//! evcxr has rust-analyzer parse all items of the session for each cell. A text is one token for it. The stand-in takes
//! the items out of the constants again, on the same lines.

use std::collections::BTreeMap;
use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;

use super::blocks::is_block;
use super::body;
use super::definitions::Owner;
use super::holds_imports;
use super::lexer::is_name;
use super::range;

/// The type of such a constant.
const TYPE: &str = ": ThreadbookCovered = r";

/// An item in a constant. The constant ends on the item's last line.
pub(crate) fn cover(name: &str, item: &str) -> String {
    let item = item.strip_suffix('\n').unwrap_or(item);
    let hashes = "#".repeat(longest_end(item) + 1);
    format!("const {name}{TYPE}{hashes}\"{item}\"{hashes};\n")
}

/// Takes the items out of their constants.
pub(crate) fn uncover(source: &str) -> String {
    let mut uncovered = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(TYPE) {
        let line = rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let found = rest[line..at]
            .strip_prefix("const ")
            .and_then(|_| inside(&rest[at + TYPE.len()..]));
        let Some((item, after)) = found else {
            let (before, behind) = rest.split_at(at + TYPE.len());
            uncovered.push_str(before);
            rest = behind;
            continue;
        };
        uncovered.push_str(&rest[..line]);
        uncovered.push_str(item);
        rest = after;
    }
    uncovered + rest
}

/// What a raw string holds that begins with hashes, and what follows behind its semicolon.
fn inside(text: &str) -> Option<(&str, &str)> {
    let (hashes, rest) = text.split_once('"')?;
    rest.split_once(&format!("\"{hashes};"))
}

/// The most hashes that follow a quotation mark.
fn longest_end(text: &str) -> usize {
    let ends = text.split('"').skip(1);
    ends.map(|end| end.len() - end.trim_start_matches('#').len())
        .max()
        .unwrap_or(0)
}

/// The items of code by their names, as evcxr cuts them, with the blocks that belong to them.
pub(crate) fn coverable(code: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut owner = Owner::default();
    for (node, place) in pieces(code) {
        let Some(item) = ast::Item::cast(node) else {
            continue;
        };
        let Some(name) = owner.of(&item) else {
            continue;
        };
        let mut piece = code[place].to_owned();
        if !piece.ends_with('\n') {
            piece.push('\n');
        }
        if is_block(&item) {
            if let Some(whole) = found.get_mut(&name) {
                whole.push_str(&piece);
            }
        } else if is_name(&name) && !holds_imports(&item.syntax().text().to_string()) {
            found.insert(name, piece);
        }
    }
    found
}

/// What code consists of, as evcxr cuts it: each piece reaches up to the next, and the first one has what stands before it.
pub(crate) fn pieces(text: &str) -> Vec<(SyntaxNode, Range<usize>)> {
    let start = code_start(text);
    let code = &text[start..];
    let nodes = body(code).into_iter();
    let nodes = nodes.flat_map(|list| list.syntax().children().collect::<Vec<_>>());
    let starts = nodes.map(|node| (start + range(&node, code).start, node));
    let mut pieces: Vec<(SyntaxNode, Range<usize>)> = Vec::new();
    for (at, node) in starts.filter(|(at, _)| *at < text.len()) {
        let at = match pieces.last_mut() {
            Some((_, before)) => {
                before.end = at;
                at
            }
            None => start,
        };
        pieces.push((node, at..text.len()));
    }
    pieces
}

/// Where the code begins that evcxr cuts into statements, behind commands, comments and blank lines.
pub(crate) fn code_start(text: &str) -> usize {
    text.split_inclusive('\n')
        .take_while(|line| {
            let trimmed = line.trim();
            trimmed.is_empty() || line.starts_with("//") || trimmed.starts_with(':')
        })
        .map(str::len)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::item_name;

    #[test]
    fn what_is_covered_can_be_uncovered_on_the_same_lines() {
        let items = [
            ("f", "fn f() -> u8 {\n    1\n}\n"),
            ("TEXT", "const TEXT: &str = r#\"a\"#;\n"),
            ("S", "struct S;\nimpl S { fn s(&self) -> &str { \"é\" } }\n"),
        ];
        let frame =
            |text: &str| format!("#![allow(x)]\n{text}fn run() {{ f(\"const a{TYPE}#\") }}\n");
        let covered: String = items.iter().map(|(name, item)| cover(name, item)).collect();
        let expected: String = items.iter().map(|(_, item)| *item).collect();
        let uncovered = uncover(&frame(&covered));
        assert_eq!(uncovered, frame(&expected));
        assert_eq!(uncovered.lines().count(), frame(&covered).lines().count());
        let list = body(&covered).unwrap();
        let found = list.syntax().children().filter_map(ast::Item::cast);
        let names: Vec<String> = found.filter_map(|item| item_name(&item)).collect();
        assert_eq!(names, ["f", "TEXT", "S"]);
    }

    #[test]
    fn items_are_cut_as_evcxr_cuts_them() {
        let code = ":dep x\n// text\nstruct A; // of A\nimpl A {}\n\nlet a = A;\nuse b::C;\nfn f() {\n}  f()";
        let found = coverable(code);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "struct A; \n// of A\nimpl A {}\n\n"),
                ("f", "fn f() {\n}  \n"),
            ]
        );
        assert!(coverable("mod threadbook_imports_1 { use a::*; }").is_empty());
        assert!(coverable("{{{").is_empty());
    }
}

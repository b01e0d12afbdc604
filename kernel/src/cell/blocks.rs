//! Blocks, that is `impl` and `extern`: the newest holds.
//!
//! evcxr stores items by their names and replaces them; `keep_items` names a block by what it defines. Where blocks
//! still define the same, what a newer one defines is taken out of the older in the generated code: blanks stand in its
//! place, and no line or column moves.

use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasModuleItem;

use super::body;
use super::item_name;

/// The texts of a session's blocks, the newest last.
pub type Blocks = Vec<String>;

/// The source with blanks for what does not hold, and the blocks as they stand when this source has been compiled.
pub(crate) fn blank_superseded_impls(
    source: &str,
    cell: &str,
    blocks: &[String],
) -> (String, Blocks) {
    let mut blocks = blocks.to_vec();
    let new = blocks_of(cell);
    blocks.retain(|text| !new.contains(text));
    blocks.extend(new);
    if blocks.is_empty() {
        // No cell has had one, so nothing but evcxr's own code has.
        return (source.to_owned(), blocks);
    }
    let age = |block: &Block| blocks.iter().position(|text| *text == block.text);
    let file = SourceFile::parse(source, Edition::Edition2024).tree();
    let mut all: Vec<Block> = file.items().filter_map(|item| Block::of(&item)).collect();
    // Where two have the same age, the one that stands below is newer.
    all.sort_by_key(age);
    let mut replaced: Vec<Range<usize>> = Vec::new();
    for (index, block) in all.iter().enumerate() {
        let newer: Vec<&Block> = all[index + 1..]
            .iter()
            .filter(|other| other.head == block.head)
            .collect();
        if block.is_of_trait && !newer.is_empty() {
            replaced.push(block.range.clone());
            continue;
        }
        let is_replaced = |(name, _): &&(String, _)| {
            let mut parts = newer.iter().flat_map(|other| &other.parts);
            parts.any(|(other, _)| other == name)
        };
        let parts: Vec<&(String, Range<usize>)> = block.parts.iter().filter(is_replaced).collect();
        if !parts.is_empty() && parts.len() == block.parts.len() {
            replaced.push(block.range.clone());
        } else {
            replaced.extend(parts.into_iter().map(|(_, range)| range.clone()));
        }
    }
    (with_blanks(source, replaced), blocks)
}

/// Items without what a later block defines as well, and without the lines on which nothing else stood.
pub(super) fn without_replaced(items: &str) -> String {
    let (held, _) = blank_superseded_impls(items, items, &[]);
    let mut kept = String::new();
    let mut is_gap = false;
    for (before, after) in items.lines().zip(held.lines().map(str::trim_end)) {
        let is_gone = after.is_empty() && !before.trim().is_empty();
        // A block that is gone leaves no second blank line.
        if !(is_gone || is_gap && after.is_empty()) {
            kept.push_str(after);
            kept.push('\n');
        }
        is_gap = is_gone || (is_gap && after.is_empty());
    }
    kept
}

/// Whether an item is such a block.
pub(super) fn is_block(item: &ast::Item) -> bool {
    matches!(item, ast::Item::Impl(_) | ast::Item::ExternBlock(_))
}

/// The key of a block: for a trait's, what stands before its contents; for others, what they define as well.
pub(super) fn block_key(item: &ast::Item) -> String {
    let Some(block) = Block::of(item) else {
        return item.syntax().text().to_string();
    };
    let names = block.parts.iter().map(|(name, _)| name.as_str());
    match block.is_of_trait {
        true => block.head,
        false => format!("{} {}", block.head, names.collect::<Vec<_>>().join(" ")),
    }
}

/// The blocks at the top of a cell.
fn blocks_of(cell: &str) -> Vec<String> {
    let list = body(cell);
    let items = list.iter().flat_map(|list| list.syntax().children());
    let blocks = items.filter_map(ast::Item::cast);
    blocks
        .filter_map(|item| Some(Block::of(&item)?.text))
        .collect()
}

struct Block {
    text: String,
    range: Range<usize>,
    /// What stands before its contents, where that matters.
    head: String,
    is_of_trait: bool,
    /// What it defines, by name.
    parts: Vec<(String, Range<usize>)>,
}

impl Block {
    fn of(item: &ast::Item) -> Option<Block> {
        let (start, list) = match item {
            ast::Item::Impl(block) => (
                block.impl_token()?,
                block.assoc_item_list()?.syntax().clone(),
            ),
            ast::Item::ExternBlock(block) => (
                block.abi()?.extern_token()?,
                block.extern_item_list()?.syntax().clone(),
            ),
            _ => return None,
        };
        // Comments before it may be another item's, where other items stand around it.
        let start = start.text_range().start();
        let whole = item.syntax().text_range();
        let text = item.syntax().text();
        let cut = |from, to| {
            text.slice(from - whole.start()..to - whole.start())
                .to_string()
        };
        let head = match item {
            // What they declare has one scope, whatever their ABI.
            ast::Item::ExternBlock(_) => "extern".to_owned(),
            _ => cut(start, list.text_range().start()),
        };
        let parts = list.children().filter_map(|part| {
            let range = part.text_range();
            let name = item_name(&ast::Item::cast(part)?)?;
            Some((name, usize::from(range.start())..usize::from(range.end())))
        });
        Some(Block {
            text: cut(start, whole.end()),
            range: usize::from(whole.start())..usize::from(whole.end()),
            head: head.split_whitespace().collect::<Vec<_>>().join(" "),
            is_of_trait: matches!(item, ast::Item::Impl(block) if block.trait_().is_some()),
            parts: parts.collect(),
        })
    }
}

/// Puts blanks in the place of some parts, one for each character but the ends of lines.
fn with_blanks(source: &str, mut parts: Vec<Range<usize>>) -> String {
    parts.sort_by_key(|range| range.start);
    let mut text = source.to_owned();
    for range in parts.into_iter().rev() {
        let blanks: String = source[range.clone()]
            .chars()
            .map(|char| if char == '\n' { char } else { ' ' })
            .collect();
        text.replace_range(range, &blanks);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs cells one after the other; returns the source of the last one as it is compiled, with all blocks in place.
    fn run(cells: &[&str]) -> (Vec<String>, Blocks) {
        let mut blocks = Blocks::default();
        let mut compiled = String::new();
        for (index, cell) in cells.iter().enumerate() {
            let source = format!("struct A;\n{}", cells[..=index].join("\n"));
            (compiled, blocks) = blank_superseded_impls(&source, cell, &blocks);
            assert_eq!(compiled.lines().count(), source.lines().count());
        }
        let lines = compiled.lines().skip(1);
        (lines.map(|line| line.trim().to_owned()).collect(), blocks)
    }

    #[test]
    fn what_is_defined_again_is_taken_out_of_the_older_block() {
        assert_eq!(
            run(&[
                "impl A { fn a() { \"é\" } fn b() {} const C: u8 = 1; }",
                "impl A { fn a() { 2 } }",
                "impl  A { const C: u8 = 2; fn d() {} }",
                "impl A { fn a() { 3 } }",
            ])
            .0
            .iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>(),
            [
                "impl A { fn b() {} }",
                "",
                "impl A { const C: u8 = 2; fn d() {} }",
                "impl A { fn a() { 3 } }",
            ]
        );
    }

    #[test]
    fn the_same_block_again_and_blocks_of_traits_are_replaced_whole() {
        let show = "impl Show for A {}";
        assert_eq!(run(&[show, show]).0, ["", show]);
        let one = "impl From<u8> for A { fn from(_: u8) -> A { A } }";
        let other = "impl From<u16> for A { fn from(_: u16) -> A { A } }";
        assert_eq!(run(&[one, other]).0, [one, other]);
    }

    #[test]
    fn what_is_declared_again_is_taken_out_of_the_older_extern_block() {
        let one = "unsafe extern \"C\" { fn a(); static B: u8; }";
        assert_eq!(run(&[one, one]).0, ["", one]);
        let (compiled, _) = run(&[one, "unsafe extern \"system\" { safe fn a() -> u8; }"]);
        assert!(compiled[0].ends_with("static B: u8; }") && !compiled[0].contains("fn a"));
    }

    #[test]
    fn the_cell_that_runs_is_newer_than_what_stands_below() {
        let (first, second) = ("impl A { fn a() { 1 } }", "impl A { fn a() { 2 } }");
        let (_, blocks) = run(&[first, second]);
        let source = format!("{first}\n{second}\n");
        let (compiled, _) = blank_superseded_impls(&source, "1 + 1", &blocks);
        assert!(!compiled.contains("{ 1 }") && compiled.contains("{ 2 }"));
        let (compiled, _) = blank_superseded_impls(&source, first, &blocks);
        assert!(compiled.contains("{ 1 }") && !compiled.contains("{ 2 }"));
    }
}

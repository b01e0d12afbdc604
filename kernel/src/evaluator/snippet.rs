//! rustc's messages about lines that the kernel has rewritten, shown with the lines as the person wrote them.

use serde_json::Value;

use super::render::rewrite_positions;
use super::source_map::CellPlace;
use super::source_map::Cells;
use super::source_map::SourceMap;

const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

/// One place that a message names.
struct Mark {
    place: CellPlace,
    /// How many characters of the line it covers.
    width: usize,
    label: String,
    is_primary: bool,
}

/// The message, if it names a line that was rewritten.
pub(super) fn render(message: &Value, map: &SourceMap, cells: &Cells) -> Option<String> {
    let spans = || {
        std::iter::once(message)
            .chain(message["children"].as_array().into_iter().flatten())
            .flat_map(|part| part["spans"].as_array().into_iter().flatten())
    };
    let is_rewritten =
        |span: &Value| number(span, "line_start").is_some_and(|line| map.is_rewritten(line));
    // Such a span has rustc draw a line at its left, from a line to a line that no cell has.
    let mut own_spans = message["spans"].as_array().into_iter().flatten();
    if !spans().any(is_rewritten) && !own_spans.any(|span| begins_in_generated(span, map)) {
        return None;
    }
    let level = message["level"].as_str().unwrap_or("error");
    let color = if level == "error" {
        "\x1b[1;31m"
    } else {
        "\x1b[1;33m"
    };
    let code = message["code"]["code"].as_str();
    let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
    let mut text = format!("{color}{level}{code}{RESET}: {}\n", words(message));
    let mut marks: Vec<Mark> = message["spans"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|span| mark(span, map, cells))
        .collect();
    let primary = marks
        .iter()
        .find(|mark| mark.is_primary)
        .or(marks.first())?;
    text.push_str(&format!(" {BLUE}-->{RESET} {}\n", primary.place));
    marks.sort_by_key(|mark| {
        (
            mark.place.cell,
            mark.place.line,
            !mark.is_primary,
            mark.place.column,
        )
    });
    let margin = marks
        .iter()
        .map(|mark| mark.place.line.to_string().len())
        .max()?;
    let blank = " ".repeat(margin);
    text.push_str(&format!("{BLUE}{blank} |{RESET}\n"));
    let mut shown = None;
    for mark in &marks {
        let place = mark.place;
        if shown != Some((place.cell, place.line)) {
            let line = cells.line(place).unwrap_or_default();
            text.push_str(&format!("{BLUE}{:<margin$} |{RESET} {line}\n", place.line));
            shown = Some((place.cell, place.line));
        }
        let before = " ".repeat(place.column.saturating_sub(1) as usize);
        let (sign, color) = if mark.is_primary {
            ("^", color)
        } else {
            ("-", BLUE)
        };
        let signs = sign.repeat(mark.width.max(1));
        let label = if mark.label.is_empty() {
            String::new()
        } else {
            format!(" {}", mark.label)
        };
        text.push_str(&format!(
            "{BLUE}{blank} |{RESET} {before}{color}{signs}{label}{RESET}\n"
        ));
    }
    for child in message["children"].as_array().into_iter().flatten() {
        let level = child["level"].as_str().unwrap_or("note");
        // Said once for all cells.
        if !words(child).contains("on by default") {
            text.push_str(&format!(
                "{BLUE}{blank} ={RESET} {level}: {}\n",
                words(child)
            ));
        }
    }
    // Of other traits that a future lacks, its value may lack them too.
    let what = words(message);
    if what.starts_with("`impl Future<") && what.ends_with("doesn't implement `Debug`") {
        text.push_str(&format!(
            "{BLUE}{blank} ={RESET} help: `.await` it for its value\n"
        ));
    }
    Some(rewrite_positions(text.trim_end(), map))
}

/// Whether what is wrong is the value of a cell, which stands inside of the code that shows it.
pub(super) fn is_about_a_result(message: &Value, map: &SourceMap) -> bool {
    let mut spans = message["spans"].as_array().into_iter().flatten();
    spans.any(|span| span["is_primary"] == true && begins_in_generated(span, map))
}

/// Whether a span covers lines of a cell, but begins above them.
fn begins_in_generated(span: &Value, map: &SourceMap) -> bool {
    number(span, "line_start").is_some_and(|line| map.place(line, 1).is_none())
        && first_place(span, map).is_some()
}

/// Where the first line of a cell begins that a span covers.
fn first_place(span: &Value, map: &SourceMap) -> Option<CellPlace> {
    let mut lines = number(span, "line_start")?..=number(span, "line_end")?;
    lines.find_map(|line| map.place(line, 1))
}

/// Whether what a message is about is code that the kernel has put in.
pub(super) fn is_about_own_code(message: &Value, map: &SourceMap) -> bool {
    let spans = message["spans"].as_array().into_iter().flatten();
    spans.filter(|span| span["is_primary"] == true).any(|span| {
        match (number(span, "line_start"), number(span, "column_start")) {
            (Some(line), Some(column)) => map.is_put_in(line, column),
            _ => false,
        }
    })
}

fn mark(span: &Value, map: &SourceMap, cells: &Cells) -> Option<Mark> {
    let (line, column) = (number(span, "line_start")?, number(span, "column_start")?);
    let place = match map.place(line, column) {
        Some(place) => place,
        None if span["is_primary"] != true => return None,
        None => {
            let place = first_place(span, map)?;
            let line = cells.line(place)?;
            let indent = line.chars().take_while(|char| char.is_whitespace()).count();
            CellPlace {
                column: indent as u32 + 1,
                ..place
            }
        }
    };
    let end = map.place(number(span, "line_end")?, number(span, "column_end")?);
    let len = cells.line(place).map_or(0, |line| line.chars().count());
    let width = match end {
        Some(end) if end.line == place.line => end.column.saturating_sub(place.column) as usize,
        // To the end of its first line.
        _ => len.saturating_sub(place.column as usize - 1),
    };
    Some(Mark {
        place,
        width,
        label: span["label"].as_str().unwrap_or_default().to_owned(),
        is_primary: span["is_primary"] == true,
    })
}

fn words(message: &Value) -> &str {
    message["message"].as_str().unwrap_or_default()
}

fn number(span: &Value, name: &str) -> Option<u32> {
    if span["file_name"] != super::render::FILE {
        return None;
    }
    u32::try_from(span[name].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::super::render::plain;
    use super::*;
    use crate::cell::Plan;
    use crate::cell::Step;

    #[test]
    fn the_line_is_shown_as_it_was_written() {
        let text = "let dir = 1;\n!echo {dir} {nothing}";
        let Ok(Plan::Steps(steps)) = Plan::of(text, &crate::cell::NoFacts) else {
            panic!("expected steps");
        };
        let Some(Step::Rust(code)) = steps.first() else {
            panic!("expected Rust");
        };
        let mut cells = Cells::default();
        cells.push(2, text, code);
        let generated = format!("gen\n{}", code.text);
        let map = cells.map(&generated);
        let line = generated.lines().nth(2).unwrap();
        let column = line.find("nothing").unwrap() + 1;
        let message = json!({
            "level": "error", "message": "cannot find value `nothing` in this scope", "code": {"code": "E0425"},
            "spans": [{
                "file_name": "src/lib.rs", "line_start": 3, "line_end": 3, "column_start": column,
                "column_end": column + 7, "is_primary": true, "label": "not found in this scope",
            }],
            "children": [{"level": "help", "message": "write it", "spans": []}],
        });
        expect![[r#"
            error[E0425]: cannot find value `nothing` in this scope
             --> cell 2, line 2, column 14
              |
            2 | !echo {dir} {nothing}
              |              ^^^^^^^ not found in this scope
              = help: write it"#]]
        .assert_eq(&plain(&render(&message, &map, &cells).unwrap()));
        assert!(!is_about_own_code(&message, &map));
    }
}

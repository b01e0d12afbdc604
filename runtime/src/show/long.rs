//! The `Debug` of values that are longer than a line.
//!
//! std's pretty form has a line for each number. Here what fits into a line is one, as rustfmt does it, numbers fill
//! their lines, and what is too long for a look is cut.

use std::fmt;
use std::fmt::Debug;
use std::fmt::Write;

/// The length of a line, in characters.
const WIDTH: usize = 100;
/// More lines are cut.
const LINES_LIMIT: usize = 100;
/// More entries of a list or a map are cut.
const ENTRIES_LIMIT: usize = 1000;
/// More of std's pretty form is not looked at.
const PRETTY_LIMIT: usize = 10_000;
/// The same in bytes.
const BYTES_LIMIT: usize = 1 << 20;

/// The value in one line, if it fits.
pub(super) fn line(value: &dyn Debug) -> Option<String> {
    let (text, is_whole) = start(value);
    let fits = is_whole && text.chars().count() <= WIDTH && !text.contains('\n');
    fits.then_some(text)
}

/// The value as it is shown.
pub(super) fn text(value: &dyn Debug) -> String {
    if let Some(line) = line(value) {
        return line;
    }
    let (start, _) = start(value);
    let mut shown = Limited::new(BYTES_LIMIT, PRETTY_LIMIT);
    // Writing fails where the text is cut.
    let (is_whole, mut lines) = if start.contains('\n') {
        // A matrix or a data frame, whose lines are its own.
        let is_whole = write!(shown, "{value:?}").is_ok();
        (is_whole, shown.text.lines().map(str::to_owned).collect())
    } else {
        let is_whole = write!(shown, "{value:#?}").is_ok();
        let (lines, has_all) = arranged(&shown);
        (is_whole && has_all, lines)
    };
    let is_cut = !is_whole || lines.len() > LINES_LIMIT;
    lines.truncate(LINES_LIMIT);
    if is_cut {
        lines.push("... (cut here; `println!(\"{value:#?}\")` prints all of it)".to_owned());
    }
    lines.join("\n")
}

/// The start of `{:?}`, and whether it is all of it.
fn start(value: &dyn Debug) -> (String, bool) {
    let mut start = Limited::new(WIDTH * 4, 0);
    let is_whole = write!(start, "{value:?}").is_ok();
    (start.text, is_whole)
}

/// Keeps text up to a limit, where it fails.
struct Limited {
    text: String,
    bytes: usize,
    lines: usize,
    /// 0 for no limit.
    lines_limit: usize,
}

impl Limited {
    fn new(bytes: usize, lines_limit: usize) -> Limited {
        Limited {
            text: String::new(),
            bytes,
            lines: 0,
            lines_limit,
        }
    }
}

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(&text[..end]);
        self.lines += text.matches('\n').count();
        let is_over = end < text.len() || (self.lines_limit > 0 && self.lines >= self.lines_limit);
        match is_over {
            true => Err(fmt::Error),
            false => Ok(()),
        }
    }
}

/// A part of a pretty form: a line, or what stands between an opening and a closing line.
enum Part<'a> {
    Line(&'a str),
    Group {
        open: &'a str,
        inner: Vec<Part<'a>>,
        close: Option<&'a str>,
    },
}

/// Lines of a pretty form, with as much on each as fits, and whether no entry was cut.
fn arranged(pretty: &Limited) -> (Vec<String>, bool) {
    let mut rest: Vec<&str> = pretty.text.lines().collect();
    if pretty.lines >= PRETTY_LIMIT {
        // The last line may be cut anywhere.
        rest.pop();
    }
    rest.reverse();
    let mut lines = Vec::new();
    let mut has_all = true;
    while !rest.is_empty() {
        for mut part in parts(&mut rest) {
            if let Part::Group { inner, close, .. } = &mut part
                && inner.len() > ENTRIES_LIMIT
            {
                inner.truncate(ENTRIES_LIMIT);
                *close = None;
                has_all = false;
            }
            put(&part, &mut lines);
        }
        // A closing line without an opening one: some `Debug` has lines of its own.
        lines.extend(rest.pop().map(str::to_owned));
    }
    (lines, has_all)
}

/// Takes the parts up to the closing line of the group that they are in.
fn parts<'a>(rest: &mut Vec<&'a str>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    while let Some(&line) = rest.last() {
        if line.trim_start().starts_with(['}', ']', ')']) {
            break;
        }
        rest.pop();
        parts.push(match line.ends_with(['{', '[', '(']) {
            true => Part::Group {
                open: line,
                inner: self::parts(rest),
                close: rest.pop(),
            },
            false => Part::Line(line),
        });
    }
    parts
}

fn put(part: &Part<'_>, lines: &mut Vec<String>) {
    let (open, inner, close) = match part {
        Part::Line(line) => return lines.push((*line).to_owned()),
        Part::Group { open, inner, close } => (*open, inner, *close),
    };
    let indent = open.len() - open.trim_start().len();
    if let Some(line) = in_a_line(part, WIDTH.saturating_sub(indent)) {
        return lines.push(format!("{}{line}", &open[..indent]));
    }
    lines.push(open.to_owned());
    if open.ends_with('[') && inner.iter().all(is_number) {
        fill(inner, lines);
    } else {
        for part in inner {
            put(part, lines);
        }
    }
    lines.extend(close.map(str::to_owned));
}

fn is_number(part: &Part<'_>) -> bool {
    match part {
        Part::Line(line) => line
            .trim_start()
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-+.,eE_xinfaN".contains(&byte)),
        Part::Group { .. } => false,
    }
}

/// As many numbers in each line as fit.
fn fill(numbers: &[Part<'_>], lines: &mut Vec<String>) {
    let mut current = String::new();
    for part in numbers {
        let Part::Line(number) = part else { continue };
        if current.is_empty() {
            current.push_str(number);
        } else if current.len() + number.trim_start().len() < WIDTH {
            current.push(' ');
            current.push_str(number.trim_start());
        } else {
            lines.push(std::mem::replace(&mut current, (*number).to_owned()));
        }
    }
    lines.push(current);
}

/// A part as `{:?}` has it, if it is no longer than that.
fn in_a_line(part: &Part<'_>, width: usize) -> Option<String> {
    let line = match part {
        // Any other line belongs to an entry of several lines.
        Part::Line(line) if line.ends_with(',') || line.trim_start() == ".." => {
            line.trim_start().to_owned()
        }
        Part::Line(_) => return None,
        Part::Group { open, inner, close } => group_in_a_line(open, inner, (*close)?, width)?,
    };
    (line.chars().count() <= width).then_some(line)
}

fn group_in_a_line(open: &str, inner: &[Part<'_>], close: &str, width: usize) -> Option<String> {
    let (open, close) = (open.trim_start(), close.trim_start());
    // `Name {` of a struct, not `{` and `key: {` of maps.
    let name = open.strip_suffix(" {");
    let gap = match name.is_some_and(|name| !name.ends_with(':')) {
        true => " ",
        false => "",
    };
    let mut line = format!("{open}{gap}");
    for (index, part) in inner.iter().enumerate() {
        let part = in_a_line(part, width.checked_sub(line.len())?)?;
        if index + 1 == inner.len() {
            line.push_str(part.strip_suffix(',').unwrap_or(&part));
        } else {
            line.push_str(&part);
            line.push(' ');
        }
    }
    // A tuple of one has its comma, a tuple struct has none.
    let is_tuple = open == "(" || open.ends_with(": (");
    if is_tuple && inner.len() == 1 {
        line.push(',');
    }
    Some(format!("{line}{gap}{close}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, Clone)]
    #[expect(dead_code, reason = "`Debug` reads the fields")]
    struct Job {
        name: &'static str,
        after: Vec<u32>,
        place: Option<(i32, f64)>,
    }

    fn job(name: &'static str, count: u32) -> Job {
        Job {
            name,
            after: (0..count).collect(),
            place: Some((1, 2.5)),
        }
    }

    fn check(value: &dyn Debug, expected: &str) {
        assert_eq!(text(value), expected);
    }

    #[test]
    fn what_fits_into_a_line_is_one() {
        check(&vec![1, 2], "[1, 2]");
        check(&"a\nb", r#""a\nb""#);
    }

    #[test]
    fn structs_stand_one_below_the_other() {
        check(
            &vec![job("wash", 2), job("iron {", 0), job("fold", 40)],
            r#"[
    Job { name: "wash", after: [0, 1], place: Some((1, 2.5)) },
    Job { name: "iron {", after: [], place: Some((1, 2.5)) },
    Job {
        name: "fold",
        after: [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
            24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
        ],
        place: Some((1, 2.5)),
    },
]"#,
        );
    }

    #[test]
    fn maps_and_tuples_are_as_in_one_line() {
        let map: BTreeMap<&str, (BTreeMap<u8, bool>, (u8,))> = [
            ("a long key of a map, to fill a line", 1),
            ("another long key of a map, for the next line", 2),
        ]
        .map(|(key, n)| (key, (BTreeMap::from([(n, true)]), (n,))))
        .into();
        check(
            &map,
            r#"{
    "a long key of a map, to fill a line": ({1: true}, (1,)),
    "another long key of a map, for the next line": ({2: true}, (2,)),
}"#,
        );
    }

    #[test]
    fn a_hundred_lines_or_a_thousand_entries_are_enough() {
        let lines = |value: &dyn Debug| text(value).lines().count();
        let cut = "\n... (cut here; `println!(\"{value:#?}\")` prints all of it)";
        let numbers: Vec<u32> = (0..1_000_000).collect();
        let shown = text(&numbers);
        assert!(
            shown.contains(" 999,") && !shown.contains(" 1000"),
            "{shown}"
        );
        assert!(shown.ends_with(cut), "{shown}");
        let jobs = vec![job("wash", 2); 200];
        assert_eq!(lines(&jobs), LINES_LIMIT + 1);
        assert!(text(&jobs).ends_with(cut));
        let jobs = vec![job("wash", 2); 50];
        assert_eq!(lines(&jobs), 52);
    }

    #[test]
    fn a_debug_with_lines_of_its_own_keeps_them() {
        struct Grid;
        impl Debug for Grid {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("  1  2\n  ]3\n  4")
            }
        }
        check(&Grid, "  1  2\n  ]3\n  4");
        let text = "long ".repeat(50);
        check(
            &text,
            r#""long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ""#,
        );
    }
}

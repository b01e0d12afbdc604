//! Whether a text is a whole cell. Consoles send a request after each line.

use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use threadbook_jupyter::contract::Completeness;

use super::plan::Ending;
use super::plan::Facts;
use super::plan::cell_magic;

/// How much deeper each open bracket indents.
const INDENT: usize = 4;

/// Returns whether a text can be run, needs more lines, or is wrong whatever follows.
///
/// `takes_rust`: whether the lines below a cell magic are Rust. Lines that are not go on until an empty one.
pub fn is_complete(text: &str, facts: &dyn Facts, takes_rust: fn(&str) -> bool) -> Completeness {
    let more = |indent: usize| Completeness::Incomplete {
        indent: " ".repeat(indent),
    };
    let mut start = 0;
    while let Some(magic) = cell_magic(&text[start..]) {
        start += magic.body.start;
        let ends_empty = text
            .rsplit_once('\n')
            .is_some_and(|(_, last)| last.trim().is_empty());
        if !takes_rust(&magic.name) || text[start..].trim().is_empty() {
            return match ends_empty {
                true => Completeness::Complete,
                false => more(0),
            };
        }
    }
    let Ok(ending) = Ending::of(text, start, facts) else {
        return Completeness::Invalid;
    };
    if ending.mismatched {
        Completeness::Invalid
    } else if ending.unterminated {
        more(0)
    } else if ending.depth > 0 {
        more(ending.depth * INDENT)
    } else if ending.wants_more {
        more(INDENT)
    } else if ending.rust.iter().all(|rust| parses(rust)) {
        Completeness::Complete
    } else {
        Completeness::Invalid
    }
}

/// Whether a text is what stands in a function's body: statements, items, and an expression at the end.
fn parses(text: &str) -> bool {
    let text: String = text
        .split_inclusive('\n')
        .skip_while(|line| line.trim().is_empty() || line.trim_start().starts_with(':'))
        .collect();
    let as_body = SourceFile::parse(&format!("fn cell() {{\n{text}\n}}"), Edition::Edition2024);
    // Attributes of the whole crate may come first, which a body does not take.
    as_body.errors().is_empty()
        || SourceFile::parse(&text, Edition::Edition2024)
            .errors()
            .is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Completeness {
        let facts = crate::magics::RegistryFacts;
        is_complete(text, &facts, crate::magics::takes_rust)
    }

    fn check(text: &str) -> &'static str {
        match ask(text) {
            Completeness::Complete => "complete",
            Completeness::Incomplete { .. } => "incomplete",
            Completeness::Invalid => "invalid",
            Completeness::Unknown => "unknown",
        }
    }

    #[test]
    fn whole_cells_are_complete() {
        for text in [
            "1 + 1",
            "let x = 1;",
            "fn f() {}",
            "f(1)?",
            "x.await",
            "let v: Vec<u8> = vec![1];\nv.len()",
            "#![allow(dead_code)]",
            "\"a // {\"",
            "r#\"{ \"# ",
            "'{'",
            "// {",
            ":dep rand",
            "!ls {",
            "Vec?",
            "",
            "use std::thread;",
            "#[derive(Debug)]\nstruct A;",
            "%time f()",
            "!echo it's",
            "%lsmagic",
            "let files = !ls {",
            "f();\n%lsmagic\ng()",
            "%%time\nf()",
            "%%time\n\n",
            "%%bash\necho {\n",
            "%nothing (",
            "?Vec",
        ] {
            assert_eq!(check(text), "complete", "{text}");
        }
    }

    #[test]
    fn open_ends_are_incomplete() {
        for text in [
            "fn f() {",
            "let x =",
            "f(1,",
            "\"abc",
            "\"abc\\\"",
            "r#\"abc\"",
            "/* abc",
            "/* /* */",
            "#[derive(Debug)]",
            "vec![1,\n2",
            "if x {\n} else",
            "x.",
            "let",
            "%%time",
            "%%time\nfor i in 0..2 {",
            "%%bash",
            "%%bash\necho it's",
            "%time let x = f(",
            "for i in 0..2 {\n    !echo {",
            "!echo a \\",
        ] {
            assert_eq!(check(text), "incomplete", "{text}");
        }
    }

    #[test]
    fn what_nothing_can_mend_is_invalid() {
        for text in [
            "%time",
            "f();\n%%time",
            "%%time\n}",
            "}",
            "f(]",
            "let 1x = ;",
            "fn f( {)}",
            "x y z",
        ] {
            assert_eq!(check(text), "invalid", "{text}");
        }
    }

    #[test]
    fn indent_follows_the_depth() {
        let Completeness::Incomplete { indent } = ask("fn f() {\n    if x {") else {
            panic!("expected more");
        };
        assert_eq!(indent, " ".repeat(8));
    }
}

//! Completes names of magics.

use threadbook_jupyter::contract::Completion;
use threadbook_jupyter::contract::Completions;

use super::registry::all;

/// The magics that may be meant, where the cursor stands behind `%` or in the name after it.
pub(crate) fn complete(code: &str, cursor_byte: usize) -> Option<Completions> {
    let before = code.get(..cursor_byte)?;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &before[line_start..];
    let indent = line.len() - line.trim_start().len();
    let typed = line.trim_start();
    let name = typed.trim_start_matches('%');
    let signs = typed.len() - name.len();
    if !(1..=2).contains(&signs)
        || name.contains(|char: char| !char.is_alphanumeric() && char != '_')
    {
        return None;
    }
    let is_first = before[..line_start].trim().is_empty();
    let mut matches = Vec::new();
    for magic in all().filter(|magic| magic.name.starts_with(name)) {
        let forms = [
            ("%", magic.line.is_some() && signs == 1),
            ("%%", magic.cell.is_some() && is_first),
        ];
        for (sign, fits) in forms {
            if fits {
                matches.push(Completion {
                    text: format!("{sign}{}", magic.name),
                    kind: "magic".to_owned(),
                    signature: magic.summary.to_owned(),
                });
            }
        }
    }
    matches.sort_by(|left, right| left.text.cmp(&right.text));
    Some(Completions {
        start_byte: line_start + indent,
        end_byte: cursor_byte,
        matches,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_where_magics_can_stand() {
        for (code, expected, start) in [
            (
                "%tim",
                Some(&["%%time", "%%timeit", "%time", "%timeit"][..]),
                0,
            ),
            ("%%tim", Some(&["%%time", "%%timeit"]), 0),
            ("f();\n  %tim", Some(&["%time", "%timeit"]), 7),
            ("%time f", None, 0),
            ("7 %tim", None, 0),
            ("tim", None, 0),
        ] {
            let found = complete(code, code.len());
            let texts = found.as_ref().map(|found| {
                let texts = found.matches.iter().map(|found| found.text.as_str());
                texts.collect::<Vec<_>>()
            });
            assert_eq!(texts.as_deref(), expected, "{code}");
            assert_eq!(found.map_or(0, |found| found.start_byte), start, "{code}");
        }
    }
}

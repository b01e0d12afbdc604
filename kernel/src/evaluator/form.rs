//! A cell in the form in which generated code has it: what the kernel has put in for evcxr, and the pieces that evcxr cuts
//! it into.

use crate::cell::Code;
use crate::cell::ColumnEdit;
use crate::cell::Edits;
use crate::cell::pieces;
use crate::cell::uncover_lets;
use crate::cell::unmark_item_macros;

/// A cell with what the kernel has put in for evcxr.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) pieces: Vec<CodePiece>,
    /// Where it differs from what the person wrote.
    pub(super) edits: Vec<ColumnEdit>,
}

/// One statement or item, with what follows it up to the next.
#[derive(Debug)]
pub(super) struct CodePiece {
    pub(super) first_line: u32,
    /// Characters before it on its first line.
    pub(super) indent: u32,
    pub(super) lines: Vec<String>,
}

impl Form {
    /// `kept`: what the kernel changes in the code before evcxr is given it.
    pub(super) fn of(text: &str, code: &Code, kept: &Edits) -> Form {
        let given = code.then(text, kept);
        // The stand-in takes a part of that away again.
        let unmarking = unmark_item_macros(&given.text);
        let uncovering = uncover_lets(&unmarking.apply(&given.text));
        let taken_away = unmarking.then(&given.text, &uncovering);
        Form {
            pieces: split(&given.text, &taken_away),
            edits: given.then(text, &taken_away).edits.columns(text),
        }
    }
}

/// Cuts a cell as evcxr does: each piece reaches up to the next. What is taken away later is in no piece.
fn split(text: &str, taken_away: &Edits) -> Vec<CodePiece> {
    let text_after = taken_away.apply(text);
    let pieces = pieces(text).into_iter();
    let mut bounds: Vec<usize> = pieces
        .filter_map(|(_, place)| taken_away.to_new(place.start))
        .chain([text_after.len()])
        .collect();
    bounds.dedup();
    let piece = |bounds: &[usize]| {
        let (before, rest) = text_after.split_at(bounds[0]);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        CodePiece {
            first_line: before.matches('\n').count() as u32 + 1,
            indent: before[line_start..].chars().count() as u32,
            lines: rest[..bounds[1] - bounds[0]]
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect(),
        }
    };
    bounds.windows(2).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_be_cut() {
        for text in [
            "",
            "\n",
            "}",
            "fn",
            "let é = \"ü\"; é",
            "#[derive(Debug)]",
            ":dep x\n!ls\n1",
            "{{{",
            "\u{feff}x",
        ] {
            Form::of(text, &Code::verbatim(text), &Edits::default());
        }
    }
}

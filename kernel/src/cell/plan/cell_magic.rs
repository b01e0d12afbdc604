//! A cell that is given to a magic as a whole.

use super::question::question;
use super::types::CellMagic;
use crate::cell::lexer::name_len;

/// `%%name arguments` on the first line that is not blank.
pub(crate) fn cell_magic(text: &str) -> Option<CellMagic> {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next()?;
    let after = line.strip_prefix("%%")?;
    let len = name_len(after);
    if len == 0 || question(line).is_some() {
        return None;
    }
    let body = (start + line.len()..text.len())
        .find(|at| text.as_bytes()[*at] == b'\n')
        .map_or(text.len(), |newline| newline + 1);
    Some(CellMagic {
        name: after[..len].to_owned(),
        args: after[len..].trim().to_owned(),
        at: start + 2,
        args_at: start + line.len() - after[len..].trim_start().len(),
        body: body..text.len(),
    })
}

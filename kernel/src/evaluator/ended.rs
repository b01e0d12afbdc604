//! Variables that earlier cells had and later cells do not: why each is gone, for whoever names it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::Value;

use crate::toolchain::Reason;

/// Why a variable is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It could not be kept.
    NotKept(Reason),
    /// It is a closure.
    Closure,
    /// Its cell did not come to its end.
    CellFailed,
    /// A cell that moves it, to assign it anew later, did not come to its end.
    MovedByFailedCell,
}

/// The variables that are gone, by name.
#[derive(Debug, Default)]
pub(super) struct EndedVariables {
    by_name: HashMap<String, (u32, Why)>,
}

impl EndedVariables {
    /// A variable has ended with a cell.
    pub(super) fn insert(&mut self, name: String, cell: u32, why: Why) {
        self.by_name.insert(name, (cell, why));
    }

    /// A variable of this name is there.
    pub(super) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// Why there is no variable of this name, where an earlier cell had one.
    fn explain(&self, name: &str) -> Option<String> {
        let (cell, why) = self.by_name.get(name)?;
        Some(words(name, *cell, why))
    }

    /// Gives the reason in rustc's message that a name is not found.
    pub(super) fn reword(&self, message: &mut Value) {
        if message["code"]["code"] != "E0425" {
            return;
        }
        let text = message["message"].as_str().unwrap_or_default().to_owned();
        let name = text.split('`').nth(1).unwrap_or_default();
        let Some(words) = self.explain(name) else {
            return;
        };
        let rendered = message["rendered"].as_str().unwrap_or_default();
        message["rendered"] = rendered.replacen(&text, &words, 1).into();
        message["message"] = words.into();
    }
}

/// The variable for which evcxr refuses to compile a cell, and why.
pub(super) fn refused(message: &str) -> Option<(String, Why)> {
    let (name, what) = message
        .strip_prefix("The variable `")
        .or_else(|| message.strip_prefix("Couldn't automatically determine type of variable `"))?
        .split_once('`')?;
    let why = match what {
        what if what.starts_with(" is a closure") => Why::Closure,
        what if what.starts_with('.') => Why::NotKept(Reason::UnknownType),
        _ => return None,
    };
    Some((name.to_owned(), why))
}

/// What becomes of earlier variables whose names the cell's own have taken.
pub(super) fn note_of_shadowed(shadowed: &BTreeMap<String, Why>) -> Option<String> {
    let names: Vec<String> = shadowed.keys().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "note: the earlier {} gone: this cell has bound the same name to something that ends with it\n",
            match names.as_slice() {
                [name] => format!("variable {name} is"),
                names => format!("variables {} are", names.join(", ")),
            }
        )
    })
}

fn words(name: &str, cell: u32, why: &Why) -> String {
    const ONE_CELL: &str = "put the lines that use it into one cell";
    match why {
        Why::NotKept(Reason::Moved) => {
            format!("`{name}` was moved in cell {cell} (clone it there, or assign it anew)")
        }
        Why::NotKept(Reason::Borrows(of)) => {
            let of = of
                .as_ref()
                .map_or("a value that ended there".to_owned(), |of| {
                    format!("`{of}`")
                });
            format!(
                "`{name}` ended with cell {cell}: it borrows {of} ({ONE_CELL}, or keep a copy that borrows nothing)"
            )
        }
        Why::Closure => format!(
            "`{name}` ended with cell {cell}: the type of a closure has no name (write a `fn`, give it a type: `let {name}: \
             Box<dyn Fn(..) -> ..> = Box::new(..)`, or {ONE_CELL})"
        ),
        Why::NotKept(Reason::Unnameable(ty)) => {
            let remedy = match ty.starts_with("impl Future") {
                true => "`.await` it or `tokio::spawn` it there",
                false => "`collect` it there if it is an iterator",
            };
            format!(
                "`{name}` ended with cell {cell}: its type, `{ty}`, can't be written ({remedy}, box it: `let {name}: Box<dyn ..> \
                 = Box::new(..)`, or {ONE_CELL})"
            )
        }
        Why::NotKept(Reason::UnknownType) => {
            format!(
                "`{name}` ended with cell {cell}: its type is not known (write it: `let {name}: ..`, or {ONE_CELL})"
            )
        }
        Why::NotKept(Reason::Shadowed) => {
            format!(
                "`{name}` ended with cell {cell}, which bound its name to something that could not be kept"
            )
        }
        Why::CellFailed => {
            format!("`{name}` was not kept: cell {cell}, which binds it, did not come to its end")
        }
        Why::MovedByFailedCell => {
            format!("`{name}` was moved in cell {cell}, which did not come to its end")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_is_not_found_is_explained() {
        let mut ended = EndedVariables::default();
        ended.insert(
            "g".to_owned(),
            4,
            Why::NotKept(Reason::Borrows(Some("m".to_owned()))),
        );
        let message = |name: &str| {
            let text = format!("cannot find value `{name}` in this scope");
            json!({"code": {"code": "E0425"}, "message": text, "rendered": format!("error: {text}\n --> x")})
        };
        let mut known = message("g");
        ended.reword(&mut known);
        let words = "`g` ended with cell 4: it borrows `m` (put the lines that use it into one cell, or keep a copy that borrows nothing)";
        assert_eq!(known["message"], words);
        assert_eq!(known["rendered"], format!("error: {words}\n --> x"));
        let mut other = message("h");
        ended.reword(&mut other);
        assert_eq!(other, message("h"));
        ended.remove("g");
        let mut known = message("g");
        ended.reword(&mut known);
        assert_eq!(known, message("g"));
    }

    #[test]
    fn what_evcxr_refuses_is_known_by_its_words() {
        for (message, expected) in [
            (
                "The variable `f` is a closure, which cannot be persisted.\nYou can",
                Some(("f", Why::Closure)),
            ),
            (
                "Couldn't automatically determine type of variable `x`.\nPlease",
                Some(("x", Why::NotKept(Reason::UnknownType))),
            ),
            ("The variable `x` was moved", None),
            ("cannot find value `x` in this scope", None),
        ] {
            let expected = expected.map(|(name, why)| (name.to_owned(), why));
            assert_eq!(refused(message), expected);
        }
    }
}

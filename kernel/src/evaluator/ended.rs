//! Variables that earlier cells had and later cells do not: why each is gone, for errors of cells that name it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;
use serde_json::json;

use crate::build::variables::Variables;
use crate::cell::Unnameable;
use crate::evcxr_text::words;
use crate::evcxr_text::words::Refusal;
use crate::rewrite::Reason;

/// Why a variable is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It could not be kept.
    NotKept(Reason),
    /// Its type has no name.
    NoName(Unnameable),
    /// Its cell did not come to its end.
    CellFailed,
    /// A cell that moves it, to assign it anew later, did not come to its end.
    MovedByFailedCell,
}

/// How a cell has ended, as far as variables are concerned.
pub(super) struct CellEnd<'a> {
    pub(super) cell: u32,
    /// The names that it binds.
    pub(super) bound: HashSet<String>,
    /// Of these, what evcxr did not see.
    pub(super) hidden: HashMap<String, Why>,
    pub(super) compiled: Variables,
    /// The variables that stood before it.
    pub(super) before: &'a HashSet<String>,
    /// Those that stand now, with their types.
    pub(super) now: Vec<(&'a str, &'a str)>,
    pub(super) is_finished: bool,
}

/// The notes for the person when a cell has ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Under the cell.
    pub(super) notes: Vec<String>,
    /// In the cell's error.
    pub(super) failure: Option<String>,
}

/// The variables that are gone, by name.
#[derive(Debug, Default)]
pub(super) struct EndedVariables {
    by_name: HashMap<String, (u32, Why)>,
}

impl EndedVariables {
    /// A variable is gone since a cell.
    pub(super) fn insert(&mut self, name: String, cell: u32, why: Why) {
        self.by_name.insert(name, (cell, why));
    }

    /// A cell has run: notes which variables are not there for later ones.
    pub(super) fn cell_ended(&mut self, end: CellEnd) -> Told {
        let now: HashSet<&str> = end.now.iter().map(|(name, _)| *name).collect();
        let mut told = Told {
            notes: raw_pointers(&end),
            failure: None,
        };
        let mut ended = unkept(&end);
        ended.retain(|name, _| !now.contains(name.as_str()));
        let shadowed = ended.iter().filter(|(name, why)| {
            let is_moved = **why == Why::NotKept(Reason::Moved);
            end.before.contains(*name) && end.bound.contains(*name) && !is_moved
        });
        let shadowed: Vec<&str> = shadowed.map(|(name, _)| name.as_str()).collect();
        if !shadowed.is_empty() {
            told.notes.push(format!(
                "{}: this cell has bound the same name to something that ends with it",
                gone("earlier variable", &shadowed)
            ));
        }
        let without_reason = |name: &str| {
            !now.contains(name) && !ended.contains_key(name) && !self.by_name.contains_key(name)
        };
        let of_new_type =
            |name: &str| ended.get(name) == Some(&Why::NotKept(Reason::TypeRedefined));
        let mut redefined: Vec<&str> = end.before.iter().map(String::as_str).collect();
        redefined.retain(|name| of_new_type(name) || end.is_finished && without_reason(name));
        redefined.sort_unstable();
        if !redefined.is_empty() {
            told.notes.push(format!(
                "{}: a cell has defined its type anew (run the cell that makes it again)",
                gone("variable", &redefined)
            ));
        }
        let redefined: Vec<String> = redefined.into_iter().map(str::to_owned).collect();
        let reason = Why::NotKept(Reason::TypeRedefined);
        ended.extend(redefined.into_iter().map(|name| (name, reason.clone())));
        let moved: Vec<&str> = match end.is_finished {
            true => Vec::new(),
            false => end.compiled.put_back.iter().map(String::as_str).collect(),
        };
        if !moved.is_empty() {
            told.failure = Some(format!(
                "{}: the cell moves it, and has failed",
                gone("variable", &moved)
            ));
        }
        let moved = moved
            .into_iter()
            .map(|name| (name.to_owned(), Why::MovedByFailedCell));
        for (name, _) in &end.now {
            self.by_name.remove(*name);
        }
        let ended = ended.into_iter().chain(moved);
        self.by_name
            .extend(ended.map(|(name, why)| (name, (end.cell, why))));
        told
    }

    /// Why there is no variable of this name, where an earlier cell had one.
    fn explain(&self, name: &str) -> Option<String> {
        let (cell, why) = self.by_name.get(name)?;
        Some(words(name, *cell, why))
    }

    /// Gives the reason in rustc's message that a name is not found.
    pub(super) fn reword(&self, message: &mut Value) {
        let text = message["message"].as_str().unwrap_or_default();
        if message["code"]["code"] != "E0425" && !text.contains(FOUND_MACRO) {
            return;
        }
        let name = text.split('`').nth(1).unwrap_or_default();
        let Some(words) = self.explain(name) else {
            return;
        };
        message["message"] = words.into();
        // Names that look alike are not what was meant.
        message["children"] = json!([]);
    }
}

/// How rustc puts it where a macro has the name, as in "expected value, found macro `print`".
const FOUND_MACRO: &str = ", found macro `";

/// The variable for which evcxr refuses to compile a cell, and why.
pub(super) fn refused(message: &str) -> Option<(String, Why)> {
    let (name, refusal) = words::refused(message)?;
    let why = match refusal {
        Refusal::Closure => Why::NoName(Unnameable::Closure),
        Refusal::UnknownType => Why::NotKept(Reason::UnknownType),
    };
    Some((name.to_owned(), why))
}

/// The variables of a cell that later ones do not have, with the reasons that are known.
fn unkept(end: &CellEnd) -> BTreeMap<String, Why> {
    // Where there is no other reason, the cell has not come to the end at which variables are kept.
    let failed = end.bound.iter().map(|name| (name.clone(), Why::CellFailed));
    let mut ended: BTreeMap<String, Why> = failed.collect();
    let compiled = end.compiled.unkept.iter();
    ended.extend(compiled.map(|(name, reason)| (name.clone(), Why::NotKept(reason.clone()))));
    ended.extend(
        end.hidden
            .iter()
            .map(|(name, why)| (name.clone(), why.clone())),
    );
    ended
}

/// The note about raw pointers that are kept.
fn raw_pointers(end: &CellEnd) -> Vec<String> {
    let is_raw = |ty: &str| ["*const ", "*mut "].iter().any(|form| ty.starts_with(form));
    let kept = end
        .now
        .iter()
        .filter(|(name, ty)| end.bound.contains(*name) && is_raw(ty));
    kept.map(|(name, ty)| {
        format!(
            "`{name}` is a `{ty}`: variables move at the end of each cell, so a pointer to one dangles then (point to what is \
             in a `Box`)"
        )
    })
    .collect()
}

/// "the variable `a` is gone".
fn gone(what: &str, names: &[&str]) -> String {
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match list.as_slice() {
        [name] => format!("the {what} {name} is gone"),
        names => format!("the {what}s {} are gone", names.join(", ")),
    }
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
        Why::NoName(Unnameable::Future) => format!(
            "`{name}` ended with cell {cell}: the type of a future has no name (`.await` it or `tokio::spawn` it there, or {ONE_CELL})"
        ),
        Why::NoName(Unnameable::Closure) => format!(
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
        Why::NotKept(Reason::TypeRedefined) => {
            format!(
                "`{name}` is gone since cell {cell}, for which its type was defined anew (make it again)"
            )
        }
        Why::MovedByFailedCell => {
            format!("`{name}` was moved in cell {cell}, which did not come to its end")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> HashSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn end<'a>(
        bound: &[&str],
        before: &'a HashSet<String>,
        now: &[(&'a str, &'a str)],
    ) -> CellEnd<'a> {
        CellEnd {
            cell: 4,
            bound: names(bound),
            hidden: HashMap::new(),
            compiled: Variables::default(),
            before,
            now: now.to_vec(),
            is_finished: true,
        }
    }

    #[test]
    fn a_name_that_is_not_found_is_explained() {
        let mut ended = EndedVariables::default();
        let before = HashSet::new();
        let mut of_guard = end(&["g", "m"], &before, &[("m", "Mutex<i32>")]);
        let reason = Reason::Borrows(Some("m".to_owned()));
        of_guard.compiled.unkept.insert("g".to_owned(), reason);
        assert_eq!(ended.cell_ended(of_guard), Told::default());
        let message = |name: &str| {
            let text = format!("cannot find value `{name}` in this scope");
            json!({"code": {"code": "E0425"}, "message": text, "children": [{"level": "help"}]})
        };
        let mut known = message("g");
        ended.reword(&mut known);
        let words = "`g` ended with cell 4: it borrows `m` (put the lines that use it into one cell, or keep a copy that borrows nothing)";
        assert_eq!(known["message"], words);
        assert_eq!(known["children"], json!([]));
        let text = "expected function, found macro `g`";
        let mut as_macro =
            json!({"code": {"code": "E0423"}, "message": text, "children": [{"level": "help"}]});
        ended.reword(&mut as_macro);
        assert_eq!(as_macro["message"], words);
        for other in ["h", "m"] {
            let mut unknown = message(other);
            ended.reword(&mut unknown);
            assert_eq!(unknown, message(other));
        }
        ended.cell_ended(end(&["g"], &before, &[("g", "u8")]));
        assert_eq!(ended.explain("g"), None);
    }

    #[test]
    fn no_variable_is_lost_in_silence() {
        let before = names(&["a", "b", "c", "d"]);
        let mut ended = EndedVariables::default();
        let mut cell = end(&["a", "p"], &before, &[("d", "u8"), ("p", "*const u8")]);
        cell.hidden
            .insert("a".to_owned(), Why::NoName(Unnameable::Closure));
        cell.compiled.unkept.insert("c".to_owned(), Reason::Moved);
        assert_eq!(
            ended.cell_ended(cell).notes,
            [
                "`p` is a `*const u8`: variables move at the end of each cell, so a pointer to one dangles then (point to what \
                 is in a `Box`)",
                "the earlier variable `a` is gone: this cell has bound the same name to something that ends with it",
                "the variable `b` is gone: a cell has defined its type anew (run the cell that makes it again)",
            ]
        );
        let explained = |name: &str| ended.explain(name).unwrap();
        assert!(explained("a").contains("the type of a closure has no name"));
        assert!(explained("b").contains("defined anew"));
        assert_eq!(
            explained("c"),
            "`c` was moved in cell 4 (clone it there, or assign it anew)"
        );
    }

    #[test]
    fn a_cell_that_fails_keeps_nothing_that_it_binds() {
        let before = names(&["s"]);
        let mut ended = EndedVariables::default();
        let mut cell = end(&["x"], &before, &[("s", "String")]);
        cell.is_finished = false;
        cell.compiled.put_back.insert("s".to_owned());
        let told = ended.cell_ended(cell);
        let words = "the variable `s` is gone: the cell moves it, and has failed";
        assert_eq!(told.failure.as_deref(), Some(words));
        assert!(ended.explain("s").unwrap().contains("was moved in cell 4"));
        assert!(
            ended
                .explain("x")
                .unwrap()
                .contains("did not come to its end")
        );
    }

    #[test]
    fn what_evcxr_refuses_is_known_by_its_words() {
        for (message, expected) in [
            (
                "The variable `f` is a closure, which cannot be persisted.\nYou can",
                Some(("f", Why::NoName(Unnameable::Closure))),
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

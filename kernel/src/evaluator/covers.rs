//! Which items of earlier cells evcxr holds as texts: all but those that rust-analyzer needs for the types of a cell's
//! variables. See `cell/covers.rs`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::cell::code_start;
use crate::cell::cover;
use crate::cell::coverable;
use crate::rewrite::found::Found;
use crate::rewrite::reached::Item;
use crate::rewrite::reached::names_reached;

/// Which items rust-analyzer needs for a piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// It is asked for no type.
    Nothing,
    /// Those that these texts reach by their names.
    Reached(Vec<String>),
    All,
}

/// The items that evcxr has.
#[derive(Debug, Default)]
pub(super) struct Covers {
    /// By name, as evcxr was given them.
    items: BTreeMap<String, String>,
    covered: BTreeSet<String>,
    found: Found<Vec<Item>>,
}

impl Covers {
    /// Code with what changes the forms of items before it, and which are covered then.
    pub(super) fn with_changes(
        &mut self,
        code: &str,
        needed: &Needed,
    ) -> (String, BTreeSet<String>) {
        let (before, rest) = code.split_at(code_start(code));
        // There evcxr would cut the code's first statement in another way.
        let begins_otherwise = rest.starts_with(|first: char| first.is_whitespace())
            || ["/*", "#!"].iter().any(|start| rest.starts_with(start));
        if rest.is_empty() || begins_otherwise && *needed == Needed::Nothing {
            return (code.to_owned(), self.covered.clone());
        }
        let (changes, covered) = self.changes(needed);
        (format!("{before}{changes}{rest}"), covered)
    }

    /// Whether any item is covered.
    pub(super) fn any(&self) -> bool {
        !self.covered.is_empty()
    }

    /// The code that gives rust-analyzer all items.
    pub(super) fn all(&mut self) -> String {
        self.changes(&Needed::All).0
    }

    /// evcxr has taken code, after which these are covered but for what the code defines.
    pub(super) fn taken(&mut self, code: &str, covered: BTreeSet<String>) {
        self.covered = covered;
        for (name, item) in coverable(code) {
            self.covered.remove(&name);
            self.items.insert(name, item);
        }
    }

    fn changes(&mut self, needed: &Needed) -> (String, BTreeSet<String>) {
        let reached = match needed {
            Needed::Nothing => BTreeSet::new(),
            Needed::Reached(texts) => names_reached(&self.items, texts, &mut self.found),
            Needed::All => self.items.keys().cloned().collect(),
        };
        let mut changes = String::new();
        let mut covered = self.covered.clone();
        for (name, item) in &self.items {
            match (reached.contains(name), covered.contains(name)) {
                (true, true) => {
                    changes.push_str(item);
                    covered.remove(name);
                }
                (false, false) => {
                    changes.push_str(&cover(name, item));
                    covered.insert(name.clone());
                }
                _ => {}
            }
        }
        (changes, covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What evcxr is given for code, after which it has taken the code.
    fn given(covers: &mut Covers, code: &str, needed: &Needed) -> String {
        let (given, covered) = covers.with_changes(code, needed);
        covers.taken(code, covered);
        given
    }

    #[test]
    fn items_are_covered_but_for_those_that_types_need() {
        let mut covers = Covers::default();
        let run = |covers: &mut Covers, code: &str| given(covers, code, &Needed::Nothing);
        let reached = Needed::Reached(vec!["f()".to_owned()]);
        assert_eq!(run(&mut covers, "fn f() -> A { A }"), "fn f() -> A { A }");
        assert_eq!(
            run(&mut covers, "struct A;"),
            format!("{}struct A;", cover("f", "fn f() -> A { A }\n"))
        );
        assert_eq!(
            run(&mut covers, ":dep x\n1 + 1"),
            format!(":dep x\n{}1 + 1", cover("A", "struct A;\n"))
        );
        assert_eq!(run(&mut covers, "2"), "2");
        assert_eq!(
            given(&mut covers, "let a = f();", &reached),
            "struct A;\nfn f() -> A { A }\nlet a = f();"
        );
        let both = cover("A", "struct A;\n") + &cover("f", "fn f() -> A { A }\n");
        assert_eq!(covers.all(), "");
        assert_eq!(run(&mut covers, ":dep x\n"), ":dep x\n");
        assert_eq!(run(&mut covers, "/* a */ 3"), "/* a */ 3");
        assert_eq!(run(&mut covers, "3"), format!("{both}3"));
        assert_eq!(covers.all(), "struct A;\nfn f() -> A { A }\n");
        assert_eq!(run(&mut covers, "struct A(u8);"), "struct A(u8);");
        assert_eq!(covers.all(), "fn f() -> A { A }\n");
    }

    #[test]
    fn what_evcxr_has_not_taken_changes_nothing() {
        let mut covers = Covers::default();
        given(&mut covers, "fn f() {}", &Needed::Nothing);
        let first = covers.with_changes("wrong", &Needed::Nothing);
        assert_eq!(covers.with_changes("wrong", &Needed::Nothing), first);
    }
}

//! Whether a variable's type is still the one that it was made of.
//!
//! For rustc, a type of a cell is the same type when it is defined anew, since its crate and path are the same. A variable
//! of the old type must not be taken for one of the new. So the store is given a number for each variable whose type a
//! cell has defined: a hash of all definitions that the type consists of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::found::Found;
use crate::evcxr_text::generated;

/// The numbers of a cell's variables, by name. Those that no cell has defined a part of have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprints {
    /// Of the variables of earlier cells, by the types that are defined now.
    checked: BTreeMap<String, u64>,
    /// Of those that the cell puts into the store.
    put: BTreeMap<String, u64>,
}

/// The numbers of types, by their texts.
pub(crate) type Numbers = BTreeMap<String, Option<u64>>;

/// The items of a session, which are parsed when they are needed.
struct Items<'a> {
    text: &'a str,
    definitions: Option<HashMap<String, String>>,
}

impl Items<'_> {
    fn number(&mut self, ty: &str, known: &mut Numbers) -> Option<u64> {
        if let Some(number) = known.get(ty) {
            return *number;
        }
        let is_of_cells = self.may_define(ty);
        let number = is_of_cells.then(|| fingerprint(ty, self.definitions()));
        *known.entry(ty.to_owned()).or_insert(number.flatten())
    }

    fn may_define(&self, ty: &str) -> bool {
        self.definitions.is_some() || words(ty).any(|name| may_define(self.text, name))
    }

    fn definitions(&mut self) -> &HashMap<String, String> {
        self.definitions
            .get_or_insert_with(|| definitions(self.text))
    }
}

impl Fingerprints {
    /// Of what evcxr generates for a cell. `known` is what was found for earlier cells.
    pub(crate) fn of(source: &str, known: &mut Found<Numbers>) -> Fingerprints {
        let mut items = Items {
            text: generated::items(source),
            definitions: None,
        };
        let known = known.of(items.text);
        let mut numbers = |of_line: fn(&str) -> Option<(&str, &str)>| {
            let variables = source.lines().filter_map(of_line);
            let numbered = variables
                .filter_map(|(ty, name)| Some((name.to_owned(), items.number(ty, known)?)));
            numbered.collect()
        };
        Fingerprints {
            checked: numbers(generated::check_of_line),
            put: numbers(generated::put_of_line),
        }
    }

    /// The variables of earlier cells whose types are other ones now; `before` are the numbers by which they were stored.
    pub(crate) fn outdated(
        &self,
        source: &str,
        before: &BTreeMap<String, u64>,
    ) -> BTreeSet<String> {
        let checked = source.lines().filter_map(generated::check_of_line);
        checked
            .map(|(_, name)| name)
            .filter(|name| self.checked.get(*name) != before.get(*name))
            .map(str::to_owned)
            .collect()
    }

    /// What the variables have that are there when the cell has run.
    pub(crate) fn after(&self, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let mut after = before.clone();
        after.extend(self.put.clone());
        after
    }

    /// Forgets the variables that the code neither looks for nor stores.
    pub(crate) fn retain_used(&mut self, source: &str) {
        let names = |of_line: fn(&str) -> Option<(&str, &str)>| -> HashSet<&str> {
            let found = source.lines().filter_map(of_line);
            found.map(|(_, name)| name).collect()
        };
        let (checked, put) = (
            names(generated::check_of_line),
            names(generated::put_of_line),
        );
        self.checked
            .retain(|name, _| checked.contains(name.as_str()));
        self.put.retain(|name, _| put.contains(name.as_str()));
    }

    /// The call that gives the store the numbers; nothing where there is none.
    pub(crate) fn call(&self) -> String {
        if self.checked.is_empty() && self.put.is_empty() {
            return String::new();
        }
        let list = |numbers: &BTreeMap<String, u64>| {
            let pairs = numbers
                .iter()
                .map(|(name, number)| format!("({name:?}, {number})"));
            pairs.collect::<Vec<_>>().join(", ")
        };
        format!(
            "::threadbook::abi::store::expect_types(&[{}], &[{}]);",
            list(&self.checked),
            list(&self.put)
        )
    }
}

/// The words of a text, those in strings and comments too.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    words.filter(|word| !word.is_empty())
}

/// Whether there is text that looks like the definition of such a type.
fn may_define(source: &str, name: &str) -> bool {
    ["struct ", "enum ", "union ", "type ", "trait "]
        .iter()
        .any(|keyword| source.contains(&format!("{keyword}{name}")))
}

/// What types, and constants that may be a part of them, consist of, by name.
fn definitions(source: &str) -> HashMap<String, String> {
    let mut found: HashMap<String, String> = HashMap::new();
    let file = SourceFile::parse(source, Edition::Edition2024).syntax_node();
    for node in file.descendants() {
        let defines = matches!(
            node.kind(),
            SyntaxKind::STRUCT
                | SyntaxKind::ENUM
                | SyntaxKind::UNION
                | SyntaxKind::TYPE_ALIAS
                | SyntaxKind::TRAIT
                | SyntaxKind::CONST
        );
        let name = node
            .children()
            .find_map(ast::Name::cast)
            .filter(|_| defines);
        if let Some(name) = name {
            // Types of one name in several modules count as one.
            let text = found.entry(name.text().to_string()).or_default();
            text.push_str(&essence(&node));
        }
    }
    found
}

/// The tokens of a definition, without comments and without attributes that do not change what is in memory.
fn essence(node: &SyntaxNode) -> String {
    let is_left_out = |node: &SyntaxNode| {
        ast::Attr::can_cast(node.kind()) && !node.text().to_string().contains("repr")
    };
    let tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    tokens
        .filter(|token| !token.kind().is_trivia())
        .filter(|token| !token.parent_ancestors().any(|node| is_left_out(&node)))
        .map(|token| format!("{} ", token.text()))
        .collect()
}

/// The number of a type, where a cell has defined a part of it.
fn fingerprint(ty: &str, definitions: &HashMap<String, String>) -> Option<u64> {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&str> = words(ty).collect();
    while let Some(word) = waiting.pop() {
        if let Some((name, text)) = definitions.get_key_value(word)
            && reached.insert(name)
        {
            waiting.extend(words(text));
        }
    }
    if reached.is_empty() {
        return None;
    }
    let mut hasher = Sha256::new();
    for name in reached {
        hasher.update(format!("{name}: {}\n", definitions[name]));
    }
    let hash = hasher.finalize();
    Some(u64::from_le_bytes(hash[..8].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(items: &str, ty: &str) -> Option<u64> {
        fingerprint(ty, &definitions(items))
    }

    #[test]
    fn a_type_has_another_number_where_a_part_of_it_is_another() {
        let items = "struct A { b: B, c: u8 } enum B { X } struct Other(u8);";
        let first = number(items, "Vec<A>");
        assert!(first.is_some());
        for same in [
            "#[derive(Debug)] struct A { b: B, // text\n c: u8 } enum B { X } struct Other(u16);",
            "enum B { X } fn f() {} struct A { b: B, c: u8 }",
        ] {
            assert_eq!(number(same, "Vec<A>"), first, "{same}");
        }
        for other in [
            "struct A { b: B, c: u8 } enum B { X, Y }",
            "struct A { b: B, c: u16 } enum B { X }",
            "#[repr(C)] struct A { b: B, c: u8 } enum B { X }",
        ] {
            assert_ne!(number(other, "Vec<A>"), first, "{other}");
        }
        assert_eq!(number(items, "Vec<u8>"), None);
    }

    #[test]
    fn only_variables_of_cells_types_are_numbered() {
        let line = |ty: &str, name: &str| {
            format!("vars_ok &= evcxr_variable_store.check_variable::<{ty}>(stringify!({name}));\n")
        };
        let source = format!("struct A(u8);\n{}{}", line("A", "a"), line("u8", "n"));
        let mut found = Fingerprints::of(&source, &mut Found::default());
        assert_eq!(found.checked.keys().collect::<Vec<_>>(), ["a"]);
        assert!(found.call().contains("&[(\"a\", "), "{}", found.call());
        found.retain_used(&source);
        assert!(found.call().contains("&[(\"a\", "), "{}", found.call());
        found.retain_used(&line("u8", "n"));
        assert_eq!(found.call(), "");
        let plain = Fingerprints::of(&line("u8", "n"), &mut Found::default());
        assert_eq!(plain.call(), "");
    }

    #[test]
    fn a_variable_of_a_type_that_is_another_now_is_outdated() {
        let source = |field: &str| {
            format!(
                "struct A({field});\n\
                 vars_ok &= evcxr_variable_store.check_variable::<A>(stringify!(a));\n\
                 vars_ok &= evcxr_variable_store.check_variable::<u8>(stringify!(n));\n\
                 evcxr_variable_store.put_variable::<A>(stringify!(a), a);\n"
            )
        };
        let mut known = Found::default();
        let first = Fingerprints::of(&source("u8"), &mut known);
        let same = known.clone();
        assert_eq!(Fingerprints::of(&source("u8"), &mut known), first);
        assert_eq!(known, same);
        let stored = first.after(&BTreeMap::new());
        assert!(first.outdated(&source("u8"), &stored).is_empty());
        let second = Fingerprints::of(&source("u16"), &mut known);
        let outdated = second.outdated(&source("u16"), &stored);
        assert_eq!(outdated.into_iter().collect::<Vec<_>>(), ["a"]);
    }
}

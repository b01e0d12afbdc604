//! What was found in a session's items, for the cells that follow. Most cells define nothing, and what a parser finds in the
//! items of a long session takes longer than everything else that is changed in their code.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use serde::Deserialize;
use serde::Serialize;

/// What holds as long as the items stay the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found<T> {
    /// A hash of the items' text.
    items: u64,
    found: T,
    /// Whether the items are other ones than those that were noted.
    #[serde(skip)]
    is_new: bool,
}

impl<T: Default> Found<T> {
    /// What was found in these items; the default where they are other ones than before.
    pub(super) fn of(&mut self, items: &str) -> &mut T {
        let mut hasher = DefaultHasher::new();
        items.hash(&mut hasher);
        if self.items != hasher.finish() {
            *self = Found {
                items: hasher.finish(),
                found: T::default(),
                is_new: true,
            };
        }
        &mut self.found
    }

    /// Whether it is to be noted for the next cell.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_goes_with_the_items() {
        let mut found = Found::<Vec<u8>>::default();
        found.of("fn f() {}").push(1);
        assert_eq!(*found.of("fn f() {}"), [1]);
        assert!(found.of("fn g() {}").is_empty());
        assert!(found.of("fn f() {}").is_empty());
        assert!(found.is_new());
        let noted = serde_json::to_string(&found).unwrap();
        let mut found: Found<Vec<u8>> = serde_json::from_str(&noted).unwrap();
        found.of("fn f() {}");
        assert!(!found.is_new());
    }
}

//! Shows the value of a cell's final expression.
//!
//! Generated code calls `evcxr_display()` on a reference to it. Method lookup tries what takes that reference before what
//! takes a reference to it: so a type with an inherent `evcxr_display(&self)` finds that, one with a trait of the person's
//! or of a crate made for evcxr finds that one's, `()` and displays find [`ShowNothing`], threads, locks and the like find
//! [`InWords`], and any other type finds [`ShowDebug`], or what [`shown_by`](crate::shown_by) makes for another format.

mod json;
mod long;
mod tables;
mod words;

pub use tables::ShowTable;
pub use words::InWords;

use std::any::type_name;
use std::fmt::Debug;

use serde_json::Map;

use crate::display::Display;
use crate::wire::Report;
use crate::worker;

/// Any value by reference.
pub trait ByReference {
    /// Itself.
    fn threadbook_by_reference(&self) -> &Self {
        self
    }
}

impl<T: ?Sized> ByReference for T {}

/// `()` shows nothing, nor does a display, which stands there already.
pub trait ShowNothing {
    /// Shows nothing, but for an error.
    fn evcxr_display(&self);
}

impl ShowNothing for () {
    fn evcxr_display(&self) {}
}

impl<E: Debug> ShowNothing for Result<Display, E> {
    fn evcxr_display(&self) {
        if let Err(error) = self {
            result_text(format!("Err({error:?})"));
        }
    }
}

/// Any other type shows itself by its `Debug`.
pub trait ShowDebug {
    /// Shows the value.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> ShowDebug for &T {
    fn evcxr_display(&self) {
        shown_debug(self);
    }
}

/// Not generic, so that it is not compiled into each cell.
fn shown_debug(value: &dyn Debug) {
    result_text(long::text(value));
}

/// Brings into scope what shows values: as text in one format, where they have nothing of their own.
///
/// The trait is made where it is used, since only there the format is known.
#[doc(hidden)]
#[macro_export]
macro_rules! shown_by {
    ($format:literal of $wanted:ident, $types:literal) => {
        use $crate::show::{ByReference as _, InWords as _, ShowNothing as _};
        trait ThreadbookFormat {
            fn evcxr_display(&self);
        }
        impl<T: ::std::fmt::$wanted + ?Sized> ThreadbookFormat for &T {
            fn evcxr_display(&self) {
                $crate::show::formatted::<T>($types, ::std::format!($format, *self));
            }
        }
    };
}

/// Shows a value that was formatted, perhaps with its type.
pub fn formatted<T: ?Sized>(types: bool, text: String) {
    let text = match types {
        true => format!(": {} = {text}", without_paths(type_name::<T>())),
        false => text,
    };
    result_text(text);
}

/// A type for people, in backticks.
fn type_words<T: ?Sized>() -> String {
    format!("`{}`", without_paths(type_name::<T>()))
}

/// A type without the paths in front of names: `Vec<String>`.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    let mut rest = name;
    while let Some(end) = rest.find(|char: char| !(char.is_alphanumeric() || "_:".contains(char))) {
        let (path, after) = rest.split_at(end);
        short.push_str(path.rsplit("::").next().unwrap_or_default());
        let char = after.chars().next().unwrap_or_default();
        short.push(char);
        rest = &after[char.len_utf8()..];
    }
    short.push_str(rest.rsplit("::").next().unwrap_or_default());
    short
}

/// Shows a text as the cell's result.
pub(crate) fn result_text(text: String) {
    result_forms(text, None);
}

/// Shows a text as the cell's result, and HTML where that can be seen.
fn result_forms(text: String, html: Option<String>) {
    let mut data = Map::new();
    data.extend(html.map(|html| ("text/html".to_owned(), html.into())));
    data.insert("text/plain".to_owned(), text.into());
    worker::report(&Report::Result { data });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_paths() {
        for (name, short) in [
            ("i32", "i32"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("(u8, &[core::option::Option<a::B>])", "(u8, &[Option<B>])"),
        ] {
            assert_eq!(without_paths(name), short);
        }
    }
}

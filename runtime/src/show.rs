//! Shows the value of a cell's final expression.
//!
//! evcxr calls `evcxr_display()` on it. Method lookup tries `self` before `&self`, so what has been shown already finds
//! [`ShowNothing`], a type with an inherent `evcxr_display` finds that, and any other `Debug` type finds [`ShowDebug`].

use std::fmt::Debug;

use serde_json::Map;

use crate::display::Display;
use crate::wire::Report;
use crate::worker;

/// `()` shows nothing, nor does a display, which stands there already.
pub trait ShowNothing {
    /// Shows nothing, but for an error.
    fn evcxr_display(self);
}

impl ShowNothing for () {
    fn evcxr_display(self) {}
}

impl<E: Debug> ShowNothing for Result<Display, E> {
    fn evcxr_display(self) {
        if let Err(error) = self {
            result_text(format!("Err({error:?})"));
        }
    }
}

/// Any `Debug` value shows as text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be shown as the result of a cell",
    note = "add `#[derive(Debug)]` to it, or give it a method `evcxr_display` (see `threadbook::display`)"
)]
pub trait ShowDebug {
    /// Shows the value as the cell's result.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> ShowDebug for T {
    fn evcxr_display(&self) {
        result_text(format!("{self:?}"));
    }
}

/// Shows a text as the cell's result.
pub(crate) fn result_text(text: String) {
    let mut data = Map::new();
    data.insert("text/plain".to_owned(), text.into());
    worker::report(&Report::Result { data });
}

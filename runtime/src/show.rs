//! Shows the value of a cell's final expression.
//!
//! evcxr calls `evcxr_display()` on it. Method lookup tries `self` before `&self`, so `()` finds [`ShowUnit`] and
//! shows nothing, a type with an inherent `evcxr_display` finds that, and any other `Debug` type finds [`ShowDebug`].

use std::fmt::Debug;

use serde_json::Map;

use crate::wire::Report;
use crate::worker;

/// `()` shows nothing.
pub trait ShowUnit {
    /// Shows nothing.
    fn evcxr_display(self);
}

impl ShowUnit for () {
    fn evcxr_display(self) {}
}

/// Any `Debug` value shows as text.
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

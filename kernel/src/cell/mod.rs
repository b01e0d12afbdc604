//! A cell's text, looked at without running it. Pure.

mod blocks;
mod body;
mod complete;
mod definitions;
mod edits;
mod imports;
mod items;
mod lexer;
mod places;
mod plan;
mod program;

pub use blocks::Blocks;
pub(crate) use blocks::hold_newest;
pub(crate) use body::body;
pub(crate) use body::item_name;
pub(crate) use body::range;
pub(crate) use body::text_range;
pub use complete::is_complete;
pub(crate) use definitions::definitions;
pub(crate) use edits::ColumnEdit;
pub use edits::Edits;
pub(crate) use imports::imported;
pub(crate) use items::holds_imports;
pub use items::keep_items;
pub(crate) use items::statics_of;
pub(crate) use items::wrappings;
pub(crate) use lexer::is_name;
pub(crate) use places::binding;
pub(crate) use places::binds_for_later;
pub(crate) use places::is_outside_functions;
pub use plan::*;
pub use program::Ran as RanCode;
pub use program::program;

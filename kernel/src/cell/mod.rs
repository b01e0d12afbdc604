//! A cell's text, looked at without running it. Pure.

mod complete;
mod items;

pub use complete::is_complete;
pub use items::keep_items;
pub(crate) use items::without_wrapping;

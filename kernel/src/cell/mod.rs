//! A cell's text, looked at without running it. Pure.

mod complete;
mod items;

pub(crate) use complete::binds_for_later;
pub use complete::is_complete;
pub use complete::stray_closer;
pub use items::keep_items;
pub(crate) use items::without_wrapping;

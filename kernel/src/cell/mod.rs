//! A cell's text, looked at without running it. Pure.

mod complete;

pub use complete::is_complete;

//! Questions of a front end about code, answered without rust-analyzer: at once, also while a cell runs.
//!
//! Some places need no more: names and arguments of magics, files, dependencies. Elsewhere these answers stand in for
//! rust-analyzer's until it can be asked.

mod answers;
mod arguments;
mod dependency;
mod describe;
mod files;
mod known;
mod place;
mod registry;
mod words;

pub(crate) use describe::explanation;
pub(crate) use describe::name;
pub(crate) use describe::of_magic;
pub(crate) use describe::settled;
pub(crate) use describe::variable;
pub(crate) use known::Found;
pub use known::Known;
pub(crate) use known::is_internal;
pub(crate) use place::complete;
pub(crate) use registry::cargo_home;

//! The magics: what `%name` and `%%name` do. One registry, which execution, help, completion and the lists read.
//!
//! A family has a file with a `MAGICS` list, and `FAMILIES` in `registry.rs` has a line for it. A magic that has to
//! happen in order with the Rust around it is an [`Expansion`](crate::cell::Expansion): it becomes Rust. Any other is a
//! function that gets a [`Host`].

mod commands;
mod complete;
mod files;
mod foreign;
mod going_back;
mod host;
mod logs;
mod magic;
mod modules;
mod nearest;
mod registry;
mod session;
mod shell;
mod show;
mod time;

pub(crate) use commands::command;
pub(crate) use complete::complete;
pub use host::Host;
pub use host::RunResult;
pub use host::Shown;
pub use host::UsedFile;
pub use host::Variable;
pub use magic::CellRun;
pub use magic::LineEffect;
pub use magic::LineRun;
pub use magic::Magic;
pub use magic::failed;
pub(crate) use modules::refresh;
pub use registry::RegistryFacts;
pub use registry::cell;
pub use registry::expansion;
pub(crate) use registry::find;
pub use registry::help;
pub use registry::line;
pub use registry::takes_rust;

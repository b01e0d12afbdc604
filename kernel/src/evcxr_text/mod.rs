//! What the kernel knows of evcxr 0.22's text. **No other module has any of it.**
//!
//! | file | what it has |
//! | --- | --- |
//! | `generated` | the code that evcxr generates for a cell: its parts, and how they are found |
//! | `expected` | whether a generated text has these parts: one that lacks any of them is an error |
//! | `words` | the names that evcxr puts into code, its variables of the environment, and its sentences |
//!
//! What evcxr and the worker write to each other is in `threadbook::wire::evcxr_lines`. evcxr's commands such as `:dep` are in
//! `crate::magics::commands`.
//!
//! # Another version of evcxr
//!
//! 1. Change the version in `kernel/Cargo.toml`, and [`VERSION`].
//! 2. `UPDATE_EVCXR_TEXT=1 cargo test --release -p threadbook-tests --test kernel evcxr_text::` runs cells of each shape
//!    and writes what evcxr generates for them to `tests/evcxr/`. `git diff tests/evcxr` shows what is new.
//! 3. Change the constants of this module until its own tests pass, which read the same files.

pub(crate) mod expected;
pub(crate) mod generated;
#[cfg(test)]
pub(crate) mod shapes;
pub(crate) mod words;

/// The version of evcxr that this module is about.
pub(crate) const VERSION: &str = "0.22";

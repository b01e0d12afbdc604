//! The headless runner: executes notebook files through a real kernel process, as a Jupyter client would.
//!
//! A notebook stays a `serde_json::Value` with its keys in order, and only what execution changes is touched. A typed
//! crate would drop keys that it does not define, and other tools store theirs in these files.
//!
//! [`find`] and [`file`] read the files, [`process`] keeps the kernel, [`session`] leads one notebook through it,
//! [`outputs`] and [`terminal`] are the two places where outputs go.

pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod outputs;
pub(crate) mod process;
pub(crate) mod session;
pub(crate) mod terminal;

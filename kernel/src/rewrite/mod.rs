//! Changes the text that evcxr generates for a cell, and reads what it means. Pure: text in, text out, and **the same in
//! every process**. The stand-in (`crate::standin`) applies the changes; the evaluator reads the result.
//!
//! | file | what it does |
//! | --- | --- |
//! | `calls` | the runtime's calls in the place of what evcxr generates |
//! | `manifest` | the manifest that evcxr writes, and the dependencies in it |
//! | `variables` | the variables that a cell's code takes out of the store |
//! | `reached` | the items that a cell reaches; all others are left out |
//! | `found` | what was found in a session's items, as long as they stay the same |
//! | `scopes/` | where a cell's variables end, and which of them are kept |
//! | `fingerprints` | whether a variable's type is still the one that it was stored with |
//! | `statics` | statics that keep their values from cell to cell |
//! | `inlining` | `#[inline]` for the session's functions |
//! | `logs` | whether a cell may log |
//! | `put_in` | what all of these put into lines of a cell |

pub mod calls;
pub(crate) mod fingerprints;
pub(crate) mod found;
pub(crate) mod inlining;
pub(crate) mod logs;
pub(crate) mod manifest;
mod put_in;
pub(crate) mod reached;
mod scopes;
pub(crate) mod statics;
pub(crate) mod variables;

pub(crate) use put_in::PutIn;
pub(crate) use scopes::Choice;
pub use scopes::Reason;
pub(crate) use scopes::Scopes;

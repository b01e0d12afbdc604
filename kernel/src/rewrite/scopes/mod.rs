//! Where a cell's variables end, and where its code puts them into the store.
//!
//! evcxr puts every variable into the store behind the person's statements, while all of them are still alive. A lock's
//! guard would then borrow what is moved into the store. So each `let` of a variable that is not kept opens a block here,
//! which ends behind the last statement, and a variable is put into the store at the end of the block that it was bound
//! in. This is the order in which a function drops its variables. No line is added.

mod arrange;
mod borrow;
mod choice;
mod complaints;
mod put;

pub(crate) use arrange::Scopes;
pub(crate) use choice::Choice;
pub use choice::Reason;

//! The runtime that every Threadbook cell links: printing, rich display, input, and one copy of tokio, rayon and
//! serde for all cells of a session.
//!
//! Cells have [`prelude`] in scope and link this crate as a dynamic library, so that its statics, and those of the
//! crates it links, exist once however many cells run.
//!
//! | module | what a cell uses it for |
//! | --- | --- |
//! | [`display`] | HTML, pictures, Markdown, LaTeX, JSON, tables; handles that update a display; `clear_output` |
//! | [`process`] | processes that run a closure, pools of them, what they share |
//! | [`threads`] | which threads there are; waiting for one, with its panic as an error |
//! | [`executor`] | a pool of threads, as Python's `ThreadPoolExecutor` |
//! | [`task`] | several futures at once, as Python's `asyncio` |
//! | [`shell`] | what a shell line gives back |
//! | [`cancel`] | what an interrupt does; noticing one in a long computation |
//! | [`mod@input`] | asking the person in front of the notebook for a line or a password |
//! | [`mod@progress`] | bars that show how far a loop, threads or a stream have come |
//! | [`widgets`] | sliders, buttons and other controls that call functions of cells |
//! | [`comm`] | channels to code in the front end |
//! | [`logging`] | which events of `log` and `tracing` show, and how |
//! | [`timing`] | what `%timeit -o` gives |
//! | [`python`] | coming from Python: what stands for what |
//!
//! Outside a notebook (in an ordinary program) the displays print their text form and input reads stdin.

// The workspace's lints, by hand: in the prepared build this crate stands outside the workspace.
#![warn(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks, clippy::dbg_macro, clippy::todo)]

#[doc(hidden)]
pub mod abi;
mod blocking;
pub mod cancel;
mod captured;
pub mod comm;
pub mod display;
mod error;
pub mod executor;
pub mod input;
pub mod logging;
mod panics;
mod persistent;
pub mod prelude;
// Not `print`: `print("x")` would find the module, and rustc would not mention the macro.
#[doc(hidden)]
pub mod printing;
pub mod process;
pub mod progress;
#[doc = include_str!("python.md")]
pub mod python {}
mod session_tokio;
pub mod shell;
#[doc(hidden)]
pub mod show;
pub mod task;
pub mod threads;
pub mod timing;
#[doc(hidden)]
pub mod top;
pub mod widgets;
#[doc(hidden)]
pub mod wire;
#[doc(hidden)]
pub mod worker;

pub use cancel::check_interrupt;
pub use captured::Captured;
pub use display::clear_output;
pub use error::Error;
pub use error::Result;
pub use input::getpass;
pub use input::input;
pub use persistent::LocalKey;
pub use progress::progress;

// They are linked into the runtime's shared library, but are not public here: rustc writes `std::fmt::Debug` where a
// public name like `Debug` comes twice.
extern crate crossbeam as _;
extern crate futures as _;
extern crate log as _;
extern crate parking_lot as _;
extern crate postcard as _;
extern crate rand as _;
extern crate tracing as _;

pub use rayon;
pub use serde;
pub use serde_json;
pub use tokio;

/// What hides a cell's `let` from whatever looks for its variables; the names stay visible.
#[doc(hidden)]
#[macro_export]
macro_rules! local {
    ($($statement:tt)*) => {
        $($statement)*
    };
}

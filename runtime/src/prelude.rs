//! What every cell has in scope without an import.

/// rust-analyzer writes the type of a joined thread's result with it.
pub use std::any::Any;

pub use crate::check_interrupt;
pub use crate::clear_output;
pub use crate::comm;
pub use crate::display;
pub use crate::display::Display;
pub use crate::executor;
pub use crate::executor::ThreadPoolExecutor;
pub use crate::getpass;
pub use crate::input;
pub use crate::logging;
pub use crate::process;
pub use crate::progress;
pub use crate::task;
pub use crate::threads;
pub use crate::threads::Join;
pub use crate::widgets;

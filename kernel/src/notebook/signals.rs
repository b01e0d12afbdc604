//! The signals by which a user ends a run.

pub(crate) use crate::sys::Signals;

/// A wish to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    /// The exit code of a program that this signal ends, as shells count it.
    pub(crate) fn exit_code(self) -> u8 {
        128 + match self {
            Signal::HangUp => 1,
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
        }
    }
}

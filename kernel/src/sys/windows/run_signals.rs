//! The events by which a user ends a run.

use std::io;

use tokio::signal::windows;

use crate::notebook::signals::Signal;

/// Waits for events. From its making on, they no longer end this process by themselves.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: windows::CtrlC,
    terminate: windows::CtrlBreak,
    hang_up: windows::CtrlClose,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: windows::ctrl_c()?,
            terminate: windows::ctrl_break()?,
            hang_up: windows::ctrl_close()?,
        })
    }

    /// The next one.
    ///
    /// # Cancel safety
    ///
    /// None is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Signal::Interrupt,
            Some(()) = self.terminate.recv() => Signal::Terminate,
            Some(()) = self.hang_up.recv() => Signal::HangUp,
            // The streams end with the runtime only, and then nobody waits here.
            else => std::future::pending().await,
        }
    }
}

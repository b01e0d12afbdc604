//! What the operating system tells the kernel: its events, and the end of the program that started it.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::os::windows::io::FromRawHandle;
use std::os::windows::io::OwnedHandle;

use tokio::signal::windows;
use tokio::sync::mpsc;
use windows_sys::Win32::System::Threading::INFINITE;
use windows_sys::Win32::System::Threading::WaitForSingleObject;

use crate::dispatcher::Signal;
use crate::env::PARENT_PID;

/// Watches Ctrl-C, Ctrl-Break and the parent.
pub(crate) fn watch() -> io::Result<mpsc::UnboundedReceiver<Signal>> {
    let (signals_tx, signals_rx) = mpsc::unbounded_channel();
    let mut interrupt = windows::ctrl_c()?;
    let mut terminate = windows::ctrl_break()?;
    let events_tx = signals_tx.clone();
    tokio::spawn(async move {
        loop {
            let meaning = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::Terminate,
                else => return,
            };
            if events_tx.send(meaning).is_err() {
                return;
            }
        }
    });
    if let Some(parent) = parent() {
        // This thread lives as long as the process: there is no other end to wait for.
        std::thread::Builder::new()
            .name("parent".into())
            .spawn(move || {
                // SAFETY: the handle is ours, and open.
                if unsafe { WaitForSingleObject(parent.as_raw_handle(), INFINITE) } == 0 {
                    let _ = signals_tx.send(Signal::Terminate);
                    tracing::warn!("the program that started the kernel is gone");
                }
            })?;
    }
    Ok(signals_rx)
}

/// Here the variable holds a handle, which whoever has started the kernel has passed on: it waits for a process, or for
/// anything else.
fn parent() -> Option<OwnedHandle> {
    let text = std::env::var(PARENT_PID).ok()?;
    let number = text.trim().parse().ok().filter(|number| *number != 0)?;
    // SAFETY: it was passed on for this process to own; it is taken over once.
    Some(unsafe { OwnedHandle::from_raw_handle(std::ptr::with_exposed_provenance_mut(number)) })
}

//! Events from the operating system: signals, and the end of the program that started the kernel.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::pidfd_open;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;

use super::PARENT_PID;
use crate::contract::Signal;

/// Watches SIGINT, SIGTERM and the parent.
pub(crate) fn watch() -> io::Result<mpsc::UnboundedReceiver<Signal>> {
    let (signals_tx, signals_rx) = mpsc::unbounded_channel();
    for (kind, meaning) in [
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::terminate(), Signal::Terminate),
        // The terminal of `jupyter console` was closed.
        (SignalKind::hangup(), Signal::Terminate),
    ] {
        let mut stream = signal(kind)?;
        let signals_tx = signals_tx.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if signals_tx.send(meaning).is_err() {
                    return;
                }
            }
        });
    }
    if let Some(parent) = parent() {
        // This thread lives as long as the process: there is no other end to wait for.
        std::thread::Builder::new()
            .name("parent".into())
            .spawn(move || {
                if wait_for_end(&parent).is_ok() {
                    let _ = signals_tx.send(Signal::Terminate);
                    tracing::warn!("the program that started the kernel is gone");
                }
            })?;
    }
    Ok(signals_rx)
}

/// A descriptor of a process becomes readable when the process ends, even before it is reaped.
fn wait_for_end(process: &OwnedFd) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(process, PollFlags::IN)], None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn parent() -> Option<OwnedFd> {
    let text = std::env::var(PARENT_PID).ok()?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw)?;
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(parent) => Some(parent),
        Err(error) => {
            // In a container the number may be that of a process outside.
            tracing::warn!(%error, "cannot watch the process of {PARENT_PID}=`{text}`");
            None
        }
    }
}

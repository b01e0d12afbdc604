//! The pipes between kernel and worker, in two files with the same interface.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::Pipes;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::Pipes;

use threadbook::wire;
use threadbook::wire::Kind;
use threadbook::wire::Report;

/// How many bytes wait in each pipe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) channel: usize,
    pub(super) raw: [usize; 2],
}

/// A frame that the kernel sends to itself: see [`Report::Sync`].
fn barrier() -> serde_json::Result<Vec<u8>> {
    let json = serde_json::to_vec(&Report::Sync)?;
    let mut frame = wire::header(Kind::Report, false, json.len(), u32::MAX).to_vec();
    frame.extend(json);
    Ok(frame)
}

//! The descriptors of a cell's standard streams, and the order between what the cell prints and what programs print that
//! it has started.

use std::io;
use std::io::Write;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::time::Duration;

use super::sys;

/// The descriptors that carry a cell's streams.
#[derive(Debug)]
pub(crate) struct Streams {
    /// What programs inherit as stdout and stderr: plain pipes.
    raw: [RawFd; 2],
    /// How many bytes the kernel has taken out of each plain pipe.
    drained: RawFd,
    identities: [Option<(u64, u64)>; 3],
}

static STREAMS: OnceLock<Streams> = OnceLock::new();

/// Puts the streams of a cell in place of those that the process was started with.
pub(crate) fn install(raw: [RawFd; 2], drained: RawFd) -> io::Result<()> {
    let nothing = sys::open(c"/dev/null")?;
    for (from, to) in [(nothing, 0), (raw[0], 1), (raw[1], 2)] {
        sys::dup_onto(from, to)?;
    }
    sys::close(nothing);
    for fd in [raw[0], raw[1], drained] {
        sys::set_private(fd)?;
    }
    let identities = [sys::identity(0), sys::identity(1), sys::identity(2)];
    // Nothing reads the streams before the first of these calls, and there is no second.
    let _ = STREAMS.set(Streams {
        raw,
        drained,
        identities,
    });
    Ok(())
}

/// The streams, if `fd` is still what [`install`] put there: a cell may redirect its own stdout.
pub(super) fn ours(fd: RawFd) -> Option<&'static Streams> {
    let streams = STREAMS.get()?;
    (sys::identity(fd) == streams.identities[fd as usize]).then_some(streams)
}

/// What was printed before comes before what follows: std's own buffer, C's, and the pipes of programs.
pub(crate) fn settle() {
    // Nothing to do about a failure: what could not be written has nowhere to be reported either.
    let _ = io::stdout().flush();
    sys::flush_c();
    if let Some(streams) = STREAMS.get() {
        after_programs(streams);
    }
}

/// Waits until the kernel has taken what programs have written so far, so that it shows before what comes now.
pub(super) fn after_programs(streams: &Streams) {
    for (index, fd) in streams.raw.into_iter().enumerate() {
        // Read in this order: what the kernel takes between the two calls only makes the goal larger than needed.
        let waiting = sys::waiting(fd);
        if waiting == 0 {
            continue;
        }
        let goal = sys::read_counter(streams.drained, index) + waiting;
        while sys::waiting(fd) > 0 && sys::read_counter(streams.drained, index) < goal {
            // The kernel's thread is on its way; there is nothing to wait on that would wake this one.
            std::thread::sleep(Duration::from_micros(20));
        }
    }
}

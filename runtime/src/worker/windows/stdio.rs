//! The standard streams of a cell.
//!
//! The live worker and the programs that cells start inherit plain pipes as stdout and stderr. What comes through them is
//! made into frames by the live worker itself: before each frame of its own, so that the order is right, and now and
//! then. When it has died, the supervisor does that with the rest.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use super::super::channel;
use super::sys;
use crate::wire::Kind;

/// The reading ends of stdout and stderr.
pub(super) type Outputs = [sys::Fd; 2];

static OUTPUTS: OnceLock<Outputs> = OnceLock::new();

/// From now on what is printed is shown.
pub(super) fn install(outputs: Outputs) -> io::Result<()> {
    const EVERY: Duration = Duration::from_millis(20);
    // There is no second call.
    let _ = OUTPUTS.set(outputs);
    std::thread::Builder::new()
        .name("threadbook-flush".to_owned())
        .spawn(|| {
            loop {
                std::thread::sleep(EVERY);
                settle();
            }
        })?;
    Ok(())
}

/// What was printed before comes before what follows: std's own buffer, C's, and what is in the pipes.
pub(crate) fn settle() {
    // Nothing to do about a failure: what could not be written has nowhere to be reported either.
    let _ = io::stdout().flush();
    sys::flush_c();
    if let Some(outputs) = OUTPUTS.get() {
        let _ = drain(outputs);
    }
}

/// Makes frames of what waits in the pipes.
pub(super) fn drain(outputs: &Outputs) -> io::Result<()> {
    // Whoever finds a pipe empty is to know that its contents have been sent.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for (kind, mut pipe) in [Kind::Stdout, Kind::Stderr].into_iter().zip(*outputs) {
        let mut buffer = [0; 4096];
        loop {
            let count = buffer.len().min(sys::waiting(pipe)?);
            if count == 0 {
                break;
            }
            pipe.read_exact(&mut buffer[..count])?;
            channel::send_stream(kind, 0, &buffer[..count])?;
        }
    }
    Ok(())
}

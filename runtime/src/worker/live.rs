//! The process in which cells run.

use std::ffi::c_void;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::fd::RawFd;
use std::time::Duration;

use super::cell;
use super::channel;
use super::loads;
use super::panic;
use super::report;
use super::stdio;
use super::sys;
use super::timing::Stopwatch;
use crate::top;
use crate::wire::End;
use crate::wire::Report;

/// The descriptors of a live worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fds {
    /// Frames to the kernel.
    pub(crate) channel: RawFd,
    /// What programs started by cells inherit as stdout and stderr.
    pub(crate) raw: [RawFd; 2],
    /// Answers to questions.
    pub(crate) input: RawFd,
    /// How much the kernel has taken out of the plain pipes.
    pub(crate) drained: RawFd,
    /// Commands, one a line.
    pub(crate) commands: RawFd,
    /// evcxr's end for markers.
    pub(crate) markers: RawFd,
}

/// Runs cells until the commands end.
pub(crate) fn main(fds: Fds) -> ! {
    if let Err(error) = serve(fds) {
        let _ = channel::send_stream(
            crate::wire::Kind::Stderr,
            0,
            format!("the worker ends: {error}\n").as_bytes(),
        );
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn serve(fds: Fds) -> io::Result<()> {
    for fd in [fds.channel, fds.commands, fds.markers] {
        sys::set_private(fd)?;
    }
    stdio::install(fds.raw, fds.input, fds.drained)?;
    channel::open(fds.channel);
    cell::set_main_thread();
    panic::install_hook();
    keep_flushing()?;
    report(&Report::Ready {
        supervisor: sys::parent() as u32,
    });
    let mut store = std::ptr::null_mut();
    for line in BufReader::new(Commands(fds.commands)).lines() {
        let line = line?;
        let ["LOAD_AND_RUN", so, function] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(io::Error::other(format!(
                "unknown command `{line}` (expected `LOAD_AND_RUN`)"
            )));
        };
        let markers = run(so, function, &mut store);
        sys::write_all(fds.markers, markers.as_bytes())?;
    }
    Ok(())
}

/// Runs one cell; gives back what evcxr waits for.
fn run(so: &str, function: &str, store: &mut *mut c_void) -> String {
    cell::begin();
    let load = loads::begin(so);
    report(&Report::Started {
        load,
        so: so.to_owned(),
        at_ms: top::now_ms(),
    });
    let loaded = sys::load(so, function);
    let watch = Stopwatch::start();
    if let Ok(function) = loaded {
        *store = function(*store);
    }
    let times = watch.times();
    let mut ending = cell::end();
    if let Err(message) = loaded {
        ending.end = End::NotLoaded { message };
    }
    let mut markers = String::new();
    match &ending.end {
        End::Finished => {}
        // evcxr keeps the variables that stood before the cell and drops those that it was to make.
        End::Panicked(_) | End::Interrupted | End::Raised { .. } | End::NotLoaded { .. } => {
            markers.push_str("EVCXR_PANIC_NOTIFICATION\n")
        }
        End::Returned { .. } => markers.push_str("EVCXR_ERROR_OCCURRED\n"),
    }
    for name in &ending.type_changes {
        markers.push_str(&format!("EVCXR_VARIABLE_CHANGED_TYPE:{name}\n"));
    }
    markers.push_str("EVCXR_EXECUTION_COMPLETE\n");
    report(&Report::Done {
        end: ending.end,
        times,
    });
    markers
}

/// std writes stdout out at the end of a line. A person in front of a notebook wants to see a `print!` without one,
/// so a thread writes it out now and then.
fn keep_flushing() -> io::Result<()> {
    const EVERY: Duration = Duration::from_millis(100);
    std::thread::Builder::new()
        .name("threadbook-flush".to_owned())
        .spawn(|| {
            loop {
                std::thread::sleep(EVERY);
                let _ = io::stdout().flush();
            }
        })?;
    Ok(())
}

/// The commands' pipe.
struct Commands(RawFd);

impl Read for Commands {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match sys::read_through(self.0, buffer.as_mut_ptr().cast(), buffer.len()) {
            read if read >= 0 => Ok(read as usize),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

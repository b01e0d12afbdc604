//! The process in which cells run.

use std::ffi::c_void;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::fd::RawFd;
use std::os::raw::c_int;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::ask;
use super::at_fork;
use super::cell;
use super::channel;
use super::child;
use super::comms;
use super::copies;
use super::copies::Copies;
use super::copies::Side;
use super::crash;
use super::dump;
use super::outbox::report;
use super::panic;
use super::run;
use super::shared;
use super::shared::Shared;
use super::streams;
use super::sys;
use crate::comm;
use crate::wire::Command;
use crate::wire::CopySetting;
use crate::wire::Kind;
use crate::wire::Launch;
use crate::wire::Report;
use crate::wire::Role;

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
    /// Messages on comms.
    pub(crate) comms: RawFd,
    /// Commands, one a line.
    pub(crate) commands: RawFd,
    /// evcxr's end for markers.
    pub(crate) markers: RawFd,
}

/// Runs cells until the commands end.
pub(crate) fn main(fds: Fds, shared: &'static Shared, launch: &Launch) -> ! {
    if let Err(error) = serve(fds, shared, launch) {
        let _ = channel::send_stream(
            Kind::Stderr,
            0,
            format!("the worker ends: {error}\n").as_bytes(),
        );
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn serve(fds: Fds, shared: &'static Shared, launch: &Launch) -> io::Result<()> {
    for fd in [fds.channel, fds.input, fds.comms, fds.commands, fds.markers] {
        sys::set_private(fd)?;
    }
    let copies = Copies::new(shared, limit_bytes(launch), launch.fails_copy_test)?;
    // Both only end the system call that the cell's thread is in. A terminal's interrupt comes to the kernel too, which
    // shows whether it is meant for this cell.
    sys::handle_signal(sys::interrupt_signal(), on_interrupt, 0)?;
    sys::handle_signal(libc::SIGINT, on_interrupt, 0)?;
    streams::install(fds.raw, fds.drained)?;
    ask::open(fds.input);
    comms::open(fds.comms);
    channel::open(fds.channel);
    cell::set_main_thread();
    panic::install_hook();
    crash::install()?;
    at_fork::install([fds.commands, fds.markers, fds.input, fds.comms]);
    keep_flushing()?;
    report(&Report::Ready {
        supervisor: sys::parent() as u32,
        worker: std::process::id(),
        no_copies: copies.unusable().map(str::to_owned),
    });
    let mut live = Live {
        fds,
        shared,
        copies,
        store: std::ptr::null_mut(),
    };
    for line in BufReader::new(Commands(fds.commands)).lines() {
        live.obey(Command::decode(&line?)?)?;
    }
    Ok(())
}

/// Ends the system call that the cell's thread is in. Notes where that is, for the case that the cell does not stop by
/// itself. Runs in a signal handler: allocates nothing, takes no lock.
extern "C" fn on_interrupt(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    let crashes = |shared: &Shared| shared.crashed_thread().is_some();
    if shared::is_interrupted()
        && cell::on_main_thread()
        && !shared::get().is_some_and(crashes)
        && let Some(dump) = dump::get()
        && !dump.is_there()
    {
        let error = sys::errno();
        dump.take(&sys::registers_at_signal(context));
        sys::set_errno(error);
    }
}

struct Live {
    fds: Fds,
    shared: &'static Shared,
    copies: Copies,
    /// evcxr's variables.
    store: *mut c_void,
}

impl Live {
    fn obey(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::LoadAndRun { so, function } => return self.run(&so, &function),
            Command::BeginCell => self.copies.begin_cell(),
            Command::Copy(role) => {
                if let Side::Copy(missing_threads) = self.copies.take(role) {
                    return self.take_over(missing_threads);
                }
                report(&Report::Copies(self.copies.status()));
            }
            Command::Forget(role) => self.copies.drop_copy(role),
            Command::Copies(setting) => {
                match setting {
                    CopySetting::Status => {}
                    CopySetting::On => self.copies.enable(true),
                    CopySetting::Off => self.copies.enable(false),
                    CopySetting::LimitMegabytes(megabytes) => {
                        self.copies.set_limit(u64::from(megabytes) << 20);
                    }
                }
                report(&Report::Copies(self.copies.status()));
            }
            // The supervisor does these itself.
            Command::Restore(_) | Command::Interrupt => {}
        }
        Ok(())
    }

    /// Runs one cell, between two copies of the process.
    fn run(&mut self, so: &str, function: &str) -> io::Result<()> {
        let (side, note) = self.copies.before_cell();
        if let Side::Copy(missing_threads) = side {
            return self.take_over(missing_threads);
        }
        if let Some(note) = note {
            let _ = channel::send_stream(Kind::Stderr, 0, note.as_bytes());
        }
        forget_dump();
        let (done, markers) = run::run(so, function, &mut self.store);
        if let Side::Copy(missing_threads) = self.copies.after_cell() {
            return self.take_over(missing_threads);
        }
        report(&done);
        sys::write_all(self.fds.markers, markers.as_bytes())
    }

    /// This process was a copy, and goes on in the place of the one that it was a copy of.
    fn take_over(&mut self, mut missing_threads: Vec<String>) -> io::Result<()> {
        child::set_live();
        loop {
            self.copies.resumed();
            let crashed = self.shared.crashed_name();
            self.shared.forget_crash();
            forget_dump();
            comm::taken_over(missing_threads.iter().chain(&crashed));
            report(&Report::Resumed {
                worker: std::process::id(),
                folder: run::working_folder(),
                missing_threads,
                outside: copies::outside(),
            });
            // The guard has become this process, so another is needed; if that takes over one day, it goes on here.
            match self.copies.take(Role::Guard) {
                Side::Original => break,
                Side::Copy(missing) => missing_threads = missing,
            }
        }
        if self.shared.running.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        sys::write_all(self.fds.markers, run::markers_of_panic().as_bytes())
    }
}

/// The limit for copies that the person has set, or the usual one.
fn limit_bytes(launch: &Launch) -> u64 {
    let megabytes = launch.copies_limit_megabytes;
    megabytes.map_or(copies::LIMIT_BYTES, |megabytes| u64::from(megabytes) << 20)
}

/// What was noted belongs to an earlier cell, or to another process.
fn forget_dump() {
    if let Some(dump) = dump::get() {
        dump.forget();
    }
}

/// std writes stdout out at the end of a line. A person in front of a notebook expects to see a `print!` without one,
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

//! The process between evcxr and the live worker: one thread, no user code.
//!
//! It passes evcxr's commands on, says how the live worker died, and kills what cells have left behind, so that no
//! process outlives its kernel whatever happens to either.

use std::os::fd::RawFd;
use std::path::Path;

use super::COMPILER_FILE;
use super::FDS_VAR;
use super::SESSION_VAR;
use super::SOCKETS_LINK;
use super::channel;
use super::live;
use super::sys;
use crate::wire::Report;

/// Starts the live worker and watches it.
pub(crate) fn main() -> ! {
    match supervise() {
        Ok(()) => sys::exit_now(0),
        Err(error) => {
            // evcxr reads stderr and the kernel shows what came there when the worker does not start.
            eprintln!("the worker did not start: {error}");
            sys::exit_now(1)
        }
    }
}

fn supervise() -> std::io::Result<()> {
    let session = std::env::var(SESSION_VAR).ok();
    let [channel, out, err, input, drained] = inherited_fds()?;
    restore_environment();
    let commands = sys::dup_private(0)?;
    let markers = sys::dup_private(1)?;
    let nothing = sys::open(c"/dev/null")?;
    for standard in [0, 1, 2] {
        sys::dup_onto(nothing, standard)?;
    }
    sys::close(nothing);
    sys::adopt_orphans();
    let (live_commands, to_live) = sys::pipe()?;
    let (from_live, live_markers) = sys::pipe()?;
    let signals = sys::signal_fd(&[libc::SIGCHLD, libc::SIGINT, libc::SIGTERM])?;
    let Some(live) = sys::fork()? else {
        for fd in [commands, to_live, markers, from_live, signals] {
            sys::close(fd);
        }
        sys::die_with_parent();
        sys::unblock_signals();
        live::main(live::Fds {
            channel,
            raw: [out, err],
            input,
            drained,
            commands: live_commands,
            markers: live_markers,
        });
    };
    sys::close(live_commands);
    sys::close(live_markers);
    // Between a command and the marker that ends its cell. An interrupt that comes after a cell must not hit the next.
    let mut running = false;
    channel::open(channel);
    let mut buffer = [0; 4096];
    loop {
        let [command, marker, signal] = sys::wait_readable([commands, from_live, signals])?;
        if signal {
            match sys::read_signal(signals)? {
                libc::SIGINT if running => sys::kill(live, libc::SIGKILL),
                libc::SIGTERM => break,
                _ => {}
            }
            while let Some(ended) = sys::reap(false) {
                if ended.pid == live {
                    kill_descendants();
                    channel::send(&Report::Died {
                        signal: ended.signal,
                        code: ended.code,
                    });
                    return Ok(());
                }
            }
        }
        if marker {
            // A live worker that has died leaves nothing to read; its end comes as a signal.
            let read = sys::read_through(from_live, buffer.as_mut_ptr().cast(), buffer.len());
            if let Ok(read @ 1..) = usize::try_from(read) {
                sys::write_all(markers, &buffer[..read])?;
                // The live worker writes a cell's markers at once.
                running = false;
            }
        }
        if command {
            running = true;
            match sys::read_through(commands, buffer.as_mut_ptr().cast(), buffer.len()) {
                read if read > 0 => sys::write_all(to_live, &buffer[..read as usize])?,
                // The kernel has closed its end, or is gone.
                _ => break,
            }
        }
    }
    kill_descendants();
    if let Some(session) = session {
        remove_session(Path::new(&session));
    }
    Ok(())
}

/// Removes the session's folder and that of the sockets: a kernel that was killed can't. What can't be removed is swept by a later kernel.
fn remove_session(session: &Path) {
    let compiler = std::fs::read_to_string(session.join(COMPILER_FILE)).ok();
    if let Some(group) = compiler.and_then(|text| text.trim().parse::<i32>().ok()) {
        sys::kill(-group, libc::SIGKILL);
    }
    if let Ok(sockets) = std::fs::read_link(session.join(SOCKETS_LINK)) {
        let _ = std::fs::remove_dir_all(sockets);
    }
    // A compiler that is being killed may still add a file to a folder that is being emptied.
    for _ in 0..3 {
        if std::fs::remove_dir_all(session).is_ok() {
            break;
        }
    }
    let _ = std::fs::remove_file(session.with_extension("lock"));
}

fn inherited_fds() -> std::io::Result<[RawFd; 5]> {
    let text = std::env::var(FDS_VAR).map_err(std::io::Error::other)?;
    let fds: Vec<RawFd> = text
        .split(',')
        .filter_map(|number| number.parse().ok())
        .collect();
    fds.try_into().map_err(|_| {
        std::io::Error::other(format!("`{FDS_VAR}` is `{text}`, expected five numbers"))
    })
}

/// Cells do not see what evcxr and the kernel told the worker.
fn restore_environment() {
    for name in [FDS_VAR, SESSION_VAR, "EVCXR_IS_RUNTIME", "RUST_BACKTRACE"] {
        sys::remove_env(name);
    }
}

/// Kills every process below this one. Orphans come to this process, so killing children until none is left ends all.
fn kill_descendants() {
    loop {
        let children = children();
        if children.is_empty() {
            return;
        }
        for child in children {
            sys::kill(child, libc::SIGKILL);
        }
        if sys::reap(true).is_none() {
            return;
        }
    }
}

fn children() -> Vec<i32> {
    let path = format!("/proc/self/task/{}/children", std::process::id());
    let list = std::fs::read_to_string(path).unwrap_or_default();
    list.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

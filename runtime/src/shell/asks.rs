//! Whether a program waits for typed input.
//!
//! A pipe does not show that it is being read. But the system shows in which call each thread waits: one that reads
//! from an empty pipe that only we can fill waits for us. Programs that wait in other ways, such as `poll`, are not
//! noticed.

use std::fs;
use std::io::PipeWriter;
use std::os::fd::AsRawFd;

use super::sys;
use crate::worker;

/// Whether the process, or one that it has started, waits for the pipe.
pub(super) fn waits_for(process: u32, pipe: &PipeWriter) -> bool {
    let Some(name) = sys::pipe_name(pipe) else {
        return false;
    };
    worker::waiting(pipe.as_raw_fd()) == 0 && waits_in_tree(process, &name)
}

fn waits_in_tree(process: u32, pipe: &str) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return false;
    };
    threads.flatten().any(|thread| {
        let folder = thread.path();
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let reads_it = fd_being_read(&read("syscall")).is_some_and(|fd| {
            let link = fs::read_link(folder.join(format!("fd/{fd}")));
            link.is_ok_and(|link| link.as_os_str() == pipe)
        });
        reads_it
            || read("children")
                .split_whitespace()
                .filter_map(|child| child.parse().ok())
                .any(|child| waits_in_tree(child, pipe))
    })
}

/// The descriptor, where a line of `/proc/PID/syscall` is about a `read`.
fn fd_being_read(line: &str) -> Option<u64> {
    let mut words = line.split(' ');
    let call: libc::c_long = words.next()?.parse().ok()?;
    if call != libc::SYS_read {
        return None;
    }
    u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_a_read_names_a_descriptor() {
        let read = libc::SYS_read;
        for (line, fd) in [
            (
                format!("{read} 0x0 0x7f29 0x20000 0x0 0x0 0x0 0x7f 0x7f"),
                Some(0),
            ),
            (format!("{read} 0x1f 0x7f29"), Some(31)),
            (format!("{} 0x0 0x7f29", read + 1), None),
            ("running".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(fd_being_read(&line), fd, "{line}");
        }
    }

    #[test]
    fn a_program_of_a_program_is_found_waiting() {
        let (read, write) = io::pipe().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "head -n 1; true"]).stdin(read);
        let mut child = command.spawn().unwrap();
        drop(command);
        while !waits_for(child.id(), &write) {
            std::thread::yield_now();
        }
        drop(write);
        assert!(child.wait().unwrap().success());
    }
}

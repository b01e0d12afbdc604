//! System calls around programs that cells start: terminals, waiting for several things at once, signals to groups.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::raw::c_int;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Columns and lines of the terminals that programs see.
const SIZE: (u16, u16) = (80, 24);

/// Gives an owner to a descriptor that a system call has made.
fn owned(fd: c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just made it for this call, and no other code closes it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A terminal: the end that reads what a program writes, and the program's end. It is no process's controlling
/// terminal, repeats nothing, and leaves the ends of lines as they are.
pub(crate) fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: numbers only.
    let master = owned(unsafe { libc::posix_openpt(flags) })?;
    let fd = master.as_raw_fd();
    let unlocked: c_int = 0;
    // SAFETY: the descriptor is a terminal's master; the call reads one int, which lives through it.
    check(unsafe { libc::ioctl(fd, libc::TIOCSPTLCK, &raw const unlocked) })?;
    // SAFETY: numbers only; it opens the other end of this very terminal.
    let slave = owned(unsafe { libc::ioctl(fd, libc::TIOCGPTPEER, flags) })?;
    let size = libc::winsize {
        ws_row: SIZE.1,
        ws_col: SIZE.0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the call reads the structure, which lives through it.
    check(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &raw const size) })?;
    // SAFETY: zero is a valid value of every field of this plain structure; the first call fills it.
    unsafe {
        let mut settings: libc::termios = std::mem::zeroed();
        check(libc::tcgetattr(slave.as_raw_fd(), &raw mut settings))?;
        settings.c_oflag &= !libc::OPOST;
        settings.c_lflag &= !(libc::ECHO | libc::ICANON);
        check(libc::tcsetattr(
            slave.as_raw_fd(),
            libc::TCSANOW,
            &raw const settings,
        ))?;
    }
    Ok((master, slave))
}

/// A descriptor that can be read once a child has ended.
pub(crate) fn ended(child: u32) -> io::Result<OwnedFd> {
    // SAFETY: numbers only. The child is not reaped yet, so the number is its own.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) };
    owned(fd as c_int)
}

/// Waits until one of the descriptors can be read or has ended, or the time is over, or a signal
/// comes. Returns which; `None` is none.
pub(crate) fn wait<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    time: Duration,
) -> io::Result<[bool; N]> {
    let mut polls = fds.map(|fd| libc::pollfd {
        // The system skips negative ones.
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    // The system writes the time that is left.
    let mut time = libc::timespec {
        tv_sec: time.as_secs() as libc::time_t,
        tv_nsec: time.subsec_nanos().into(),
    };
    let no_mask = std::ptr::null::<libc::sigset_t>();
    // Directly, as all calls here that wait: an interrupt is to end this one, and nothing else.
    // SAFETY: the array is ours and as long as said, and so is the time; both live through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ppoll,
            polls.as_mut_ptr(),
            N,
            &raw mut time,
            no_mask,
            8,
        )
    };
    if result < 0 {
        return match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
            error => Err(error),
        };
    }
    Ok(polls.map(|poll| poll.revents != 0))
}

/// Reads what is there. Nothing where the other end is closed, which a terminal calls an error.
pub(crate) fn read(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // Directly: `read` itself is the worker's own function.
    // SAFETY: the buffer is ours and as long as stated.
    let count = unsafe {
        libc::syscall(
            libc::SYS_read,
            fd.as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    match usize::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EIO) => Ok(0),
            error => Err(error),
        },
    }
}

/// Signals a process and those of its group.
pub(crate) fn signal_group(leader: u32, signal: c_int) {
    // SAFETY: numbers only. The leader is a child that is not reaped yet, so the group is its own.
    unsafe { libc::kill(-(leader as libc::pid_t), signal) };
}

/// Asks a process and those of its group to end.
pub(crate) fn ask_to_end(leader: u32) {
    signal_group(leader, libc::SIGTERM);
}

/// Ends a process and those of its group.
pub(crate) fn kill_group(leader: u32) {
    signal_group(leader, libc::SIGKILL);
}

/// The signal that ended a program, where one did.
pub(crate) fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// A file in memory, at its start, that holds a text.
pub(crate) fn text_file(text: &str) -> io::Result<File> {
    use std::io::Seek;
    use std::io::Write;

    // SAFETY: the name ends in a zero byte; the call keeps nothing of it.
    let fd = owned(unsafe { libc::memfd_create(c"input".as_ptr(), libc::MFD_CLOEXEC) })?;
    let mut file = File::from(fd);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Changes a variable of the environment.
pub(crate) fn set_env(name: &str, value: &str) {
    // SAFETY: std's own readers take turns with this. C code that reads the environment on another thread at this
    // moment could see it change; the magic's help describes it, and there is no other way to reach C code.
    unsafe { std::env::set_var(name, value) };
}

/// Reaps a child that has ended. It must not be waited for again.
pub(crate) fn reap(child: u32) -> io::Result<ExitStatus> {
    let mut status: c_int = 0;
    let no_usage = std::ptr::null_mut::<libc::rusage>();
    loop {
        // SAFETY: the status is ours; nothing else is written.
        let pid = unsafe { libc::syscall(libc::SYS_wait4, child, &raw mut status, 0, no_usage) };
        if pid >= 0 {
            return Ok(ExitStatus::from_raw(status));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error => return Err(error),
        }
    }
}

/// Which pipe a descriptor leads to, as `/proc` names it.
pub(crate) fn pipe_name(fd: impl AsFd) -> Option<String> {
    let path = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    let link = std::fs::read_link(path).ok()?;
    Some(link.to_str()?.to_owned())
}

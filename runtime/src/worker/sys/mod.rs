//! System calls. The only unsafe code of the worker, with `stdio.rs`, which is handed raw pointers.

mod calls;
mod dump;
mod signals;

use std::ffi::CStr;
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;
use std::os::raw::c_char;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

pub(crate) use calls::*;
pub(crate) use dump::*;
pub(crate) use signals::*;

/// A file descriptor.
pub(crate) type Fd = RawFd;

/// A cell's function: takes evcxr's variable store and gives it back.
pub(crate) type CellFn = extern "C" fn(*mut c_void) -> *mut c_void;

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Writes one frame. A pipe takes up to `PIPE_BUF` bytes whole, so there is no partial write to go on from.
///
/// The system call is made directly: `write` itself is the worker's own function.
pub(crate) fn write_frame(fd: RawFd, header: &[u8], payload: &[u8]) -> io::Result<()> {
    let parts = [
        libc::iovec {
            iov_base: header.as_ptr() as *mut c_void,
            iov_len: header.len(),
        },
        libc::iovec {
            iov_base: payload.as_ptr() as *mut c_void,
            iov_len: payload.len(),
        },
    ];
    loop {
        // SAFETY: both parts point at slices that live through the call, which only reads them.
        let written = unsafe { libc::syscall(libc::SYS_writev, fd, parts.as_ptr(), parts.len()) };
        if written >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Writes to a file descriptor that is none of ours, as `write` would have.
pub(crate) fn write_through(fd: RawFd, buffer: *const c_void, len: usize) -> isize {
    // SAFETY: the caller of `write` vouches for its own buffer; the kernel checks it.
    unsafe { libc::syscall(libc::SYS_write, fd, buffer, len) as isize }
}

/// Reads from a file descriptor that is none of ours, as `read` would have.
pub(crate) fn read_through(fd: RawFd, buffer: *mut c_void, len: usize) -> isize {
    // SAFETY: the caller of `read` vouches for its own buffer; the kernel checks it.
    unsafe { libc::syscall(libc::SYS_read, fd, buffer, len) as isize }
}

/// Fills the buffer.
pub(crate) fn read_exact(fd: RawFd, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match read_through(fd, buffer.as_mut_ptr().cast(), buffer.len()) {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read if read > 0 => buffer = &mut buffer[read as usize..],
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Writes all of the bytes, directly.
pub(crate) fn write_all(fd: RawFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = write_through(fd, bytes.as_ptr().cast(), bytes.len());
        if written >= 0 {
            bytes = &bytes[written as usize..];
        } else {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Which file a descriptor stands for: device and inode.
pub(crate) fn identity(fd: RawFd) -> Option<(u64, u64)> {
    // SAFETY: zero is a valid value for every field of this plain structure.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is ours and lives through the call.
    check(unsafe { libc::fstat(fd, &raw mut stat) }).ok()?;
    #[expect(
        clippy::useless_conversion,
        reason = "the field's width differs between systems"
    )]
    Some((
        u64::try_from(stat.st_dev).unwrap_or(0),
        u64::from(stat.st_ino),
    ))
}

/// How many bytes wait in a pipe.
pub(crate) fn waiting(fd: RawFd) -> u64 {
    let mut count: c_int = 0;
    // SAFETY: FIONREAD writes one int, which is ours.
    let result = unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) };
    if result < 0 { 0 } else { count as u64 }
}

/// Reads a counter out of a shared file.
pub(crate) fn read_counter(fd: RawFd, index: usize) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the buffer is ours and as long as stated.
    let read = unsafe { libc::pread(fd, bytes.as_mut_ptr().cast(), 8, (index * 8) as libc::off_t) };
    if read == 8 {
        u64::from_le_bytes(bytes)
    } else {
        0
    }
}

/// Duplicates onto a free descriptor that programs started later do not inherit.
pub(crate) fn dup_private(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes numbers only; 10 keeps clear of the standard streams.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 10) })
}

/// Makes `to` another name of `from`; programs started later inherit it.
pub(crate) fn dup_onto(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: dup2 takes numbers only.
    check(unsafe { libc::dup2(from, to) }).map(drop)
}

/// Makes `to` another name of `from`, which programs started later do not inherit.
pub(crate) fn dup_onto_private(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: dup3 takes numbers only.
    check(unsafe { libc::dup3(from, to, libc::O_CLOEXEC) }).map(drop)
}

/// Keeps programs started later from inheriting it.
pub(crate) fn set_private(fd: RawFd) -> io::Result<()> {
    // SAFETY: F_SETFD takes numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

/// Closes a descriptor that only the worker's own code uses.
pub(crate) fn close(fd: RawFd) {
    // SAFETY: takes a number only; the callers own the descriptor.
    unsafe { libc::close(fd) };
}

/// Opens a file for reading and writing, private to this process.
pub(crate) fn open(path: &CStr) -> io::Result<RawFd> {
    // SAFETY: the path ends in a zero byte and lives through the call.
    check(unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) })
}

/// A private pipe: reading end, writing end.
pub(crate) fn pipe() -> io::Result<(RawFd, RawFd)> {
    let mut fds = [0; 2];
    // SAFETY: the array holds the two descriptors that the call writes.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((fds[0], fds[1]))
}

/// Forks. `None` in the child.
///
/// The caller is single-threaded, so the child may do anything.
pub(crate) fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the supervisor, the only caller, has one thread, so no lock is held by a thread that the child lacks.
    let pid = check(unsafe { libc::fork() })?;
    Ok((pid != 0).then_some(pid))
}

/// Makes orphaned descendants children of this process.
pub(crate) fn adopt_orphans() {
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
}

/// Has this process killed when its parent ends.
pub(crate) fn die_with_parent() {
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
}

/// This process's parent.
pub(crate) fn parent() -> i32 {
    // SAFETY: takes nothing and can't fail.
    unsafe { libc::getppid() }
}

/// Sends a signal.
pub(crate) fn kill(pid: i32, signal: c_int) {
    // SAFETY: numbers only. The callers signal children that they have not yet reaped, so the number is still theirs.
    unsafe { libc::kill(pid, signal) };
}

/// Signals the main thread of another process.
pub(crate) fn signal_main_thread(pid: i32, signal: c_int) {
    // SAFETY: numbers only. The process is a child that was not yet reaped.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, signal) };
}

/// The process group of a process.
pub(crate) fn group_of(pid: i32) -> i32 {
    // SAFETY: numbers only.
    unsafe { libc::getpgid(pid) }
}

/// The session of a process; 0 means this one.
pub(crate) fn session_of(pid: i32) -> i32 {
    // SAFETY: numbers only.
    unsafe { libc::getsid(pid) }
}

/// Has a function called when the process exits by `exit`, on the thread that does.
pub(crate) fn at_exit(function: extern "C" fn()) {
    // SAFETY: the function is part of the runtime, which stays loaded.
    unsafe { libc::atexit(function) };
}

/// Has a function called in each child that the C library forks.
pub(crate) fn at_fork(in_child: extern "C" fn()) {
    // SAFETY: the function is part of the runtime, which stays loaded, and does what a new child of a process with
    // threads may do.
    unsafe {
        libc::pthread_atfork(
            None,
            None,
            Some(std::mem::transmute::<extern "C" fn(), unsafe extern "C" fn()>(in_child)),
        )
    };
}

/// A page that this process shares with those that it forks, filled with zeros.
pub(crate) fn share_page<T: Default>() -> io::Result<&'static T> {
    // SAFETY: a new mapping, large enough for the value, which is never unmapped; zeros and `T` are written before it
    // is seen by anyone else.
    unsafe {
        let page = map_shared(size_of::<T>(), 0)?.cast::<T>();
        page.write(T::default());
        Ok(&*page)
    }
}

/// New memory, zero at first, which stays shared with the processes that are forked later.
fn map_shared(len: usize, flags: c_int) -> io::Result<*mut c_void> {
    // SAFETY: the system chooses an address where nothing is mapped.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS | flags,
            -1,
            0,
        )
    };
    match start {
        libc::MAP_FAILED => Err(io::Error::last_os_error()),
        start => Ok(start),
    }
}

/// Waits while the word has this value, at most for `limit`. May return early.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, limit: Option<Duration>) {
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos().into(),
    });
    let limit = limit
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref::<libc::timespec>);
    // SAFETY: the word and the time live through the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            limit,
        )
    };
}

/// Wakes everyone who waits for the word.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // SAFETY: only the word's address is used.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            i32::MAX,
        )
    };
}

/// Waits while the word, which processes share, has this value, at most for `limit`. May return early.
pub(crate) fn futex_wait_shared(word: &AtomicU32, value: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: the word and the time live through the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            value,
            &raw const limit,
        )
    };
}

/// Wakes every process that waits for the word.
pub(crate) fn futex_wake_shared(word: &AtomicU32) {
    // SAFETY: only the word's address is used.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// The processor's time that the calling thread has used.
pub(crate) fn thread_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The calling thread's name, as `ps` shows it.
pub(crate) fn thread_name() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: the kernel writes up to 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// A name up to the zero byte that ends it.
pub(crate) fn text_of_name(name: &[u8; 16]) -> &CStr {
    CStr::from_bytes_until_nul(name).unwrap_or_default()
}

/// Names the calling thread. Names have up to 15 bytes.
pub(crate) fn set_thread_name(name: &CStr) {
    // SAFETY: the kernel reads up to the zero byte that ends the name.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// A number for the calling thread, which no other thread of the process has.
pub(crate) fn this_thread() -> usize {
    // SAFETY: takes nothing and can't fail.
    unsafe { libc::pthread_self() as usize }
}

/// Waits until one of the descriptors can be read or has ended, or the time is over. Returns which.
pub(crate) fn wait_readable<const N: usize>(
    fds: [RawFd; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut polls = fds.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let limit = limit.map_or(-1, |limit| limit.as_millis() as c_int);
    loop {
        // SAFETY: the array is ours and as long as stated.
        match check(unsafe { libc::poll(polls.as_mut_ptr(), N as libc::nfds_t, limit) }) {
            Ok(_) => return Ok(polls.map(|poll| poll.revents != 0)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReapedChild {
    pub(crate) pid: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) code: Option<i32>,
}

/// Reaps a child that has ended, or any; with `block`, waits for it. `None` when there is none.
pub(crate) fn reap(child: Option<i32>, block: bool) -> Option<ReapedChild> {
    let mut status = 0;
    let flags = if block { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: the status is ours.
        match check(unsafe { libc::waitpid(child.unwrap_or(-1), &raw mut status, flags) }) {
            Ok(0) => return None,
            Ok(pid) => {
                let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
                let code = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
                return Some(ReapedChild { pid, signal, code });
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Ends this process at once, running nothing.
pub(crate) fn exit_now(code: c_int) -> ! {
    // SAFETY: never returns; nothing of this process is needed after.
    unsafe { libc::_exit(code) }
}

/// Loads a cell's shared object and finds its function.
pub(crate) fn load(so: &str, function: &str) -> Result<CellFn, String> {
    let path = CString::new(so).map_err(|error| error.to_string())?;
    let name = CString::new(function).map_err(|error| error.to_string())?;
    // Global, so that a static which an earlier cell has loaded is found there: see `toolchain::statics` in the kernel.
    // SAFETY: loading runs the object's initialisers, which rustc made from a cell; it is what a cell is for.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        return Err(link_error());
    }
    // SAFETY: the handle was just given to us and is never closed: values of its types may live on.
    let symbol = unsafe { libc::dlsym(handle, name.as_ptr()) };
    if symbol.is_null() {
        return Err(link_error());
    }
    // SAFETY: evcxr generates this function with this signature.
    Ok(unsafe { std::mem::transmute::<*mut c_void, CellFn>(symbol) })
}

fn link_error() -> String {
    // SAFETY: takes nothing; the text that it gives stays until the next call of its family on this thread.
    let text = unsafe { libc::dlerror() };
    text_at(text).unwrap_or_else(|| "the dynamic linker gave no reason".to_owned())
}

/// The file that was loaded at an address.
pub(crate) fn object_at(address: *const u8) -> Option<String> {
    // SAFETY: zero is a valid value of this plain structure, which the call fills; it reads no memory at the address.
    let (found, info) = unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        (libc::dladdr(address.cast(), &raw mut info), info)
    };
    if found == 0 {
        None
    } else {
        text_at(info.dli_fname)
    }
}

fn text_at(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the dynamic linker gives strings that end in a zero byte.
    Some(
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned(),
    )
}

/// Writes out what C code has printed and not yet written.
pub(crate) fn flush_c() {
    // SAFETY: a null pointer means every stream.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// The error that the last failing system call left.
pub(crate) fn errno() -> c_int {
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() }
}

/// Sets the error that a failing system call would have left.
pub(crate) fn set_errno(code: c_int) {
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() = code };
}

/// Removes an environment variable; only before a second thread exists.
pub(crate) fn remove_env(name: &str) {
    // SAFETY: the supervisor calls this first of all, when the process has one thread.
    unsafe { std::env::remove_var(name) };
}

/// The processors' time of this process and of the children that it has waited for: user and system.
pub(crate) fn processor_times() -> ([Duration; 2], [Duration; 2]) {
    let of = |who: c_int| {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the pointer is valid for the call; zeroes are a valid rusage if it fails, which it can't.
        let usage = unsafe {
            libc::getrusage(who, usage.as_mut_ptr());
            usage.assume_init()
        };
        [usage.ru_utime, usage.ru_stime]
            .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000))
    };
    (of(libc::RUSAGE_SELF), of(libc::RUSAGE_CHILDREN))
}

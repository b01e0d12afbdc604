//! System calls: the only unsafe code of this worker, with `job.rs`.

use std::collections::HashMap;
use std::ffi::CString;
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::io::PipeReader;
use std::io::PipeWriter;
use std::io::Read;
use std::io::Write;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::AsHandle;
use std::os::windows::io::AsRawHandle;
use std::os::windows::io::FromRawHandle;
use std::os::windows::io::IntoRawHandle;
use std::os::windows::io::OwnedHandle;
use std::os::windows::io::RawHandle;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_BROKEN_PIPE;
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::Foundation::HANDLE_FLAG_INHERIT;
use windows_sys::Win32::Foundation::SetHandleInformation;
use windows_sys::Win32::System::Diagnostics::Debug::SEM_FAILCRITICALERRORS;
use windows_sys::Win32::System::Diagnostics::Debug::SEM_NOGPFAULTERRORBOX;
use windows_sys::Win32::System::Diagnostics::Debug::SetErrorMode;
use windows_sys::Win32::System::LibraryLoader::GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
use windows_sys::Win32::System::LibraryLoader::GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleExW;
use windows_sys::Win32::System::LibraryLoader::GetProcAddress;
use windows_sys::Win32::System::LibraryLoader::LoadLibraryW;
use windows_sys::Win32::System::Pipes::CreatePipe;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::Win32::System::Threading::GetCurrentThreadId;
use windows_sys::Win32::System::Threading::GetProcessTimes;
use windows_sys::Win32::System::Threading::TerminateProcess;
use windows_sys::Win32::System::Threading::WaitOnAddress;
use windows_sys::Win32::System::Threading::WakeByAddressAll;

use super::super::FDS_VAR;
use super::super::SESSION_VAR;
use super::PATH_VAR;
use crate::wire::HEADER_LEN;
use crate::wire::PAYLOAD_MAX;

/// One end of a pipe, which stays open as long as the process lives.
pub(crate) type Fd = &'static File;

/// A cell's function: takes evcxr's variable store and gives it back.
pub(crate) type CellFn = extern "C" fn(*mut c_void) -> *mut c_void;

/// The result of a system call that gives 0 where it fails.
pub(super) fn check(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A pipe with room for a burst, so that a printing cell seldom waits.
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    const BYTES: u32 = 1 << 20;
    let (mut read, mut write) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the call fills two variables of ours; without attributes nothing is read.
    check(unsafe { CreatePipe(&raw mut read, &raw mut write, std::ptr::null(), BYTES) })?;
    // SAFETY: the system has just made both for this call, so nobody else closes them.
    unsafe {
        Ok((
            OwnedHandle::from_raw_handle(read).into(),
            OwnedHandle::from_raw_handle(write).into(),
        ))
    }
}

/// Has programs that are started from now on inherit a handle; gives the number by which they know it.
pub fn pass_on(handle: impl AsHandle) -> io::Result<usize> {
    let handle = handle.as_handle().as_raw_handle();
    // SAFETY: the handle is open, as its type says.
    check(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) })?;
    Ok(handle.expose_provenance())
}

/// Keeps programs that are started later from inheriting a handle.
fn keep(handle: impl AsHandle) -> io::Result<()> {
    let handle = handle.as_handle().as_raw_handle();
    // SAFETY: the handle is open, as its type says.
    check(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) })
}

/// Keeps programs that are started later from inheriting the standard streams unasked.
pub(super) fn keep_standard_streams() -> io::Result<()> {
    keep(io::stdin())?;
    keep(io::stdout())?;
    keep(io::stderr())
}

/// The ends of pipes that whoever started this process has passed on. Programs that it starts do not inherit them.
pub(super) fn inherited<const N: usize>() -> io::Result<[Fd; N]> {
    let text = std::env::var(FDS_VAR).map_err(io::Error::other)?;
    let numbers = text.split(',').filter_map(|number| number.parse().ok());
    let numbers: [usize; N] = numbers
        .collect::<Vec<usize>>()
        .try_into()
        .map_err(|_| io::Error::other(format!("`{FDS_VAR}` is `{text}`, expected {N} numbers")))?;
    let files = numbers.map(|number| {
        let handle: RawHandle = std::ptr::with_exposed_provenance_mut(number);
        // SAFETY: whoever started this process has passed it on for this process to own; it is taken over once.
        leak(unsafe { File::from_raw_handle(handle) })
    });
    for file in files {
        keep(file)?;
    }
    Ok(files)
}

/// Takes over an end of a pipe.
pub(super) fn open(end: impl IntoRawHandle) -> Fd {
    // SAFETY: the handle was just given up by its owner.
    leak(unsafe { File::from_raw_handle(end.into_raw_handle()) })
}

fn leak(file: File) -> Fd {
    Box::leak(Box::new(file))
}

static SESSION: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Cells do not see what evcxr and the kernel told the worker.
pub(super) fn forget_environment() {
    let _ = SESSION.set(std::env::var_os(SESSION_VAR).map(PathBuf::from));
    if let Some(path) = std::env::var_os(PATH_VAR) {
        // SAFETY: the system's own functions for the environment, which std calls here, take turns.
        unsafe { std::env::set_var("PATH", path) };
    }
    for name in [
        FDS_VAR,
        SESSION_VAR,
        PATH_VAR,
        "EVCXR_IS_RUNTIME",
        "RUST_BACKTRACE",
    ] {
        // SAFETY: as above.
        unsafe { std::env::remove_var(name) };
    }
}

/// The session's folder, as this process was told when it was started.
pub(crate) fn session() -> Option<PathBuf> {
    SESSION.get().cloned().flatten()
}

/// Writes one frame. A pipe takes what one call writes as a whole.
pub(crate) fn write_frame(mut fd: Fd, header: &[u8], payload: &[u8]) -> io::Result<()> {
    let mut frame = [0; HEADER_LEN + PAYLOAD_MAX];
    let len = header.len() + payload.len();
    frame[..header.len()].copy_from_slice(header);
    frame[header.len()..len].copy_from_slice(payload);
    fd.write_all(&frame[..len])
}

/// Fills the buffer.
pub(crate) fn read_exact(mut fd: Fd, buffer: &mut [u8]) -> io::Result<()> {
    fd.read_exact(buffer)
}

/// How many bytes wait in a pipe; none where it has its end.
pub(super) fn waiting(fd: Fd) -> io::Result<usize> {
    let mut count = 0;
    let none = std::ptr::null_mut();
    // SAFETY: the handle is open, the count is ours, and nothing else is asked for.
    let peeked = check(unsafe {
        PeekNamedPipe(
            fd.as_raw_handle(),
            none,
            0,
            none.cast(),
            &raw mut count,
            none.cast(),
        )
    });
    match peeked {
        Err(error) if error.raw_os_error() == Some(ERROR_BROKEN_PIPE.cast_signed()) => Ok(0),
        _ => peeked.map(|()| count as usize),
    }
}

/// Has a crash end this process, and what it starts, without a window that someone has to close first.
pub(super) fn end_without_asking() {
    // SAFETY: sets flags of this process, and can't fail.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX) };
}

/// Waits while the word has this value, at most for `limit`. May return early: an interrupt wakes nobody, so it is looked
/// for now and then.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, limit: Option<Duration>) {
    const TICK: Duration = Duration::from_millis(20);
    let limit = limit.map_or(TICK, |limit| limit.min(TICK));
    // SAFETY: the word and the value live through the call and are as long as said.
    unsafe {
        WaitOnAddress(
            word.as_ptr().cast(),
            (&raw const value).cast(),
            size_of::<u32>(),
            limit.as_millis() as u32,
        )
    };
}

/// Wakes everyone who waits for the word.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // SAFETY: only the word's address is used.
    unsafe { WakeByAddressAll(word.as_ptr().cast()) };
}

/// A number for the calling thread, which no other thread of the process has.
pub(crate) fn this_thread() -> usize {
    // SAFETY: takes nothing and can't fail.
    unsafe { GetCurrentThreadId() as usize }
}

/// Ends this process at once, running nothing.
pub(crate) fn exit_now(code: u32) -> ! {
    // SAFETY: nothing of this process is needed after.
    unsafe { TerminateProcess(GetCurrentProcess(), code) };
    unreachable!("the process has ended")
}

/// The libraries of cells, by the addresses at which they lie.
static LIBRARIES: Mutex<Option<HashMap<usize, String>>> = Mutex::new(None);

/// Loads a cell's library and finds its function.
pub(crate) fn load(so: &str, function: &str) -> Result<CellFn, String> {
    let path: Vec<u16> = Path::new(so).as_os_str().encode_wide().chain([0]).collect();
    let name = CString::new(function).map_err(|error| error.to_string())?;
    // SAFETY: loading runs the library's initialisers, which rustc made from a cell; it is what a cell is for. The path
    // ends in a zero and lives through the call.
    let library = unsafe { LoadLibraryW(path.as_ptr()) };
    if library.is_null() {
        return Err(io::Error::last_os_error().to_string());
    }
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    libraries
        .get_or_insert_default()
        .insert(library.addr(), so.to_owned());
    drop(libraries);
    // SAFETY: the library was just loaded and is never unloaded: values of its types may live on. The name ends in a zero.
    let Some(symbol) = (unsafe { GetProcAddress(library, name.as_ptr().cast()) }) else {
        return Err(io::Error::last_os_error().to_string());
    };
    // SAFETY: evcxr generates this function with this signature.
    Ok(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, CellFn>(symbol) })
}

/// The file of the cell that was loaded at an address.
pub(crate) fn object_at(address: *const u8) -> Option<String> {
    let mut library = std::ptr::null_mut();
    let flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: the call reads no memory at the address, and the variable that it fills is ours.
    check(unsafe { GetModuleHandleExW(flags, address.cast(), &raw mut library) }).ok()?;
    let libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    libraries.as_ref()?.get(&library.addr()).cloned()
}

/// Writes out what C code has printed and not yet written.
pub(crate) fn flush_c() {
    // SAFETY: a null pointer means every stream.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// The processors' time of this process: user and system. That of children is not known.
pub(crate) fn processor_times() -> ([Duration; 2], [Duration; 2]) {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, system, user] = times.each_mut().map(std::ptr::from_mut);
    // SAFETY: a process may always ask about itself; the four structures are ours.
    unsafe { GetProcessTimes(GetCurrentProcess(), created, ended, system, user) };
    let [_, _, system, user] = times.map(|time| {
        let steps = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Duration::from_nanos(steps * 100)
    });
    ([user, system], [Duration::ZERO; 2])
}

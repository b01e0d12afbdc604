//! What the system does around programs that cells start.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Seek;
use std::io::Write;
use std::os::windows::fs::OpenOptionsExt;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// Asks a process and what it has started to end. A program without a window can't be asked, so it is ended.
pub(crate) fn ask_to_end(process: u32) {
    kill_group(process);
}

/// Ends a process and what it has started.
pub(crate) fn kill_group(process: u32) {
    let id = process.to_string();
    // It may just have ended by itself.
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &id])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The signal that ended a program: there are none.
pub(crate) fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}

/// A file, at its start, that holds a text, and goes when it is closed.
pub(crate) fn text_file(text: &str) -> io::Result<File> {
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("threadbook-input-{}-{number}", std::process::id());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(std::env::temp_dir().join(name))?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Changes a variable of the environment.
pub(crate) fn set_env(name: &str, value: &str) {
    // SAFETY: the system's own functions for the environment, which std calls here, take turns.
    unsafe { std::env::set_var(name, value) };
}

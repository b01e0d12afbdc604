//! Processes: starting them so that they end, and ending them.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::io::AsRawHandle;
use std::os::windows::io::BorrowedHandle;
use std::os::windows::io::FromRawHandle;
use std::os::windows::io::OwnedHandle;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use threadbook::worker::windows::Job;
use threadbook::worker::windows::PATH_VAR;
use threadbook::worker::windows::pass_on;
use tokio::process::Child;
use windows_sys::Win32::System::Threading::CreateEventW;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::Win32::System::Threading::OpenProcess;
use windows_sys::Win32::System::Threading::PROCESS_TERMINATE;
use windows_sys::Win32::System::Threading::SetEvent;
use windows_sys::Win32::System::Threading::TerminateProcess;

use crate::env::PARENT_PID;

/// Has what this process starts end with it: all are in a job, which ends with the last handle of it, that of this
/// process.
pub(crate) fn end_children_with_this_process() -> io::Result<()> {
    static JOB: OnceLock<Job> = OnceLock::new();
    let job = Job::new()?;
    // SAFETY: it stands for this process, in every call, for ever.
    job.add(unsafe { BorrowedHandle::borrow_raw(GetCurrentProcess()) })?;
    let _ = JOB.set(job);
    Ok(())
}

/// Ends this process with the one that has started it: the job of the kernel does.
pub(crate) fn end_with_parent() {}

/// A command for a program that does not outlive this process: the job ends it.
pub(crate) fn bound(_role: &str, program: &Path) -> io::Result<Command> {
    Ok(Command::new(program))
}

/// Runs another program in the place of this one. Comes back only where that could not be started.
pub(crate) fn become_program(command: &mut Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Has programs that are started from now on hold a file too, and so its lock: a lock is one process's alone here, but
/// they end with that process.
pub(crate) fn share(_: &File) -> io::Result<()> {
    Ok(())
}

/// Has what this process starts end with it.
pub(crate) fn found_group() -> io::Result<()> {
    end_children_with_this_process()
}

/// Has a program start in a group of its own: whoever ends it ends it alone.
pub(crate) fn in_own_group(_: &mut Command) {}

/// Ends a process, and what it has started if it has founded a group. It may just have ended by itself.
pub(crate) fn kill_group(founder: u32) {
    // SAFETY: numbers only.
    let process = unsafe { OpenProcess(PROCESS_TERMINATE, 0, founder) };
    if process.is_null() {
        return;
    }
    // SAFETY: the system has just opened it for this call, so nobody else closes it.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // SAFETY: the process is open.
    unsafe { TerminateProcess(process.as_raw_handle(), 1) };
}

/// What a program is told about where libraries lie when it is linked: nothing, they are looked for on the PATH. Cells run
/// on its first thread, which has as much stack as elsewhere.
pub(crate) fn linking(_: impl Iterator<Item = PathBuf>) -> Vec<String> {
    let stack = match cfg!(target_env = "msvc") {
        true => "/STACK:8388608",
        false => "-Wl,--stack,8388608",
    };
    vec![format!("-Clink-arg={stack}")]
}

/// Tells the worker where libraries lie when evcxr starts it: on the PATH of this process, of which evcxr makes that of the
/// worker, whatever the command says. What the command says is for cells.
pub(crate) fn find_libraries(command: &mut Command, folders: impl Iterator<Item = PathBuf>) {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let of_cells = command
        .get_envs()
        .find_map(|(name, path)| (name == "PATH").then_some(path?.to_owned()));
    command.env(PATH_VAR, of_cells.as_ref().unwrap_or(&own));
    // A folder with a quote in its name can't be on the PATH. The folders come last: the session's own programs are first.
    if let Ok(path) = std::env::join_paths(std::env::split_paths(&own).chain(folders)) {
        // SAFETY: the system's own functions for the environment, which std calls here, take turns.
        unsafe { std::env::set_var("PATH", path) };
    }
}

/// The program that links: rustc knows which.
pub(crate) const LINKER: &str = "rustc";

/// What to do where there is none.
pub(crate) const LINKER_REMEDY: &str = "install what rustc links with (for `x86_64-pc-windows-msvc` the build tools of Visual Studio; for \
     `x86_64-pc-windows-gnu` a MinGW-w64 with `dlltool` and `as` on the PATH, such as that of MSYS2)";

/// Names a function of the system as the runtime's dependencies do, which takes more than a linker.
const TRIAL: &str = r#"
#[link(name = "kernel32.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    safe fn GetTickCount() -> u32;
}

fn main() {
    GetTickCount();
}
"#;

/// A command that compiles and links something, in a folder.
pub(crate) fn linker_trial(folder: &Path) -> io::Result<Command> {
    let source = folder.join("main.rs");
    std::fs::write(&source, TRIAL)?;
    let mut command = Command::new(LINKER);
    command
        .arg("--edition=2024")
        .arg(&source)
        .arg("-o")
        .arg(folder.join("main.exe"));
    Ok(command)
}

/// A kernel with everything that it has started, in a job.
#[derive(Debug)]
pub(crate) struct Group {
    job: Job,
    /// The kernel waits for it, as it would for the end of the process that has started it.
    end: OwnedHandle,
}

impl Group {
    /// Starts a kernel, which ends should this process be killed without a chance to end it.
    pub(crate) fn start(mut command: tokio::process::Command) -> io::Result<(Child, Group)> {
        // SAFETY: without attributes and a name, nothing is read.
        let end = unsafe { CreateEventW(std::ptr::null(), 1, 0, std::ptr::null()) };
        if end.is_null() {
            return Err(io::Error::last_os_error());
        }
        let group = Group {
            job: Job::new()?,
            // SAFETY: the system has just made it for this call, so nobody else closes it.
            end: unsafe { OwnedHandle::from_raw_handle(end) },
        };
        let number = pass_on(group.end.as_handle())?;
        let child = command.env(PARENT_PID, number.to_string()).spawn()?;
        if let Some(process) = child.raw_handle() {
            // SAFETY: the child, which is here, keeps the handle open.
            let process = unsafe { BorrowedHandle::borrow_raw(process) };
            group.job.add(process)?;
        }
        Ok((child, group))
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) {
        // SAFETY: the event is ours, and open.
        unsafe { SetEvent(self.end.as_raw_handle()) };
    }

    /// Ends it.
    pub(crate) fn kill(&self) {
        self.job.end();
    }
}

//! Processes: starting them so that they end, and ending them.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use rustix::io::FdFlags;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use tokio::process::Child;

use crate::env::PARENT_PID;

/// Ends this process with the one that has started it.
pub(crate) fn end_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

/// A command for a program that does not outlive the thread that starts it: this program, in that role, runs it.
pub(crate) fn bound(role: &str, program: &Path) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(role).arg(program);
    Ok(command)
}

/// Makes this process another program. Comes back only where that could not be started.
pub(crate) fn become_program(command: &mut Command) -> io::Error {
    command.exec()
}

/// Has programs that are started from now on hold a file too, and so its lock.
pub(crate) fn share(file: &File) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(file, FdFlags::empty())?)
}

/// Puts this process, and what it starts, into a group.
pub(crate) fn found_group() -> io::Result<()> {
    Ok(rustix::process::setpgid(None, None)?)
}

/// Has a program start in a group of its own.
pub(crate) fn in_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Ends a group, by the process that has founded it. It may just have ended by itself.
pub(crate) fn kill_group(founder: u32) {
    if let Some(group) = Pid::from_raw(founder.cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The linker's arguments for the folders of libraries.
pub(crate) fn linking(folders: impl Iterator<Item = PathBuf>) -> Vec<String> {
    let mut args: Vec<String> = folders
        .map(|folder| format!("-Clink-arg=-Wl,-rpath,{}", folder.display()))
        .collect();
    // The old kind of path: it goes before LD_LIBRARY_PATH, where another build of the runtime may lie.
    args.push("-Clink-arg=-Wl,--disable-new-dtags".to_owned());
    args
}

/// The program that links.
pub(crate) const LINKER: &str = "cc";

/// What to do where there is none.
pub(crate) const LINKER_REMEDY: &str = "install a C compiler (Debian and Ubuntu: `apt install build-essential`; macOS: `xcode-select \
     --install`)";

/// A command that compiles and links something, in a folder.
pub(crate) fn linker_trial(folder: &Path) -> io::Result<Command> {
    let source = folder.join("main.c");
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    let mut command = Command::new(LINKER);
    command.arg(&source).arg("-o").arg(folder.join("main"));
    Ok(command)
}

/// A kernel with everything that it has started in its process group.
#[derive(Debug)]
pub(crate) struct Group(Pid);

impl Group {
    /// Starts a kernel, which ends should this process be killed without a chance to end it.
    pub(crate) fn start(mut command: tokio::process::Command) -> io::Result<(Child, Group)> {
        let child = command
            .env(PARENT_PID, std::process::id().to_string())
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = group.ok_or_else(|| io::Error::other("it has no process id"))?;
        Ok((child, Group(group)))
    }

    /// Sends SIGTERM. The group may be gone by now.
    pub(crate) fn ask_to_end(&self) {
        let _ = kill_process_group(self.0, Signal::TERM);
    }

    /// Ends it.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

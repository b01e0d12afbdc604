//! The kernel's process: starting it, and ending it so that nothing of it is left.

use std::env;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use jupyter_protocol::connection_info::Transport;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::process::Command;
use uuid::Uuid;

use crate::env as variables;
use crate::message::ConnectionInfo;
use crate::socket::socket_parent;

/// How long the kernel may take to end by SIGTERM before SIGKILL follows.
const TERM_GRACE: Duration = Duration::from_secs(5);

/// A kernel in a process group of its own, and the private folder with its connection file and its sockets.
///
/// Dropping it kills the whole group at once; [`KernelProcess::end`] gives it time.
#[derive(Debug)]
pub(crate) struct KernelProcess {
    child: Child,
    group: Pid,
    info: ConnectionInfo,
    /// The private folder, removed when this is dropped, if not before.
    folder: Option<TempDir>,
}

impl KernelProcess {
    /// Starts a kernel whose cells run in `folder`.
    pub(crate) fn start(folder: &Path) -> Result<KernelProcess> {
        let private = tempfile::Builder::new()
            .prefix("threadbook-run-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(socket_parent())
            .context("can't make a temp folder")?;
        let info = connection_info(private.path());
        let file = private.path().join("connection.json");
        write_private(&file, &serde_json::to_vec(&info)?)
            .with_context(|| format!("can't write the connection file `{}`", file.display()))?;

        let program = program()?;
        let mut command = Command::new(&program);
        command
            .args(["kernel", "-f"])
            .arg(&file)
            // A notebook that is executed is not what a person has typed.
            .arg("--no-history")
            .current_dir(folder)
            // The kernel watches this process, and ends should it be killed without a chance to end the kernel.
            .env(variables::PARENT_PID, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("can't start the kernel `{}`", program.display()))?;
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .context("the kernel has no process id")?;
        Ok(KernelProcess {
            child,
            group,
            info,
            folder: Some(private),
        })
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Removes the connection file and the sockets' names, which nobody needs again. From here on, not even SIGKILL leaves anything behind.
    pub(crate) fn connected(&mut self) {
        self.folder = None;
    }

    /// Waits until the process has ended.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again, also after the end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the kernel and everything in its process group: SIGTERM first, SIGKILL once the grace is over. Not sooner,
    /// however often the user asks: a kernel that is killed can't remove its folders.
    pub(crate) async fn end(mut self) {
        if self.child.id().is_some() {
            self.signal(Signal::TERM);
            let _ = tokio::time::timeout(TERM_GRACE, self.child.wait()).await;
        }
        // The kernel may have gone and left some of its group, so this is not for a stubborn kernel only.
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
    }

    fn signal(&self, signal: Signal) {
        // The group is usually gone by now, which is what is wanted.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The program that is the kernel: this one, if nobody says otherwise.
fn program() -> Result<PathBuf> {
    match variables::path(variables::KERNEL_COMMAND) {
        Some(program) => Ok(program),
        None => env::current_exe().context("can't tell the path of this program"),
    }
}

/// Sockets with names in the private folder: of free ports, others might take one before the kernel does.
fn connection_info(folder: &Path) -> ConnectionInfo {
    ConnectionInfo {
        ip: folder.join("kernel").display().to_string(),
        transport: Transport::IPC,
        shell_port: 1,
        iopub_port: 2,
        stdin_port: 3,
        control_port: 4,
        hb_port: 5,
        key: Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: Some("threadbook".to_owned()),
    }
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(content)
}

//! The kernel's process: starting it, and ending it so that nothing of it is left.

use std::env;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use tempfile::TempDir;
use threadbook_jupyter::message::ConnectionInfo;
use threadbook_jupyter::socket::Addresses;
use threadbook_jupyter::socket::fresh_addresses;
use threadbook_jupyter::socket::socket_parent;
use tokio::process::Child;
use tokio::process::Command;
use uuid::Uuid;

use super::file::Notebook;
use crate::env as variables;
use crate::sys::files;
use crate::sys::processes::Group;

/// How long the kernel may take to end by SIGTERM before SIGKILL follows.
const TERM_GRACE: Duration = Duration::from_secs(5);

/// A kernel in a process group of its own, and the private folder with its connection file and its sockets.
///
/// Dropping it kills the whole group at once; [`KernelProcess::end`] gives it time.
#[derive(Debug)]
pub(crate) struct KernelProcess {
    child: Child,
    group: Group,
    info: ConnectionInfo,
    /// The private folder, removed when this is dropped, if not before.
    folder: Option<TempDir>,
}

impl KernelProcess {
    /// Starts a kernel for a notebook, whose cells run in its folder.
    pub(crate) fn start(notebook: &Notebook, locked: bool) -> Result<KernelProcess> {
        let private = files::private_temp_folder("threadbook-run-", &socket_parent())
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
            .env(variables::NOTEBOOK, notebook.path())
            .current_dir(notebook.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if locked {
            command.env(variables::LOCKED, "1");
        }
        let (child, group) = Group::start(command)
            .with_context(|| format!("can't start the kernel `{}`", program.display()))?;
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

    /// Removes the connection file and the sockets' names, which are not needed again. From here on, not even SIGKILL
    /// leaves anything behind.
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
    /// however often the user presses Ctrl-C: a kernel that is killed can't remove its folders.
    pub(crate) async fn end(mut self) {
        if self.child.id().is_some() {
            self.group.ask_to_end();
            let _ = tokio::time::timeout(TERM_GRACE, self.child.wait()).await;
        }
        // The kernel may have gone and left some of its group, so this is not for a stubborn kernel only.
        self.group.kill();
        let _ = self.child.wait().await;
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// The program that is the kernel: this one, unless the environment names another.
fn program() -> Result<PathBuf> {
    match variables::path(variables::KERNEL_COMMAND) {
        Some(program) => Ok(program),
        None => env::current_exe().context("can't tell the path of this program"),
    }
}

fn connection_info(folder: &Path) -> ConnectionInfo {
    let Addresses {
        transport,
        ip,
        ports: [shell_port, iopub_port, stdin_port, control_port, hb_port],
    } = fresh_addresses(folder);
    ConnectionInfo {
        ip,
        transport,
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
        key: Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: Some("threadbook".to_owned()),
    }
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    files::make_private_file(path)?.write_all(content)
}

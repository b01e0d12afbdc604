//! A running JupyterLab with our kernel.

use std::fs;
use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Stdio;

use anyhow::Context as _;
use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::jupyter::Jupyter;
use crate::kernel::free_port;
use crate::kernel::wait_until;

/// A server on a free port of this machine, with a private folder. The drop ends the server and its kernels.
#[derive(Debug)]
pub struct Lab {
    jupyter: Jupyter,
    server: Child,
    folder: TempDir,
    url: String,
    token: String,
}

impl Lab {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// If its environment can't be made.
    ///
    /// # Panics
    ///
    /// If the server does not listen in time.
    pub fn start() -> Result<Lab> {
        let jupyter = Jupyter::with_jupyterlab()?;
        // Otherwise JupyterLab would cover the notebook with a question about news.
        let settings = json!({
            "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false},
        });
        let folder_of_settings = jupyter.home().join("config/labconfig");
        fs::create_dir_all(&folder_of_settings)?;
        fs::write(
            folder_of_settings.join("default_setting_overrides.json"),
            settings.to_string(),
        )?;
        let folder = TempDir::new().context("can't make a folder for notebooks")?;
        let port = free_port();
        let token = Uuid::new_v4().to_string();
        let log = File::create(jupyter.home().join("log"))?;
        let server = jupyter
            .program("jupyter-lab")
            .args(["--no-browser", "--allow-root", "--ip=127.0.0.1"])
            // The checks wait for states that the page itself shows only in part.
            .arg("--expose-app-in-browser")
            .args([format!("--port={port}"), "--port-retries=0".into()])
            .arg(format!("--IdentityProvider.token={token}"))
            .arg(format!("--ServerApp.root_dir={}", folder.path().display()))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("can't start jupyter-lab")?;
        let mut lab = Lab {
            jupyter,
            server,
            folder,
            url: format!("http://127.0.0.1:{port}"),
            token,
        };
        wait_until("JupyterLab that listens", || {
            let ended = lab.server.try_wait().unwrap();
            assert!(ended.is_none(), "JupyterLab has ended: {}", lab.log());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Ok(lab)
    }

    /// The server's address, such as `http://127.0.0.1:8888`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token that each request must contain.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The folder that the server shows.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.jupyter.home().join("log")).unwrap_or_default()
    }

    /// Ends the server.
    ///
    /// # Panics
    ///
    /// If a file of its kernels remains.
    pub fn end(mut self) {
        self.terminate();
        let cache = self.jupyter.cache().expect("JupyterLab has our kernel");
        wait_until("end of all sessions", || {
            cache.session_files().is_empty().then_some(())
        });
    }

    fn terminate(&mut self) {
        if matches!(self.server.try_wait(), Ok(None)) {
            // SAFETY: the call takes two numbers. The process has not been waited for, thus its id is still its own.
            unsafe { libc::kill(self.server.id().cast_signed(), libc::SIGTERM) };
            let _ = self.server.wait();
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.terminate();
    }
}

//! Where Jupyter looks for kernelspecs.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::env as variables;

/// A place for kernelspecs that the user can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// Jupyter's data folder of this user.
    User,
    /// The active Python environment.
    SysPrefix,
    /// Any other root, as in `/usr/local`.
    Prefix(PathBuf),
}

impl Location {
    /// The folder that holds one folder for each kernelspec.
    pub(crate) fn kernels_folder(&self) -> Result<PathBuf> {
        let data_folder = match self {
            Location::User => user_data_folder()?,
            Location::SysPrefix => share(&sys_prefix()?),
            Location::Prefix(root) => {
                // The folder may be relative, and what is printed about it should hold in every folder.
                share(&std::path::absolute(root).context("can't tell the current folder")?)
            }
        };
        Ok(data_folder.join("kernels"))
    }
}

/// Jupyter's data folder of this user, by the rules of jupyter_core's `jupyter_data_dir`.
pub(crate) fn user_data_folder() -> Result<PathBuf> {
    if let Some(folder) = variables::path(variables::JUPYTER_DATA_DIR) {
        return Ok(folder);
    }
    let folder = if cfg!(target_os = "macos") {
        dirs::home_dir().map(|home| home.join("Library/Jupyter"))
    } else {
        dirs::data_dir().map(|data| data.join("jupyter"))
    };
    folder.context("no home folder is known (set `JUPYTER_DATA_DIR`)")
}

/// Every folder that may hold kernelspecs, first come first served, as far as they are known without Jupyter.
pub(crate) fn searched_folders() -> Vec<PathBuf> {
    let listed = env::var_os(variables::JUPYTER_PATH).unwrap_or_default();
    let mut data_folders: Vec<PathBuf> = env::split_paths(&listed)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    data_folders.extend(user_data_folder().ok());
    data_folders.extend(sys_prefix().ok().as_deref().map(share));
    data_folders.extend(["/usr/local", "/usr"].map(|root| share(Path::new(root))));
    data_folders
        .into_iter()
        .map(|folder| folder.join("kernels"))
        .collect()
}

fn share(root: &Path) -> PathBuf {
    root.join("share/jupyter")
}

fn sys_prefix() -> Result<PathBuf> {
    let active = variables::path(variables::VIRTUAL_ENV)
        .or_else(|| variables::path(variables::CONDA_PREFIX));
    if let Some(root) = active {
        return Ok(root);
    }
    let remedy = "activate a Python environment, or name a folder by `--prefix`";
    let python = Command::new("python3")
        .args(["-c", "import sys; print(sys.prefix)"])
        .output()
        .with_context(|| format!("can't ask `python3` for its `sys.prefix` ({remedy})"))?;
    let prefix = String::from_utf8_lossy(&python.stdout).trim().to_owned();
    anyhow::ensure!(
        python.status.success() && !prefix.is_empty(),
        "`python3` does not tell its `sys.prefix` ({remedy})"
    );
    Ok(PathBuf::from(prefix))
}

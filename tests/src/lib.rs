//! Shared parts of the end-to-end tests.

pub mod browser;
pub mod cache;
pub mod cgroup;
pub mod jupyter;
pub mod kernel;
pub mod lab;
mod made_once;
pub mod modules;
pub mod notebooks;
pub mod python;
pub mod registry;

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;

/// The `threadbook` executable that was built with the running test.
///
/// Cargo gives the tests of a package the paths of its own executables, but not of those of another package. It puts
/// those into the folder above that of the test.
pub fn threadbook_binary() -> Result<PathBuf> {
    let binary = profile_folder()?.join("threadbook");
    ensure!(
        binary.is_file(),
        "`{}` is missing: build it first (`cargo build --release`)",
        binary.display()
    );
    Ok(binary)
}

/// The build folder, such as `target/release`.
fn profile_folder() -> Result<PathBuf> {
    let test = std::env::current_exe().context("can't find the running test's own file")?;
    // The test itself is in `target/release/deps`.
    let folder = test.parent().and_then(Path::parent);
    Ok(folder
        .context("the running test is in no cargo folder")?
        .to_owned())
}

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the Python scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

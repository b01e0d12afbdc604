//! What a kernel process does.

use std::path::Path;
use std::process::ExitCode;

/// Runs a kernel on the sockets that the connection file names, until it is shut down.
#[cfg(feature = "evcxr")]
pub fn kernel_main(connection_file: &Path) -> anyhow::Result<ExitCode> {
    anyhow::bail!(
        "this build has no kernel yet for `{}`",
        connection_file.display()
    )
}

/// Fails: there is nothing in this build to evaluate cells with.
#[cfg(not(feature = "evcxr"))]
pub fn kernel_main(_connection_file: &Path) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this build has no evaluator (build it with the feature `evcxr`)")
}

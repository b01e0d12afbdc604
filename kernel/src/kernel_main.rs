//! What a kernel process does.

use std::path::Path;
use std::path::PathBuf;

/// Runs a kernel on the sockets that the connection file names, until it is shut down. Without a file for the history,
/// that ends with the kernel.
///
/// # Safety
///
/// The process has one thread: the environment is changed for evcxr and rust-analyzer.
#[cfg(feature = "evcxr")]
pub unsafe fn kernel_main(
    connection_file: &Path,
    history: Option<PathBuf>,
) -> anyhow::Result<std::process::ExitCode> {
    use std::sync::Arc;

    use crate::cell;
    use crate::env;
    use crate::evaluator::Evaluator;
    use crate::evaluator::Interrupter;
    use crate::evaluator::MakeEvaluator;
    use crate::evaluator::RustEvaluator;
    use crate::kernel;
    use crate::magics;
    use crate::toolchain::Error;
    use crate::toolchain::SessionFolder;

    let filter = tracing_subscriber::EnvFilter::try_new(env::log_filter());
    let wrong_filter = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Where stderr is a terminal that was closed, complaining there about it would panic.
        .log_internal_errors(false)
        .init();
    if let Some(why) = wrong_filter {
        tracing::warn!(
            "`{}` can't be read: {why} (expected a level such as `info`, or `threadbook_kernel=debug`)",
            env::LOG
        );
    }
    tracing::info!(
        "threadbook {} serves `{}`",
        env!("CARGO_PKG_VERSION"),
        connection_file.display()
    );
    let cache = env::cache_folder();
    // A kernel without a folder still answers: each cell says what is wrong.
    let session = cache.ok_or(Error::NoCache).and_then(|cache| {
        // SAFETY: the caller says that the process has one thread.
        unsafe { SessionFolder::reserve(&cache) }.map(|session| (cache, session))
    });
    let folder = session
        .as_ref()
        .ok()
        .map(|(_, session)| session.path().to_owned());
    let stop = Arc::new(Interrupter::default());
    let make: MakeEvaluator = {
        let stop = Arc::clone(&stop);
        Box::new(move |output| {
            let evaluator = RustEvaluator::new(session, stop, output)?;
            Ok(Box::new(evaluator) as Box<dyn Evaluator>)
        })
    };
    let options = kernel::Options {
        is_complete: |text| cell::is_complete(text, &magics::RegistryFacts, magics::takes_rust),
        session: folder,
        history,
        ..kernel::Options::from_env()
    };
    Ok(kernel::run(connection_file, options, stop, make)?)
}

/// Fails: there is nothing in this build to evaluate cells with.
///
/// # Safety
///
/// Always safe; as the real one.
#[cfg(not(feature = "evcxr"))]
pub unsafe fn kernel_main(
    _connection_file: &Path,
    _history: Option<PathBuf>,
) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("this build has no evaluator (build it with the feature `evcxr`)")
}

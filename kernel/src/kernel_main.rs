//! What a kernel process does.

use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::dispatcher::MakeEvaluator;
use threadbook_jupyter::kernel;

use crate::cell;
use crate::env;
use crate::evaluator::Interrupter;
use crate::evaluator::RustEvaluator;
use crate::kernel_info::kernel_info;
use crate::magics;
use crate::questions::Known;
use crate::toolchain::Error;
use crate::toolchain::SessionFolder;
use crate::worker::CopyOptions;

/// Runs a kernel on the sockets that the connection file names, until it is shut down. Without a file for the history,
/// that ends with the kernel.
///
/// # Safety
///
/// The process has one thread: the environment is changed for evcxr and rust-analyzer.
pub unsafe fn kernel_main(
    connection_file: &Path,
    history: Option<PathBuf>,
) -> anyhow::Result<std::process::ExitCode> {
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
            "`{}` can't be read: {why} (expected a level such as `info`, or `threadbook=debug`)",
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
    let reserved = session.as_ref().ok();
    let sockets_link = reserved.map(|(_, session)| session.paths().sockets());
    let stop = Arc::new(Interrupter::default());
    let copies = CopyOptions {
        limit_megabytes: number(env::SNAPSHOT_LIMIT, "megabytes"),
        fails_test: env::is_set(env::FAIL_COPY_TEST),
    };
    let make: MakeEvaluator = {
        let stop = Arc::clone(&stop);
        Box::new(move |output| {
            let evaluator = RustEvaluator::new(session, stop, output, copies)?;
            Ok(Box::new(evaluator) as Box<dyn Evaluator>)
        })
    };
    let defaults = kernel::Options::default();
    let options = kernel::Options {
        info: kernel_info(),
        quick_answers: Arc::new(Known::default()),
        output_limit_bytes: number(env::OUTPUT_LIMIT, "bytes")
            .unwrap_or(defaults.output_limit_bytes),
        is_complete: |text| cell::is_complete(text, &magics::RegistryFacts, magics::takes_rust),
        sockets_link,
        history,
    };
    Ok(kernel::run(connection_file, options, stop, make)?)
}

/// The number that a variable holds; a warning and `None` where it holds none.
fn number<T: FromStr>(variable: &str, unit: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.trim().parse().ok();
    if number.is_none() {
        tracing::warn!("ignored {variable}=`{text}` (expected a number of {unit})");
    }
    number
}

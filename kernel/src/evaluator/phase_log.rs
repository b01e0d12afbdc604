//! Logs where the time of each cell went, in milliseconds, if the log's filter includes it.

use std::time::Duration;

use threadbook::timing::Times;

use crate::build::SessionPaths;
use crate::build::phases::Compile;
use crate::toolchain::phases;

/// The log's name.
const PHASES: &str = "threadbook_kernel::phases";

/// A cell is about to be compiled in a session's folder.
pub(super) fn begin(session: &SessionPaths) {
    if tracing::enabled!(target: PHASES, tracing::Level::DEBUG)
        && let Err(error) = phases::ask(session)
    {
        tracing::warn!("the phases of compiles are not measured: {error}");
    }
}

/// It has ended.
pub(super) fn end(session: &SessionPaths, all: Duration, times: &Times) {
    if !tracing::enabled!(target: PHASES, tracing::Level::DEBUG) {
        return;
    }
    let compiles = phases::take(session);
    let sum = |part: fn(&Compile) -> Duration| compiles.iter().map(part).sum::<Duration>();
    let standing_in = sum(|compile| compile.all);
    let rewriting = sum(|compile| compile.rewriting);
    let compiler = sum(|compile| compile.compiler);
    let linking = sum(|compile| compile.linking);
    let worker = times.loading + times.wall;
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    tracing::debug!(
        target: PHASES,
        "phases {}",
        serde_json::json!({
            "all": ms(all),
            "analysis": ms(all.saturating_sub(standing_in + worker)),
            "rewriting": ms(rewriting),
            "cargo": ms(standing_in.saturating_sub(rewriting + compiler)),
            "rustc": ms(compiler.saturating_sub(linking)),
            "link": ms(linking),
            "load": ms(times.loading),
            "run": ms(times.wall),
            "compiles": compiles.len(),
        })
    );
}

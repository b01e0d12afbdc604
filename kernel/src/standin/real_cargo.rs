//! The real cargo, as the stand-in runs it.

use std::process::Command;
use std::process::Output;

use crate::build::Prepared;
use crate::build::SessionPaths;
use crate::build::pinned;
use crate::evcxr_text::words::WRAPPER_MARK;

/// The real cargo, which calls rustc itself: what evcxr's wrapper does is done here in another way.
pub(super) fn real(prepared: &Prepared) -> Command {
    let mut command = Command::new(prepared.cargo());
    if std::env::var_os(WRAPPER_MARK).is_some() {
        command.env_remove("RUSTC_WRAPPER");
    }
    command
}

/// Runs cargo with what was downloaded before, and only where that is not enough with the network.
pub(super) fn offline_first(
    prepared: &Prepared,
    session: &SessionPaths,
    args: &[String],
) -> std::io::Result<Output> {
    let attempts = attempts(session);
    let mut last = None;
    for &offline in attempts {
        let offline = offline.then_some("--offline");
        let output = real(prepared).args(offline).args(args).output()?;
        if output.status.success() {
            return Ok(output);
        }
        last = Some(output);
    }
    last.ok_or_else(|| std::io::Error::other("cargo was not run"))
}

/// Whether cargo is run offline, one attempt after the other. Offline it would take versions that were downloaded in the
/// place of those that are pinned.
pub(super) fn attempts(session: &SessionPaths) -> &'static [bool] {
    match pinned::of(session) {
        Some(_) => &[false],
        None => &[true, false],
    }
}

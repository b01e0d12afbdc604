//! How cargo is called, and what it prints.

use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;

use crate::evcxr_text::generated;

/// What evcxr sets for cargo, so that a prepared build and a session's agree.
pub(crate) fn set_build_environment(command: &mut Command, rustc: &Path) {
    set_target_folder(command, Path::new("target"));
    command
        .env("RUSTC", rustc)
        .env("RUSTFLAGS", "-Cprefer-dynamic");
}

/// Has cargo build in a folder.
pub(crate) fn set_target_folder(command: &mut Command, target: &Path) {
    command
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_BUILD_BUILD_DIR", target);
}

/// What cargo does, where it is worth showing: downloading and compiling dependencies, not the cell.
pub(crate) fn step_for_people(step: &str) -> Option<&str> {
    let is_step = ["Compiling ", "Downloading ", "Downloaded ", "Updating "]
        .iter()
        .any(|verb| step.starts_with(verb));
    let is_cell = step.contains(&format!(" {} v", generated::CRATE));
    // Without the folder of a package that lies on this machine.
    (is_step && !is_cell).then(|| step.split(" (").next().unwrap_or(step))
}

/// The exit code of a program, also for one that was killed.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

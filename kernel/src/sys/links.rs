//! Names for what lies elsewhere: symbolic links.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use threadbook::shell::BIN_FOLDER;

use crate::env::SESSION;

/// The cargo of a toolchain: that of the session which asks.
pub(crate) fn cargo_script() -> String {
    format!(
        "#!/bin/sh\nexec \"${variable}/{BIN_FOLDER}/cargo\" \"$@\"\n",
        variable = SESSION
    )
}

/// Gives a file or a folder another name.
pub(crate) fn link(target: &Path, link: &Path) -> io::Result<()> {
    symlink(target, link)
}

/// Where a link leads.
pub(crate) fn pointed(link: &Path) -> io::Result<PathBuf> {
    std::fs::read_link(link)
}

/// Makes the tools of a toolchain that rust-analyzer is shown.
pub(crate) fn make_tools(bin: &Path, rustc: &Path) -> io::Result<()> {
    symlink(rustc, bin.join("rustc"))?;
    let cargo = bin.join("cargo");
    std::fs::write(&cargo, cargo_script())?;
    std::fs::set_permissions(&cargo, Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cargo_of_a_toolchain_is_that_of_the_session() {
        assert_eq!(
            cargo_script(),
            "#!/bin/sh\nexec \"$THREADBOOK_SESSION/bin/cargo\" \"$@\"\n"
        );
    }
}

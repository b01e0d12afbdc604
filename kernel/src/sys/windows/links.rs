//! Names for what lies elsewhere. Symbolic links need a privilege here: files get a second name or are copied, folders are
//! made anew with such files in them.

use std::env::consts::EXE_EXTENSION;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Gives a file or a folder another name.
pub(crate) fn link(target: &Path, link: &Path) -> io::Result<()> {
    if !target.is_dir() {
        // Nothing on another disk can be linked.
        return std::fs::hard_link(target, link).or_else(|_| std::fs::copy(target, link).map(drop));
    }
    std::fs::create_dir_all(link)?;
    for entry in std::fs::read_dir(target)? {
        let entry = entry?;
        self::link(&entry.path(), &link.join(entry.file_name()))?;
    }
    Ok(())
}

/// Gives a program another name, by which it knows what to do.
pub(crate) fn link_program(target: &Path, link: &Path) -> io::Result<()> {
    self::link(target, &link.with_extension(EXE_EXTENSION))
}

/// Notes where something lies.
pub(crate) fn point(link: &Path, target: &Path) -> io::Result<()> {
    let text = target.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    std::fs::write(link, text)
}

/// What was noted by [`point`].
pub(crate) fn pointed(link: &Path) -> io::Result<PathBuf> {
    std::fs::read_to_string(link).map(PathBuf::from)
}

/// Makes the tools of a toolchain that rust-analyzer is shown: this program, which passes on what it is asked.
pub(crate) fn make_tools(bin: &Path, _rustc: &Path) -> io::Result<()> {
    let program = std::env::current_exe()?;
    link_program(&program, &bin.join("rustc"))?;
    link_program(&program, &bin.join("cargo"))
}

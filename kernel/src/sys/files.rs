//! Files and folders: whose they are, how much room there is.

use std::fs::File;
use std::fs::Metadata;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;
use tempfile::NamedTempFile;
pub(crate) use threadbook_jupyter::sys::files::make_private_file;
pub(crate) use threadbook_jupyter::sys::files::make_private_folder;
pub(crate) use threadbook_jupyter::sys::files::private_temp_folder;

/// Lets everybody read a new file.
pub(crate) fn let_read(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

/// Lets those use a new file who may use the one in whose place it comes; everybody read it where there is none.
pub(crate) fn let_use_as(before: &Path, file: &File) -> io::Result<()> {
    let mode = std::fs::metadata(before).map_or(0o644, |metadata| metadata.permissions().mode());
    file.set_permissions(Permissions::from_mode(mode))
}

/// Whether a file can be run.
pub(crate) fn is_program(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

/// Writes a file beside its place first: other processes never read half of it. Its folder is made.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut whole = NamedTempFile::new_in(folder)?;
    whole.write_all(bytes)?;
    whole.persist(file).map(drop).map_err(|error| error.error)
}

/// The room that is left where a folder lies.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The system's errors where a disk is full.
pub(crate) fn no_room_words() -> Vec<String> {
    [Errno::NOSPC, Errno::DQUOT, Errno::FBIG]
        .map(|errno| io::Error::from(errno).to_string())
        .to_vec()
}

//! Files and folders: whose they are, how much room there is. What lies in a user's own folders is that user's alone.

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;
use windows_sys::Win32::Foundation::ERROR_DISK_FULL;
use windows_sys::Win32::Foundation::ERROR_DISK_QUOTA_EXCEEDED;
use windows_sys::Win32::Foundation::ERROR_HANDLE_DISK_FULL;
use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;

/// Makes a folder, and those that it lies in.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Makes a folder, which goes when it is dropped.
pub(crate) fn private_temp_folder(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(parent)
}

/// Makes a file, where there is none.
pub(crate) fn make_private_file(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Lets everybody read a new file: it has the permissions of its folder.
pub(crate) fn let_read(_: &File) -> io::Result<()> {
    Ok(())
}

/// Lets those use a new file who may use the one in whose place it comes: it has the permissions of its folder.
pub(crate) fn let_use_as(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Whether a file can be run.
pub(crate) fn is_program(path: &Path, _: &Metadata) -> bool {
    path.extension().is_some_and(|extension| extension == "exe")
}

/// The whole path. The one without links begins with signs that linkers do not understand.
pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// The room that is left where a folder lies.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let path: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    let none = std::ptr::null_mut();
    // SAFETY: the path ends in a zero, and the one number that is asked for is ours.
    match unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &raw mut free, none, none) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(free),
    }
}

/// What the system says where there is no room.
pub(crate) fn no_room_words() -> Vec<String> {
    [
        ERROR_DISK_FULL,
        ERROR_HANDLE_DISK_FULL,
        ERROR_DISK_QUOTA_EXCEEDED,
    ]
    .map(|code| io::Error::from_raw_os_error(code.cast_signed()).to_string())
    .to_vec()
}

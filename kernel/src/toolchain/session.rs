//! One folder per kernel: the crate that cells are compiled in.
//!
//! The folder is reserved when the process starts, while it has one thread: only then may the environment be changed,
//! and evcxr and rust-analyzer take their tools from the environment. The tools are put there once they are known.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::Error;
use super::Prepared;
use super::Sysroot;
use super::analysis;
use super::at;
use super::dependencies;
use super::pinned;
use super::prepare;
use super::roles;
use crate::sys::files;
use crate::sys::links;

/// Names the session's folder to this binary in its other roles.
pub(super) const SESSION_VAR: &str = "THREADBOOK_SESSION";
/// The link in a session's folder to its prepared build.
const PREPARED_LINK: &str = "prepared";
/// The link in a session's folder to where progress is shown: the stderr of the cell that runs.
pub(super) const PROGRESS_LINK: &str = "progress";
/// The link in a session's folder to rustc itself.
const RUSTC_LINK: &str = "rustc";
/// Exists while rust-analyzer is to find a standard library without contents.
const BARE_FILE: &str = "bare";
/// The worker program: a link to the prepared one, until a dependency changes the runtime.
const WORKER_FILE: &str = "worker";
/// The ending of the lock file beside a session's folder.
const LOCK: &str = "lock";

/// A session's folder. Dropping it removes the folder.
#[derive(Debug)]
pub struct SessionFolder {
    path: PathBuf,
    /// What the variables that this session changes were before.
    before: Vec<(&'static str, Option<OsString>)>,
    /// Held as long as the kernel lives, so that others can tell a folder in use from a leftover.
    _lock: File,
}

impl SessionFolder {
    /// Reserves a folder, after sweeping those whose kernels are gone, and points the environment at it.
    ///
    /// # Safety
    ///
    /// The process has one thread: the environment is changed.
    pub unsafe fn reserve(cache: &Path) -> Result<SessionFolder, Error> {
        let sessions = cache.join("sessions");
        let config = sessions.join(".cargo");
        std::fs::create_dir_all(&config).map_err(at(&config))?;
        let sessions = sessions.canonicalize().map_err(at(&sessions))?;
        let config = sessions.join(".cargo");
        sweep(&sessions);
        let config = config.join("config.toml");
        if std::fs::read_to_string(&config).ok().as_deref() != Some(prepare::CONFIG) {
            std::fs::write(&config, prepare::CONFIG).map_err(at(&config))?;
        }
        let path = sessions.join(uuid::Uuid::new_v4().simple().to_string());
        let lock_path = path.with_extension(LOCK);
        let lock = File::create(&lock_path).map_err(at(&lock_path))?;
        lock.lock().map_err(at(&lock_path))?;
        // Another user's processes have no business in a person's cells.
        files::make_private_folder(&path).map_err(at(&path))?;
        let mut before = Vec::new();
        for (name, value) in environment(&path) {
            before.push((name, std::env::var_os(name)));
            // SAFETY: the caller says that no other thread could read the environment meanwhile.
            unsafe { std::env::set_var(name, value) };
        }
        Ok(SessionFolder {
            path,
            before,
            _lock: lock,
        })
    }

    /// Puts the tools into the folder.
    pub fn equip(&self, prepared: &Prepared, sysroot: &Sysroot) -> Result<(), Error> {
        let bin = self.path.join("bin");
        std::fs::create_dir(&bin).map_err(at(&bin))?;
        let program = std::env::current_exe().map_err(at("the kernel's own program"))?;
        for (name, target) in [
            (RUSTC_LINK, sysroot.rustc()),
            (PREPARED_LINK, prepared.root().to_owned()),
        ] {
            let link = self.path.join(name);
            links::link(&target, &link).map_err(at(&link))?;
        }
        let mut programs = vec![(self.worker(), prepared.worker())];
        programs.extend(roles::NAMES.map(|name| (bin.join(name), program.clone())));
        for (link, target) in programs {
            links::link(&target, &link).map_err(at(&link))?;
        }
        if let Ok(folder) = std::env::current_dir() {
            pinned::begin(&folder, &self.path).map_err(at(folder.join(pinned::name())))?;
        }
        dependencies::begin(prepared, &self.path).map_err(at(&self.path))
    }

    /// Until [`SessionFolder::end_bare`], rust-analyzer finds a standard library without contents.
    ///
    /// evcxr evaluates `42` when it is made, before it is told of any dependency, and has rust-analyzer read the whole
    /// standard library for that; it does so again once there are dependencies. The first time is for nothing.
    pub fn begin_bare(&self) -> Result<(), Error> {
        let file = self.path.join(BARE_FILE);
        std::fs::write(&file, "").map_err(at(&file))
    }

    /// From now on rust-analyzer finds a whole standard library.
    pub fn end_bare(&self) -> Result<(), Error> {
        let file = self.path.join(BARE_FILE);
        std::fs::remove_file(&file).map_err(at(&file))
    }

    /// Shows the progress of long builds in this file.
    pub fn show_progress_in(&self, file: &Path) -> Result<(), Error> {
        let link = self.path.join(PROGRESS_LINK);
        links::link(file, &link).map_err(at(link))
    }

    /// The manifest of the crate that cells are compiled in; empty before the first.
    pub fn manifest(&self) -> String {
        std::fs::read_to_string(self.manifest_file()).unwrap_or_default()
    }

    /// Puts back the manifest that was there before a dependency that could not be added.
    pub fn restore_manifest(&self, manifest: &str) {
        if self.manifest() != manifest
            && let Err(error) = std::fs::write(self.manifest_file(), manifest)
        {
            // evcxr writes it anew for the next cell; lists of dependencies are wrong until then.
            tracing::warn!("the manifest was not put back: {error}");
        }
    }

    fn manifest_file(&self) -> PathBuf {
        self.path.join("Cargo.toml")
    }

    /// Why the latest dependency could not be added, in cargo's or rustc's words; once.
    pub fn take_dependency_error(&self) -> Option<String> {
        dependencies::take_error(&self.path)
    }

    /// Pins the versions that the added dependencies have, in a file of this folder; gives how many there are.
    pub fn pin_dependencies(&self, prepared: &Prepared, folder: &Path) -> Result<usize, Error> {
        let file = folder.join(pinned::name());
        dependencies::pin(prepared, &self.path, &file).map_err(at(file))
    }

    /// The version of a package that cells name, where it is the one that the runtime uses.
    pub fn shared_version(&self, prepared: &Prepared, name: &str) -> Option<String> {
        let is_shared = dependencies::is_shared(prepared, &self.path, &self.manifest(), name);
        prepared.version_of(name).filter(|_| is_shared)
    }

    /// Forgets the dependencies that were added.
    pub fn forget_dependencies(&self, prepared: &Prepared) -> Result<(), Error> {
        dependencies::forget(prepared, &self.path).map_err(at(&self.path))
    }

    /// The program to start as the worker.
    pub fn worker(&self) -> PathBuf {
        worker(&self.path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a program the environment that the kernel was started with.
    pub fn restore_environment(&self, command: &mut Command) {
        for (name, value) in &self.before {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

impl Drop for SessionFolder {
    fn drop(&mut self) {
        // What stays is swept by the next start.
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = std::fs::remove_file(self.path.with_extension(LOCK));
    }
}

/// The prepared builds that living kernels use, one for each kernel.
pub(super) fn prepared_in_use(cache: &Path) -> Vec<PathBuf> {
    let sessions = cache.join("sessions");
    sweep(&sessions);
    let entries = std::fs::read_dir(&sessions).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| links::pointed(&entry.path().join(PREPARED_LINK)).ok())
        .collect()
}

/// The prepared build of the session that this process was started for.
pub(super) fn prepared_of_this_process() -> anyhow::Result<Prepared> {
    Ok(Prepared::open(&prepared_root_of_this_process()?)?)
}

/// The folder of that prepared build.
pub(super) fn prepared_root_of_this_process() -> anyhow::Result<PathBuf> {
    Ok(links::pointed(
        &folder_of_this_process()?.join(PREPARED_LINK),
    )?)
}

/// rustc itself: not a link to it, since it finds its libraries beside itself.
pub(super) fn rustc_of_this_process() -> anyhow::Result<PathBuf> {
    Ok(links::pointed(&folder_of_this_process()?.join(RUSTC_LINK))?)
}

/// The toolchain folder that rust-analyzer is to find.
pub(super) fn analysis_sysroot_of_this_process() -> anyhow::Result<PathBuf> {
    let session = folder_of_this_process()?;
    let root = prepared_root_of_this_process()?;
    Ok(if session.join(BARE_FILE).exists() {
        analysis::bare(&root)
    } else {
        analysis::slim(&root)
    })
}

/// The program to start as the worker of a session.
pub(super) fn worker(session: &Path) -> PathBuf {
    session.join(WORKER_FILE)
}

/// The folder itself.
pub(super) fn folder_of_this_process() -> anyhow::Result<PathBuf> {
    let session = std::env::var_os(SESSION_VAR);
    session
        .map(PathBuf::from)
        .ok_or_else(|| anyhow::anyhow!("`{SESSION_VAR}` is not set"))
}

/// What evcxr and rust-analyzer are to find.
fn environment(session: &Path) -> Vec<(&'static str, OsString)> {
    let bin = session.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
    vec![
        // A PATH with a separator inside a part could not have been split in the first place.
        ("PATH", std::env::join_paths(paths).unwrap_or(path.clone())),
        ("CARGO", bin.join("cargo").into()),
        ("RUSTC", bin.join("rustc").into()),
        ("EVCXR_TMPDIR", session.into()),
        ("EVCXR_CONFIG_DIR", session.into()),
        (SESSION_VAR, session.into()),
    ]
}

/// Removes the folders of kernels that were killed. Nothing depends on it, so failures are left to the next time.
fn sweep(sessions: &Path) {
    let Ok(entries) = std::fs::read_dir(sessions) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != LOCK) {
            continue;
        }
        // A lock that can be had is nobody's any more.
        if let Ok(lock) = File::open(&path)
            && lock.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(path.with_extension(""));
            let _ = std::fs::remove_file(&path);
        }
    }
}

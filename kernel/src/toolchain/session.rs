//! One folder per kernel: the crate that cells are compiled in.
//!
//! The folder is reserved when the process starts, while it has one thread: only then may the environment be changed,
//! and evcxr and rust-analyzer take their tools from the environment. The tools are put there once they are known.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::Sysroot;
use super::dependencies;
use super::profile;
use crate::build::Error;
use crate::build::Prepared;
use crate::build::PreparedPaths;
use crate::build::SessionPaths;
use crate::build::cache_paths;
use crate::build::error::at;
use crate::build::lock_files;
use crate::build::pinned;
use crate::build::role_names;
use crate::env;
use crate::evcxr_text::words;
use crate::sys::files;
use crate::sys::links;

/// A session's folder, reserved for this kernel. Dropping it removes the folder.
#[derive(Debug)]
pub struct SessionFolder {
    paths: SessionPaths,
    /// What the variables that this session changes were before.
    before: Vec<(&'static str, Option<OsString>)>,
    /// Held as long as the kernel lives, so that other kernels can distinguish a folder in use from a leftover.
    _lock: File,
}

impl SessionFolder {
    /// Reserves a folder, after sweeping those whose kernels are gone, and points the environment at it.
    ///
    /// # Safety
    ///
    /// The process has one thread: the environment is changed.
    pub unsafe fn reserve(cache: &Path) -> Result<SessionFolder, Error> {
        let sessions = cache_paths::sessions(cache);
        let config = sessions.join(".cargo");
        std::fs::create_dir_all(&config).map_err(at(&config))?;
        let sessions = sessions.canonicalize().map_err(at(&sessions))?;
        let config = sessions.join(".cargo");
        sweep(&sessions);
        let config = config.join("config.toml");
        if std::fs::read_to_string(&config).ok().as_deref() != Some(profile::CONFIG) {
            std::fs::write(&config, profile::CONFIG).map_err(at(&config))?;
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let paths = SessionPaths::new(sessions.join(id));
        let lock_path = paths.lock();
        let lock = File::create(&lock_path).map_err(at(&lock_path))?;
        lock.lock().map_err(at(&lock_path))?;
        // Another user's processes have no business in a person's cells.
        files::make_private_folder(paths.folder()).map_err(at(paths.folder()))?;
        let mut before = Vec::new();
        for (name, value) in environment(&paths) {
            before.push((name, std::env::var_os(name)));
            // SAFETY: the caller guarantees that no other thread reads the environment meanwhile.
            unsafe { std::env::set_var(name, value) };
        }
        Ok(SessionFolder {
            paths,
            before,
            _lock: lock,
        })
    }

    /// Puts the tools into the folder.
    pub fn equip(&self, prepared: &Prepared, sysroot: &Sysroot) -> Result<(), Error> {
        let bin = self.paths.bin();
        std::fs::create_dir(&bin).map_err(at(&bin))?;
        let program = std::env::current_exe().map_err(at("the kernel's own program"))?;
        let mut targets = vec![
            (self.paths.rustc(), sysroot.rustc()),
            // Not the folder: rust-analyzer reads all Rust files below the session's folder.
            (self.paths.prepared(), prepared.paths().ready()),
            (self.paths.worker(), prepared.worker()),
        ];
        targets.extend(role_names::LINKS.map(|name| (self.paths.tool(name), program.clone())));
        for (link, target) in targets {
            links::link(&target, &link).map_err(at(&link))?;
        }
        if let Ok(folder) = std::env::current_dir() {
            pinned::begin(&folder, &self.paths).map_err(at(folder.join(pinned::name())))?;
        }
        lock_files::begin(prepared, &self.paths).map_err(at(self.path()))
    }

    /// Until [`SessionFolder::end_bare`], rust-analyzer finds a standard library without contents, and no packages.
    ///
    /// evcxr has rust-analyzer read all libraries when it is made, and again once there are dependencies, which takes
    /// seconds. Code without variables needs none of it.
    pub fn begin_bare(&self) -> Result<(), Error> {
        let file = self.paths.bare();
        std::fs::write(&file, "").map_err(at(&file))
    }

    /// From now on rust-analyzer finds a whole standard library and the session's packages.
    pub fn end_bare(&self) -> Result<(), Error> {
        let file = self.paths.bare();
        std::fs::remove_file(&file).map_err(at(&file))
    }

    /// The steps of long builds go to this file.
    pub fn send_steps_to(&self, file: &Path) -> Result<(), Error> {
        let link = self.paths.steps();
        links::link(file, &link).map_err(at(link))
    }

    /// The manifest of the crate that cells are compiled in; empty before the first.
    pub fn manifest(&self) -> String {
        std::fs::read_to_string(self.paths.manifest()).unwrap_or_default()
    }

    /// Puts back the manifest that was there before a dependency that could not be added.
    pub fn restore_manifest(&self, manifest: &str) {
        if self.manifest() != manifest
            && let Err(error) = std::fs::write(self.paths.manifest(), manifest)
        {
            // evcxr writes it anew for the next cell; lists of dependencies are wrong until then.
            tracing::warn!("the manifest was not put back: {error}");
        }
    }

    /// Why the latest dependency could not be added, in cargo's or rustc's words; once.
    pub fn take_dependency_error(&self) -> Option<String> {
        dependencies::take_error(&self.paths)
    }

    /// Pins the versions that the added dependencies have, in a file of this folder; gives how many there are.
    pub fn pin_dependencies(&self, prepared: &Prepared, folder: &Path) -> Result<usize, Error> {
        let file = folder.join(pinned::name());
        dependencies::pin(prepared, &self.paths, &file).map_err(at(file))
    }

    /// The version of a package that cells name, where it is the one that the runtime uses.
    pub fn shared_version(&self, prepared: &Prepared, name: &str) -> Option<String> {
        let is_shared = dependencies::is_shared(prepared, &self.paths, &self.manifest(), name);
        prepared.version_of(name).filter(|_| is_shared)
    }

    /// Forgets the dependencies that were added.
    pub fn forget_dependencies(&self, prepared: &Prepared) -> Result<(), Error> {
        dependencies::forget(prepared, &self.paths).map_err(at(self.path()))
    }

    /// The program to start as the worker.
    pub fn worker(&self) -> PathBuf {
        self.paths.worker()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.paths.folder()
    }

    /// The paths of the files in the folder.
    pub fn paths(&self) -> &SessionPaths {
        &self.paths
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
        let _ = std::fs::remove_dir_all(self.path());
        let _ = std::fs::remove_file(self.paths.lock());
    }
}

/// The prepared builds that living kernels use, one for each kernel.
pub(super) fn prepared_in_use(cache: &Path) -> Vec<PathBuf> {
    let sessions = cache_paths::sessions(cache);
    sweep(&sessions);
    let entries = std::fs::read_dir(&sessions).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| PreparedPaths::of(&SessionPaths::new(entry.path())).ok())
        .map(|prepared| prepared.root().to_owned())
        .collect()
}

/// What evcxr and rust-analyzer are to find.
fn environment(session: &SessionPaths) -> Vec<(&'static str, OsString)> {
    let bin = session.bin();
    let folder = session.folder();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(std::env::split_paths(&path));
    vec![
        // A PATH with a separator inside a part could not have been split in the first place.
        ("PATH", std::env::join_paths(paths).unwrap_or(path.clone())),
        ("CARGO", session.tool(role_names::CARGO).into()),
        ("RUSTC", session.tool(role_names::RUSTC).into()),
        (words::FOLDER_VAR, folder.into()),
        (words::CONFIGURATION_VAR, folder.into()),
        (env::SESSION, folder.into()),
    ]
}

/// Removes the folders of kernels that were killed. Nothing depends on it, so failures are left to the next time.
fn sweep(sessions: &Path) {
    let Ok(entries) = std::fs::read_dir(sessions) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(session) = SessionPaths::of_lock(&path) else {
            continue;
        };
        // A lock that is free has no owner any more.
        if let Ok(lock) = File::open(&path)
            && lock.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(session.folder());
            let _ = std::fs::remove_file(&path);
        }
    }
}

//! The files of a session's folder, `CACHE/sessions/ID/`: the crate that cells are compiled in, and what the processes
//! exchange there.
//!
//! "kernel" is the kernel process, "stand-in" the program that evcxr and rust-analyzer start as cargo or rustc, one
//! process a call (`crate::standin`), "worker" the supervisor and the live worker (`runtime/src/worker/`). A file whose
//! life is "session" goes with the folder.
//!
//! | file | writer | reader | life |
//! | --- | --- | --- | --- |
//! | `../ID.lock` | kernel, which locks it | other kernels | session |
//! | `Cargo.toml` | evcxr, kernel | stand-in, kernel | rewritten for each cell |
//! | `Cargo.lock` | kernel, stand-in | cargo, stand-in | rewritten with each `:dep` |
//! | `src/lib.rs` | evcxr, then stand-in | rustc, kernel | one compile |
//! | `generated.rs` | stand-in | nobody: what evcxr generated, for people and tests | one compile |
//! | `put_in.json` | stand-in | kernel, next stand-in | one compile |
//! | `cell.rs` | kernel | stand-in | one compile |
//! | `measured` | kernel | stand-in | while code of `%time` or `%timeit` is compiled |
//! | `results.json` | kernel | kernel, stand-in | session, from the first `:fmt` or `:types` |
//! | `interrupted` | kernel | stand-in | from an interrupt to the next cell |
//! | `compiler.pid` | stand-in, kernel | kernel, worker | while a compiler runs |
//! | `diagnostics.jsonl` | stand-in | kernel, next stand-in | until the next compile |
//! | `variables.json` | stand-in | kernel, next stand-in | from a cell's first compile to the next cell |
//! | `compiled.json` | stand-in | next stand-in | from one compile of a cell to its next one |
//! | `statics.json`, `blocks.json`, `made.json`, `types.json`, `items.json` | stand-in | next stand-in | session |
//! | `dependencies.json` | stand-in | stand-in, kernel | from the first `:dep` to a reset |
//! | `dependency-error` | stand-in | kernel, which removes it | one `:dep` |
//! | `pinned.lock` | kernel | kernel, stand-in | session |
//! | `target/` | rustc, evcxr, kernel | worker, kernel | session; the objects of cells and layers, and the source of each cell's object beside it (`toolchain::lines`) |
//! | `again.json` | stand-in | next stand-in | session |
//! | `target/kept/` | rustc | rustc | session; what rustc keeps of large cells that run again |
//! | `target/objects/` | rustc | the linker | one compile; what a cell's object is linked from |
//! | `target/dependencies/` | stand-in | cargo, stand-in | session; the crate that cargo builds for `:dep` |
//! | `target/dependencies/added.lock` | stand-in | kernel, stand-in | session, from the first `:dep` |
//! | `target/dependencies/libraries/` | stand-in | rustc | session |
//! | `lines/` | kernel | kernel | session; the latest cell that was compiled again with line tables |
//! | `phases.jsonl` | kernel makes it, stand-in adds lines | kernel | one cell, where the log shows phases |
//! | `cells` | kernel | `threadbook top`, worker | session |
//! | `bare` | kernel | stand-in | while evcxr starts |
//! | `bin/` | kernel | evcxr, rust-analyzer, rustc, worker | session; links to the kernel's program |
//! | `prepared`, `rustc` | kernel | stand-in, other kernels | session; links |
//! | `worker` | kernel | evcxr | session; a link |
//! | `steps` | kernel | stand-in | session; a link to a pipe of the kernel's |
//! | `sockets` | kernel | worker | session; a link to the private sockets |

use std::path::Path;
use std::path::PathBuf;

use threadbook::shell::BIN_FOLDER;
use threadbook::top::CELLS_FILE;
use threadbook::worker::COMPILER_FILE;
use threadbook::worker::LOCK_EXTENSION;
use threadbook::worker::SOCKETS_LINK;
use threadbook::worker::SOURCE_FILE;

use crate::env;

/// The path of a session's folder, with a method for each file in it. Nothing is opened or made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPaths(PathBuf);

impl SessionPaths {
    /// A session's folder.
    pub fn new(folder: impl Into<PathBuf>) -> SessionPaths {
        SessionPaths(folder.into())
    }

    /// The folder of the session that this process belongs to, be it the kernel or a stand-in.
    pub fn of_this_process() -> anyhow::Result<SessionPaths> {
        let folder = env::path(env::SESSION);
        folder
            .map(SessionPaths)
            .ok_or_else(|| anyhow::anyhow!("`{}` is not set", env::SESSION))
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The cache that the folder lies in.
    pub fn cache(&self) -> Option<&Path> {
        self.0.ancestors().nth(2)
    }

    /// The folder that a lock file belongs to; nothing for another file.
    pub fn of_lock(file: &Path) -> Option<SessionPaths> {
        let is_lock = file
            .extension()
            .is_some_and(|extension| extension == LOCK_EXTENSION);
        is_lock.then(|| SessionPaths(file.with_extension("")))
    }

    /// The lock that the session's kernel holds, beside the folder.
    pub fn lock(&self) -> PathBuf {
        self.0.with_extension(LOCK_EXTENSION)
    }

    /// The manifest, with the session's dependencies.
    pub fn manifest(&self) -> PathBuf {
        self.0.join("Cargo.toml")
    }

    /// The versions of the session's dependencies.
    pub fn cargo_lock(&self) -> PathBuf {
        self.0.join("Cargo.lock")
    }

    /// The code of the cell that was compiled last.
    pub fn source(&self) -> PathBuf {
        self.0.join(SOURCE_FILE)
    }

    /// The cell's own text.
    pub fn cell(&self) -> PathBuf {
        self.0.join("cell.rs")
    }

    /// Exists while code is compiled whose time is measured.
    pub fn measured(&self) -> PathBuf {
        self.0.join("measured")
    }

    /// How values are shown, where that is not the default.
    pub fn results(&self) -> PathBuf {
        self.0.join("results.json")
    }

    /// Exists from an interrupt to the next cell; no compile starts.
    pub fn interrupted(&self) -> PathBuf {
        self.0.join("interrupted")
    }

    /// The process group of the compile that runs.
    pub fn compiler(&self) -> PathBuf {
        self.0.join(COMPILER_FILE)
    }

    /// What evcxr generated for the last compile.
    pub fn generated(&self) -> PathBuf {
        self.0.join("generated.rs")
    }

    /// What the stand-in has put into lines of the cell that was compiled last.
    pub fn put_in(&self) -> PathBuf {
        self.0.join("put_in.json")
    }

    /// rustc's diagnostics of the last compile, one JSON object a line.
    pub fn diagnostics(&self) -> PathBuf {
        self.0.join("diagnostics.jsonl")
    }

    /// What became of the variables of the cell that was compiled last.
    pub fn variables(&self) -> PathBuf {
        self.0.join("variables.json")
    }

    /// A compile whose result evcxr has not seen yet, since it was sent back to leave out variables.
    pub fn compiled(&self) -> PathBuf {
        self.0.join("compiled.json")
    }

    /// How often each static was defined.
    pub fn statics(&self) -> PathBuf {
        self.0.join("statics.json")
    }

    /// The texts of blocks (`impl` and `extern`).
    pub fn blocks(&self) -> PathBuf {
        self.0.join("blocks.json")
    }

    /// The calls of macros that have made items.
    pub fn made(&self) -> PathBuf {
        self.0.join("made.json")
    }

    /// The fingerprints of types, and of those that variables were stored with.
    pub fn types(&self) -> PathBuf {
        self.0.join("types.json")
    }

    /// What was found in the session's items.
    pub fn items(&self) -> PathBuf {
        self.0.join("items.json")
    }

    /// The crates that the session has added.
    pub fn dependencies(&self) -> PathBuf {
        self.0.join("dependencies.json")
    }

    /// Why the latest dependency could not be added.
    pub fn dependency_error(&self) -> PathBuf {
        self.0.join("dependency-error")
    }

    /// The versions of the notebook's lock file.
    pub fn pinned(&self) -> PathBuf {
        self.0.join("pinned.lock")
    }

    /// The crate that has the session's dependencies. It lies where rust-analyzer does not look for sources.
    pub fn graph(&self) -> PathBuf {
        self.0.join("target/dependencies")
    }

    /// The manifest of that crate.
    pub fn graph_manifest(&self) -> PathBuf {
        self.graph().join("Cargo.toml")
    }

    /// The lock file of that crate, which cargo changes even if a dependency can't be added.
    pub fn graph_lock(&self) -> PathBuf {
        self.graph().join("Cargo.lock")
    }

    /// The empty source of that crate.
    pub fn graph_source(&self) -> PathBuf {
        self.graph().join("src/lib.rs")
    }

    /// The folder that cargo builds that crate in.
    pub fn graph_target(&self) -> PathBuf {
        self.graph().join("target")
    }

    /// The versions of the dependencies that were added.
    pub fn added_lock(&self) -> PathBuf {
        self.graph().join("added.lock")
    }

    /// The libraries that this session's cells are compiled against: its own names for files that other kernels may
    /// build anew.
    pub fn libraries(&self) -> PathBuf {
        self.graph().join("libraries")
    }

    /// The folder in which cells are compiled again with line tables.
    pub fn lines(&self) -> PathBuf {
        self.0.join("lines")
    }

    /// Times of compiles, one JSON object a line. Exists only where the log shows them.
    pub fn phases(&self) -> PathBuf {
        self.0.join("phases.jsonl")
    }

    /// The cells that were compiled last.
    pub fn again(&self) -> PathBuf {
        self.0.join("again.json")
    }

    /// What rustc keeps of large cells that run again.
    pub fn kept(&self) -> PathBuf {
        self.0.join("target/kept")
    }

    /// What a cell's shared object is linked from.
    pub fn objects(&self) -> PathBuf {
        self.0.join("target/objects")
    }

    /// When each cell's code began.
    pub fn cells(&self) -> PathBuf {
        self.0.join(CELLS_FILE)
    }

    /// Exists while rust-analyzer gets a standard library without contents.
    pub fn bare(&self) -> PathBuf {
        self.0.join("bare")
    }

    /// Links with the names that the kernel's program plays.
    pub fn bin(&self) -> PathBuf {
        self.0.join(BIN_FOLDER)
    }

    /// One of these links.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// The link to the prepared build.
    pub fn prepared(&self) -> PathBuf {
        self.0.join("prepared")
    }

    /// The link to rustc itself.
    pub fn rustc(&self) -> PathBuf {
        self.0.join("rustc")
    }

    /// The link to the worker program.
    pub fn worker(&self) -> PathBuf {
        self.0.join("worker")
    }

    /// The link to the pipe for the steps of long builds.
    pub fn steps(&self) -> PathBuf {
        self.0.join("steps")
    }

    /// The link to the folder of the kernel's private sockets.
    pub fn sockets(&self) -> PathBuf {
        self.0.join(SOCKETS_LINK)
    }
}

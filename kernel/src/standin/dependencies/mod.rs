//! The dependencies that a session adds: built beside the runtime, which is never built anew.
//!
//! What a `:dep` adds is built as a graph without the runtime (`graph`), and kept for all kernels (`folders`).
//! Where a crate of the graph has the version and features that the runtime's copy has (`features`), it is that copy;
//! else it is another one, and a note reports it (`words`). The crates that are new become one shared library
//! (`layer`), which cells link. Nothing that is loaded is replaced: a crate that a later dependency has built with more
//! features keeps, for cells, the copy that it had.

mod folders;
mod graph;
mod layer;
mod steps_file;
mod words;

pub(super) use layer::play_linker;

use std::path::Path;
use std::path::PathBuf;

use crate::build::Prepared;
use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::added::Added;
use crate::build::added::AddedCrate;
use crate::build::call::DEPENDENCY;
use crate::build::lock_files;
use crate::build::pinned;
use crate::build::steps::Step;
use crate::rewrite::calls;
use crate::rewrite::manifest;
use graph::Graph;
use steps_file::StepsFile;

/// Gives how cells are compiled with a manifest's dependencies, building first what is new. Where that fails, nothing
/// has changed, and the kernel finds the reason in [`SessionPaths::dependency_error`].
pub(super) fn provide(
    prepared: &Prepared,
    session: &SessionPaths,
    manifest: &str,
) -> anyhow::Result<Option<RustcCall>> {
    let mut added = Added::of(session);
    let new = added.unknown(prepared, manifest);
    if !new.is_empty() {
        if let Err(reason) = add(&mut added, prepared, session, manifest, &new)? {
            std::fs::write(session.dependency_error(), reason)?;
            return Ok(None);
        }
        // Beside it first: what is there is whole.
        let file = session.dependencies();
        let whole = file.with_extension("new");
        std::fs::write(&whole, serde_json::to_vec(&added)?)?;
        for copy in [session.cargo_lock(), session.added_lock()] {
            std::fs::copy(session.graph_lock(), copy)?;
        }
        std::fs::rename(whole, file)?;
        // Without the note cargo only looks the crate up once more.
        let _ = folders::note_built(prepared.paths(), &new);
    }
    Ok(added.call(prepared, session, manifest))
}

/// Has the source of a cell use what the session has added.
pub(super) fn use_in(added: &Added, source: &Path) -> std::io::Result<()> {
    let Some(layer) = added.layers.last() else {
        return Ok(());
    };
    let text = std::fs::read_to_string(source)?;
    std::fs::write(source, calls::link(&text, &layer.name))
}

/// Whether some session has built all dependencies of a manifest: then each of them is a crate of the registry.
pub(super) fn were_built(prepared: &Prepared, text: &str) -> bool {
    let lines = manifest::dependencies(text);
    !lines.is_empty()
        && lines
            .iter()
            .all(|line| folders::was_built(prepared.paths(), line))
}

/// Builds what is new and adds it; a reason in words if that fails.
fn add(
    added: &mut Added,
    prepared: &Prepared,
    session: &SessionPaths,
    manifest: &str,
    new: &[String],
) -> anyhow::Result<Result<(), String>> {
    let graph = match graph::build(prepared, session, manifest)? {
        Ok(graph) => graph,
        Err(words) => return Ok(Err(words)),
    };
    let lock = std::fs::read_to_string(session.graph_lock())?;
    let (_, runtime) = lock_files::locks(prepared, session)?;
    if let Some(difference) = pinned::difference(session, &lock, &runtime) {
        return Ok(Err(difference));
    }
    let shared = Shared::new(prepared, session, &graph)?;
    add_folders(added, &shared, &graph);
    let mut to_link = Vec::new();
    for (name, file) in graph.named() {
        let Some(line) = new.iter().find(|line| is_for(line, &name, &file, &graph)) else {
            continue;
        };
        let is_macro = graph.unit_of(&file).is_some_and(|unit| unit.is_macro);
        let of_runtime = shared.prepared(&file);
        if !is_macro && of_runtime.is_none() {
            to_link.push(name.clone());
        }
        added.crates.retain(|known| known.line != *line);
        added.crates.push(AddedCrate {
            line: line.clone(),
            name,
            file: of_runtime.unwrap_or_else(|| shared.own(&file)),
        });
    }
    if let Some(line) = added.unknown(prepared, manifest).first() {
        return Ok(Err(format!("`{line}` has no library that cells could use")));
    }
    if !to_link.is_empty()
        && let Some(call) = added.call(prepared, session, manifest)
    {
        match layer::link(&call, &to_link, added.layers.last(), session)? {
            Ok(layer) => added.layers.push(layer),
            Err(words) => return Ok(Err(words)),
        }
    }
    let mut steps = StepsFile::open(session);
    steps.send(&Step::End(String::new()));
    for note in words::of(prepared, &graph, &lock, new) {
        steps.send(&Step::Note(note));
    }
    Ok(Ok(()))
}

fn add_folders(added: &mut Added, shared: &Shared, graph: &Graph) {
    let own = format!("{DEPENDENCY}{}", shared.own.display());
    let folders = shared.layers.iter();
    let layers = folders.map(|folder| format!("{DEPENDENCY}{}", folder.display()));
    for folder in std::iter::once(own)
        .chain(layers)
        .chain(graph.search_folders())
    {
        if !added.folders.contains(&folder) {
            added.folders.push(folder);
        }
    }
}

/// The files of a graph: those of the prepared build, and this session's names for the others.
struct Shared {
    own: PathBuf,
    /// Where this session's layers lie.
    layers: Option<PathBuf>,
    prepared: Vec<PathBuf>,
}

impl Shared {
    fn new(prepared: &Prepared, session: &SessionPaths, graph: &Graph) -> anyhow::Result<Shared> {
        let folders = prepared.call().search_folders().into_iter();
        let folders = folders.filter_map(|folder| Some(folder.strip_prefix(DEPENDENCY)?.into()));
        let shared = Shared {
            own: session.libraries(),
            layers: prepared
                .call()
                .moved(&prepared.template(), session.folder(), "0")
                .out_dir(),
            prepared: folders.collect(),
        };
        std::fs::create_dir_all(&shared.own)?;
        for file in graph.files() {
            if shared.prepared(file).is_none() {
                folders::share(file, &shared.own)?;
            }
        }
        Ok(shared)
    }

    /// The prepared build's file of the same name, where it has one.
    fn prepared(&self, file: &Path) -> Option<PathBuf> {
        let name = file.file_name()?;
        let mut files = self.prepared.iter().map(|folder| folder.join(name));
        files.find(|file| file.exists())
    }

    fn own(&self, file: &Path) -> PathBuf {
        self.own.join(file.file_name().unwrap_or_default())
    }
}

/// Whether a line of a manifest is the one that a library comes from.
fn is_for(line: &str, name: &str, file: &Path, graph: &Graph) -> bool {
    let (key, package) = manifest::key_and_package(line);
    if key != package {
        // The name that was given stands for the library's own.
        return key.replace('-', "_") == name;
    }
    graph
        .unit_of(file)
        .is_some_and(|unit| unit.package == package && unit.name == name)
}

//! The dependencies that a session adds: built beside the runtime, which is never built anew.
//!
//! What a `:dep` adds is built as a graph without the runtime (`graph`), and kept for all kernels (`folders`).
//! Where a crate of the graph has the version and features that the runtime's copy has (`features`), it is that copy;
//! else it is another one, and the person is told (`words`). The crates that are new become one shared library (`layer`),
//! which cells link. Nothing that is loaded is replaced: a crate that a later dependency has built with more features
//! keeps, for cells, the copy that it had.

mod folders;
mod graph;
pub(super) mod layer;
mod words;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::Prepared;
use super::call::RustcCall;
use super::cargo;
use super::generated;
use super::pinned;
use crate::build::SessionPaths;
use graph::Graph;
use layer::Layer;

/// How rustc is told of a folder with what named libraries use.
const DEPENDENCY: &str = "dependency=";

/// What a session has added so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Added {
    crates: Vec<Crate>,
    layers: Vec<Layer>,
    /// Where rustc looks for what the crates use.
    folders: Vec<String>,
}

/// A crate that cells can name.
#[derive(Debug, Serialize, Deserialize)]
struct Crate {
    /// The line of the manifest.
    line: String,
    name: String,
    file: PathBuf,
}

impl Added {
    /// What is noted in a session's folder.
    pub(super) fn of(session: &SessionPaths) -> Added {
        cargo::noted(&session.dependencies()).unwrap_or_default()
    }

    /// How cells are compiled with a manifest's dependencies; `None` where one has not been built.
    pub(super) fn call(
        &self,
        prepared: &Prepared,
        session: &SessionPaths,
        manifest: &str,
    ) -> Option<RustcCall> {
        if !self.unknown(prepared, manifest).is_empty() {
            return None;
        }
        let lines = lines(manifest);
        let named = self.crates.iter();
        let named = named.filter(|known| lines.contains(&known.line));
        let mut libraries: Vec<(String, PathBuf)> = named
            .map(|known| (known.name.clone(), known.file.clone()))
            .collect();
        let layer = self.layers.last();
        libraries.extend(layer.map(|layer| (layer.name.clone(), layer.file.clone())));
        let opt_level = generated::opt_level(manifest);
        let call = prepared
            .call()
            .moved(&prepared.template(), session.folder(), &opt_level);
        Some(call.with_libraries(&self.folders, &libraries))
    }

    /// The lines of a manifest that have not been built.
    fn unknown(&self, prepared: &Prepared, manifest: &str) -> Vec<String> {
        let provided = prepared.dependencies();
        let is_built = |line: &String| {
            generated::is_among(line, &provided)
                || self.crates.iter().any(|known| known.line == *line)
        };
        let mut lines = lines(manifest);
        lines.retain(|line| !is_built(line));
        lines
    }

    /// Has the source of a cell use what the session has added.
    pub(super) fn use_in(&self, source: &Path) -> std::io::Result<()> {
        let Some(layer) = self.layers.last() else {
            return Ok(());
        };
        let text = std::fs::read_to_string(source)?;
        std::fs::write(source, layer::use_in(&text, layer))
    }
}

/// Gives how cells are compiled with a manifest's dependencies, building first what is new. Where that fails, nothing has
/// changed, and the kernel finds the reason by [`take_error`].
pub(super) fn provide(
    prepared: &Prepared,
    session: &SessionPaths,
    manifest: &str,
) -> anyhow::Result<Option<RustcCall>> {
    let mut added = Added::of(session);
    let new = added.unknown(prepared, manifest);
    if !new.is_empty() {
        if let Err(reason) = added.add(prepared, session, manifest, &new)? {
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
        // Without the note cargo is asked once more whether there is such a crate.
        let _ = folders::note_built(prepared, &new);
    }
    Ok(added.call(prepared, session, manifest))
}

/// Whether some session has built all dependencies of a manifest: then each of them is a crate of the registry.
pub(super) fn were_built(prepared: &Prepared, manifest: &str) -> bool {
    let lines = lines(manifest);
    !lines.is_empty() && lines.iter().all(|line| folders::was_built(prepared, line))
}

impl Added {
    fn add(
        &mut self,
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
        let (_, runtime) = locks(prepared, session)?;
        if let Some(difference) = pinned::difference(session, &lock, &runtime) {
            return Ok(Err(difference));
        }
        let shared = Shared::new(prepared, session, &graph)?;
        self.add_folders(&shared, &graph);
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
            self.crates.retain(|known| known.line != *line);
            self.crates.push(Crate {
                line: line.clone(),
                name,
                file: of_runtime.unwrap_or_else(|| shared.own(&file)),
            });
        }
        if let Some(line) = self.unknown(prepared, manifest).first() {
            return Ok(Err(format!("`{line}` has no library that cells could use")));
        }
        if !to_link.is_empty()
            && let Some(call) = self.call(prepared, session, manifest)
        {
            match layer::link(&call, &to_link, self.layers.last(), session)? {
                Ok(layer) => self.layers.push(layer),
                Err(words) => return Ok(Err(words)),
            }
        }
        tell(session, &words::of(prepared, &graph, &lock, new));
        Ok(Ok(()))
    }

    fn add_folders(&mut self, shared: &Shared, graph: &Graph) {
        let own = format!("{DEPENDENCY}{}", shared.own.display());
        let folders = shared.layers.iter();
        let layers = folders.map(|folder| format!("{DEPENDENCY}{}", folder.display()));
        for folder in std::iter::once(own)
            .chain(layers)
            .chain(graph.search_folders())
        {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
    }
}

/// Whether what cells know by a name is the prepared build's copy.
pub(super) fn is_shared(
    prepared: &Prepared,
    session: &SessionPaths,
    manifest: &str,
    name: &str,
) -> bool {
    let provided = prepared.dependencies();
    let added = Added::of(session).crates;
    let mut lines = lines(manifest).into_iter();
    lines.any(|line| {
        let is_of_runtime =
            |known: &Crate| known.line == line && known.file.starts_with(prepared.template());
        generated::key(&line) == Some(name)
            && (generated::is_among(&line, &provided) || added.iter().any(is_of_runtime))
    })
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
    let (key, package) = key_and_package(line);
    if key != package {
        // The name that was given stands for the library's own.
        return key.replace('-', "_") == name;
    }
    graph
        .unit_of(file)
        .is_some_and(|unit| unit.package == package && unit.name == name)
}

/// The name of a dependency and that of its package: two where it is renamed.
fn key_and_package(line: &str) -> (String, String) {
    let table: toml::Table = line.parse().unwrap_or_default();
    let Some((key, value)) = table.into_iter().next() else {
        return Default::default();
    };
    let package = value.get("package").and_then(toml::Value::as_str);
    let package = package.unwrap_or(&key).to_owned();
    (key, package)
}

/// The dependencies of a manifest, each in one spelling.
fn lines(manifest: &str) -> Vec<String> {
    let lines = generated::dependency_lines(manifest).into_iter();
    lines.map(generated::without_blanks).collect()
}

/// Shows words under the cell that adds a dependency.
fn tell(session: &SessionPaths, words: &[String]) {
    let progress = File::options().append(true).open(session.progress());
    // Without a place to show them, the dependency can be used all the same.
    if let Ok(mut progress) = progress {
        for line in words {
            let _ = writeln!(progress, "{line}");
        }
    }
}

/// Begins the addition of a dependency with the versions that the session has: an addition that failed left others.
pub(super) fn begin(prepared: &Prepared, session: &SessionPaths) -> std::io::Result<()> {
    let (lock, _) = locks(prepared, session)?;
    let lock = match pinned::of(session) {
        Some(pinned) => pinned::added_to(&lock, &pinned),
        None => lock,
    };
    std::fs::write(session.cargo_lock(), lock)
}

/// Writes the versions that the session's dependencies have to a file; gives how many there are.
pub(super) fn pin(
    prepared: &Prepared,
    session: &SessionPaths,
    file: &Path,
) -> std::io::Result<usize> {
    let (lock, runtime) = locks(prepared, session)?;
    let (count, text) = pinned::text(&lock, &runtime);
    std::fs::write(file, &text)?;
    pinned::note(session, &text)?;
    Ok(count)
}

/// The lock files of what the session has added, and of the runtime.
fn locks(prepared: &Prepared, session: &SessionPaths) -> std::io::Result<(String, String)> {
    let runtime = std::fs::read_to_string(prepared.template().join("Cargo.lock"))?;
    let lock = match session.dependencies().exists() {
        true => std::fs::read_to_string(session.added_lock())?,
        false => runtime.clone(),
    };
    Ok((lock, runtime))
}

/// Why the latest dependency could not be added, where the kernel has not asked yet.
pub(super) fn take_error(session: &SessionPaths) -> Option<String> {
    let file = session.dependency_error();
    let reason = std::fs::read_to_string(&file).ok()?;
    // Usually it can be removed; else it is read once more.
    let _ = std::fs::remove_file(file);
    Some(reason)
}

/// Forgets what a session has added.
pub(super) fn forget(prepared: &Prepared, session: &SessionPaths) -> std::io::Result<()> {
    for file in [session.dependencies(), session.dependency_error()] {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    begin(prepared, session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_crate_and_its_package() {
        for (line, key, package) in [
            ("log = \"0.4\"", "log", "log"),
            ("old={package=\"rand\",version=\"0.8\"}", "old", "rand"),
            ("here = { path = \"/tmp/here\" }", "here", "here"),
        ] {
            assert_eq!(
                key_and_package(line),
                (key.to_owned(), package.to_owned()),
                "{line}"
            );
        }
    }
}

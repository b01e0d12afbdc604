//! The project's own notebooks: a copy to run, and their contents.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use serde_json::Value;
use tempfile::TempDir;
use threadbook_jupyter::output::WAITING_KEY;

/// The folder `notebooks/`.
pub fn folder() -> PathBuf {
    crate::root().join("notebooks")
}

/// Copies the folder with all its files, because cells may write files.
pub fn copy() -> Result<TempDir> {
    let copy = TempDir::new().context("can't make a folder for the notebooks")?;
    copy_folder(&folder(), copy.path())?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("can't list `{}`", from.display()))? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir(&target)?;
            copy_folder(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("can't copy `{}`", path.display()))?;
        }
    }
    Ok(())
}

/// The names of the notebooks in one folder below `notebooks/` (in `notebooks/` itself for an empty string), in order.
/// Notebooks in folders further below are not included.
pub fn names(below: &str) -> Result<Vec<String>> {
    let folder = folder().join(below);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("can't list `{}`", folder.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".ipynb")).collect();
    names.sort();
    Ok(names)
}

/// A notebook.
#[derive(Debug)]
pub struct Notebook {
    /// All its cells, in order.
    pub cells: Vec<Cell>,
}

/// One of its cells.
#[derive(Debug)]
pub struct Cell {
    /// The cell's id, such as `tour-07`.
    pub id: String,
    /// The cell's type: `code` or `markdown`.
    pub kind: String,
    /// The cell's text.
    pub source: String,
    /// The cell's metadata, including its tags.
    pub metadata: Value,
    /// Whether it has been executed.
    pub is_run: bool,
    outputs: Vec<Value>,
}

impl Notebook {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Notebook> {
        let text = fs::read(path).with_context(|| format!("can't read `{}`", path.display()))?;
        let content: Value = serde_json::from_slice(&text)
            .with_context(|| format!("`{}` is no notebook", path.display()))?;
        let cells = content["cells"].as_array().context("it has no cells")?;
        Ok(Notebook {
            cells: cells.iter().map(Cell::new).collect(),
        })
    }

    /// The notebook's code cells.
    pub fn code(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.kind == "code")
    }
}

impl Cell {
    fn new(cell: &Value) -> Cell {
        Cell {
            id: cell["id"].as_str().unwrap_or_default().to_owned(),
            kind: cell["cell_type"].as_str().unwrap_or_default().to_owned(),
            source: text(&cell["source"]),
            metadata: cell["metadata"].clone(),
            is_run: cell["execution_count"].is_number(),
            outputs: cell["outputs"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// The kinds of the cell's outputs: the names of its streams, the types of its displays and results in order, and
    /// its error.
    ///
    /// The number and the times of writes to a stream are not included, because they vary from run to run. The line
    /// that reports what is waited for is not included either: it is missing if the crates of a `:dep` were built
    /// before.
    pub fn shape(&self) -> Vec<String> {
        let mut streams = BTreeSet::new();
        let mut others = Vec::new();
        for output in &self.outputs {
            let kind = output["output_type"].as_str().unwrap_or_default();
            match kind {
                _ if output["metadata"].get(WAITING_KEY).is_some() => {}
                "stream" => {
                    streams.insert(format!(
                        "stream {}",
                        output["name"].as_str().unwrap_or_default()
                    ));
                }
                "error" => others.push(format!(
                    "error {}",
                    output["ename"].as_str().unwrap_or_default()
                )),
                _ => {
                    let types = output["data"].as_object();
                    let mut types: Vec<&str> = types
                        .into_iter()
                        .flat_map(|types| types.keys().map(String::as_str))
                        .collect();
                    types.sort_unstable();
                    others.push(format!("{kind} {}", types.join(" ")));
                }
            }
        }
        streams.into_iter().chain(others).collect()
    }
}

/// Joins a text that a notebook may contain as a list of lines.
fn text(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// The cells whose outputs have other kinds than those that are kept, one line for each.
///
/// # Panics
///
/// If the notebooks have different cells.
pub fn differences(name: &str, kept: &Notebook, made: &Notebook) -> Vec<String> {
    assert_eq!(kept.cells.len(), made.cells.len(), "{name}");
    let pairs = kept.code().zip(made.code());
    pairs
        .filter(|(kept, made)| kept.shape() != made.shape())
        .map(|(kept, made)| {
            format!(
                "{name}, cell `{}`: kept are {:?}, and it made {:?}: {}",
                kept.id,
                kept.shape(),
                made.shape(),
                made.outputs
                    .iter()
                    .map(Value::to_string)
                    .collect::<String>()
            )
        })
        .collect()
}

//! Notebook files: reading, what stands in them, and writing them back.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use serde_json::ser::PrettyFormatter;
use serde_json::ser::Serializer;
use tempfile::NamedTempFile;

use super::outputs::Outputs;
use crate::sys::files;

/// A notebook file that has been read. Keys that Threadbook does not use stay as they are.
#[derive(Debug)]
pub(crate) struct Notebook {
    path: PathBuf,
    root: Map<String, Value>,
}

/// A code cell that is to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeCell {
    /// Where it stands among all cells, from 0.
    pub(crate) position: usize,
    /// The file's own id; missing before nbformat 4.5.
    pub(crate) id: Option<String>,
    pub(crate) source: String,
    /// It has the tag `raises-exception`: it is meant to fail.
    pub(crate) may_fail: bool,
}

/// A file that is no notebook that can be run here.
#[derive(Debug, thiserror::Error)]
#[error("can't use the notebook `{}`: {reason}", path.display())]
pub(crate) struct NotebookError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    #[error("expected JSON, found {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("expected a JSON object with a list of `cells`")]
    NoCells,
    #[error("expected nbformat `4`, found `{0}` (open it in Jupyter and save it again)")]
    Format(Value),
    #[error("expected the language `rust`, found `{0}` (run it with its own kernel)")]
    Language(String),
    #[error("cell {0} has no `source`")]
    NoSource(usize),
}

impl Notebook {
    /// Reads a file and checks all that executing it relies on.
    pub(crate) fn read(path: &Path) -> Result<Notebook, NotebookError> {
        let root = read(path).map_err(|reason| NotebookError {
            path: path.to_owned(),
            reason,
        })?;
        Ok(Notebook {
            path: path.to_owned(),
            root,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that the cells run in, as under Jupyter.
    pub(crate) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The cells to execute. As with nbclient, cells without text are none of them, nor those with the tag
    /// `skip-execution`.
    pub(crate) fn code_cells(&self) -> Vec<CodeCell> {
        let mut code_cells = Vec::new();
        for (position, cell) in self.cells().iter().enumerate() {
            let source = source(cell).unwrap_or_default();
            if is_code(cell) && !source.trim().is_empty() && !has_tag(cell, "skip-execution") {
                code_cells.push(CodeCell {
                    position,
                    id: cell["id"].as_str().map(str::to_owned),
                    source,
                    may_fail: has_tag(cell, "raises-exception"),
                });
            }
        }
        code_cells
    }

    /// Puts a cell's outputs in the place of those from before; a cell that did not run has neither number nor outputs.
    pub(crate) fn set_outputs(
        &mut self,
        position: usize,
        execution_count: Option<u64>,
        outputs: &Outputs,
    ) {
        if let Some(Value::Object(cell)) = self.cells_mut().get_mut(position) {
            cell.insert("execution_count".to_owned(), json!(execution_count));
            cell.insert("outputs".to_owned(), outputs.to_json());
        }
    }

    /// Notes the kernel's description of its language.
    pub(crate) fn set_language_info(&mut self, language_info: &Value) {
        let metadata = self.root.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut()
            && language_info.is_object()
        {
            metadata.insert("language_info".to_owned(), language_info.clone());
        }
    }

    /// Writes the notebook as nbformat does, in format 4.5. Other programs see the old file or the whole new one.
    pub(crate) fn write(&mut self, path: &Path) -> io::Result<()> {
        self.upgrade();
        let mut text = Vec::new();
        let mut serializer =
            Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b" "));
        self.root.serialize(&mut serializer)?;
        text.push(b'\n');
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(&text)?;
        files::let_use_as(path, file.as_file())?;
        file.persist(path)?;
        Ok(())
    }

    /// Format 4.5 is 4.4 with an id for each cell.
    fn upgrade(&mut self) {
        if self.root.get("nbformat_minor").and_then(Value::as_u64) < Some(5) {
            self.root.insert("nbformat_minor".to_owned(), json!(5));
        }
        let mut taken: HashSet<String> = self
            .cells()
            .iter()
            .filter_map(|cell| Some(cell["id"].as_str()?.to_owned()))
            .collect();
        let mut number = 0;
        for cell in self.cells_mut().iter_mut().filter_map(Value::as_object_mut) {
            if cell.contains_key("id") {
                continue;
            }
            let id = loop {
                number += 1;
                let id = format!("cell-{number}");
                if taken.insert(id.clone()) {
                    break id;
                }
            };
            let place = usize::min(1, cell.len());
            cell.shift_insert(place, "id".to_owned(), json!(id));
        }
    }

    fn cells(&self) -> &[Value] {
        self.root
            .get("cells")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    fn cells_mut(&mut self) -> &mut [Value] {
        self.root
            .get_mut("cells")
            .and_then(Value::as_array_mut)
            .map_or(&mut [], Vec::as_mut_slice)
    }
}

fn read(path: &Path) -> Result<Map<String, Value>, Reason> {
    let root: Value = serde_json::from_slice(&fs::read(path)?)?;
    let Value::Object(root) = root else {
        return Err(Reason::NoCells);
    };
    let format = root.get("nbformat").cloned().unwrap_or_default();
    if format != 4 {
        return Err(Reason::Format(format));
    }
    let Some(Value::Array(cells)) = root.get("cells") else {
        return Err(Reason::NoCells);
    };
    for (position, cell) in cells.iter().enumerate() {
        if is_code(cell) && source(cell).is_none() {
            return Err(Reason::NoSource(position + 1));
        }
    }
    let metadata = root.get("metadata").unwrap_or(&Value::Null);
    let language = metadata["kernelspec"]["language"]
        .as_str()
        .or(metadata["language_info"]["name"].as_str());
    match language {
        Some(language) if !language.eq_ignore_ascii_case("rust") => {
            Err(Reason::Language(language.to_owned()))
        }
        _ => Ok(root),
    }
}

fn is_code(cell: &Value) -> bool {
    cell["cell_type"] == "code"
}

fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"]
        .as_array()
        .is_some_and(|tags| tags.iter().any(|other| other == tag))
}

/// A cell's text, which is one string or a list of lines that keep their ends.
fn source(cell: &Value) -> Option<String> {
    match &cell["source"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => lines.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn read(text: &str) -> Result<Notebook, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ipynb");
        fs::write(&path, text).unwrap();
        Notebook::read(&path).map_err(|error| error.reason.to_string())
    }

    #[test]
    fn a_file_that_is_no_notebook_is_named_with_the_reason() {
        for (text, reason) in [
            (
                "",
                "expected JSON, found EOF while parsing a value at line 1 column 0",
            ),
            ("[]", "expected a JSON object with a list of `cells`"),
            (
                r#"{"nbformat": 4}"#,
                "expected a JSON object with a list of `cells`",
            ),
            (
                r#"{"nbformat": 3}"#,
                "expected nbformat `4`, found `3` (open it in Jupyter and save it again)",
            ),
            (
                r#"{"nbformat": 4, "cells": [{"cell_type": "code"}]}"#,
                "cell 1 has no `source`",
            ),
            (
                r#"{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "python"}}}"#,
                "expected the language `rust`, found `python` (run it with its own kernel)",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), reason, "{text}");
        }
        let error = Notebook::read(Path::new("/nothing.ipynb")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "can't use the notebook `/nothing.ipynb`: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn only_code_with_text_and_without_the_skip_tag_is_executed() {
        let notebook = read(
            r#"{"nbformat": 4, "cells": [
                {"cell_type": "markdown", "source": "text"},
                {"cell_type": "code", "source": " \n"},
                {"cell_type": "code", "source": "1", "metadata": {"tags": ["skip-execution"]}},
                {"cell_type": "code", "id": "a", "source": ["let x = 1;\n", "x"],
                 "metadata": {"tags": ["raises-exception"]}}
            ]}"#,
        )
        .unwrap();
        assert_eq!(
            notebook.code_cells(),
            [CodeCell {
                position: 3,
                id: Some("a".to_owned()),
                source: "let x = 1;\nx".to_owned(),
                may_fail: true,
            }]
        );
    }

    #[test]
    fn writing_changes_nothing_but_what_execution_made() {
        let mut notebook = read(
            r#"{"nbformat_minor": 4, "zebra": {"b": 1, "a": 2.5}, "nbformat": 4, "cells": [
                {"cell_type": "code", "source": "1", "metadata": {"mine": true}, "outputs": [3], "execution_count": 9},
                {"source": ["text"], "cell_type": "markdown", "id": "cell-1"}
            ]}"#,
        )
        .unwrap();
        let mut outputs = Outputs::default();
        outputs.apply("stream", &json!({"name": "stdout", "text": "é\n"}));
        notebook.set_outputs(0, Some(1), &outputs);
        notebook.set_language_info(&json!({"name": "rust"}));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ipynb");
        notebook.write(&path).unwrap();
        expect![[r#"
            {
             "nbformat_minor": 5,
             "zebra": {
              "b": 1,
              "a": 2.5
             },
             "nbformat": 4,
             "cells": [
              {
               "cell_type": "code",
               "id": "cell-2",
               "source": "1",
               "metadata": {
                "mine": true
               },
               "outputs": [
                {
                 "name": "stdout",
                 "output_type": "stream",
                 "text": [
                  "é\n"
                 ]
                }
               ],
               "execution_count": 1
              },
              {
               "source": [
                "text"
               ],
               "cell_type": "markdown",
               "id": "cell-1"
              }
             ],
             "metadata": {
              "language_info": {
               "name": "rust"
              }
             }
            }
        "#]]
        .assert_eq(&fs::read_to_string(&path).unwrap());
    }
}

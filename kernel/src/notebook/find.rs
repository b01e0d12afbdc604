//! From files and folders to notebooks.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// An argument that leads to no notebook.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error("can't read `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("`{}` is not a notebook (expected a file name that ends in `.ipynb`)", .0.display())]
    OtherFile(PathBuf),
    #[error("no notebook in the folder `{}`", .0.display())]
    EmptyFolder(PathBuf),
}

/// The notebooks that the arguments mean: files as they are named, folders with all that is below them, by name.
pub(crate) fn notebooks(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            let before = found.len();
            search(path, &mut found)?;
            if found.len() == before {
                return Err(FindError::EmptyFolder(path.clone()));
            }
        } else if is_notebook(path) {
            found.push(path.clone());
        } else {
            return Err(FindError::OtherFile(path.clone()));
        }
    }
    Ok(found)
}

fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), FindError> {
    let mut entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|source| unreadable(folder, source))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // Hidden folders hold copies: `.ipynb_checkpoints`, environments, version control.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let file_type = entry
            .file_type()
            .map_err(|source| unreadable(&path, source))?;
        // A link to a folder is not followed, because it may lead in a circle.
        if file_type.is_dir() {
            search(&path, found)?;
        } else if is_notebook(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn is_notebook(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "ipynb")
}

fn unreadable(path: &Path, source: io::Error) -> FindError {
    FindError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn folders_are_searched_in_order_and_without_checkpoints() {
        let folder = folder(&[
            "b.ipynb",
            "a/2.ipynb",
            "a/1.ipynb",
            "a/.ipynb_checkpoints/1-checkpoint.ipynb",
            "notes.md",
        ]);
        let found = notebooks(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a/1.ipynb", "a/2.ipynb", "b.ipynb"]);
    }

    #[test]
    fn an_argument_without_notebooks_is_an_error() {
        let folder = folder(&["notes.md"]);
        for (path, text) in [
            (folder.path().to_owned(), "no notebook in the folder"),
            (folder.path().join("notes.md"), "is not a notebook"),
            (folder.path().join("x.ipynb"), "can't read"),
        ] {
            let error = notebooks(&[path]).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}

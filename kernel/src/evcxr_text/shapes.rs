//! For tests: what evcxr has generated for cells of each shape, from `tests/evcxr/`.

/// The names of the shapes, and the texts.
pub(crate) fn texts() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/evcxr");
    let files = std::fs::read_dir(folder).unwrap();
    let mut texts: Vec<(String, String)> = files
        .map(|file| file.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    texts.sort();
    texts
}

/// The text of one shape.
pub(crate) fn text(name: &str) -> String {
    let mut texts = texts().into_iter();
    texts.find(|(found, _)| found == name).unwrap().1
}

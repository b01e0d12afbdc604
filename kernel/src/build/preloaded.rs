//! The crates that every cell may name: name and value as they stand in a manifest.

use super::PreparedPaths;

/// The name of the runtime's package.
pub(crate) const RUNTIME: &str = "threadbook";

/// What cells depend on beside the runtime, by the versions and features that the runtime itself uses. rust-analyzer
/// reads them in each session.
const DEPENDENCIES: [(&str, &str); 4] = [
    ("tokio", r#"{ version = "1", features = ["full"] }"#),
    ("rayon", r#""1""#),
    ("serde", r#"{ version = "1", features = ["derive"] }"#),
    ("serde_json", r#""1""#),
];

/// The same for crates that rust-analyzer reads once a cell names them.
const NAMED_LATER: [(&str, &str); 7] = [
    ("crossbeam", r#""0.8""#),
    ("futures", r#""0.3""#),
    ("log", r#""0.4""#),
    ("parking_lot", r#""0.12""#),
    (
        "postcard",
        r#"{ version = "1", default-features = false, features = ["use-std"] }"#,
    ),
    ("rand", r#""0.10""#),
    ("tracing", r#""0.1""#),
];

/// All of them.
pub(crate) fn all(paths: &PreparedPaths) -> Vec<(String, String)> {
    let mut list = at_start(paths);
    list.extend(later());
    list
}

/// Those that each session depends on from its start.
pub(crate) fn at_start(paths: &PreparedPaths) -> Vec<(String, String)> {
    let runtime = format!("{{ path = {:?} }}", paths.runtime());
    let mut list = vec![(RUNTIME.to_owned(), runtime)];
    list.extend(owned(&DEPENDENCIES));
    list
}

/// Those that a session depends on once a cell names them.
pub(crate) fn later() -> Vec<(String, String)> {
    owned(&NAMED_LATER)
}

/// All but the runtime.
pub(crate) fn of_registry() -> Vec<(String, String)> {
    [owned(&DEPENDENCIES), owned(&NAMED_LATER)].concat()
}

fn owned(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = list.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

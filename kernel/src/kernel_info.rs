//! What Threadbook says of itself in its kernel_info reply.

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::HelpLink;
use threadbook_jupyter::contract::KernelInfo;

/// Pages for the front end's help menu.
const HELP_LINKS: [(&str, &str); 4] = [
    (
        "The Rust Programming Language",
        "https://doc.rust-lang.org/book/",
    ),
    (
        "The Rust Standard Library",
        "https://doc.rust-lang.org/std/",
    ),
    ("Tokio", "https://docs.rs/tokio"),
    ("Rayon", "https://docs.rs/rayon"),
];

/// The language's own description, by the protocol's names.
const LANGUAGE: [(&str, &str); 6] = [
    ("name", "rust"),
    ("version", env!("CARGO_PKG_RUST_VERSION")),
    ("mimetype", "text/rust"),
    ("file_extension", ".rs"),
    ("pygments_lexer", "rust"),
    ("codemirror_mode", "rust"),
];

/// The content of the reply.
pub(crate) fn kernel_info() -> KernelInfo {
    let version = env!("CARGO_PKG_VERSION");
    let language = LANGUAGE.map(|(name, value)| (name.to_owned(), Value::from(value)));
    KernelInfo {
        implementation: "threadbook".to_owned(),
        version: version.to_owned(),
        banner: format!(
            "Threadbook {version}: Rust cells about threads, processes and async tasks"
        ),
        language: Map::from_iter(language),
        help_links: HELP_LINKS
            .map(|(text, url)| HelpLink {
                text: text.to_owned(),
                url: url.to_owned(),
            })
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_ends_learn_that_cells_are_rust() {
        let info = kernel_info();
        assert_eq!(info.implementation, "threadbook");
        assert_eq!(info.language["name"], "rust");
        assert_eq!(info.language["file_extension"], ".rs");
        // Without this key, nbconvert uses its own rules to export scripts.
        assert!(!info.language.contains_key("nbconvert_exporter"));
    }
}

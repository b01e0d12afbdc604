//! Names of files, for completion in shell lines, arguments of magics and strings.

use std::path::Path;
use std::path::PathBuf;

use crate::evaluator::Completion;
use crate::evaluator::Completions;

/// More names than a person reads through.
const MOST_NAMES: usize = 500;

/// How a name is written where it is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// With a backslash before what a shell would read otherwise.
    Shell,
    /// As in a string of Rust.
    RustString,
}

/// Which names are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them.
    All,
    /// Only folders.
    Folders,
    /// Folders and sources of Rust.
    Rust,
}

/// The names that may follow a path that is written up to the end of a text. The path begins at `start`.
pub(super) fn complete(
    text: &str,
    start: usize,
    folder: &Path,
    style: Style,
    which: Which,
) -> Completions {
    let typed = &text[start..];
    let name_start = start + typed.rfind('/').map_or(0, |slash| slash + 1);
    let base = read(&text[name_start..], style);
    let parent = parent(&read(&text[start..name_start], style), folder);
    let mut matches = names(&parent, &base, which);
    matches.sort();
    matches.truncate(MOST_NAMES);
    Completions {
        start_byte: name_start,
        end_byte: text.len(),
        matches: matches
            .into_iter()
            .map(|(name, is_folder)| Completion {
                text: written(&name, style) + if is_folder { "/" } else { "" },
                kind: "path".to_owned(),
                signature: if is_folder { "folder" } else { "file" }.to_owned(),
            })
            .collect(),
    }
}

/// Where the path begins that the end of a shell line or of a magic's line is a part of.
pub(super) fn word_start(line: &str) -> usize {
    let mut start = 0;
    let mut quote = None;
    let mut chars = line.char_indices();
    while let Some((at, char)) = chars.next() {
        match (char, quote) {
            ('\\', _) => {
                chars.next();
            }
            (_, Some(open)) if char == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => {
                quote = Some(char);
                start = at + 1;
            }
            (char, None) if char.is_whitespace() || "|&;<>()=".contains(char) => {
                start = at + char.len_utf8();
            }
            _ => {}
        }
    }
    start
}

fn parent(typed: &str, folder: &Path) -> PathBuf {
    let home = typed.strip_prefix("~/").zip(dirs::home_dir());
    match home {
        Some((rest, home)) => home.join(rest),
        None => folder.join(typed),
    }
}

fn names(parent: &Path, base: &str, which: Which) -> Vec<(String, bool)> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let named = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_hidden = name.starts_with('.') && !base.starts_with('.');
        if is_hidden || !name.starts_with(base) {
            return None;
        }
        // Through links: what a link leads to is what the person means.
        let is_folder = entry.path().is_dir();
        let fits = match which {
            Which::All => true,
            Which::Folders => is_folder,
            Which::Rust => is_folder || name.ends_with(".rs"),
        };
        fits.then_some((name, is_folder))
    });
    named.collect()
}

fn read(typed: &str, style: Style) -> String {
    match style {
        Style::Plain => typed.to_owned(),
        Style::Shell | Style::RustString => {
            let mut text = String::new();
            let mut chars = typed.chars();
            while let Some(char) = chars.next() {
                text.extend(match char {
                    '\\' => chars.next(),
                    char => Some(char),
                });
            }
            text
        }
    }
}

fn written(name: &str, style: Style) -> String {
    let special = match style {
        Style::Plain => "",
        Style::Shell => " \\'\"$&|;<>()*?[]{}`!#",
        Style::RustString => "\\\"",
    };
    let mut text = String::new();
    for char in name.chars() {
        if special.contains(char) {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(text: &str, folder: &Path, style: Style, which: Which) -> (usize, Vec<String>) {
        let found = complete(text, word_start(text), folder, style, which);
        let texts = found.matches.into_iter().map(|found| found.text);
        (found.start_byte, texts.collect())
    }

    #[test]
    fn the_last_part_of_a_path_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir_all(folder.join("source/inner")).unwrap();
        for name in [
            "source/main.rs",
            "source/my notes.txt",
            "some.rs",
            ".some",
            "сыр.txt",
        ] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        for (text, style, which, start, expected) in [
            (
                "cat so",
                Style::Shell,
                Which::All,
                4,
                &["some.rs", "source/"][..],
            ),
            ("cat so", Style::Shell, Which::Folders, 4, &["source/"]),
            (
                "cat source/m",
                Style::Shell,
                Which::All,
                11,
                &["main.rs", "my\\ notes.txt"],
            ),
            (
                "source/",
                Style::Plain,
                Which::Rust,
                7,
                &["inner/", "main.rs"],
            ),
            (
                "cat source/my\\ n",
                Style::Shell,
                Which::All,
                11,
                &["my\\ notes.txt"],
            ),
            ("cat 'source/ma", Style::Shell, Which::All, 12, &["main.rs"]),
            ("cat <so", Style::Shell, Which::Folders, 5, &["source/"]),
            ("cat .", Style::Shell, Which::All, 4, &[".some"]),
            ("cat сы", Style::Shell, Which::All, 4, &["сыр.txt"]),
            ("cat nothing/x", Style::Shell, Which::All, 12, &[]),
        ] {
            let found = offered(text, folder, style, which);
            let expected = expected.iter().map(|text| (*text).to_owned());
            assert_eq!(found, (start, expected.collect()), "{text}");
        }
    }
}

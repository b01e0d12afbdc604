//! Completes the line that adds a dependency: `:dep` and `%dep`.

use super::registry::Registry;
use crate::evaluator::Completion;
use crate::evaluator::Completions;

/// More versions than a person reads through.
const MOST_VERSIONS: usize = 60;

/// The keys of a dependency's table.
const KEYS: [(&str, &str); 8] = [
    ("version", "version = \"1\""),
    ("features", "features = [\"f\"]"),
    ("default-features", "default-features = false"),
    ("path", "path = \"folder\""),
    ("git", "git = \"https://...\""),
    ("branch", "branch of a git repository"),
    ("package", "the crate's name in the registry"),
    ("registry", "another registry than crates.io"),
];

/// What a place of such a line wants.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    Name,
    Version(&'a str),
    Feature(&'a str, &'a str),
    Key,
}

/// Completes a text that stands behind `:dep` or `%dep`, at its end. It begins at `at` in the cell.
pub(super) fn complete(args: &str, at: usize, registry: &Registry) -> Completions {
    let (wanted, start) = wanted(args);
    let typed = &args[start..];
    let offer = |text: String, kind: &str, signature: &str| Completion {
        text,
        kind: kind.to_owned(),
        signature: signature.to_owned(),
    };
    let begins = |text: &String| text.starts_with(typed);
    let matches = match wanted {
        Wanted::Name => {
            let names = registry.names(typed).into_iter();
            names.map(|name| offer(name, "module", "crate")).collect()
        }
        Wanted::Version(name) => {
            let versions = registry.versions(name).into_iter().filter(begins);
            versions
                .take(MOST_VERSIONS)
                .map(|version| offer(version, "instance", &format!("version of {name}")))
                .collect()
        }
        Wanted::Feature(name, requirement) => {
            let features = registry.features(name, requirement);
            features
                .into_iter()
                .filter(begins)
                .map(|feature| offer(feature, "instance", &format!("feature of {name}")))
                .collect()
        }
        Wanted::Key => KEYS
            .iter()
            .filter(|(key, _)| key.starts_with(typed))
            .map(|(key, usage)| offer((*key).to_owned(), "keyword", usage))
            .collect(),
    };
    Completions {
        start_byte: at + start,
        end_byte: at + args.len(),
        matches,
    }
}

/// What the end of the text wants, and where that begins.
fn wanted(args: &str) -> (Wanted<'_>, usize) {
    let begin = args.len() - args.trim_start().len();
    let begin = match args[begin..].strip_prefix("add ") {
        Some(rest) => args.len() - rest.trim_start().len(),
        None => begin,
    };
    let Some(sign) = args[begin..].find(['=', '@']).map(|at| begin + at) else {
        return (Wanted::Name, begin);
    };
    let name = args[begin..sign].trim();
    let value = &args[sign + 1..];
    if args[sign..].starts_with('@') {
        return (Wanted::Version(name), sign + 1);
    }
    let quotes: Vec<usize> = value.match_indices('"').map(|(at, _)| at).collect();
    if quotes.len().is_multiple_of(2) {
        let typed = value
            .rfind(|char: char| !(char.is_alphanumeric() || char == '-' || char == '_'))
            .map_or(value.len(), |before| before + 1);
        return (Wanted::Key, sign + 1 + typed);
    }
    let open = quotes[quotes.len() - 1];
    let before = &value[..open];
    let wanted = match key_before(before) {
        Some("features") => Wanted::Feature(name, version_in(value)),
        Some("version") | None => Wanted::Version(name),
        // Another key's string: nothing has a name like this.
        Some(_) => Wanted::Version(""),
    };
    (wanted, sign + 1 + open + 1)
}

/// The key whose value a place belongs to; nothing where the value is the dependency's own.
fn key_before(text: &str) -> Option<&str> {
    let key = text[..text.rfind('=')?].trim_end();
    let start = key.rfind(['{', ',', ' ']).map_or(0, |before| before + 1);
    Some(&key[start..])
}

/// The version that a dependency's table has.
fn version_in(value: &str) -> &str {
    let after = value.split_once("version").map_or("", |(_, after)| after);
    after.split('"').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::registry::tests::registry;
    use super::*;

    #[test]
    fn a_line_is_completed_part_by_part() {
        for (args, expected) in [
            (" to", (Wanted::Name, 1)),
            ("", (Wanted::Name, 0)),
            (" add to", (Wanted::Name, 5)),
            (" add tokio@1", (Wanted::Version("tokio"), 11)),
            (" tokio = \"1", (Wanted::Version("tokio"), 10)),
            (" tokio = { ver", (Wanted::Key, 11)),
            (" tokio = { version = \"1", (Wanted::Version("tokio"), 22)),
            (
                " tokio = { version = \"1.2\", features = [\"fs\", \"n",
                (Wanted::Feature("tokio", "1.2"), 47),
            ),
            (" x = { path = \"a", (Wanted::Version(""), 15)),
        ] {
            assert_eq!(wanted(args), expected, "{args}");
        }
    }

    #[test]
    fn a_crate_has_its_versions_and_features() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path());
        for (args, expected) in [
            (" tok", &["tokio"][..]),
            (" tokio = \"1.1", &["1.10.0", "1.10.0-rc.1"]),
            (
                " tokio = { version = \"1\", features = [\"f",
                &["fs", "full"],
            ),
            (" tokio = { f", &["features"]),
            (" tokio = \"1\"", &[]),
        ] {
            let found = complete(args, 4, &registry);
            let texts: Vec<&str> = found
                .matches
                .iter()
                .map(|found| found.text.as_str())
                .collect();
            match args.ends_with('"') {
                true => assert!(!texts.contains(&"1.10.0"), "{args}"),
                false => assert_eq!(texts, expected, "{args}"),
            }
            assert_eq!(found.end_byte, 4 + args.len());
        }
    }
}

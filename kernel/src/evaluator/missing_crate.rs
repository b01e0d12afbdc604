//! The line to run for a crate that the session does not have, in place of a change of a `Cargo.toml`, which a notebook
//! does not have.

/// What stands before and behind the crate's name where its line is to be filled in.
const PLACE: (&str, &str) = ("`:dep ", " = \"VERSION\"`");

/// The advice to add a crate, whose version is filled in later.
pub(super) fn advice(name: &str) -> String {
    let (before, behind) = PLACE;
    format!("if it is a crate, run {before}{name}{behind} first")
}

/// A text with the lines filled in. `newest` gives a crate's name in its registry and its newest version.
pub(super) fn answered(text: &str, newest: &dyn Fn(&str) -> Option<(String, String)>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((start, tail)) = rest.split_once(PLACE.0) {
        done.push_str(start);
        let len = tail.find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-')));
        let (name, behind) = tail.split_at(len.unwrap_or(tail.len()));
        rest = match behind.strip_prefix(PLACE.1) {
            Some(behind) => {
                done.push_str(&format!("`{}`", line(name, newest)));
                behind
            }
            None => {
                done.push_str(PLACE.0);
                tail
            }
        };
    }
    done + rest
}

/// The line that adds a crate.
fn line(name: &str, newest: &dyn Fn(&str) -> Option<(String, String)>) -> String {
    match newest(name) {
        Some((name, version)) => format!(":dep {name} = {:?}", requirement(&version)),
        None => format!(":dep {name} = \"*\""),
    }
}

/// A manifest's requirement for a version and those compatible with it.
fn requirement(version: &str) -> &str {
    let version = version.split('+').next().unwrap_or_default();
    if version.contains('-') {
        return version;
    }
    let mut end = 0;
    for number in version.split('.') {
        end += number.len();
        if number != "0" {
            break;
        }
        end += 1;
    }
    &version[..end.min(version.len())]
}

/// The name and the version in what `cargo info` prints.
pub(super) fn described(info: &str) -> Option<(String, String)> {
    let mut lines = info.lines();
    let name = lines.next()?.split_whitespace().next()?;
    let version = lines.find_map(|line| line.strip_prefix("version: "))?;
    // Such as `1.0.0 (latest 2.0.0)`.
    let version = version.split_whitespace().next()?;
    Some((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_missing_is_answered_by_a_line_to_run() {
        let newest =
            |name: &str| (name == "futures").then(|| ("futures".to_owned(), "0.3.34".to_owned()));
        for (text, expected) in [
            (
                advice("futures"),
                "if it is a crate, run `:dep futures = \"0.3\"` first",
            ),
            (
                advice("my_own"),
                "if it is a crate, run `:dep my_own = \"*\"` first",
            ),
            ("`:dep a = \"1\"`".to_owned(), "`:dep a = \"1\"`"),
            ("nothing of it".to_owned(), "nothing of it"),
        ] {
            let text = &text;
            assert_eq!(answered(text, &newest), expected);
        }
    }

    #[test]
    fn a_requirement_is_as_short_as_can_be() {
        for (version, expected) in [
            ("1.54.1", "1"),
            ("0.4.35", "0.4"),
            ("0.0.7", "0.0.7"),
            ("1.2.1+spec-1.1.0", "1"),
            ("2.0.0-rc.1", "2.0.0-rc.1"),
        ] {
            assert_eq!(requirement(version), expected);
        }
    }

    #[test]
    fn what_cargo_prints_of_a_crate_is_read() {
        let info =
            "fastrand #simple #fast\nA generator\nversion: 2.5.0 (latest 3.0.0)\nlicense: MIT\n";
        assert_eq!(
            described(info),
            Some(("fastrand".to_owned(), "2.5.0".to_owned()))
        );
        assert_eq!(described(""), None);
    }
}

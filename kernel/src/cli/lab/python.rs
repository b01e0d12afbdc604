//! The machine's Python, which makes the environment.

use std::process::Command;

use crate::cli::program;

/// The oldest version that JupyterLab runs with.
const OLDEST: (u32, u32) = (3, 9);

/// How to get what is missing.
pub(crate) const REMEDY: &str = "Debian and Ubuntu: `apt install python3-venv`";

/// Three lines: the folder of the installation, also inside an active environment; the version; the modules that a
/// virtual environment needs and that are missing, which Debian has in a package of its own.
const QUESTION: &str = "\
import sys
print(sys.base_prefix)
print('%d.%d' % sys.version_info[:2])
missing = []
for name in ('venv', 'ensurepip'):
    try:
        __import__(name)
    except ImportError:
        missing.append(name)
print(' '.join(missing))
";

/// A `python3` that can make virtual environments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Python {
    /// The folder of the installation.
    pub(super) prefix: String,
    /// The version, such as `3.11`.
    pub(super) version: String,
}

impl Python {
    /// Looks for `python3` on the PATH. The error names what is missing.
    pub(crate) fn find() -> Result<Python, String> {
        let answer = program::output(Command::new("python3").args(["-c", QUESTION]))?;
        Python::read(&answer)
    }

    fn read(answer: &str) -> Result<Python, String> {
        let mut lines = answer.lines();
        let (Some(prefix), Some(version)) = (lines.next(), lines.next()) else {
            return Err(format!("`python3` does not tell its version: `{answer}`"));
        };
        if program::major_and_minor(version).is_none_or(|version| version < OLDEST) {
            return Err(format!(
                "`python3` has version {version} (expected {}.{} or later)",
                OLDEST.0, OLDEST.1
            ));
        }
        if let Some(module) = lines.next().unwrap_or_default().split(' ').next()
            && !module.is_empty()
        {
            return Err(format!(
                "`python3` has no module `{module}`, which makes virtual environments"
            ));
        }
        Ok(Python {
            prefix: prefix.to_owned(),
            version: version.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_names_what_is_missing() {
        let found = Python::read("/usr\n3.11\n\n").unwrap();
        assert_eq!((&*found.prefix, &*found.version), ("/usr", "3.11"));
        for (answer, error) in [
            (
                "/usr\n3.8\n\n",
                "`python3` has version 3.8 (expected 3.9 or later)",
            ),
            (
                "/usr\n3.11\nensurepip\n",
                "`python3` has no module `ensurepip`, which makes virtual environments",
            ),
            ("", "`python3` does not tell its version: ``"),
        ] {
            assert_eq!(Python::read(answer).unwrap_err(), error);
        }
    }
}

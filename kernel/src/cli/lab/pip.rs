//! Programs that take long: shows their latest step, and keeps what they print for an error.

use std::fmt;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

/// Lines that an error quotes.
const QUOTED_LINES: usize = 6;

/// Words by which pip reports that no server answers.
const NO_NETWORK: [&str; 4] = [
    "connection broken by",
    "Failed to establish a new connection",
    "Could not fetch URL",
    "timed out",
];

/// Gives pip its arguments.
pub(super) fn set_install(command: &mut Command, requirements: &str) {
    command
        .args(["-m", "pip", "install", "--no-input", "--retries=2"])
        .args(["--disable-pip-version-check", "--progress-bar=off"])
        .args(requirements.split_whitespace())
        // A user's configuration may name the user's folder, which an environment does not have.
        .env("PIP_USER", "0")
        // Lines are shown as they are printed.
        .env("PYTHONUNBUFFERED", "1");
}

/// Runs a program and shows the latest line of its output, on a terminal.
pub(super) fn run(command: &mut Command, first_step: &str) -> Result<(), Failed> {
    let spinner = ProgressBar::new_spinner()
        .with_style(
            ProgressStyle::default_spinner()
                .template("{spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        )
        .with_message(first_step.to_owned());
    spinner.tick();
    let result = lines(command, &mut |line| {
        spinner.set_message(step(line));
        spinner.tick();
    });
    spinner.finish_and_clear();
    let (succeeded, said) = result.map_err(|error| Failed {
        said: error.to_string(),
    })?;
    match succeeded {
        true => Ok(()),
        false => Err(Failed { said }),
    }
}

/// Whether the program succeeds, and all of its stdout and stderr, in order.
fn lines(command: &mut Command, show: &mut dyn FnMut(&str)) -> io::Result<(bool, String)> {
    let (reader, writer) = io::pipe()?;
    let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
    // The command holds the pipe's other end, without which reading would not end.
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut said = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        show(&line);
        said.push_str(&line);
        said.push('\n');
    }
    Ok((child.wait()?.success(), said))
}

/// A line of pip's, in a few words.
fn step(line: &str) -> String {
    match line.strip_prefix("Installing collected packages: ") {
        Some(names) => format!("installing {} packages", names.split(", ").count()),
        None => line.trim().to_owned(),
    }
}

/// What a program printed that did not succeed.
#[derive(Debug)]
pub(super) struct Failed {
    said: String,
}

impl Failed {
    /// The error of an installation, with what to do about it.
    pub(super) fn of_install(&self) -> anyhow::Error {
        let has_no_network = NO_NETWORK.iter().any(|words| self.said.contains(words));
        if has_no_network {
            anyhow::anyhow!(
                "JupyterLab can't be downloaded: pip reaches no package index (connect to the network, or set \
                 `PIP_INDEX_URL` to a mirror, and run `threadbook lab` again)\n{self}"
            )
        } else {
            anyhow::anyhow!(
                "pip can't install JupyterLab (correct what it reports, and run `threadbook lab` again)\n{self}"
            )
        }
    }
}

/// The last lines.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.said.trim_end().lines().collect();
        let first = lines.len().saturating_sub(QUOTED_LINES);
        f.write_str(&lines[first..].join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_short() {
        for (line, shown) in [
            ("Collecting tornado>=6.2.0", "Collecting tornado>=6.2.0"),
            (
                "Installing collected packages: a, b, c",
                "installing 3 packages",
            ),
        ] {
            assert_eq!(step(line), shown);
        }
    }

    #[test]
    fn a_failing_program_is_quoted_in_order() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "for i in 1 2 3 4 5 6 7; do echo $i; done; echo last >&2; exit 3",
        ]);
        let failed = run(&mut command, "").unwrap_err();
        assert_eq!(failed.to_string(), "3\n4\n5\n6\n7\nlast");
    }
}

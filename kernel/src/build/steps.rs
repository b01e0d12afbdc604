//! What a long build does, from the process that runs cargo to the line under the cell (`crate::worker::WaitingLine`).

use std::io::BufRead;
use std::process::Command;

use serde::Deserialize;
use serde::Serialize;

use super::cargo_cli;

/// One step of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// What is waited for from here on, in words.
    Begin(String),
    /// What cargo does, in its own words: `Compiling tokio v1.48.0`.
    Work(String),
    /// How many of the parts of the build are there.
    Count {
        /// Those that are there.
        done: u32,
        /// All of them.
        of: u32,
    },
    /// The build has ended well. The words are the start of what is left of the line.
    End(String),
    /// Words that stay, as text on stderr.
    Note(String),
}

impl Step {
    /// The line by which one process sends it to the other.
    ///
    /// # Panics
    ///
    /// Never: the JSON is made of strings and numbers.
    pub fn encode(&self) -> String {
        let text = serde_json::to_string(self).expect("a step is made of strings and numbers");
        format!("{text}\n")
    }

    /// Reads such a line, with or without its end.
    pub fn decode(line: &[u8]) -> Option<Step> {
        serde_json::from_slice(line).ok()
    }

    /// The step as a line of its own, for a log; nothing where only a count has changed.
    pub fn words(&self) -> Option<&str> {
        match self {
            Step::Begin(words) | Step::Work(words) | Step::End(words) | Step::Note(words) => {
                Some(words)
            }
            Step::Count { .. } => None,
        }
    }

    /// What a line of cargo's says of its progress, if anything.
    pub(crate) fn of_cargo(line: &str) -> Option<Step> {
        let line = line.trim();
        if let Some(bar) = line.strip_prefix("Building [") {
            let (_, rest) = bar.split_once("] ")?;
            let (done, rest) = rest.split_once('/')?;
            let of = rest.split(':').next()?;
            let (done, of) = (done.trim().parse().ok()?, of.trim().parse().ok()?);
            return Some(Step::Count { done, of });
        }
        cargo_cli::step_for_people(line).map(|step| Step::Work(step.to_owned()))
    }
}

/// Has cargo print its bar, from which the counts are read, where nobody sees its stderr.
pub(crate) fn set_counting(command: &mut Command) {
    command
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120");
}

/// The lines of cargo's stderr. Its bar ends with a return, since it is drawn over.
pub(crate) fn lines(mut stderr: impl BufRead) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        loop {
            let buffer = stderr.fill_buf().ok()?;
            if buffer.is_empty() {
                return (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned());
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..taken]);
            let consumed = taken + usize::from(end.is_some());
            stderr.consume(consumed);
            if end.is_some() {
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_survives_the_way() {
        for step in [
            Step::Begin("a\nb".to_owned()),
            Step::Work("Compiling \"x\"".to_owned()),
            Step::Count { done: 1, of: 2 },
            Step::End(String::new()),
        ] {
            let line = step.encode();
            assert_eq!(line.find('\n'), Some(line.len() - 1));
            assert_eq!(Step::decode(line.as_bytes()), Some(step));
        }
        assert_eq!(Step::decode(b"Compiling x"), None);
    }

    #[test]
    fn cargo_s_output_has_steps_and_counts() {
        let text = "    Updating crates.io index\n   Compiling serde v1.0.229\n    Building [=====>  ] 15/16: serde, syn      \r\
                    \r     Running `rustc --crate-name serde`\n   Compiling shown v0.1.0 (/tmp/shown)\n    Building [==] 16/16\r   ";
        let steps: Vec<Step> = lines(text.as_bytes())
            .filter_map(|line| Step::of_cargo(&line))
            .collect();
        let work = |text: &str| Step::Work(text.to_owned());
        assert_eq!(
            steps,
            [
                work("Updating crates.io index"),
                work("Compiling serde v1.0.229"),
                Step::Count { done: 15, of: 16 },
                work("Compiling shown v0.1.0"),
                Step::Count { done: 16, of: 16 },
            ]
        );
    }
}

//! What the kernel has a worker do: lines, in the order in which they are sent.
//!
//! evcxr itself writes [`Command::LoadAndRun`], in its own form, to the supervisor's stdin. All other commands come on the
//! control pipe, each as a line of JSON, which a pipe takes whole. The supervisor does some of them itself and passes the
//! others on to the live worker.

use std::io;

use serde::Deserialize;
use serde::Serialize;

use super::evcxr_lines::LOAD_AND_RUN;

/// How many named copies of the live worker there may be.
pub const NAMED_COPIES: usize = 16;

/// What the kernel has a worker do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Load an object and run a function of it: one piece of a cell. evcxr sends it and waits for its markers.
    LoadAndRun {
        /// The shared object.
        so: String,
        /// The function's name.
        function: String,
    },
    /// A cell of the person begins; it may run several objects.
    BeginCell,
    /// Make a copy for this role. The answer is [`Report::Copies`](super::Report::Copies).
    Copy(Role),
    /// End the copy of this role. There is no answer.
    Forget(Role),
    /// Change how copies are made. The answer is [`Report::Copies`](super::Report::Copies).
    Copies(CopySetting),
    /// Continue with the copy of this role. The answer is [`Report::Resumed`](super::Report::Resumed) or
    /// [`Report::NoSuchCopy`](super::Report::NoSuchCopy).
    Restore(Role),
    /// Stop the cell that runs.
    Interrupt,
}

/// What a copy of the live worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes over when the live worker dies.
    Guard,
    /// The state before the latest cell.
    Undo,
    /// Kept under a name that the kernel has; the number is below [`NAMED_COPIES`].
    Named(usize),
}

/// How copies are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopySetting {
    /// No change: only the answer is of interest.
    Status,
    /// Copies are made.
    On,
    /// No copies are made.
    Off,
    /// No copies are made above so many resident megabytes.
    LimitMegabytes(u32),
}

impl Command {
    /// The command as a line, with the line's end.
    ///
    /// # Panics
    ///
    /// Never: a command's JSON is made of strings and numbers.
    pub fn encode(&self) -> String {
        if let Command::LoadAndRun { so, function } = self {
            return format!("{LOAD_AND_RUN}{so} {function}\n");
        }
        let mut line = serde_json::to_string(self).expect("a command is made of strings");
        line.push('\n');
        line
    }

    /// Reads a line, with or without its end.
    ///
    /// # Errors
    ///
    /// When the line is no command.
    pub fn decode(line: &str) -> io::Result<Command> {
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(rest) = line.strip_prefix(LOAD_AND_RUN) {
            // The object's folder may have any name, also one with blanks.
            let (so, function) = rest.rsplit_once(' ').ok_or_else(|| unknown(line))?;
            return Ok(Command::LoadAndRun {
                so: so.to_owned(),
                function: function.to_owned(),
            });
        }
        match serde_json::from_str(line) {
            Ok(
                Command::Copy(Role::Named(number))
                | Command::Forget(Role::Named(number))
                | Command::Restore(Role::Named(number)),
            ) if number >= NAMED_COPIES => Err(unknown(line)),
            Ok(command) => Ok(command),
            Err(_) => Err(unknown(line)),
        }
    }
}

fn unknown(line: &str) -> io::Error {
    io::Error::other(format!(
        "unknown command `{line}` (expected one of `threadbook::wire::Command`; restart the kernel)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_the_way() {
        let roles = [Role::Guard, Role::Undo, Role::Named(0), Role::Named(15)];
        let settings = [
            CopySetting::Status,
            CopySetting::On,
            CopySetting::Off,
            CopySetting::LimitMegabytes(u32::MAX),
        ];
        let mut commands = vec![
            Command::BeginCell,
            Command::Interrupt,
            Command::LoadAndRun {
                so: "/a b/d'e/код/code.so".to_owned(),
                function: "run_user_code_1".to_owned(),
            },
        ];
        commands.extend(settings.map(Command::Copies));
        for make in [Command::Copy, Command::Forget, Command::Restore] {
            commands.extend(roles.map(make));
        }
        for command in commands {
            let line = command.encode();
            assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
            assert_eq!(Command::decode(&line).unwrap(), command);
            assert_eq!(Command::decode(line.trim_end()).unwrap(), command);
        }
    }

    #[test]
    fn the_line_of_evcxr_is_a_command() {
        let command = Command::decode("LOAD_AND_RUN /a b/code.so run_user_code_1\n").unwrap();
        let Command::LoadAndRun { so, function } = command else {
            panic!("{command:?}");
        };
        assert_eq!(
            (so.as_str(), function.as_str()),
            ("/a b/code.so", "run_user_code_1")
        );
    }

    #[test]
    fn other_lines_are_errors() {
        for line in [
            "",
            "CELL",
            "LOAD_AND_RUN code.so",
            "\"leave\"",
            "{\"restore\":{\"named\":16}}",
        ] {
            let error = Command::decode(line).unwrap_err().to_string();
            let start = format!("unknown command `{line}`");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}

//! Runs the steps of a cell's plan in order: Rust, the kernel's commands above it, magics and questions.

use std::ops::Range;

use threadbook_jupyter::contract::Diagnostic;

use crate::cell::Code;
use crate::cell::LineMagic;
use crate::cell::Question;
use crate::cell::Step;
use crate::magics::RunResult;

/// Does what a step is.
pub(super) trait Machine {
    /// Why a step can't be run, before any has run.
    fn refusal(&self, step: &Step) -> Option<Diagnostic>;

    /// Runs Rust, with evcxr's own commands above it.
    fn rust(&mut self, code: &Code) -> RunResult;

    /// Whether a command that stands above Rust is one of the kernel's.
    fn is_own_command(&self, line: &str) -> bool;

    /// Runs such a command.
    fn command(&mut self, line: &str) -> Result<(), Diagnostic>;

    /// Runs a magic.
    fn line(&mut self, magic: &LineMagic) -> Result<(), Diagnostic>;

    /// Answers a question.
    fn help(&mut self, question: &Question) -> Result<(), Diagnostic>;
}

/// Runs all steps, up to the first that fails. Nothing runs if a later one can't.
pub(super) fn run(machine: &mut impl Machine, steps: &[Step]) -> RunResult {
    if let Some(refusal) = steps.iter().find_map(|step| machine.refusal(step)) {
        return RunResult::of(Err(refusal));
    }
    let mut all = RunResult::of(Ok(()));
    for step in steps {
        all.add(match step {
            Step::Rust(code) => run_code(machine, code),
            Step::Help(question) => RunResult::of(machine.help(question)),
            Step::Line(magic) => RunResult::of(machine.line(magic)),
        });
        if all.result.is_err() {
            break;
        }
    }
    all
}

/// Runs Rust with the commands before it, those that the kernel does itself in their order.
pub(super) fn run_code(machine: &mut impl Machine, code: &Code) -> RunResult {
    let mut all = RunResult::of(Ok(()));
    let mut rest = code.clone();
    for line in command_lines(&code.text) {
        let command = &code.text[line.clone()];
        if !machine.is_own_command(command) {
            continue;
        }
        let before = rest.text[..line.start].to_owned();
        if !before.trim().is_empty() {
            all.add(machine.rust(&Code {
                text: before,
                edits: rest.edits.clone(),
            }));
        }
        if all.result.is_ok() {
            all.result = machine.command(command);
        }
        if all.result.is_err() {
            return all;
        }
        // What has run becomes blanks, so that positions hold.
        let blank: String = rest.text[..line.end]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        rest.text.replace_range(..line.end, &blank);
    }
    if !rest.text.trim().is_empty() {
        all.add(machine.rust(&rest));
    }
    all
}

/// The lines at the top of Rust that are commands, in bytes.
pub(super) fn command_lines(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with(':') {
            lines.push(start..start + line.trim_end_matches('\n').len());
        } else if !trimmed.is_empty() && !line.starts_with("//") {
            break;
        }
        start += line.len();
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cell::Facts;
    use crate::cell::Plan;

    /// Records its calls. A call fails if its text contains `fails`.
    #[derive(Default)]
    struct Fake {
        done: Vec<String>,
    }

    impl Fake {
        fn does(&mut self, what: String) -> Result<(), Diagnostic> {
            let fails = what.contains("fails");
            self.done.push(what);
            if fails { Err(diagnostic()) } else { Ok(()) }
        }
    }

    fn diagnostic() -> Diagnostic {
        Diagnostic {
            ename: "Failed".to_owned(),
            evalue: String::new(),
            traceback: Vec::new(),
        }
    }

    impl Machine for Fake {
        fn refusal(&self, step: &Step) -> Option<Diagnostic> {
            match step {
                Step::Line(magic) if magic.name == "unknown" => Some(diagnostic()),
                _ => None,
            }
        }

        fn rust(&mut self, code: &Code) -> RunResult {
            let lines = code.text.lines().enumerate();
            let lines = lines.filter(|(_, line)| !line.trim().is_empty());
            let lines: Vec<String> = lines
                .map(|(index, line)| format!("{}: {line}", index + 1))
                .collect();
            RunResult {
                compile: Duration::from_secs(1),
                ..RunResult::of(self.does(lines.join(", ")))
            }
        }

        fn is_own_command(&self, line: &str) -> bool {
            line.starts_with(":own")
        }

        fn command(&mut self, line: &str) -> Result<(), Diagnostic> {
            self.does(line.to_owned())
        }

        fn line(&mut self, magic: &LineMagic) -> Result<(), Diagnostic> {
            self.does(format!("%{} {}", magic.name, magic.args))
        }

        fn help(&mut self, question: &Question) -> Result<(), Diagnostic> {
            self.does(format!("{}?", question.name))
        }
    }

    /// Every magic belongs to the kernel, and no name is known.
    #[derive(Debug)]
    struct NoFacts;

    impl Facts for NoFacts {
        fn knows(&self, _: &str) -> bool {
            false
        }

        fn is_fallible(&self, _: &str) -> bool {
            false
        }

        fn expansion(&self, _: &str) -> Option<crate::cell::Expansion> {
            None
        }

        fn is_kernels(&self, _: &str) -> bool {
            true
        }
    }

    /// Checks the steps of a cell, whether the cell fails, and how many pieces of Rust were compiled.
    #[track_caller]
    fn check(cell: &str, done: &[&str], fails: bool, pieces: u64) {
        let Ok(Plan::Steps(steps)) = Plan::of(cell, &NoFacts) else {
            panic!("no steps");
        };
        let mut fake = Fake::default();
        let ran = run(&mut fake, &steps);
        assert_eq!(fake.done, done);
        assert_eq!(ran.result.is_err(), fails);
        assert_eq!(ran.compile, Duration::from_secs(pieces));
    }

    #[test]
    fn steps_run_in_order_on_their_own_lines() {
        check(
            "let a = 1;\n%one x\na + 1",
            &["1: let a = 1;", "%one x", "3: a + 1"],
            false,
            2,
        );
        check("%one\nname?\n2", &["%one ", "name?", "3: 2"], false, 1);
    }

    #[test]
    fn nothing_runs_if_a_later_step_can_not() {
        check("let a = 1;\n%unknown", &[], true, 0);
    }

    #[test]
    fn the_first_failure_ends_the_cell() {
        check("fails();\n%one\nb()", &["1: fails();"], true, 1);
        check("%fails\nb()", &["%fails "], true, 0);
    }

    #[test]
    fn commands_run_in_their_order_and_positions_hold() {
        check(
            ":dep a\n:own 1\n:dep b\n:own 2\nrest()",
            &["1: :dep a", ":own 1", "3: :dep b", ":own 2", "5: rest()"],
            false,
            3,
        );
        check(":dep a\nrest()", &["1: :dep a, 2: rest()"], false, 1);
        check("rest()\n", &["1: rest()"], false, 1);
    }

    #[test]
    fn a_command_that_fails_ends_the_cell() {
        check(
            ":dep a\n:own fails\nrest()",
            &["1: :dep a", ":own fails"],
            true,
            1,
        );
        check(":dep fails\n:own 1\nrest()", &["1: :dep fails"], true, 1);
    }
}

//! The shell and other languages: what runs outside of Rust, and what it shares with cells.

use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::LineEffect;
use super::magic::Magic;
use crate::cell::CellMagic;
use crate::cell::Expansion;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "bash",
        summary: "runs the cell as a script of bash",
        help: "%%bash [--no-raise] [options]

The lines below are bash's; its output shows as it comes, and what it reads the
person is asked for. An exit code other than 0 ends the cell as a ShellError,
but with --no-raise. Options go to bash.",
        line: None,
        cell: Some(script),
    },
    Magic {
        name: "sh",
        summary: "runs the cell as a script of the shell",
        help: "%%sh [--no-raise] [options]

As %%bash, with sh.",
        line: None,
        cell: Some(script),
    },
    Magic {
        name: "python",
        summary: "runs the cell as a program of Python, the machine's `python3`",
        help: "%%python [--no-raise] [options]

As %%bash. Each cell is a program of its own: it has no variables of earlier
ones. Modules are looked for in the working folder too.",
        line: None,
        cell: Some(script),
    },
    Magic {
        name: "script",
        summary: "gives the cell to any program as its input",
        help: "%%script [--no-raise] PROGRAM [arguments]

As %%bash, for a program that reads what it is to run, such as `%%script perl`.",
        line: None,
        cell: Some(script),
    },
    Magic {
        name: "cd",
        summary: "changes the working folder, of cells and of the shell",
        help: "%cd [FOLDER]

Without a folder, to that of the user; `%cd -` goes back to the one before.",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::shell::cd",
        ))),
        cell: None,
    },
    Magic {
        name: "pwd",
        summary: "shows the working folder",
        help: "%pwd",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::shell::pwd",
        ))),
        cell: None,
    },
    Magic {
        name: "ls",
        summary: "lists files",
        help: "%ls [arguments]

Short for `!ls`.",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::shell::ls",
        ))),
        cell: None,
    },
    Magic {
        name: "env",
        summary: "shows or sets variables of the environment, of cells and of the shell",
        help: "%env
%env NAME
%env NAME=value

`{expression}` in the value is one of Rust's, as in shell lines. Values of
variables that look like secrets are not shown in the list. C libraries that
read the environment on another thread at the same moment are not safe from a
change, as with Rust's own `set_var`.",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::shell::env",
        ))),
        cell: None,
    },
    Magic {
        name: "threads",
        summary: "lists the threads of the process that runs cells",
        help: "%threads

With the cell that started each, what it waits for, its share of a processor in
its life so far and its processor time. While a cell runs, `threadbook top` in a
terminal shows the same.",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::top::threads",
        ))),
        cell: None,
    },
    Magic {
        name: "ps",
        summary: "lists the programs and processes that cells have started and that still run",
        help: "%ps

The columns are those of %threads.",
        line: Some(LineEffect::InCode(Expansion::Call(
            "threadbook::abi::top::programs",
        ))),
        cell: None,
    },
];

fn script(host: &mut dyn Host, magic: &CellMagic, body: &str) -> Result<(), Diagnostic> {
    let CellMagic { name, args, .. } = magic;
    let (cell, line) = host.line(magic.body.start);
    let code =
        format!("threadbook::abi::shell::script({name:?}, {args:?}, {body:?}, ({cell}, {line}));");
    host.run_rust(&code).result
}

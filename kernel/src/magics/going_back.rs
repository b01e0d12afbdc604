//! `%undo`, `%checkpoint`, `%restore`, `%snapshot`: going back to earlier states.

use threadbook::wire::CopySetting;
use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::LineEffect;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::LineMagic;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "undo",
        summary: "goes back to the state before the last cell",
        help: "%undo [--force]

Variables, statics, threads and tasks are as they were, and definitions and
imports of the last cell are gone or what they were before. What is outside the
process stays: files, other programs, sockets. Dependencies stay too, and so do
imports with attributes. Programs that cells have started end, which needs
`--force`. Goes back by one cell.",
        line: Some(LineEffect::InKernel(undo)),
        cell: None,
    },
    Magic {
        name: "checkpoint",
        summary: "keeps the state of the session under a name, for `%restore`",
        help: "%checkpoint
%checkpoint NAME
%checkpoint -d NAME

Without a name, lists the checkpoints; `-d` drops one. A checkpoint costs the
memory that the session changes after it; there may be up to 16, and together
they may hold as much as `%snapshot limit` says.",
        line: Some(LineEffect::InKernel(checkpoint)),
        cell: None,
    },
    Magic {
        name: "restore",
        summary: "goes back to a checkpoint",
        help: "%restore NAME [--force]

As `%undo`, to the state that `%checkpoint NAME` has kept, which stays.",
        line: Some(LineEffect::InKernel(restore)),
        cell: None,
    },
    Magic {
        name: "snapshot",
        summary: "says or sets how the state is kept for the case of a crash",
        help: "%snapshot [status]
%snapshot on
%snapshot off
%snapshot limit MEGABYTES

Before and after each cell the process that runs cells makes a copy of itself,
which takes over when it crashes. Above the limit of resident memory, or where
making a copy takes more than 50 ms, it makes none, and says so once.",
        line: Some(LineEffect::InKernel(copies)),
        cell: None,
    },
];

fn undo(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let (words, force) = words(magic);
    if !words.is_empty() {
        return Err(usage("undo [--force]", magic));
    }
    let cell = host.undo(force)?;
    host.print(&format!("back to the state before cell {cell}\n"));
    Ok(())
}

fn checkpoint(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    match magic.args.split_whitespace().collect::<Vec<_>>()[..] {
        [] => {
            let list = host.checkpoints();
            if list.is_empty() {
                host.print("no checkpoints (`%checkpoint NAME` makes one)\n");
            }
            for (name, cell) in list {
                host.print(&format!("{name}  before cell {cell}\n"));
            }
            Ok(())
        }
        ["-d", name] => host.drop_checkpoint(name),
        [name] if !name.starts_with('-') => host.checkpoint(name),
        _ => Err(usage("checkpoint [-d] [NAME]", magic)),
    }
}

fn restore(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let (words, force) = words(magic);
    let [name] = words[..] else {
        return Err(usage("restore NAME [--force]", magic));
    };
    host.restore(name, force)?;
    host.print(&format!("back to the checkpoint `{name}`\n"));
    Ok(())
}

fn copies(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let setting = match magic.args.split_whitespace().collect::<Vec<_>>()[..] {
        [] | ["status"] => Some(CopySetting::Status),
        ["on"] => Some(CopySetting::On),
        ["off"] => Some(CopySetting::Off),
        ["limit", megabytes] => megabytes.parse().ok().map(CopySetting::LimitMegabytes),
        _ => None,
    };
    let setting =
        setting.ok_or_else(|| usage("snapshot [status|on|off|limit MEGABYTES]", magic))?;
    let status = host.set_copies(setting)?;
    const MB: u64 = 1 << 20;
    let mut text = format!(
        "copies are {}\nthe process holds {} MB (limit {} MB); making the last copy took {:.2} ms\n",
        if status.enabled { "on" } else { "off" },
        status.resident_bytes / MB,
        status.limit_bytes / MB,
        status.took_micros as f64 / 1000.0,
    );
    if let Some(why) = &status.unusable {
        text.push_str(&format!("copies do not work on this system: {why}\n"));
    }
    if let Some(why) = &status.skipped {
        text.push_str(&format!("no copy is kept while {why}\n"));
    }
    text.push_str(&format!(
        "a crash now would lose {}; `%undo` {}\n",
        if status.guard {
            "nothing"
        } else {
            "every variable"
        },
        if status.undo {
            "goes back by one cell"
        } else {
            "has nothing to go back to"
        },
    ));
    host.print(&text);
    Ok(())
}

fn words(magic: &LineMagic) -> (Vec<&str>, bool) {
    let force = |word: &&str| *word == "--force";
    let all = magic.args.split_whitespace();
    (
        all.clone().filter(|word| !force(word)).collect(),
        all.clone().any(|word| force(&word)),
    )
}

fn usage(form: &str, magic: &LineMagic) -> Diagnostic {
    failed(format!(
        "`%{} {}` is not understood (expected `%{form}`)",
        magic.name, magic.args
    ))
}

//! `threadbook top`: what a kernel does, seen from outside.

use std::fmt::Write as _;
use std::io;
use std::io::IsTerminal;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use threadbook::top;
use threadbook::top::Picture;
use threadbook::top::Proc;
use threadbook::top::now_ms;
use threadbook::top::table;

/// Between two pictures on a terminal.
const EVERY: Duration = Duration::from_secs(1);

/// Between the two pictures that one table is made of.
const MOMENT: Duration = Duration::from_millis(300);

/// To the terminal's first line; what is below it is erased line by line, so that nothing flickers.
const HOME: &str = "\x1b[H";
const ERASE_LINE: &str = "\x1b[K\n";
const ERASE_REST: &str = "\x1b[J";

/// Shows a kernel, or the kernels that there are.
pub(super) fn run(kernel: Option<i32>) -> Result<()> {
    ensure!(top::is_known(), top::UNKNOWN);
    let kernel = match kernel {
        Some(kernel) => kernel,
        None => {
            let proc = look();
            match proc.kernels()[..] {
                [] => bail!("no kernel runs (start one in JupyterLab or by `threadbook run`)"),
                [kernel] => kernel,
                ref kernels => {
                    print!("{}", list(&proc, kernels));
                    return Ok(());
                }
            }
        }
    };
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let mut before = Look::at(kernel)?;
    if is_terminal {
        print!("\x1b[2J");
    }
    loop {
        // Shares of processor time are those of the time between two looks.
        std::thread::sleep(if is_terminal { EVERY } else { MOMENT });
        let now = Look::at(kernel)?;
        let text = view(kernel, &now, &before);
        let mut stdout = stdout.lock();
        if !is_terminal {
            stdout.write_all(text.as_bytes())?;
            return Ok(());
        }
        let text = text.replace('\n', ERASE_LINE);
        write!(stdout, "{HOME}{text}{ERASE_REST}")?;
        stdout.flush()?;
        before = now;
    }
}

/// A kernel at a moment.
struct Look {
    picture: Picture,
    at_ms: u64,
}

impl Look {
    fn at(kernel: i32) -> Result<Look> {
        let proc = look();
        let picture = proc
            .kernel(kernel)
            .with_context(|| format!("there is no process `{kernel}` (see `threadbook top`)"))?;
        Ok(Look {
            picture,
            at_ms: now_ms(),
        })
    }
}

fn look() -> Proc {
    Proc::read(Path::new("/proc"))
}

fn list(proc: &Proc, kernels: &[i32]) -> String {
    let mut text = String::from("several kernels run (name one: `threadbook top KERNEL-PID`)\n");
    for kernel in kernels {
        let folder = proc.folder(*kernel).unwrap_or_default();
        let doing = proc.kernel(*kernel).unwrap_or_default().headline(now_ms());
        let _ = writeln!(text, "  {kernel}  {}  {doing}", folder.display());
    }
    text
}

fn view(kernel: i32, now: &Look, before: &Look) -> String {
    let (picture, earlier) = (&now.picture, &before.picture);
    let mut text = format!("kernel {kernel}, {}\n", picture.headline(now.at_ms));
    let since_ms = now.at_ms.saturating_sub(before.at_ms);
    for (headings, tasks, earlier) in [
        (["THREAD", "NAME"], &picture.threads, &earlier.threads),
        (["PROGRAM", "COMMAND"], &picture.programs, &earlier.programs),
        (
            ["COMPILER", "COMMAND"],
            &picture.compilers,
            &earlier.compilers,
        ),
    ] {
        let table = table(headings, tasks, earlier, since_ms, now.at_ms);
        if !table.is_empty() {
            let _ = write!(text, "\n{table}");
        }
    }
    text
}

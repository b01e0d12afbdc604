//! The command line: what the arguments are, and which command they lead to.
//!
//! Each command lives in a file of its own and returns an [`exit::Failure`] or an exit code.

mod cache;
mod doctor;
mod exit;
mod kernelspec;
mod lab;
mod location;
mod program;
mod run;
mod top;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

use self::exit::Failure;
use self::location::Location;

const EXAMPLES: &str = "\
Examples:
  threadbook lab                     start JupyterLab here, with the kernel in it
  threadbook doctor                  is everything here that the kernel needs?
  threadbook install                 make the kernel known to Jupyter
  threadbook run notebooks/          execute every notebook of a folder

Environment variables:
  THREADBOOK_CACHE             folder of the prepared builds (default: threadbook in the user's cache folder)
  THREADBOOK_HISTORY           file of the history (default: threadbook/history.sqlite in the user's data folder)
  THREADBOOK_OUTPUT_LIMIT      bytes of output that one cell may send before the rest is dropped
  THREADBOOK_SNAPSHOT_LIMIT_MB megabytes above which no copy is kept for the case of a crash
  THREADBOOK_LOG               filter of the log on stderr, such as `info` or `threadbook=debug`
  THREADBOOK_KERNEL_COMMAND    program that `run` starts in place of `threadbook`
  THREADBOOK_LOCKED            not empty: dependencies have the versions of the notebook's lock file, or are errors
  THREADBOOK_FAIL_COPY_TEST    not empty: the test of copies of the process fails (for tests)
  NO_COLOR                     not empty: no colours

Exit codes:
  0  it worked
  1  it failed
  2  the arguments, or the files that they name, can't be used";

const RUN_HELP: &str = "\
A cell with the tag `raises-exception` may fail; one with the tag `skip-execution` is left as it is. A failing cell ends
its notebook, and the other notebooks still run. Cells run in the notebook's folder. Ctrl-C interrupts the running cell
and starts no other; a second one ends the kernel too.

Examples:
  threadbook run lesson.ipynb
  threadbook run notebooks/ exercises/ --timeout 300
  threadbook run lesson.ipynb --output executed.ipynb --allow-errors
  threadbook run lessons/ --locked   dependencies as `%dep --lock` has pinned them

Exit codes:
  0    every notebook ran to its end
  1    a cell failed or took too long, or a kernel died
  2    the arguments, or the notebook files, can't be used
  130  ended by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)";

const LAB_HELP: &str = "\
The first start installs JupyterLab into a virtual environment in Threadbook's cache folder, by the machine's Python 3.
Later starts use it again. Another JupyterLab of yours stays as it is (`threadbook install` adds the kernel to it).
Ctrl-C is JupyterLab's: it asks whether to end.

Examples:
  threadbook lab
  threadbook lab notebooks/ --port 8899 --no-browser
  threadbook lab -- --ip=0.0.0.0     arguments of `jupyter lab` itself

Exit codes:
  0  JupyterLab has ended (any other code of JupyterLab is passed on)
  1  JupyterLab could not be installed or started
  2  the arguments can't be used";

const INSTALL_HELP: &str = "\
Examples:
  threadbook install
  threadbook install --sys-prefix --name rust --display-name 'Rust'

Exit codes:
  0  installed
  1  a file could not be written, or the name belongs to another kernel
  2  the arguments can't be used";

const UNINSTALL_HELP: &str = "\
Examples:
  threadbook uninstall
  threadbook uninstall --sys-prefix --name rust

Exit codes:
  0  uninstalled
  1  no such kernelspec, or it belongs to another kernel
  2  the arguments can't be used";

const CACHE_HELP: &str = "\
A prepared build is the runtime that cells link, built once for each toolchain and version. An environment of `lab` is
JupyterLab, installed once for each version of Python. The current ones, and those in use, are never removed.

Exit codes:
  0  listed or pruned
  1  the folder could not be read, or a build not removed
  2  the arguments can't be used";

const DOCTOR_HELP: &str = "\
Each line says `ok`, `warn` or `fail`, what was looked at and what was found; what to do about it comes after `->`.

Exit codes:
  0  nothing fails (warnings may stand)
  1  something that the kernel needs is missing";

const TOP_HELP: &str = "\
For the moment when a cell hangs: nothing is asked of the kernel. CELL is the one that ran when a thread or program was
started; CPU is the share of one processor. On a terminal the view is renewed each second until Ctrl-C; elsewhere it is
printed once.

Exit codes:
  0  shown
  1  no kernel runs, or it has ended
  2  the arguments can't be used";

const KERNEL_HELP: &str = "\
Jupyter calls this, by the kernelspec that `threadbook install` writes.

Exit codes:
  0  shut down as asked
  1  the kernel could not start, or broke down
  2  the arguments can't be used";

/// A Jupyter kernel that runs Rust cells about concurrency
#[derive(Debug, Parser)]
#[command(name = "threadbook", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Execute notebooks and print their outputs
    #[command(after_help = RUN_HELP)]
    Run(run::RunArgs),
    /// Start JupyterLab with the kernel in it; the first start installs it, apart from any other JupyterLab
    #[command(after_help = LAB_HELP)]
    Lab(lab::LabArgs),
    /// Make the kernel known to Jupyter
    #[command(after_help = INSTALL_HELP)]
    Install {
        #[command(flatten)]
        target: Target,
        /// Name that Jupyter's menus show
        #[arg(long, value_name = "TEXT", default_value = kernelspec::DISPLAY_NAME)]
        display_name: String,
        /// Leave building the runtime, which takes half a minute, to the first kernel
        #[arg(long)]
        no_prepare: bool,
    },
    /// Undo `install`
    #[command(after_help = UNINSTALL_HELP)]
    Uninstall {
        #[command(flatten)]
        target: Target,
    },
    /// List the prepared builds of the runtime, and the environments of `lab`
    #[command(after_help = CACHE_HELP)]
    Cache {
        /// Remove those of other toolchains and versions, and those that were not finished
        #[arg(long)]
        prune: bool,
    },
    /// Check that everything the kernel needs is here
    #[command(after_help = DOCTOR_HELP)]
    Doctor,
    /// Show what a running kernel is doing: its threads and programs
    #[command(after_help = TOP_HELP)]
    Top {
        /// The kernel's process (default: the one kernel that runs; where there are several, they are listed)
        #[arg(value_name = "KERNEL-PID")]
        kernel: Option<i32>,
    },
    /// Run a kernel (Jupyter does this)
    #[command(after_help = KERNEL_HELP)]
    Kernel {
        /// File with the kernel's ports and key, written by the program that starts it
        #[arg(short = 'f', long, value_name = "FILE")]
        connection_file: PathBuf,
        /// Forget at the end what was run, and show nothing of earlier sessions
        #[arg(long)]
        no_history: bool,
    },
}

/// Which kernelspec `install` and `uninstall` are about.
#[derive(Debug, Args)]
struct Target {
    #[command(flatten)]
    place: InstallPlace,
    /// Name of the kernelspec, as in `jupyter console --kernel NAME`: letters, digits and `.`, `_`, `-`
    #[arg(long, default_value = kernelspec::NAME, value_parser = kernelspec::parse_name)]
    name: String,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct InstallPlace {
    /// Jupyter's data folder of this user (the default)
    #[arg(long)]
    user: bool,
    /// The active Python environment
    #[arg(long)]
    sys_prefix: bool,
    /// The folder DIR/share/jupyter
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

impl InstallPlace {
    fn location(self) -> Location {
        match self.prefix {
            Some(folder) => Location::Prefix(folder),
            None if self.sys_prefix => Location::SysPrefix,
            None => Location::User,
        }
    }
}

/// Parses the arguments and runs the command that they name.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    command.run().unwrap_or_else(|failure| {
        eprintln!("error: {:#}", failure.error());
        failure.exit_code()
    })
}

impl Command {
    fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Command::Run(args) => return run::run(&args),
            Command::Lab(args) => match lab::run(&args)? {},
            Command::Install {
                target,
                display_name,
                no_prepare,
            } => {
                kernelspec::install(&target.place.location(), &target.name, &display_name)?;
                if !no_prepare {
                    cache::prepare()?;
                }
            }
            Command::Cache { prune } => cache::run(prune)?,
            Command::Uninstall { target } => {
                kernelspec::uninstall(&target.place.location(), &target.name)?;
            }
            Command::Top { kernel } => top::run(kernel)?,
            Command::Doctor => return Ok(doctor::run()),
            Command::Kernel {
                connection_file,
                no_history,
            } => {
                let history = if no_history {
                    None
                } else {
                    crate::env::history_file()
                };
                // SAFETY: this runs on the main thread, before anything that starts another.
                return Ok(unsafe { crate::kernel_main(&connection_file, history) }?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_defined() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_lists_every_variable_of_our_own() {
        for name in crate::env::OWN {
            assert!(EXAMPLES.contains(&format!("  {name} ")), "{name}");
        }
    }
}

//! The stand-in for cargo that evcxr calls.
//!
//! When a cell adds no dependency, cargo has nothing to decide: the stand-in repeats the rustc call that cargo made
//! for the same manifest before, and saves cargo's own 40-60 ms. Otherwise it runs the real cargo, and notes the call
//! for next time. Either way it keeps rustc's diagnostics with their colours, warnings included, in a file for the
//! kernel: evcxr shows none of them when a cell compiles.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use threadbook::worker::COMPILER_FILE;

use crate::cell::Blocks;
use crate::cell::hold_newest;
use crate::cell::macros_first;

use super::Prepared;
use super::analysis;
use super::call::RustcCall;
use super::compiling::Compiled;
use super::compiling::Compiling;
use super::dependencies;
use super::generated;
use super::phases::Watch;
use super::prepare;
use super::session;
use super::statics;
use super::statics::Definitions;
use super::variables;
use crate::sys::links;
use crate::sys::processes;

/// rustc's diagnostics of the last compile, one JSON object a line.
pub const DIAGNOSTICS_FILE: &str = "diagnostics.jsonl";
/// Exists while a compile is not wanted any more.
pub const INTERRUPTED_FILE: &str = "interrupted";
/// The text of the cell that is compiled.
pub const CELL_FILE: &str = "cell.rs";
/// Exists when a dependency had the runtime built anew: the worker must be started again before anything is run.
pub const RUNTIME_CHANGED_FILE: &str = "runtime-changed";
/// How often each static was defined.
const STATICS_FILE: &str = "statics.json";
/// The texts of blocks (`impl` and `extern`).
const BLOCKS_FILE: &str = "blocks.json";
/// rustc cuts lines to a terminal's width; this has room for what the kernel puts into a line as well.
const DIAGNOSTIC_WIDTH: &str = "--diagnostic-width=280";
/// The rustc call for the manifest that cargo built last, with that manifest.
const CALL_FILE: &str = "call.json";

/// What evcxr sets for cargo, so that a prepared build and a session's agree.
pub(super) fn set_build_environment(command: &mut Command, rustc: &Path) {
    command
        .env("CARGO_TARGET_DIR", "target")
        .env("CARGO_BUILD_BUILD_DIR", "target")
        .env("RUSTC", rustc)
        .env("RUSTFLAGS", "-Cprefer-dynamic");
}

/// Plays cargo; gives the exit code.
pub(super) fn main(args: &[String]) -> anyhow::Result<i32> {
    let prepared = session::prepared_of_this_process()?;
    let session = std::env::current_dir()?;
    let manifest = std::fs::read_to_string(session.join("Cargo.toml")).unwrap_or_default();
    let only_known = generated::only_knows(&manifest, &prepared.dependencies());
    let verb = args
        .iter()
        .find(|arg| !arg.starts_with('-'))
        .map(String::as_str);
    match verb {
        Some("metadata") if only_known && manifest.contains(generated::VALIDATION_CRATE) => {
            // evcxr asks whether the dependency can be had, and looks at the exit code only.
            println!("{{}}");
            Ok(0)
        }
        Some("metadata") if manifest.contains(generated::VALIDATION_CRATE) => {
            // The crate has no other dependency, so cargo would forget the versions of all others.
            let lock_file = session.join("Cargo.lock");
            let lock = std::fs::read(&lock_file)?;
            let code = validate(&prepared, args);
            std::fs::write(&lock_file, lock)?;
            code
        }
        Some(verb @ ("build" | "check")) => {
            let check_only = verb == "check";
            compile(&prepared, &session, &manifest, args, only_known, check_only)
        }
        _ => {
            let mut command = Command::new(prepared.cargo());
            if only_known {
                // Before the verb: what stands behind a `--` is not for cargo.
                command.arg("--offline");
            }
            command.args(args);
            if verb != Some("metadata") {
                return Ok(exit_code(command.status()?));
            }
            let output = command.stderr(Stdio::inherit()).output()?;
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&analysis::visible_packages(output.stdout))?;
            // Whoever reads by lines may lose one that does not end.
            stdout.write_all(b"\n")?;
            Ok(exit_code(output.status))
        }
    }
}

/// Asks whether a dependency can be had. What was downloaded before needs no network.
fn validate(prepared: &Prepared, args: &[String]) -> anyhow::Result<i32> {
    let mut offline = Command::new(prepared.cargo());
    offline.arg("--offline").args(args).stderr(Stdio::null());
    if offline.status()?.success() {
        return Ok(0);
    }
    let status = Command::new(prepared.cargo()).args(args).status()?;
    Ok(exit_code(status))
}

fn compile(
    prepared: &Prepared,
    session: &Path,
    manifest: &str,
    args: &[String],
    only_known: bool,
    check_only: bool,
) -> anyhow::Result<i32> {
    let mut watch = Watch::begin(session);
    let _group = CompilerGroup::begin(session)?;
    if session.join(INTERRUPTED_FILE).exists() {
        return Ok(130);
    }
    if session.join(RUNTIME_CHANGED_FILE).exists() {
        // evcxr tries again in other ways; the worker that runs now could load nothing of it.
        return Ok(1);
    }
    let call = known_call(prepared, session, manifest, only_known);
    let call = call.map(|call| {
        let linker = watch.linker_arg(call.args());
        call.with_arg(linker)
    });
    if call.is_none() {
        dependencies::share(prepared, session, manifest)?;
    }
    let mut compiler = || match &call {
        Some(call) if check_only => call_rustc(&call.checking(), session),
        Some(call) => call_rustc(call, session),
        None => pass_on(prepared, session, args, only_known),
    };
    if !manifest.lines().any(|line| line.starts_with("threadbook ")) {
        return print(session, &watch.compiler(&mut compiler)?, check_only);
    }
    let path = session.join("src/lib.rs");
    let mut changes = Changes::begin(session)?;
    let source = watch.rewriting(|| changes.prepare(&std::fs::read_to_string(&path)?))?;
    let mut finish = |source: &str| Ok(changes.finish(source));
    let mut compiling = Compiling::new(session, &mut finish, &mut compiler);
    let compiled = watch.compiler(|| match check_only {
        true => compiling.check(&source),
        false => compiling.build(&source),
    })?;
    if compiled.code == 0 && !check_only {
        // What did not compile has defined nothing.
        changes.commit(session)?;
    }
    print(session, &compiled, check_only)
}

/// The call that cargo would make for a manifest, where that is known.
fn known_call(
    prepared: &Prepared,
    session: &Path,
    manifest: &str,
    only_known: bool,
) -> Option<RustcCall> {
    let opt_level = generated::opt_level(manifest);
    match noted_call(session) {
        Some((noted_manifest, call))
            if generated::same_but_opt_level(&noted_manifest, manifest) =>
        {
            Some(call.moved(session, session, &opt_level))
        }
        _ if only_known => Some(
            prepared
                .call()
                .moved(&prepared.template(), session, &opt_level),
        ),
        _ => None,
    }
}

/// The call by which the session's latest cell was compiled.
pub(super) fn call_of_latest(session: &Path) -> anyhow::Result<RustcCall> {
    let prepared = session::prepared_of_this_process()?;
    let manifest = std::fs::read_to_string(session.join("Cargo.toml"))?;
    let only_known = generated::only_knows(&manifest, &prepared.dependencies());
    known_call(&prepared, session, &manifest, only_known)
        .ok_or_else(|| anyhow::anyhow!("no compile has succeeded"))
}

/// What cargo did last in this session, and for which manifest.
fn noted_call(session: &Path) -> Option<(String, RustcCall)> {
    noted(&session.join(CALL_FILE))
}

/// What an earlier compile has noted in a file, if one has.
pub(super) fn noted<T: DeserializeOwned>(file: &Path) -> Option<T> {
    let json = std::fs::read(file).ok()?;
    serde_json::from_slice(&json).ok()
}

/// How rustc is called in this session: with the dependencies that were added, where some were.
pub(super) fn call_of_this_session() -> anyhow::Result<RustcCall> {
    let session = session::folder_of_this_process()?;
    match noted_call(&session) {
        Some((_, call)) => Ok(call),
        None => Ok(session::prepared_of_this_process()?.call().clone()),
    }
}

/// What is changed in the generated code, and what is noted of it once it has compiled.
struct Changes {
    cell: String,
    definitions: Definitions,
    blocks: Blocks,
    new_definitions: Definitions,
}

impl Changes {
    fn begin(session: &Path) -> anyhow::Result<Changes> {
        Ok(Changes {
            cell: std::fs::read_to_string(session.join(CELL_FILE)).unwrap_or_default(),
            definitions: noted(&session.join(STATICS_FILE)).unwrap_or_default(),
            blocks: noted(&session.join(BLOCKS_FILE)).unwrap_or_default(),
            new_definitions: Definitions::default(),
        })
    }

    /// What comes before it is known which variables are kept.
    fn prepare(&mut self, source: &str) -> anyhow::Result<String> {
        let (source, blocks) = hold_newest(source, &self.cell, &self.blocks);
        self.blocks = blocks;
        let source = macros_first(&source);
        Ok(variables::leave_unmentioned(&source, &self.cell))
    }

    /// What comes after it.
    fn finish(&mut self, source: &str) -> String {
        let shared = statics::share(source, &self.cell, &self.definitions);
        self.new_definitions = shared.definitions;
        generated::rewrite(&shared.source, &shared.thread_locals)
    }

    fn commit(&self, session: &Path) -> anyhow::Result<()> {
        let definitions = serde_json::to_vec(&self.new_definitions)?;
        std::fs::write(session.join(STATICS_FILE), definitions)?;
        std::fs::write(session.join(BLOCKS_FILE), serde_json::to_vec(&self.blocks)?)?;
        Ok(())
    }
}

/// Runs rustc, and words what it says as cargo would.
fn call_rustc(call: &RustcCall, session: &Path) -> anyhow::Result<Compiled> {
    let out_dir = call.out_dir().unwrap_or_else(|| session.to_owned());
    std::fs::create_dir_all(&out_dir)?;
    let mut child = Command::new(call.program())
        .args(call.args())
        .arg(DIAGNOSTIC_WIDTH)
        .current_dir(session)
        .stderr(Stdio::piped())
        .spawn()?;
    let mut messages = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            match serde_json::from_str::<Value>(&line) {
                Ok(message) if message["$message_type"] == "diagnostic" => messages.push(message),
                Ok(_) => {}
                Err(_) => eprintln!("{line}"),
            }
        }
    }
    let status = child.wait()?;
    let mut lines: Vec<String> = messages
        .iter()
        .map(|message| json!({"reason": "compiler-message", "message": message}).to_string())
        .collect();
    if status.success() {
        let object = out_dir.join(generated::object_file());
        let artifact = json!({"reason": "compiler-artifact", "target": {"name": generated::CRATE}, "filenames": [object]});
        lines.push(artifact.to_string());
    }
    Ok(Compiled {
        code: exit_code(status),
        lines,
        messages,
    })
}

/// Notes what rustc has said, and passes it on to evcxr, of diagnostics perhaps errors only; gives the exit code.
///
/// evcxr has a cell checked when it does not know the type of a variable; a warning would take the place of what it then
/// says itself.
fn print(session: &Path, compiled: &Compiled, errors_only: bool) -> anyhow::Result<i32> {
    let mut diagnostics = File::create(session.join(DIAGNOSTICS_FILE))?;
    for message in &compiled.messages {
        writeln!(diagnostics, "{message}")?;
    }
    let mut stdout = std::io::stdout().lock();
    for line in &compiled.lines {
        let is_warning = || {
            let message: Value = serde_json::from_str(line).unwrap_or_default();
            message["reason"] == "compiler-message" && message["message"]["level"] != "error"
        };
        if !(errors_only && is_warning()) {
            writeln!(stdout, "{line}")?;
        }
    }
    Ok(compiled.code)
}

/// Runs the real cargo, keeping the diagnostics and noting how it called rustc.
fn pass_on(
    prepared: &Prepared,
    session: &Path,
    args: &[String],
    only_known: bool,
) -> anyhow::Result<Compiled> {
    let mut command = Command::new(prepared.cargo());
    for arg in args {
        // evcxr wants JSON; with colours it serves people too.
        let arg = if arg == "--message-format=json" {
            "--message-format=json-diagnostic-rendered-ansi"
        } else {
            arg
        };
        command.arg(arg);
    }
    command.arg("--verbose");
    if only_known {
        command.arg("--offline");
    }
    let mut child = command
        .env("CARGO_TERM_COLOR", "never")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take();
    // Without a place to show progress, the build goes on all the same.
    let progress = File::options()
        .append(true)
        .open(session.join(session::PROGRESS_LINK))
        .ok();
    let call = std::thread::spawn(move || {
        stderr.and_then(|stderr| watch_cargo(BufReader::new(stderr), progress))
    });
    let mut lines = Vec::new();
    let mut messages = Vec::new();
    if let Some(child_stdout) = child.stdout.take() {
        for line in BufReader::new(child_stdout).lines() {
            let line = line?;
            let message: Value = serde_json::from_str(&line).unwrap_or_default();
            if message["reason"] == "compiler-message"
                && message["target"]["name"] == generated::CRATE
            {
                messages.push(message["message"].clone());
            }
            lines.push(line);
        }
    }
    let mut compiled = Compiled {
        code: 0,
        lines,
        messages,
    };
    let status = child.wait()?;
    let call = call.join().ok().flatten();
    // A check generates no code, so its call is none to repeat for a build.
    let is_build = args.iter().any(|arg| arg == "build");
    if let (true, true, Some(call)) = (status.success(), is_build, call) {
        let manifest = std::fs::read_to_string(session.join("Cargo.toml"))?;
        // A later session then builds it again.
        let _ = dependencies::keep(prepared, session, &manifest);
        let changed = dependencies::changed_runtime(prepared, &call);
        if changed {
            let program = session::worker(session);
            // Beside it first: the worker that runs now is started from this file.
            let new = program.with_extension("new");
            prepare::compile_worker(
                &prepared.worker_source(),
                &session::rustc_of_this_process()?,
                &call,
                &new,
            )?;
            links::replace_program(&new, &program)?;
        }
        std::fs::write(
            session.join(CALL_FILE),
            serde_json::to_vec(&(manifest, call))?,
        )?;
        if changed {
            std::fs::write(session.join(RUNTIME_CHANGED_FILE), "")?;
            compiled.code = 1;
            return Ok(compiled);
        }
    }
    compiled.code = exit_code(status);
    Ok(compiled)
}

/// Passes on what cargo says beside its JSON, shows its steps to the person, and finds the call.
fn watch_cargo(stderr: impl BufRead, mut progress: Option<File>) -> Option<RustcCall> {
    let mut call = None;
    for line in stderr.lines().map_while(Result::ok) {
        let step = line.trim_start();
        if let Some(found) = RustcCall::from_verbose_line(step) {
            call = Some(found);
        }
        if let Some(step) = step_for_people(step) {
            progress = progress.filter(|mut file| writeln!(file, "{step}").is_ok());
        }
        if !step.starts_with("Running ") && !step.starts_with("Fresh ") {
            eprintln!("{line}");
        }
    }
    call
}

/// What cargo does, where it is worth showing: downloading and compiling dependencies, not the cell.
pub(super) fn step_for_people(step: &str) -> Option<&str> {
    let is_step = ["Compiling ", "Downloading ", "Downloaded ", "Updating "]
        .iter()
        .any(|verb| step.starts_with(verb));
    let is_cell = step.contains(&format!(" {} v", generated::CRATE));
    // Without the folder of a package that lies on this machine.
    (is_step && !is_cell).then(|| step.split(" (").next().unwrap_or(step))
}

/// Puts the compile into a process group of its own, which an interrupt can end.
struct CompilerGroup {
    file: PathBuf,
}

impl CompilerGroup {
    fn begin(session: &Path) -> anyhow::Result<CompilerGroup> {
        processes::found_group()?;
        let file = session.join(COMPILER_FILE);
        std::fs::write(&file, std::process::id().to_string())?;
        Ok(CompilerGroup { file })
    }
}

impl Drop for CompilerGroup {
    fn drop(&mut self) {
        // If it stays, the next compile writes it anew.
        let _ = std::fs::remove_file(&self.file);
    }
}

pub(super) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

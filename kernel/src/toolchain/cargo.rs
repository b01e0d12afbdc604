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

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use threadbook::worker::COMPILER_FILE;

use super::Prepared;
use super::analysis;
use super::dependencies;
use super::generated;
use super::phases::Watch;
use super::prepare;
use super::session;
use super::statics;
use super::statics::Definitions;
use super::variables;

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
/// The rustc call for the manifest that cargo built last, with that manifest.
const CALL_FILE: &str = "call.json";

/// How rustc was called for a cell's crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RustcCall {
    program: PathBuf,
    args: Vec<String>,
}

impl RustcCall {
    /// Reads it from a line that `cargo build --verbose` prints, if that line compiles a cell's crate.
    pub fn from_verbose_line(line: &str) -> Option<RustcCall> {
        let quoted = line.strip_prefix("Running `")?.strip_suffix('`')?;
        let mut words = split_words(quoted)
            .into_iter()
            .skip_while(|word| is_assignment(word));
        let program = PathBuf::from(words.next()?);
        let args: Vec<String> = words.collect();
        let names_crate = args
            .windows(2)
            .any(|pair| pair[0] == "--crate-name" && pair[1] == generated::CRATE);
        names_crate.then_some(RustcCall { program, args })
    }

    /// The arguments that say where libraries lie and which the crate names.
    pub fn library_args(&self) -> Vec<&str> {
        let mut list = Vec::new();
        for pair in self.args.windows(2) {
            if pair[0] == "-L" || pair[0] == "--extern" {
                list.extend([pair[0].as_str(), pair[1].as_str()]);
            }
        }
        list
    }

    /// The same call with lines and names of functions in what it makes, and a folder of its own for what rustc keeps.
    pub(super) fn with_lines(&self, incremental: &Path) -> RustcCall {
        let mut call = self.clone();
        for arg in &mut call.args {
            if arg.starts_with("incremental=") {
                *arg = format!("incremental={}", incremental.display());
            }
        }
        let added = ["-Cdebuginfo=limited", "-Cstrip=none"];
        call.args.extend(added.map(str::to_owned));
        call
    }

    /// The arguments.
    pub(super) fn args(&self) -> &[String] {
        &self.args
    }

    /// rustc itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The files of the libraries that the crate names.
    pub fn libraries(&self) -> impl Iterator<Item = &Path> {
        let named = |pair: &&[String]| pair[0] == "--extern";
        let files = self.args.windows(2).filter(named);
        files.filter_map(|pair| Some(Path::new(pair[1].split_once('=')?.1)))
    }

    /// The file of a library that the crate names: the last one, which is the shared one where there are two.
    pub fn library(&self, name: &str) -> Option<&Path> {
        let prefix = format!("{name}=");
        let mut files = self
            .library_args()
            .into_iter()
            .filter_map(|arg| arg.strip_prefix(&prefix));
        files.next_back().map(Path::new)
    }

    /// Where the standard library's own shared object lies, for the target that the call is for.
    pub fn standard_libraries(&self) -> Option<PathBuf> {
        let target = self.value_of("--target")?;
        let sysroot = self.program.parent()?.parent()?;
        Some(sysroot.join("lib/rustlib").join(target).join("lib"))
    }

    /// The folder that the shared object goes to.
    pub fn out_dir(&self) -> Option<PathBuf> {
        self.value_of("--out-dir").map(PathBuf::from)
    }

    fn value_of(&self, flag: &str) -> Option<&str> {
        let mut pairs = self.args.windows(2);
        pairs
            .find(|pair| pair[0] == flag)
            .map(|pair| pair[1].as_str())
    }

    /// The same call for another crate folder and optimisation level; the libraries stay where they are.
    pub fn moved(&self, from: &Path, to: &Path, opt_level: &str) -> RustcCall {
        let mut args = self.args.clone();
        for index in 1..args.len() {
            let value = if args[index - 1] == "--out-dir" {
                moved_path(&args[index], from, to)
            } else if let Some(path) = args[index].strip_prefix("incremental=") {
                format!("incremental={}", moved_path(path, from, to))
            } else if args[index].starts_with("opt-level=") {
                format!("opt-level={opt_level}")
            } else {
                continue;
            };
            args[index] = value;
        }
        RustcCall {
            program: self.program.clone(),
            args,
        }
    }

    /// The same call as `cargo check` would make it: no code is generated.
    fn checking(&self) -> RustcCall {
        let mut call = self.clone();
        for arg in &mut call.args {
            if arg.starts_with("--emit=") {
                "--emit=metadata".clone_into(arg);
            } else if arg.starts_with("incremental=") {
                // What is kept from one kind of compile is of no use to the other.
                arg.push_str("-check");
            }
        }
        call
    }
}

fn moved_path(path: &str, from: &Path, to: &Path) -> String {
    match Path::new(path).strip_prefix(from) {
        Ok(rest) => to.join(rest).to_string_lossy().into_owned(),
        Err(_) => path.to_owned(),
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && !name.contains(['/', '-']))
}

/// Splits words as a POSIX shell would; cargo quotes with single quotes only.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None;
    let mut quoted = false;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_with(String::new);
            }
            '\\' if !quoted => word.get_or_insert_with(String::new).extend(chars.next()),
            ' ' if !quoted => words.extend(word.take()),
            char => word.get_or_insert_with(String::new).push(char),
        }
    }
    words.extend(word);
    words
}

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
            // What was downloaded before needs no network.
            let mut offline = Command::new(prepared.cargo());
            offline.args(args).arg("--offline").stderr(Stdio::null());
            if offline.status()?.success() {
                return Ok(0);
            }
            Ok(exit_code(
                Command::new(prepared.cargo()).args(args).status()?,
            ))
        }
        Some(verb @ ("build" | "check")) => {
            let check_only = verb == "check";
            compile(&prepared, &session, &manifest, args, only_known, check_only)
        }
        _ => {
            let mut command = Command::new(prepared.cargo());
            command.args(args);
            if only_known {
                command.arg("--offline");
            }
            if verb != Some("metadata") {
                return Ok(exit_code(command.status()?));
            }
            let output = command.stderr(Stdio::inherit()).output()?;
            std::io::stdout().write_all(&analysis::visible_packages(output.stdout))?;
            Ok(exit_code(output.status))
        }
    }
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
    let _compiling = Compiling::begin(session)?;
    if session.join(INTERRUPTED_FILE).exists() {
        return Ok(130);
    }
    if session.join(RUNTIME_CHANGED_FILE).exists() {
        // evcxr tries again in other ways; the worker that runs now could load nothing of it.
        return Ok(1);
    }
    let definitions = if manifest.lines().any(|line| line.starts_with("threadbook ")) {
        Some(watch.rewriting(|| rewrite_source(session))?)
    } else {
        None
    };
    let call = known_call(prepared, session, manifest, only_known);
    let call = call.map(|mut call| {
        call.args.extend(watch.linker_arg(&call.args));
        call
    });
    let code = match call {
        Some(call) if check_only => watch.compiler(|| call_rustc(&call.checking(), session, true)),
        Some(call) => watch.compiler(|| call_rustc(&call, session, false)),
        None => {
            dependencies::share(prepared, session, manifest)?;
            watch.compiler(|| pass_on(prepared, session, args, only_known))
        }
    }?;
    if code == 0
        && !check_only
        && let Some(definitions) = definitions
    {
        // What did not compile has defined nothing.
        std::fs::write(
            session.join(STATICS_FILE),
            serde_json::to_vec(&definitions)?,
        )?;
    }
    Ok(code)
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
    let json = std::fs::read(session.join(CALL_FILE)).ok()?;
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

/// Changes the generated code; gives the definitions of statics that hold if it compiles.
fn rewrite_source(session: &Path) -> anyhow::Result<Definitions> {
    let path = session.join("src/lib.rs");
    let source = std::fs::read_to_string(&path)?;
    let cell = std::fs::read_to_string(session.join(CELL_FILE)).unwrap_or_default();
    let definitions = std::fs::read(session.join(STATICS_FILE))
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default();
    let source = variables::leave_unmentioned(&source, &cell);
    let shared = statics::share(&source, &cell, &definitions);
    std::fs::write(
        &path,
        generated::rewrite(&shared.source, &shared.thread_locals),
    )?;
    Ok(shared.definitions)
}

/// Runs rustc and tells evcxr what cargo would have told it, of diagnostics perhaps errors only.
///
/// evcxr has a cell checked when it does not know the type of a variable; a warning would take the place of what it then
/// says itself.
fn call_rustc(call: &RustcCall, session: &Path, errors_only: bool) -> anyhow::Result<i32> {
    let out_dir = call.out_dir().unwrap_or_else(|| session.to_owned());
    std::fs::create_dir_all(&out_dir)?;
    let mut child = Command::new(&call.program)
        .args(&call.args)
        .current_dir(session)
        .stderr(Stdio::piped())
        .spawn()?;
    let mut diagnostics = File::create(session.join(DIAGNOSTICS_FILE))?;
    let mut stdout = std::io::stdout().lock();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            match serde_json::from_str::<Value>(&line) {
                Ok(message) if message["$message_type"] == "diagnostic" => {
                    writeln!(diagnostics, "{line}")?;
                    if !errors_only || message["level"] == "error" {
                        let message = json!({"reason": "compiler-message", "message": message});
                        writeln!(stdout, "{message}")?;
                    }
                }
                Ok(_) => {}
                Err(_) => eprintln!("{line}"),
            }
        }
    }
    let status = child.wait()?;
    if status.success() {
        let object = out_dir.join(format!("lib{}.so", generated::CRATE));
        let artifact = json!({"reason": "compiler-artifact", "target": {"name": generated::CRATE}, "filenames": [object]});
        writeln!(stdout, "{artifact}")?;
    }
    Ok(exit_code(status))
}

/// Runs the real cargo, keeping the diagnostics and noting how it called rustc.
fn pass_on(
    prepared: &Prepared,
    session: &Path,
    args: &[String],
    only_known: bool,
) -> anyhow::Result<i32> {
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
    let mut diagnostics = File::create(session.join(DIAGNOSTICS_FILE))?;
    let mut stdout = std::io::stdout().lock();
    if let Some(child_stdout) = child.stdout.take() {
        for line in BufReader::new(child_stdout).lines() {
            let line = line?;
            writeln!(stdout, "{line}")?;
            let message: Value = serde_json::from_str(&line).unwrap_or_default();
            if message["reason"] == "compiler-message"
                && message["target"]["name"] == generated::CRATE
            {
                writeln!(diagnostics, "{}", message["message"])?;
            }
        }
    }
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
            let program = session.join(session::WORKER_FILE);
            // Beside it first: the worker that runs now is started from this file.
            let new = program.with_extension("new");
            prepare::compile_worker(
                &prepared.worker_source(),
                &session::rustc_of_this_process()?,
                &call,
                &new,
            )?;
            std::fs::rename(new, program)?;
        }
        std::fs::write(
            session.join(CALL_FILE),
            serde_json::to_vec(&(manifest, call))?,
        )?;
        if changed {
            std::fs::write(session.join(RUNTIME_CHANGED_FILE), "")?;
            return Ok(1);
        }
    }
    Ok(exit_code(status))
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
struct Compiling {
    file: PathBuf,
}

impl Compiling {
    fn begin(session: &Path) -> anyhow::Result<Compiling> {
        rustix::process::setpgid(None, None)?;
        let file = session.join(COMPILER_FILE);
        std::fs::write(&file, std::process::id().to_string())?;
        Ok(Compiling { file })
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        // If it stays, the next compile writes it anew.
        let _ = std::fs::remove_file(&self.file);
    }
}

pub(super) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::RustcCall;

    #[test]
    fn a_call_is_read_from_what_cargo_prints_and_moved() {
        let line = "Running `CARGO=/bin/cargo /bin/rustc --crate-name ctx src/lib.rs --check-cfg 'cfg(a, values())' \
                    -C opt-level=2 --out-dir /t/target/deps -C incremental=/t/target/inc -L dependency=/t/target/deps`";
        let call = RustcCall::from_verbose_line(line).unwrap();
        let moved = call.moved(Path::new("/t"), Path::new("/s"), "0");
        assert_eq!(
            moved.args.join("|"),
            "--crate-name|ctx|src/lib.rs|--check-cfg|cfg(a, values())|-C|opt-level=0|--out-dir|/s/target/deps|-C|\
             incremental=/s/target/inc|-L|dependency=/t/target/deps"
        );
    }

    #[test]
    fn a_call_with_lines_keeps_what_rustc_knows_elsewhere() {
        let line = "Running `/bin/rustc --crate-name ctx src/lib.rs -C incremental=/t/inc -C strip=debuginfo`";
        let call = RustcCall::from_verbose_line(line).unwrap();
        assert_eq!(
            call.with_lines(Path::new("/s")).args.join("|"),
            "--crate-name|ctx|src/lib.rs|-C|incremental=/s|-C|strip=debuginfo|-Cdebuginfo=limited|-Cstrip=none"
        );
    }

    #[test]
    fn other_lines_hold_no_call() {
        for line in [
            "Compiling ctx v1.0.0",
            "Running `rustc --crate-name tokio`",
            "Running ``",
        ] {
            assert_eq!(RustcCall::from_verbose_line(line), None, "{line}");
        }
    }
}

//! How rustc is called for a cell's crate: read from what cargo prints, and changed.

use std::num::NonZero;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::evcxr_text::generated;

/// How an argument begins that gives rustc a folder with what named libraries use.
pub(crate) const DEPENDENCY: &str = "dependency=";

/// How an argument begins that sets the number of codegen units.
const UNITS: &str = "codegen-units=";
/// The same for what rustc makes, and the flag before the folder for it.
const EMIT: &str = "--emit=";
const OUT_DIR: &str = "--out-dir";
/// rustc's own number of codegen units for crates of which it keeps nothing.
const MOST_UNITS: usize = 16;

/// How rustc was called for a cell's crate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RustcCall {
    program: PathBuf,
    args: Vec<String>,
}

impl RustcCall {
    /// Reads it from a line that `cargo build --verbose` prints, if that line compiles a cell's crate.
    pub fn from_verbose_line(line: &str) -> Option<RustcCall> {
        let quoted = line.strip_prefix("Running `")?.strip_suffix('`')?;
        let mut words = shlex::split(quoted)?
            .into_iter()
            .skip_while(|word| is_assignment(word));
        let program = PathBuf::from(words.next()?);
        let args: Vec<String> = words.collect();
        let names_crate = args
            .windows(2)
            .any(|pair| pair[0] == "--crate-name" && pair[1] == generated::CRATE);
        names_crate.then_some(RustcCall { program, args })
    }

    /// The arguments for the folders of libraries and for the crates that the code names.
    pub fn library_args(&self) -> Vec<&str> {
        let mut list = Vec::new();
        for pair in self.args.windows(2) {
            if pair[0] == "-L" || pair[0] == "--extern" {
                list.extend([pair[0].as_str(), pair[1].as_str()]);
            }
        }
        list
    }

    /// The same call with lines and names of functions in what it makes.
    pub(crate) fn with_lines(&self) -> RustcCall {
        let mut call = self.clone();
        let added = ["-Cdebuginfo=limited", "-Cstrip=none"];
        call.args.extend(added.map(str::to_owned));
        call
    }

    /// The same call without ThinLTO between the codegen units.
    pub(crate) fn without_thin_lto(&self) -> RustcCall {
        let mut call = self.clone();
        call.args.push("-Clto=off".to_owned());
        call
    }

    /// The same call with a folder in which rustc keeps what it has made, for the next time. The more codegen units there
    /// are, the more of them stay the same.
    pub(crate) fn keeping(&self, folder: &Path) -> RustcCall {
        let mut call = self.with_value(UNITS, &MOST_UNITS.to_string());
        call.args
            .push(format!("-Cincremental={}", folder.display()));
        call
    }

    /// The same call for objects in a folder, which another program links.
    pub(crate) fn for_objects(&self, folder: &Path) -> RustcCall {
        let mut call = self.with_value(EMIT, "obj");
        let flag = call.args.iter().position(|arg| arg == OUT_DIR);
        if let Some(value) = flag.and_then(|flag| call.args.get_mut(flag + 1)) {
            *value = folder.to_string_lossy().into_owned();
        }
        call
    }

    /// The same call without a library, by the name of its package.
    pub(crate) fn without_library(&self, package: &str) -> RustcCall {
        let prefix = format!("{}=", package.replace('-', "_"));
        let mut call = self.clone();
        let mut index = 0;
        while index + 1 < call.args.len() {
            if call.args[index] == "--extern" && call.args[index + 1].starts_with(&prefix) {
                call.args.drain(index..index + 2);
            } else {
                index += 1;
            }
        }
        call
    }

    /// The same call with more folders and libraries; a library takes the place of one that has its name.
    pub(crate) fn with_libraries(
        &self,
        folders: &[String],
        libraries: &[(String, PathBuf)],
    ) -> RustcCall {
        let mut call = self.clone();
        for (name, _) in libraries {
            call = call.without_library(name);
        }
        for folder in folders {
            call.args.extend(["-L".to_owned(), folder.clone()]);
        }
        for (name, file) in libraries {
            let library = format!("{name}={}", file.display());
            call.args.extend(["--extern".to_owned(), library]);
        }
        call
    }

    /// The folders in which rustc looks for what the named libraries use, as its `-L` takes them.
    pub(crate) fn search_folders(&self) -> Vec<String> {
        let pairs = self.args.windows(2);
        pairs
            .filter(|pair| pair[0] == "-L")
            .map(|pair| pair[1].clone())
            .collect()
    }

    /// The libraries that the crate names, with their files.
    pub(crate) fn named_libraries(&self) -> Vec<(String, PathBuf)> {
        let pairs = self.args.windows(2).filter(|pair| pair[0] == "--extern");
        pairs
            .filter_map(|pair| pair[1].split_once('='))
            .map(|(name, file)| (name.to_owned(), PathBuf::from(file)))
            .collect()
    }

    /// Whether it has arguments of its own for linking, from cargo's configuration.
    pub(crate) fn sets_linking(&self) -> bool {
        self.args.iter().any(|arg| {
            let option = arg.strip_prefix("-C").unwrap_or(arg);
            option.starts_with("link") || arg.starts_with("-l")
        })
    }

    /// The arguments.
    pub(crate) fn args(&self) -> &[String] {
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

    /// Where the shared objects lie that programs need which link what the crate links.
    pub fn library_folders(&self) -> impl Iterator<Item = PathBuf> {
        self.out_dir().into_iter().chain(self.standard_libraries())
    }

    /// The target that the call is for.
    pub(crate) fn target(&self) -> Option<&str> {
        self.value_of("--target")
    }

    /// The optimisation level.
    pub(crate) fn opt_level(&self) -> Option<&str> {
        self.args
            .iter()
            .find_map(|arg| arg.strip_prefix("opt-level="))
    }

    /// The folder that the shared object goes to.
    pub fn out_dir(&self) -> Option<PathBuf> {
        self.value_of(OUT_DIR).map(PathBuf::from)
    }

    fn value_of(&self, flag: &str) -> Option<&str> {
        let mut pairs = self.args.windows(2);
        pairs
            .find(|pair| pair[0] == flag)
            .map(|pair| pair[1].as_str())
    }

    /// The same call for another crate folder and optimisation level; the libraries stay where they are.
    ///
    /// rustc keeps nothing from one compile to the next (but see [`RustcCall::keeping`]), and there are as many codegen
    /// units as processors.
    pub fn moved(&self, from: &Path, to: &Path, opt_level: &str) -> RustcCall {
        let units = std::thread::available_parallelism().map_or(1, NonZero::get);
        let units = units.min(MOST_UNITS);
        let mut args: Vec<String> = Vec::new();
        for arg in &self.args {
            let value = if args.last().is_some_and(|flag| flag == OUT_DIR) {
                moved_path(arg, from, to)
            } else if arg.starts_with("incremental=") {
                args.pop();
                continue;
            } else if arg.starts_with("opt-level=") {
                format!("opt-level={opt_level}")
            } else if arg.starts_with(UNITS) {
                format!("{UNITS}{units}")
            } else {
                arg.clone()
            };
            args.push(value);
        }
        RustcCall {
            program: self.program.clone(),
            args,
        }
    }

    /// The same call as `cargo check` would make it: no code is generated.
    pub(crate) fn checking(&self) -> RustcCall {
        self.with_value(EMIT, "metadata")
    }

    /// The same call with another value of the arguments that begin so.
    fn with_value(&self, start: &str, value: &str) -> RustcCall {
        let mut call = self.clone();
        for arg in call.args.iter_mut().filter(|arg| arg.starts_with(start)) {
            *arg = format!("{start}{value}");
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::RustcCall;

    #[test]
    fn a_call_is_read_from_what_cargo_prints_and_moved() {
        let line = "Running `CARGO=/bin/cargo /bin/rustc --crate-name ctx src/lib.rs --check-cfg 'cfg(a, values())' \
                    -C opt-level=2 --emit=dep-info,link --out-dir /t/target/deps -C incremental=/t/target/inc -C strip=debuginfo`";
        let call = RustcCall::from_verbose_line(line).unwrap();
        let moved = call.moved(Path::new("/t"), Path::new("/s"), "0");
        assert_eq!(
            moved.args.join("|"),
            "--crate-name|ctx|src/lib.rs|--check-cfg|cfg(a, values())|-C|opt-level=0|--emit=dep-info,link|\
             --out-dir|/s/target/deps|-C|strip=debuginfo"
        );
        let objects = moved.for_objects(Path::new("/s/objects")).args.join("|");
        let expected = moved.args.join("|").replace("dep-info,link", "obj");
        assert_eq!(objects, expected.replace("target/deps", "objects"));
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

//! Linking of a cell's objects with the linker itself.
//!
//! rustc would start the C compiler's driver, which starts lld, which loads LLVM and reads the symbols of the runtime and
//! of the standard library. A cell's shared object needs no start files, and what it uses of these two is in the
//! worker already. So rustc only makes objects, and `ld` links them.

use std::path::PathBuf;
use std::process::Command;

use object::Object;
use object::ObjectSymbol;
use serde::Deserialize;
use serde::Serialize;

use super::PreparedPaths;
use super::RustcCall;
use super::added::Layer;
use super::notes::noted;
use crate::evcxr_text::generated;
use crate::sys::files;
use crate::sys::processes;

/// How the names of Rust's own symbols begin.
const RUST: [&str; 3] = ["_R", "_ZN", "__rust"];
/// What the compiler calls of libraries that the worker has loaded. Each has one version, or all do the same.
const COMPILER: [&str; 10] = [
    "_GLOBAL_OFFSET_TABLE_",
    "_Unwind_Resume",
    "__tls_get_addr",
    "bcmp",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "rust_eh_personality",
    "strlen",
];

/// The libraries that rustc's standard library uses, on a system with glibc. With them the linker notes which version of a
/// function is meant. It reads them for longer than all else.
const SYSTEM: [&str; 7] = [
    "-lgcc_s",
    "-lutil",
    "-lrt",
    "-lpthread",
    "-lm",
    "-ldl",
    "-lc",
];
/// How a target's name ends that has them.
const TARGETS: &str = "-gnu";

/// How the arguments are that rustc gives to the linker of a shared library.
const SHARED: [&str; 11] = [
    "-shared",
    "--gc-sections",
    "--eh-frame-hdr",
    "--hash-style=gnu",
    "--as-needed",
    "-z",
    "noexecstack",
    "-z",
    "relro",
    "-z",
    "now",
];

/// What the code of an attribute has by which a cell names a library of its own.
const NAMES_LIBRARY: &str = "link(";

/// The library with functions that rustc's code calls for what a processor lacks, such as the division of `u128`.
const BUILTINS: &str = "libcompiler_builtins-";

/// How the objects of one cell are linked.
#[derive(Debug)]
pub(crate) struct Linking<'a> {
    linker: Linker,
    call: &'a RustcCall,
    layers: &'a [Layer],
    objects: PathBuf,
}

impl<'a> Linking<'a> {
    /// Makes an empty folder for the objects. Nothing where rustc is to link: it has other arguments for that, or the source
    /// names a library.
    pub(crate) fn begin(
        prepared: &PreparedPaths,
        call: &'a RustcCall,
        layers: &'a [Layer],
        source: &str,
        objects: PathBuf,
    ) -> std::io::Result<Option<Linking<'a>>> {
        let is_usual = call
            .target()
            .is_some_and(|target| target.ends_with(TARGETS))
            && !call.sets_linking()
            && !source.contains(NAMES_LIBRARY);
        let Some(linker) = is_usual.then(|| Linker::of(prepared, call)).flatten() else {
            return Ok(None);
        };
        match std::fs::remove_dir_all(&objects) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(&objects)?,
        }
        Ok(Some(Linking {
            linker,
            call,
            layers,
            objects,
        }))
    }

    /// How rustc is called for the objects.
    pub(crate) fn compile_call(&self) -> RustcCall {
        self.call.for_objects(&self.objects)
    }

    /// The command that links the objects into the shared object that the call is for.
    pub(crate) fn command(&self) -> std::io::Result<Command> {
        let mut inputs = Vec::new();
        for entry in std::fs::read_dir(&self.objects)? {
            inputs.push(entry?.path());
        }
        // The code is at the same places each time.
        inputs.sort();
        // The object of a crate with one codegen unit is there twice.
        let whole = self.objects.join(format!("{}.o", generated::CRATE));
        if inputs.contains(&whole) {
            inputs = vec![whole];
        }
        let mut command = Command::new(&self.linker.program);
        command.args(SHARED).args(&inputs);
        // A cell may use crates of each layer, and no layer needs another one for that.
        for layer in self.layers {
            command.arg(&layer.file);
            if let Some(folder) = layer.file.parent() {
                command.arg("-rpath").arg(folder);
            }
        }
        if needs_system(&inputs)? {
            command.arg(&self.linker.builtins);
            for folder in &self.linker.folders {
                command.arg("-L").arg(folder);
            }
            command.args(SYSTEM);
        }
        let out_dir = self.call.out_dir().unwrap_or_default();
        command
            .arg("-o")
            .arg(out_dir.join(generated::object_file()));
        Ok(command)
    }
}

/// The linker of the C compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Linker {
    program: PathBuf,
    /// Where it looks for libraries.
    folders: Vec<PathBuf>,
    builtins: PathBuf,
}

impl Linker {
    /// As noted beside a prepared build.
    fn of(prepared: &PreparedPaths, call: &RustcCall) -> Option<Linker> {
        let note = prepared.linker();
        if let Some(linker) = noted(&note) {
            return Some(linker);
        }
        let linker = Linker::ask(call)?;
        // Without the note, the C compiler is run again.
        let _ = serde_json::to_vec(&linker).map(|text| files::write_whole(&note, &text));
        Some(linker)
    }

    /// Runs the C compiler for the names.
    fn ask(call: &RustcCall) -> Option<Linker> {
        let said = |arg: &str| {
            let mut command = Command::new(processes::LINKER);
            // In other languages the words before the folders are others.
            let output = command.arg(arg).env("LC_ALL", "C").output().ok()?;
            String::from_utf8(output.stdout).ok()
        };
        let folders = said("-print-search-dirs")?;
        let folders = folders
            .lines()
            .find_map(|line| line.strip_prefix("libraries: ="))?;
        let builtins = std::fs::read_dir(call.standard_libraries()?).ok()?;
        let builtins = builtins
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with(BUILTINS))?;
        let mut found: Vec<PathBuf> = Vec::new();
        for folder in std::env::split_paths(folders) {
            // Several spellings lead to the same one.
            match folder.canonicalize() {
                Ok(folder) if !found.contains(&folder) => found.push(folder),
                _ => {}
            }
        }
        Some(Linker {
            program: PathBuf::from(said("-print-prog-name=ld")?.trim()),
            folders: found,
            builtins: builtins.path(),
        })
    }
}

/// Whether objects use more than Rust's libraries and what the compiler calls.
fn needs_system(objects: &[PathBuf]) -> std::io::Result<bool> {
    for path in objects {
        let bytes = std::fs::read(path)?;
        let object = object::File::parse(&*bytes).map_err(std::io::Error::other)?;
        let mut used = object.symbols().filter(|symbol| symbol.is_undefined());
        let is_other = |name: &str| {
            !name.is_empty()
                && !COMPILER.contains(&name)
                && !RUST.iter().any(|start| name.starts_with(start))
        };
        if used.any(|symbol| symbol.name().is_ok_and(is_other)) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn call(added: &str) -> RustcCall {
        let line = format!(
            "Running `/r/bin/rustc --crate-name ctx src/lib.rs --target x86_64-unknown-linux-gnu --out-dir /s/deps \
             --extern threadbook=/p/libthreadbook.so --extern dependencies_1=/l/libdependencies_1.so {added}`"
        );
        RustcCall::from_verbose_line(&line).unwrap()
    }

    #[test]
    fn rustc_links_what_names_a_library_or_has_flags_for_that() {
        let root = tempfile::tempdir().unwrap();
        let prepared = PreparedPaths::new(root.path());
        let linker = Linker {
            program: "/bin/ld".into(),
            folders: Vec::new(),
            builtins: "/r/libcompiler_builtins-1.rlib".into(),
        };
        std::fs::write(prepared.linker(), serde_json::to_vec(&linker).unwrap()).unwrap();
        let find = |added: &str, source: &str| {
            let objects = root.path().join("objects");
            let call = call(added);
            let linking = Linking::begin(&prepared, &call, &[], source, objects).unwrap();
            linking.map(|linking| linking.linker)
        };
        assert_eq!(find("-Copt-level=2", "f()"), Some(linker));
        for (added, source) in [
            ("", "#[link(name = \"z\")] extern \"C\" {}"),
            ("-Clinker=mold", "f()"),
            ("-C link-arg=-s", "f()"),
            ("-lz", "f()"),
            ("-l z", "f()"),
        ] {
            assert_eq!(find(added, source), None, "{added} {source}");
        }
    }

    /// Makes an object by the C compiler.
    fn compile(folder: &Path, name: &str, code: &str) {
        let source = folder.join("f.c");
        std::fs::write(&source, code).unwrap();
        let status = Command::new(processes::LINKER)
            .args(["-c", "-fPIC", "-O0"])
            .arg(&source)
            .arg("-o")
            .arg(folder.join(name))
            .status();
        assert!(status.unwrap().success());
        std::fs::remove_file(source).unwrap();
    }

    #[test]
    fn layers_are_linked_and_the_systems_libraries_where_they_are_used() {
        let objects = tempfile::tempdir().unwrap();
        let linker = Linker {
            program: "/bin/ld".into(),
            folders: vec!["/lib".into()],
            builtins: "/r/libcompiler_builtins-1.rlib".into(),
        };
        let layers = [Layer {
            name: "dependencies_1".to_owned(),
            file: "/l/libdependencies_1.so".into(),
        }];
        let args = || {
            let linking = Linking {
                linker: linker.clone(),
                call: &call(""),
                layers: &layers,
                objects: objects.path().to_owned(),
            };
            let command = linking.command().unwrap();
            let folder = objects.path().to_string_lossy().into_owned();
            let args = command.get_args().skip(SHARED.len());
            let args: Vec<String> = args
                .map(|arg| arg.to_string_lossy().replace(&folder, ""))
                .collect();
            args.join(" ")
        };
        let rust = "void _RNv3std(void); void *memcpy(void *, const void *, unsigned long);\n";
        for name in ["b.o", "a.o"] {
            compile(
                objects.path(),
                name,
                &format!("{rust}void f(char *p) {{ _RNv3std(); memcpy(p, p + 9, p[0]); }}\n"),
            );
        }
        let inputs = "/a.o /b.o /l/libdependencies_1.so -rpath /l";
        assert_eq!(args(), format!("{inputs} -o /s/deps/libctx.so"));
        compile(
            objects.path(),
            "b.o",
            "int getpid(void); int f(void) { return getpid(); }\n",
        );
        assert_eq!(
            args(),
            format!(
                "{inputs} /r/libcompiler_builtins-1.rlib -L /lib \
                 -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc -o /s/deps/libctx.so"
            )
        );
        compile(objects.path(), "ctx.o", "int f(void) { return 1; }\n");
        assert_eq!(
            args(),
            "/ctx.o /l/libdependencies_1.so -rpath /l -o /s/deps/libctx.so"
        );
    }
}

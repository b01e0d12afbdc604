//! Crates that a session adds, from a registry on disk.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::registry::Registry;

const COUNTER: &str = "use std::sync::atomic::{AtomicU32, Ordering};\n\
    static COUNT: AtomicU32 = AtomicU32::new(0);\n\
    pub fn add() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) + 1 }\n\
    pub fn get() -> u32 { COUNT.load(Ordering::SeqCst) }\n\
    #[derive(Debug, Clone, PartialEq)] pub struct Mark(pub u32);\n";

/// A dependency with a feature that the runtime's copy of the crate lacks.
const ORDERED: &str =
    "[dependencies]\nserde_json = { version = \"1\", features = [\"preserve_order\"] }\n";

/// Starts a session with variables, a running thread and a waiting task.
fn busy(registry: &Registry) -> Kernel {
    let mut kernel = Kernel::start_with(&registry.setup());
    kernel
        .run(
            "use std::sync::mpsc::channel;\nlet kept = vec![1, 2, 3];\nlet (go_tx, go_rx) = channel::<()>();\n\
             let thread = std::thread::spawn(move || go_rx.recv().is_ok());\n\
             let (end_tx, end_rx) = tokio::sync::oneshot::channel::<()>();\n\
             let task = tokio::spawn(async move { end_rx.await.is_ok() });",
        )
        .nothing();
    kernel
}

/// Asserts that the variables still exist, and that the thread and the task continue.
#[track_caller]
fn assert_whole(kernel: &mut Kernel) {
    kernel
        .run("(kept.len(), thread.is_finished(), task.is_finished())")
        .resulted("(3, false, false)");
    kernel
        .run("go_tx.send(()).unwrap();\nend_tx.send(()).unwrap();\n(thread.join().unwrap(), task.await?)")
        .resulted("(true, true)");
}

#[test]
fn a_session_at_work_stays_whole_whatever_is_added() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add(
        "ordered",
        "1.0.0",
        ORDERED,
        "pub use serde_json::json;\npub use serde_json::Value;\n",
    );
    registry.add("last", "1.0.0", "", "pub fn last() -> u8 { 9 }\n");
    let mut kernel = busy(&registry);
    let ran = kernel.run(
        ":dep counter = { version = \"1\", registry = \"disk\" }\nlet mark = counter::Mark(counter::add());",
    );
    assert!(ran.stderr().contains("counter v1.0.0"));
    ran.nothing();
    let ran = kernel.run(
        ":dep ordered = { version = \"1\", registry = \"disk\" }\nlet value = ordered::json!({\"b\": 1, \"a\": 2});\nvalue.to_string()",
    );
    let said = ran.stderr();
    assert!(
        said.contains("`ordered` brings a `serde_json`") && said.contains("with other features"),
        "{said}"
    );
    assert!(
        !said.contains("threadbook v") && !said.contains("tokio v"),
        "{said}"
    );
    ran.resulted(r#""{\"b\":1,\"a\":2}""#);
    let ran = kernel.run(":dep last = { version = \"1\", registry = \"disk\" }\nlast::last()");
    ran.stderr();
    ran.resulted("9");
    kernel
        .run("(mark, counter::get(), value[\"a\"].as_u64())")
        .resulted("(Mark(1), 1, Some(2))");
    assert_whole(&mut kernel);
}

#[test]
fn a_dependency_that_fails_changes_nothing() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add(
        "broken",
        "1.0.0",
        "",
        "pub fn broken() -> u8 { \"no number\" }\n",
    );
    let mut kernel = busy(&registry);
    let counter = ":dep counter = { version = \"1\", registry = \"disk\" }\n";
    let ran = kernel.run(&format!("{counter}counter::add()"));
    ran.stderr();
    ran.resulted("1");
    let before = kernel.run("%dep");
    for (dependency, word) in [
        (
            "broken = { version = \"1\", registry = \"disk\" }",
            "mismatched types",
        ),
        (
            "missing = { version = \"1\", registry = \"disk\" }",
            "`missing`",
        ),
        (
            "counter = { version = \"7\", registry = \"disk\" }",
            "counter",
        ),
        (
            "nothing = { path = \"/no/such/folder\" }",
            "/no/such/folder",
        ),
    ] {
        let ran = kernel.run(&format!(":dep {dependency}\nlet lost = 1;"));
        ran.stderr();
        let failure = ran.failed("DependencyError");
        assert!(
            failure.traceback.contains(word),
            "{dependency}: {failure:#?}"
        );
    }
    assert_eq!(kernel.run("%dep").stdout(), before.stdout());
    kernel.run("counter::add()").resulted("2");
    assert_whole(&mut kernel);
}

#[test]
fn statics_of_a_crate_exist_once() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add(
        "user",
        "1.0.0",
        "[dependencies]\ncounter = { version = \"1\", registry = \"disk\" }\n",
        "pub fn add() -> u32 { counter::add() }\n",
    );
    let mut kernel = Kernel::start_with(&registry.setup());
    let ran = kernel.run(":dep counter = { version = \"1\", registry = \"disk\" }\ncounter::add()");
    ran.stderr();
    ran.resulted("1");
    kernel.run("counter::add()").resulted("2");
    let ran = kernel.run(":dep user = { version = \"1\", registry = \"disk\" }\nuser::add()");
    ran.stderr();
    ran.resulted("3");
    kernel
        .run("fn of_a_cell() -> u32 { counter::add() }")
        .nothing();
    kernel
        .run("(of_a_cell(), user::add(), counter::get())")
        .resulted("(4, 5, 5)");
    kernel
        .run("std::thread::spawn(counter::get).join().unwrap()")
        .resulted("5");
    for command in [
        ":allow_static_linking 0",
        ":cache 100",
        ":allow_static_linking 1",
        ":cache 0",
    ] {
        // These commands have no effect here. Their error contains the reason.
        kernel.run(command).failed("MagicError");
        kernel.run("counter::get()").resulted("5");
    }
}

#[test]
fn versions_names_macros_scripts_and_c_libraries_work() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add(
        "counter",
        "2.0.0",
        "",
        "#[derive(Debug)] pub struct Mark(pub u64);\npub fn add() -> u64 { 200 }\n",
    );
    registry.add(
        "derives",
        "1.0.0",
        "[lib]\nproc-macro = true\n",
        "#[proc_macro] pub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"7\".parse().unwrap() }\n",
    );
    registry.add_files(
        "scripted",
        "1.0.0",
        "",
        &[
            (
                "build.rs",
                "fn main() { println!(\"cargo::rustc-env=WORD=built\"); }\n",
            ),
            (
                "src/lib.rs",
                "pub fn word() -> &'static str { env!(\"WORD\") }\n",
            ),
        ],
    );
    registry.add_files("native", "1.0.0", "", &NATIVE);
    let mut kernel = Kernel::start_with(&registry.setup());
    for (dependency, code, result) in [
        (
            "counter = { version = \"1\", registry = \"disk\" }",
            "let one = counter::Mark(1);\ncounter::add()",
            "1",
        ),
        (
            "other-counter = { package = \"counter\", version = \"2\", registry = \"disk\" }",
            "let two = other_counter::Mark(2);\nother_counter::add()",
            "200",
        ),
        (
            "derives = { version = \"1\", registry = \"disk\" }",
            "derives::seven!()",
            "7",
        ),
        (
            "scripted = { version = \"1\", registry = \"disk\" }",
            "scripted::word()",
            "\"built\"",
        ),
        (
            "native = { version = \"1\", registry = \"disk\" }",
            "native::twice(4)",
            "8",
        ),
    ] {
        let ran = kernel.run(&format!(":dep {dependency}\n{code}"));
        ran.stderr();
        ran.resulted(result);
    }
    kernel
        .run("(one, two, counter::get(), unsafe { native::count() }, derives::seven!())")
        .resulted("(Mark(1), Mark(2), 1, 1, 7)");
    kernel.run("unsafe { native::count() }").resulted("2");
}

/// A crate with a C library whose function cells can also call directly.
const NATIVE: [(&str, &str); 3] = [
    (
        "native.c",
        "static int calls; int native_twice(int value) { return 2 * value; } int native_count(void) { return ++calls; }\n",
    ),
    (
        "build.rs",
        "use std::process::Command;\nfn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         assert!(Command::new(\"cc\").args([\"-c\", \"-fPIC\", \"native.c\", \"-o\"]).arg(format!(\"{out}/native.o\")).status().unwrap().success());\n    \
         assert!(Command::new(\"ar\").arg(\"crs\").arg(format!(\"{out}/libnative.a\")).arg(format!(\"{out}/native.o\")).status().unwrap().success());\n    \
         println!(\"cargo::rustc-link-search=native={out}\");\n    println!(\"cargo::rustc-link-lib=static=native\");\n}\n",
    ),
    (
        "src/lib.rs",
        "mod c { unsafe extern \"C\" { pub fn native_twice(value: i32) -> i32; pub fn native_count() -> i32; } }\n\
         pub use c::native_count as count;\npub fn twice(value: i32) -> i32 { unsafe { c::native_twice(value) } }\n",
    ),
];

#[test]
fn crates_of_a_folder_and_of_a_git_repository_work() {
    let registry = Registry::new();
    let folder = registry.add("in-folder", "1.0.0", "", "pub fn place() -> u8 { 1 }\n");
    let repository = registry.add(
        "in-git",
        "1.0.0",
        "",
        "#[derive(Debug)] pub struct Place(pub u8);\n",
    );
    git(&repository, &["init", "--quiet", "--initial-branch=main"]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "--message=One"]);
    // cargo names its clone after the repository's folder, and keeps it in the user's cargo home. With another cargo
    // home, cargo would build all crates again.
    let name = format!("threadbook-test-{}", uuid::Uuid::new_v4().simple());
    let moved = repository.with_file_name(&name);
    std::fs::rename(&repository, &moved).unwrap();
    let _clones = Clones(name);
    let repository = moved;
    let mut kernel = Kernel::start_with(&registry.setup());
    kernel.run("let kept = vec![1, 2];").nothing();
    let (folder, repository) = (folder.display(), repository.display());
    let ran = kernel.run(&format!(
        ":dep in-folder = {{ path = \"{folder}\" }}\nin_folder::place()"
    ));
    ran.stderr();
    ran.resulted("1");
    let ran = kernel.run(&format!(
        ":dep in-git = {{ git = \"file://{repository}\", branch = \"main\" }}\nlet place = in_git::Place(2);"
    ));
    ran.stderr();
    ran.nothing();
    kernel
        .run("(kept.len(), in_folder::place(), &place)")
        .resulted("(2, 1, Place(2))");
    let ran = kernel.run(&format!(
        ":dep other = {{ git = \"file://{repository}\", branch = \"none\" }}"
    ));
    ran.stderr();
    ran.failed("DependencyError").says(&["`none`"]);
    kernel.run("(kept.len(), &place)").resulted("(2, Place(2))");
}

/// The clones that cargo has made of repositories in a folder of this name; removed on drop.
struct Clones(String);

impl Drop for Clones {
    fn drop(&mut self) {
        for kind in ["db", "checkouts"] {
            let folder = users_cargo_home().join("git").join(kind);
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                if entry.file_name().to_string_lossy().starts_with(&self.0) {
                    let _ = std::fs::remove_dir_all(entry.path());
                }
            }
        }
    }
}

fn git(folder: &Path, args: &[&str]) {
    let author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
    let status = Command::new("git")
        .current_dir(folder)
        .args(author)
        .args(args)
        .status()
        .unwrap();
    assert!(status.success(), "git {args:?}");
}

fn users_cargo_home() -> PathBuf {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(home).expect("a home folder")
}

#[test]
fn another_tokio_is_told_of_where_it_is_added() {
    let registry = Registry::new();
    registry.add("tokio", "0.2.25", "", "pub fn spawn() -> u8 { 2 }\n");
    registry.add(
        "old-client",
        "1.0.0",
        "[dependencies]\ntokio = { version = \"0.2\", registry = \"disk\" }\n",
        "pub fn get() -> u8 { tokio::spawn() }\n",
    );
    let mut kernel = busy(&registry);
    let ran =
        kernel.run(":dep old-client = { version = \"1\", registry = \"disk\" }\nold_client::get()");
    let said = ran.stderr();
    assert!(
        said.contains("`old-client` brings a `tokio` 0.2.25 of its own beside the session's 1."),
        "{said}"
    );
    ran.resulted("2");
    assert_whole(&mut kernel);
}

#[test]
fn what_one_kernel_has_built_is_there_for_the_next() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add("last", "1.0.0", "", "pub fn last() -> u8 { 9 }\n");
    let mut first = Kernel::start_with(&registry.setup());
    let counter = ":dep counter = { version = \"1\", registry = \"disk\" }\n";
    let last = ":dep last = { version = \"1\", registry = \"disk\" }\n";
    for code in [
        format!("{counter}counter::add()"),
        format!("{last}last::last()"),
    ] {
        let ran = first.run(&code);
        assert!(ran.stderr().contains("compiling"));
        ran.result();
    }
    let mut second = Kernel::start_with(&registry.setup());
    let ran = second.run(&format!("{last}last::last()"));
    let said = ran.stderr();
    assert!(!said.contains("compiling"), "{said}");
    ran.resulted("9");
    let ran = second.run(&format!("{counter}counter::add()"));
    let said = ran.stderr();
    assert!(!said.contains("compiling"), "{said}");
    ran.resulted("1");
    first.run("counter::add()").resulted("2");
}

#[test]
fn an_interrupted_dependency_leaves_everything_as_it_was() {
    let registry = Registry::new();
    registry.add_files(
        "endless",
        "1.0.0",
        "",
        &[
            ("build.rs", "fn main() { loop { std::thread::park(); } }\n"),
            ("src/lib.rs", ""),
        ],
    );
    registry.add("counter", "1.0.0", "", COUNTER);
    let mut kernel = busy(&registry);
    let before = kernel.run("%dep").stdout();
    let id = kernel.send(":dep endless = { version = \"1\", registry = \"disk\" }\n1");
    kernel.until_text(&id, "endless v1.0.0");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    ran.stderr();
    ran.failed("KeyboardInterrupt");
    assert_eq!(kernel.run("%dep").stdout(), before);
    let ran = kernel.run(":dep counter = { version = \"1\", registry = \"disk\" }\ncounter::add()");
    ran.stderr();
    ran.resulted("1");
    assert_whole(&mut kernel);
}

#[test]
fn a_missing_crate_is_answered_by_a_line_to_run() {
    let mut kernel = Kernel::lease();
    let failure = kernel
        .run("itoa::Buffer::new().format(1).len()")
        .failed("CompileError");
    assert!(
        failure.traceback.contains("run `:dep itoa = \"1\"` first"),
        "{failure:#?}"
    );
    assert!(!failure.traceback.contains("cargo add"), "{failure:#?}");
}

#[test]
fn types_of_a_crate_that_the_runtime_uses_inside_are_known() {
    let mut kernel = Kernel::start();
    let ran =
        kernel.run(":dep parking_lot = \"0.12\"\nlet shared_lock = parking_lot::Mutex::new(3);");
    ran.stderr();
    ran.nothing();
    kernel.run("*shared_lock.lock()").resulted("3");
}

#[test]
fn versions_are_pinned_beside_the_notebook() {
    let registry = Registry::new();
    registry.add(
        "pinned",
        "1.0.0",
        "",
        "pub fn version() -> &'static str { \"1.0\" }\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, code: &str, arguments: &[&str]| {
        let cell = |code: &str| {
            json!({"cell_type": "code", "id": uuid::Uuid::new_v4().simple().to_string(), "metadata": {}, "outputs": [],
            "execution_count": null, "source": code})
        };
        let notebook = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "threadbook",
            "display_name": "Rust", "language": "rust"}}, "cells": [cell(code), cell("%dep --lock")]});
        let path = folder.path().join(format!("{name}.ipynb"));
        std::fs::write(&path, notebook.to_string()).unwrap();
        let output = std::process::Command::new(threadbook_tests::threadbook_binary().unwrap())
            .arg("run")
            .arg(path)
            .args(arguments)
            .env("THREADBOOK_CACHE", registry.cache().path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    const CODE: &str = ":dep pinned = { version = \"1\", registry = \"disk\" }\nprintln!(\"version {}\", pinned::version());";
    let (passed, said) = run("lesson", CODE, &["--locked"]);
    assert!(
        !passed && said.contains("there is no lock file `lesson.lock`"),
        "{said}"
    );
    let (passed, said) = run("lesson", CODE, &[]);
    assert!(
        passed
            && said.contains("version 1.0")
            && said.contains("1 package pinned in `lesson.lock`"),
        "{said}"
    );
    registry.add(
        "pinned",
        "1.1.0",
        "",
        "pub fn version() -> &'static str { \"1.1\" }\n",
    );
    let (passed, said) = run("lesson", CODE, &["--locked"]);
    assert!(passed && said.contains("version 1.0"), "{said}");
    let (passed, said) = run("other", CODE, &[]);
    assert!(passed && said.contains("version 1.1"), "{said}");
    let newer = CODE.replace("\"1\"", "\"1.1\"");
    let (passed, said) = run("lesson", &newer, &["--locked"]);
    assert!(
        !passed
            && said.contains(
                "`pinned` 1.1.0 is not what the lock file `lesson.lock` has, expected 1.0.0"
            ),
        "{said}"
    );
    let (passed, said) = run("lesson", &newer, &[]);
    assert!(passed && said.contains("version 1.1"), "{said}");
}

#[test]
fn a_reset_forgets_dependencies_and_goes_on() {
    let registry = Registry::new();
    registry.add("counter", "1.0.0", "", COUNTER);
    registry.add("ordered", "1.0.0", ORDERED, "pub use serde_json::json;\n");
    let mut kernel = Kernel::start_with(&registry.setup());
    let add = ":dep counter = { version = \"1\", registry = \"disk\" }\n:dep ordered = { version = \"1\", registry = \"disk\" }\n";
    let ran = kernel.run(&format!("{add}ordered::json!(1);\ncounter::add()"));
    ran.stderr();
    ran.resulted("1");
    kernel.run("%reset -f").stderr();
    let said = kernel.run("%dep").stdout();
    assert!(!said.contains("counter"), "{said}");
    kernel.run("let after = 1;\nafter + 1").resulted("2");
    kernel.run("counter::add()").failed("CompileError");
    let ran = kernel.run(&format!("{add}counter::add()"));
    let said = ran.stderr();
    assert!(!said.contains("compiling"), "{said}");
    ran.resulted("1");
    kernel.run("after").resulted("1");
}

#[test]
fn crates_of_an_earlier_cell_are_there_beside_those_of_a_later_one() {
    let registry = Registry::new();
    for (name, value) in [("layer_one", 1), ("layer_two", 2)] {
        let source =
            format!("#[inline(never)] pub fn value() -> u32 {{ std::hint::black_box({value}) }}");
        registry.add(name, "1.0.0", "", &source);
    }
    let mut kernel = Kernel::start_with(&registry.setup());
    for name in ["layer_one", "layer_two"] {
        kernel.run_unread(&format!(
            ":dep {name} = {{ version = \"1\", registry = \"disk\" }}"
        ));
    }
    kernel.run("layer_one::value()").resulted("1");
    kernel.run("layer_two::value()").resulted("2");
}

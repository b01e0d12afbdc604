//! Files that cells write, load and run.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;
use tempfile::TempDir;
use threadbook_tests::kernel::Kernel;

/// A kernel whose cells work in the test's folder.
fn kernel_in(folder: &TempDir) -> Kernel {
    let mut kernel = Kernel::start();
    let ran = kernel.run(&format!("%cd {}", folder.path().display()));
    assert!(!ran.stdout().is_empty());
    ran.nothing();
    kernel
}

#[test]
fn files_are_written_and_loaded_where_cells_work() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    kernel
        .run("%%writefile a.rs\nfn a() {}\n")
        .printed("Writing a.rs\n");
    kernel
        .run("%%writefile -a a.rs\n// π")
        .printed("Appending to a.rs\n");
    kernel.run("!cat a.rs").printed("fn a() {}\n// π");
    let ran = kernel.run("%load a.rs");
    assert_eq!(
        ran.reply["payload"],
        json!([{"source": "set_next_input", "text": "// %load a.rs\nfn a() {}\n// π", "replace": true}])
    );
    ran.nothing();
    let failure = kernel.run("%load b.rs").failed("MagicError");
    assert!(
        failure.evalue.contains("`b.rs` can't be read"),
        "{failure:?}"
    );
}

#[test]
fn files_lie_where_cells_work_after_a_crash_too() {
    let folder = TempDir::new().unwrap();
    // The name is not valid UTF-8.
    let odd = folder.path().join(OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).unwrap();
    let mut kernel = kernel_in(&folder);
    kernel
        .run(
            "let odd = std::fs::read_dir(\".\")?.next().unwrap()?.path();\nstd::env::set_current_dir(&odd)?;",
        )
        .nothing();
    kernel
        .run("%%writefile a.txt\na")
        .printed("Writing a.txt\n");
    assert!(odd.join("a.txt").is_file());
    kernel
        .run("std::env::set_current_dir(\"/\")?;\nstd::process::abort()")
        .failed("WorkerCrashed");
    kernel
        .run("%%writefile b.txt\nb")
        .printed("Writing b.txt\n");
    assert!(odd.join("b.txt").is_file());
    kernel.run("std::env::set_current_dir(\"..\")?;").nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 6\n");
    kernel
        .run("%%writefile c.txt\nc")
        .printed("Writing c.txt\n");
    assert!(odd.join("c.txt").is_file());
}

#[test]
fn a_script_runs_as_a_process_of_its_own() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    fs::create_dir(folder.path().join("scripts")).unwrap();
    let script = folder.path().join("scripts/hello.rs");
    fs::write(&script, "mod words;\n\nfn main() {\n    let names: Vec<String> = std::env::args().skip(1).collect();\n    println!(\"{} {names:?} {}\", words::HELLO, std::process::id());\n}\n").unwrap();
    fs::write(
        folder.path().join("scripts/words.rs"),
        "pub const HELLO: &str = \"hello\";\n",
    )
    .unwrap();
    let ran =
        kernel.run("let name = \"Ada\";\n%run scripts/hello.rs {name} 'b c'\nstd::process::id()");
    let worker = ran.result();
    let text = ran.stdout();
    assert!(text.starts_with("hello [\"Ada\", \"b c\"] "), "{text}");
    assert!(!text.trim_end().ends_with(&format!(" {worker}")), "{text}");
    ran.nothing();
    // A change of an included file also counts as a change.
    fs::write(
        folder.path().join("scripts/words.rs"),
        "pub const HELLO: &str = \"bye\";\n",
    )
    .unwrap();
    let ran = kernel.run("%run scripts/hello.rs");
    assert!(ran.stdout().starts_with("bye [] "));
    ran.nothing();
}

#[test]
fn scripts_have_the_libraries_of_cells_and_may_be_async() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    fs::write(
        folder.path().join("a.rs"),
        "use rayon::prelude::*;\nuse std::time::Duration;\n\nasync fn main() {\n    tokio::time::sleep(Duration::from_millis(1)).await;\n    let sum: u32 = (0..10u32).into_par_iter().sum();\n    println!(\"{}\", serde_json::json!({ \"sum\": sum }));\n    std::process::exit(3);\n}\n",
    )
    .unwrap();
    let ran = kernel.run("%run a.rs");
    assert_eq!(ran.stdout(), "{\"sum\":45}\n");
    let failure = ran.failed("ShellError");
    assert_eq!(
        failure.evalue,
        "`%run a.rs` ended with exit code 3 (write `%run --no-raise` to go on after it)"
    );
    kernel.run("%run --no-raise a.rs").printed("{\"sum\":45}\n");
}

#[test]
fn a_script_that_can_not_be_run_says_why() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    fs::write(
        folder.path().join("wrong.rs"),
        "async fn main() {\n    let x: u32 = \"\";\n}\n",
    )
    .unwrap();
    let ran = kernel.run("%run wrong.rs");
    let text = ran.stderr();
    assert!(
        text.contains("mismatched types") && text.contains("wrong.rs:2:18"),
        "{text}"
    );
    let failure = ran.failed("CompileError");
    assert_eq!(
        failure.evalue,
        "`wrong.rs` does not compile (see rustc's messages above)"
    );
    for (code, says) in [
        ("%run no.rs", "there is no file `no.rs`"),
        ("%run", "`%run` needs a file"),
        ("%run -x wrong.rs", "`%run` knows no option `-x`"),
    ] {
        let failure = kernel.run(code).failed("MagicError");
        assert!(failure.evalue.contains(says), "{failure:?}");
    }
}

#[test]
fn a_script_in_the_background_is_stopped_by_its_handle() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    fs::write(
        folder.path().join("server.rs"),
        "fn main() {\n    loop {\n        std::thread::park();\n    }\n}\n",
    )
    .unwrap();
    kernel.run("let server = %run -b server.rs").nothing();
    kernel.run("server.is_running()").resulted("true");
    let ran = kernel.run("%ps");
    assert!(ran.stdout().contains("  server  "));
    ran.nothing();
    kernel.run("server.stop()").resulted("143");
    kernel
        .run("server")
        .resulted("%run server.rs ended with exit code 143");
    kernel
        .run("%ps")
        .printed("no program that a cell has started is there\n");
}

#[test]
fn a_files_items_are_available_and_its_edits_are_picked_up() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    let file = folder.path().join("shapes.rs");
    fs::write(&file, "//! Shapes.\n\npub struct Square(pub u32);\n\npub fn area(square: &Square) -> u32 {\n    square.0 * square.0\n}\n").unwrap();
    kernel
        .run("%use shapes from shapes.rs\narea(&Square(3))")
        .resulted("9");
    kernel.run("shapes::area(&Square(4))").resulted("16");
    fs::write(
        &file,
        "pub fn area(side: u32) -> String {\n    format!(\"{} now\", side * side)\n}\n",
    )
    .unwrap();
    kernel.run("area(5)").resulted("\"25 now\"");
    fs::write(&file, "pub fn area(side: u32) -> String {\n    side\n}\n").unwrap();
    let ran = kernel.run("1");
    let text = ran.stderr();
    assert!(
        text.contains("mismatched types") && text.contains("shapes.rs:2:5"),
        "{text}"
    );
    ran.failed("CompileError");
    fs::write(&file, "pub fn area(side: u32) -> u32 {\n    side\n}\n").unwrap();
    kernel.run("area(6)").resulted("6");
    for (code, says) in [
        ("%use shapes", "`%use` needs a name and a file"),
        ("%use a-b from shapes.rs", "`a-b` can't be a module's name"),
        ("%use a from no.rs", "`no.rs` can't be read"),
    ] {
        let failure = kernel.run(code).failed("MagicError");
        assert!(failure.evalue.contains(says), "{failure:?}");
    }
}

#[test]
fn a_session_is_saved_as_a_program_that_compiles_and_does_the_same() {
    let folder = TempDir::new().unwrap();
    let mut kernel = kernel_in(&folder);
    for code in [
        "use std::time::Duration;\nfn twice(n: u32) -> u32 { n + 1 }",
        "fn twice(n: u32) -> u32 { 2 * n }",
        "tokio::time::sleep(Duration::from_millis(1)).await;\nlet parsed: u32 = \"21\".parse()?;",
    ] {
        kernel.run(code).nothing();
    }
    kernel.run("let wrong: u32 = \"\";").failed("CompileError");
    kernel
        .run("let lines = !echo {parsed}\nlines[0].clone()")
        .resulted("\"21\"");
    kernel
        .run("println!(\"printed {}\", twice(parsed));")
        .printed("printed 42\n");
    kernel
        .run("%save saved.rs")
        .printed("Saved the session as saved.rs\n");
    let text = fs::read_to_string(folder.path().join("saved.rs")).unwrap();
    assert!(
        text.starts_with("#!/usr/bin/env -S cargo +nightly -Zscript\n---\n"),
        "{text}"
    );
    // `%cd` is a cell of the session. Therefore the saved program contains it.
    let expected = format!("{}\n\"21\"\nprinted 42\n", folder.path().display());
    kernel.run("%run saved.rs").printed(&expected);
}

//! Files that cells write, load and run.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use threadbook_tests::kernel::Kernel;

/// A kernel whose cells work in a folder of the test's own.
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
        json!([{"source": "set_next_input", "text": "fn a() {}\n// π", "replace": false}])
    );
    ran.nothing();
    let failure = kernel.run("%load b.rs").failed("MagicError");
    assert!(
        failure.evalue.contains("`b.rs` can't be read"),
        "{failure:?}"
    );
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
    // A change of a file that it includes counts too.
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

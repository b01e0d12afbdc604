//! Threads, tasks and dependencies; other ways to start a kernel.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use threadbook_jupyter::message::Channel;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

#[test]
fn threads_run() {
    let mut kernel = Kernel::lease();
    kernel.run("let programs_handles: Vec<_> = (0..4).map(|n| std::thread::spawn(move || n * n)).collect();").nothing();
    kernel
        .run("programs_handles.into_iter().map(|handle| handle.join().unwrap()).sum::<i32>()")
        .resulted("14");
}

#[test]
fn rayon_runs() {
    let mut kernel = Kernel::lease();
    kernel.run("use threadbook::rayon::prelude::*; (0..1000u64).into_par_iter().map(|n| n * n).sum::<u64>()").resulted("332833500");
    kernel
        .run("let programs_v: Vec<u64> = (0..10).collect(); programs_v.par_iter().sum::<u64>()")
        .resulted("45");
}

#[test]
fn top_level_await_and_tokio_tasks_run_again_and_again() {
    let mut kernel = Kernel::start();
    for n in 0..3 {
        kernel
            .run(&format!(
                "threadbook::tokio::time::sleep(std::time::Duration::from_millis(1)).await; {n}"
            ))
            .resulted(&n.to_string());
        kernel
            .run("threadbook::tokio::spawn(async { 6 * 7 }).await?")
            .resulted("42");
    }
    kernel
        .run("let task = threadbook::tokio::spawn(async { 5 }); task.await?")
        .resulted("5");
}

#[test]
fn a_dependency_is_built_with_progress() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1_u32;").nothing();
    // The dependency is in a new folder, because the build of a crate from the registry is kept for the next kernel.
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let manifest = "[package]\nname = \"shown\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let source = "pub fn double(value: u32) -> u32 { value * 2 }\n";
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    let dep = format!(":dep shown = {{ path = {:?} }}", folder.path());
    let ran = kernel.run(&format!("{dep}\nshown::double(4)"));
    assert!(ran.stderr().contains("shown v0.1.0"), "{:?}", ran.stderr());
    ran.resulted("8");
    kernel.run("shown::double(kept)").resulted("2");
}

#[test]
fn a_dependency_that_does_not_exist_is_an_error() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    let ran = kernel.run(":dep threadbook-no-such-crate-8472 = \"1\"\n1");
    ran.stderr();
    let failure = ran.failed("DependencyError");
    assert!(
        failure.evalue.contains("threadbook-no-such-crate-8472"),
        "{failure:#?}"
    );
    kernel.run("kept").resulted("1");
}

#[test]
fn a_local_dependency_that_does_not_compile_shows_rustcs_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(
        folder.path().join("Cargo.toml"),
        "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("src/lib.rs"),
        "pub fn answer() -> u32 { \"no number\" }\n",
    )
    .unwrap();
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    let dep = format!(":dep broken = {{ path = {:?} }}", folder.path());
    let ran = kernel.run(&format!("{dep}\nbroken::answer()"));
    let told = ran.stderr();
    let failure = ran.failed("DependencyError");
    assert!(
        failure.traceback.contains("mismatched types") || told.contains("mismatched types"),
        "{failure:#?} {told}"
    );
    kernel.run("kept").resulted("1");
    fs::write(
        folder.path().join("src/lib.rs"),
        "pub fn answer() -> u32 { 42 }\n",
    )
    .unwrap();
    let ran = kernel.run(&format!("{dep}\nbroken::answer()"));
    ran.stderr();
    ran.resulted("42");
}

#[test]
fn two_kernels_do_not_know_of_each_other() {
    let mut first = Kernel::start();
    let mut second = Kernel::start();
    let one = first.send("let who = \"first\"; fn f() -> i32 { 1 } println!(\"{who}\");");
    let two = second.send("let who = \"second\"; fn f() -> i32 { 2 } println!(\"{who}\");");
    first.finish(&one).printed("first\n");
    second.finish(&two).printed("second\n");
    drop(first);
    second.run("(who, f())").resulted("(\"second\", 2)");
}

#[test]
fn sockets_with_names_serve_as_well_as_ports() {
    let mut kernel = Kernel::start_with(&Setup {
        ipc: true,
        ..Setup::default()
    });
    kernel.run("println!(\"over ipc\");").printed("over ipc\n");
    let id = kernel.send("threadbook::input(\"? \")?");
    let question = kernel.question(&id);
    kernel.answer(&question, "yes");
    kernel.finish(&id).resulted("\"yes\"");
    kernel.shut_down(false);
    kernel.process().is_gone();
}

#[test]
fn one_processor_is_enough() {
    let mut kernel = Kernel::start_with(&Setup {
        prefix: ["taskset", "-c", "0"].map(str::to_owned).to_vec(),
        ..Setup::default()
    });
    kernel.run("1+1").resulted("2");
    let id = kernel.send("println!(\"started\"); while std::hint::black_box(true) {}");
    kernel.until_text(&id, "started");
    // The control channel replies while the cell uses the only processor.
    let reply = kernel.ask(Channel::Control, "kernel_info", json!({}));
    assert_eq!(reply["status"], "ok");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    ran.stdout();
    ran.failed("KeyboardInterrupt");
    kernel.run("1+1").resulted("2");
}

#[test]
fn kernel_info_is_answered_before_the_evaluator_is_ready() {
    let mut kernel = Kernel::connect(threadbook_tests::kernel::Process::start(&Setup::default()));
    let cell = kernel.send("1 + 1");
    let reply = kernel.ask(Channel::Shell, "kernel_info", json!({}));
    assert_eq!(reply["language_info"]["name"], "rust");
    kernel.finish(&cell).resulted("2");
}

#[test]
fn cells_see_the_environment_that_the_kernel_was_started_with() {
    let mut kernel = Kernel::start();
    kernel
        .run("std::env::vars().map(|(name, _)| name).filter(|name| [\"EVCXR_\", \"THREADBOOK_WORKER\", \"THREADBOOK_SESSION\"].iter().any(|prefix| name.starts_with(prefix))).collect::<Vec<_>>()")
        .resulted("[]");
    kernel
        .run("std::env::var(\"PATH\")?.contains(\"sessions\")")
        .resulted("false");
}

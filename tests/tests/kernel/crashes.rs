//! A cell that takes its process down is an error that names what happened and what is lost; the session goes on.

use std::sync::Mutex;

use threadbook_tests::kernel::Kernel;

/// Core dumps and restarts are not what other tests are to wait for: one crash at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[track_caller]
fn crash(code: &str, ename: &str, words: &[&str]) {
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poison| poison.into_inner());
    let mut kernel = Kernel::lease();
    kernel
        .run("let crashes_lost = vec![1]; fn crashes_kept() -> i32 { 6 }")
        .nothing();
    let ran = kernel.run(&format!("println!(\"last words\"); {code}"));
    assert_eq!(ran.stdout(), "last words\n");
    let said = ran.stderr();
    assert!(
        said.is_empty()
            || ["overflow", "panic", "abort"]
                .iter()
                .any(|word| said.contains(word)),
        "{said}"
    );
    let failure = ran.failed(ename);
    for word in words {
        assert!(failure.evalue.contains(word), "no {word} in {failure:#?}");
    }
    assert!(failure.evalue.contains("`crashes_lost`"), "{failure:#?}");
    kernel.run("crashes_kept()").resulted("6");
    kernel.run("crashes_lost").failed("CompileError");
    kernel
        .run("let crashes_again = crashes_kept() + 1; println!(\"{crashes_again}\");")
        .printed("7\n");
}

#[test]
fn an_abort_is_named() {
    crash("std::process::abort();", "WorkerCrashed", &["SIGABRT"]);
}

#[test]
fn a_write_to_nowhere_is_named() {
    crash(
        "unsafe { std::ptr::write_volatile(std::ptr::null_mut::<u8>(), 1) };",
        "WorkerCrashed",
        &["SIGSEGV"],
    );
}

#[test]
fn a_stack_overflow_is_named() {
    crash(
        "fn crashes_deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + std::hint::black_box(crashes_deep(std::hint::black_box(n + 1))) } } println!(\"{}\", crashes_deep(0));",
        "WorkerCrashed",
        &["SIGABRT"],
    );
}

#[test]
fn an_exit_is_named_with_its_code() {
    crash("std::process::exit(3);", "Exited", &["exit code 3"]);
    crash("std::process::exit(0);", "Exited", &["exit code 0"]);
}

#[test]
fn a_kill_from_outside_is_named() {
    crash(
        "std::process::Command::new(\"kill\").args([\"-9\", &std::process::id().to_string()]).status().unwrap(); loop { std::thread::park(); }",
        "WorkerCrashed",
        &["SIGKILL"],
    );
}

#[test]
fn an_illegal_instruction_is_named() {
    crash(
        "#[cfg(target_arch = \"x86_64\")] unsafe { std::arch::asm!(\"ud2\") }; #[cfg(target_arch = \"aarch64\")] unsafe { std::arch::asm!(\"udf #0\") };",
        "WorkerCrashed",
        &["SIGILL"],
    );
}

#[test]
fn a_panic_while_unwinding_is_named() {
    crash(
        "struct CrashesBomb; impl Drop for CrashesBomb { fn drop(&mut self) { panic!(\"second\") } } let _crashes_bomb = CrashesBomb; panic!(\"first\");",
        "WorkerCrashed",
        &["SIGABRT"],
    );
}

#[test]
fn a_crash_between_cells_is_an_error_of_the_next_one() {
    let mut kernel = Kernel::start();
    kernel.run("let lost = 1; fn kept() -> i32 { 2 }").nothing();
    kernel.run("std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); println!(\"dying\"); std::process::abort(); });").nothing();
    let latest = kernel.latest();
    kernel.late_text("stdout", &latest, "dying\n");
    let failure = kernel
        .run("println!(\"{}\", lost);")
        .failed("WorkerCrashed");
    assert!(
        failure.evalue.contains("SIGABRT") && failure.evalue.contains("`lost`"),
        "{failure:#?}"
    );
    kernel.run("kept()").resulted("2");
}

#[test]
fn crashes_in_a_row_do_not_wear_the_kernel_out() {
    let mut kernel = Kernel::start();
    for _ in 0..5 {
        kernel.run("std::process::abort();").failed("WorkerCrashed");
    }
    kernel.run("1 + 1").resulted("2");
}

//! Stopping a cell, whatever it does.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_hot_loop_ends_and_the_error_says_what_is_lost() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let interrupts_a = 1; fn interrupts_kept() -> i32 { 3 }")
        .nothing();
    let id = kernel.send("println!(\"started\"); while std::hint::black_box(true) {}");
    let queued = kernel.send("println!(\"not run\");");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    let failure = ran.failed("KeyboardInterrupt");
    kernel.finish(&queued).aborted();
    let ran = kernel.run("interrupts_a");
    if ran.reply["status"] == "ok" {
        ran.resulted("1");
    } else {
        assert!(failure.evalue.contains("`interrupts_a`"), "{failure:#?}");
        ran.failed("CompileError");
    }
    kernel.run("interrupts_kept()").resulted("3");
}

#[test]
fn a_sleep_ends() {
    let mut kernel = Kernel::lease();
    let id = kernel
        .send("println!(\"started\"); std::thread::sleep(std::time::Duration::from_secs(3600));");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_program_that_the_cell_waits_for_ends() {
    let mut kernel = Kernel::start();
    let id = kernel.send(
        "println!(\"started\"); std::process::Command::new(\"sleep\").arg(\"3600\").status()?;",
    );
    kernel.until_text(&id, "started");
    kernel.process().until_running("sleep");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("1 + 1").resulted("2");
    assert!(
        !kernel
            .process()
            .processes()
            .iter()
            .any(|(_, name)| name == "sleep")
    );
}

#[test]
fn a_compile_ends_and_every_variable_is_kept() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 5;").nothing();
    let id = kernel.send(
        "#[allow(long_running_const_eval)] const SLOW: u64 = { let mut n = 0u64; let mut sum = 0u64; while n < 4_000_000_000 { sum = sum.wrapping_add(n * n); n += 1; } sum };
        println!(\"{SLOW}\");",
    );
    kernel.process().until_running("rustc");
    // The compiler itself, not a question about its version: it has made its files by then.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    kernel.interrupt();
    kernel.finish(&id).failed("KeyboardInterrupt");
    kernel.run("kept").resulted("5");
    kernel.run("let after = kept + 1; after").resulted("6");
}

#[test]
fn nothing_to_interrupt_is_nothing_done() {
    let mut kernel = Kernel::lease();
    kernel.run("let interrupts_b = 4;").nothing();
    kernel.interrupt();
    kernel.interrupt();
    kernel.run("interrupts_b").resulted("4");
}

#[test]
fn an_interrupt_at_once_after_the_request_ends_the_cell_or_comes_too_early() {
    let mut kernel = Kernel::lease();
    kernel.run("let interrupts_c = 4;").nothing();
    for _ in 0..5 {
        let id = kernel.send("for n in 0..100 { std::thread::sleep(std::time::Duration::from_millis(1)); std::hint::black_box(n); } 9");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        match ran.reply["status"].as_str() {
            Some("ok") => ran.resulted("9"),
            Some("aborted") => ran.aborted(),
            _ => drop(ran.failed("KeyboardInterrupt")),
        }
        kernel.run("1 + 1").resulted("2");
    }
}

#[test]
fn sigint_to_the_kernel_interrupts_as_the_message_does() {
    let mut kernel = Kernel::start();
    let id = kernel.send(
        "println!(\"started\"); loop { std::thread::sleep(std::time::Duration::from_millis(5)); }",
    );
    kernel.until_text(&id, "started");
    kernel.process().signal(libc::SIGINT);
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("1 + 1").resulted("2");
}

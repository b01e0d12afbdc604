//! After any end of a kernel, no process, no session folder and no temporary file of it remains.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

const BUSY: &str = "std::process::Command::new(\"sleep\").arg(\"3600\").spawn()?;
    std::process::Command::new(\"setsid\").args([\"sleep\", \"3600\"]).spawn()?;
    std::thread::spawn(|| loop { std::thread::park(); });
    println!(\"started\"); while std::hint::black_box(true) {}";

fn busy() -> Kernel {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    let id = kernel.send(BUSY);
    kernel.until_text(&id, "started");
    kernel.process().until_running("sleep");
    kernel
}

fn compiling() -> Kernel {
    let mut kernel = Kernel::start();
    kernel.send(
        "#[allow(long_running_const_eval)] const SLOW: u64 = { let mut n = 0u64; while n < 40_000_000_000 { n += 1; } n };
        println!(\"{SLOW}\");",
    );
    kernel.process().until_running("rustc");
    kernel
}

#[test]
fn folders_are_private() {
    let mut kernel = Kernel::start();
    for folder in fs::read_dir(kernel.process().temp()).unwrap().flatten() {
        assert_eq!(
            folder.metadata().unwrap().permissions().mode() & 0o777,
            0o700,
            "{folder:?}"
        );
    }
}

#[test]
fn a_shutdown_of_an_idle_kernel() {
    let mut kernel = Kernel::start();
    kernel.run("1 + 1").resulted("2");
    kernel.shut_down(false);
    assert!(kernel.process().ended().success());
    kernel.process().is_gone();
}

#[test]
fn a_shutdown_of_a_busy_kernel() {
    for restart in [false, true] {
        let mut kernel = busy();
        kernel.shut_down(restart);
        assert!(kernel.process().ended().success());
        kernel.process().is_gone();
    }
}

#[test]
fn a_shutdown_while_compiling() {
    let mut kernel = compiling();
    kernel.shut_down(false);
    kernel.process().is_gone();
}

#[test]
fn a_sigkill_of_an_idle_kernel() {
    let mut kernel = Kernel::start();
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn a_sigkill_of_a_busy_kernel() {
    let mut kernel = busy();
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn a_sigkill_while_compiling() {
    let mut kernel = compiling();
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn a_sigterm_of_a_busy_kernel() {
    let mut kernel = busy();
    kernel.process().signal(libc::SIGTERM);
    kernel.process().is_gone();
}

#[test]
fn a_sigterm_of_an_idle_kernel() {
    let mut kernel = Kernel::start();
    kernel.process().signal(libc::SIGTERM);
    kernel.process().is_gone();
}

#[test]
fn the_death_of_the_parent() {
    // The shell starts the kernel in the background. This test kills the shell.
    let mut kernel = Kernel::start_with(&Setup {
        prefix: ["sh", "-c", "JPY_PARENT_PID=$$ \"$@\" & wait", "sh"]
            .map(str::to_owned)
            .to_vec(),
        ..Setup::default()
    });
    let id = kernel.send(BUSY);
    kernel.until_text(&id, "started");
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn a_worker_that_crashed_leaves_nothing() {
    let mut kernel = Kernel::start();
    kernel
        .run("std::process::Command::new(\"sleep\").arg(\"3600\").spawn()?; std::process::abort();")
        .failed("WorkerCrashed");
    kernel.run("1 + 1").resulted("2");
    assert!(
        !kernel
            .process()
            .processes()
            .iter()
            .any(|(_, name)| name == "sleep")
    );
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

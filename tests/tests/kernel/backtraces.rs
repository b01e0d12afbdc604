//! A crash shows the lines of cells that led to it, innermost first.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_write_to_nowhere_shows_the_functions_of_earlier_cells_that_led_to_it() {
    let mut kernel = Kernel::start();
    kernel
        .run("fn poke(p: *mut u8) {\n    unsafe { std::ptr::write_volatile(p, 1) };\n}")
        .nothing();
    kernel
        .run("struct Hand; impl Hand {\n    fn reach(&self) {\n        poke(std::ptr::null_mut());\n    }\n}")
        .nothing();
    let failure = kernel
        .run("let kept = 1;\nlet doubled = kept * 2;\n  Hand.reach();")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        [
            "cell 1, line 2, column 14, in `poke`",
            "cell 2, line 3, column 9, in `Hand::reach`",
            "cell 3, line 3, column 8",
        ],
        "{failure:#?}"
    );
    assert!(
        failure
            .evalue
            .contains("by SIGSEGV (invalid memory access) at cell 1, line 2, column 14; every"),
        "{failure:#?}"
    );
    assert!(
        failure.traceback.contains(
            "\n --> cell 1, line 2, column 14, in `poke`\n  |\n2 |     unsafe { std::ptr::write_volatile(p, 1) };\n  |              ^\n"
        ),
        "{failure:#?}"
    );
    assert!(failure.coloured.contains("\x1b["), "{failure:#?}");
}

#[test]
fn a_crash_in_a_thread_shows_the_thread_s_own_way() {
    let mut kernel = Kernel::start();
    kernel
        .run("fn poke(at: usize) { unsafe { std::ptr::write_volatile(std::ptr::without_provenance_mut::<u8>(at), 1) } }")
        .nothing();
    let failure = kernel
        .run("let diver = std::thread::Builder::new().name(\"diver\".into()).spawn(|| {\n    poke(8);\n})?;\ndiver.join().unwrap();")
        .failed("WorkerCrashed");
    assert!(
        failure
            .evalue
            .contains("in the thread `diver` at cell 1, line 1"),
        "{failure:#?}"
    );
    assert_eq!(
        failure.places()[1],
        "cell 2, line 2, column 5",
        "{failure:#?}"
    );
    // rayon's threads run code that is compiled into the cell, below frames of rayon's library.
    let failure = kernel
        .run("use rayon::prelude::*;\n(0..100_usize).into_par_iter().for_each(|n| {\n    if n == 7 { poke(n) }\n});")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places()[1],
        "cell 3, line 3, column 17",
        "{failure:#?}"
    );
}

#[test]
fn a_stack_overflow_shows_the_recursion_once() {
    let mut kernel = Kernel::start();
    kernel
        .run("use std::hint::black_box;\nfn ping(n: u64) -> u64 {\n    if n == u64::MAX { 0 } else { black_box(pong(black_box(n + 1))) + 1 }\n}\n#[inline(never)] fn pong(n: u64) -> u64 {\n    black_box(ping(black_box(n + 1))) + 1\n}")
        .nothing();
    let ran = kernel.run("ping(1)");
    assert!(ran.stderr().contains("overflowed its stack"), "{ran:#?}");
    let failure = ran.failed("WorkerCrashed");
    let mut found = failure.places();
    found.sort_unstable();
    assert_eq!(found.len(), 2, "{failure:#?}");
    assert!(
        found[0].starts_with("cell 1, line 3, column "),
        "{failure:#?}"
    );
    assert!(
        found[1].starts_with("cell 1, line 6, column "),
        "{failure:#?}"
    );
    assert!(
        failure
            .traceback
            .contains("\n ... the 2 calls above are repeated "),
        "{failure:#?}"
    );
    assert!(
        failure
            .traceback
            .ends_with("\n ... calls further out are not known: the stack is too deep"),
        "{failure:#?}"
    );
}

#[test]
fn ways_to_end_a_process_say_where() {
    let mut kernel = Kernel::start();
    kernel
        .run("struct Bomb;\nimpl Drop for Bomb {\n    fn drop(&mut self) {\n        panic!(\"second\")\n    }\n}\nfn give_up() {\n    std::process::abort()\n}")
        .nothing();
    let failure = kernel.run("give_up();").failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        [
            "cell 1, line 8, column 5, in `give_up`",
            "cell 2, line 1, column 1"
        ],
        "{failure:#?}"
    );
    // When the second panic aborts, the function that dropped has already left the stack. The panic's place is still
    // known.
    let ran = kernel.run("let _bomb = Bomb;\npanic!(\"first\");");
    assert!(ran.stderr().contains("second"), "{ran:#?}");
    let failure = ran.failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        ["cell 1, line 4, column 9"],
        "{failure:#?}"
    );
    let failure = kernel
        .run("if true {\n    std::process::exit(3)\n}")
        .failed("Exited");
    assert!(
        failure
            .evalue
            .contains("with exit code 3 at cell 4, line 2, column 5;"),
        "{failure:#?}"
    );
    // The function belongs to a library that is compiled without debug information.
    let failure = kernel
        .run("unsafe extern \"C\" { fn memset(at: *mut u8, byte: i32, len: usize) -> *mut u8; }\nunsafe { memset(std::hint::black_box(8 as *mut u8), 1, std::hint::black_box(100)) };")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        ["cell 5, line 2, column 10"],
        "{failure:#?}"
    );
    // The address that is called is invalid. Therefore only the caller is known.
    let failure = kernel
        .run("let nowhere: extern \"C\" fn() = unsafe { std::mem::transmute(16_usize) };\nnowhere();")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        ["cell 6, line 2, column 1"],
        "{failure:#?}"
    );
}

#[test]
fn a_kill_from_outside_has_no_backtrace_and_leaves_none_behind() {
    let mut kernel = Kernel::start();
    kernel.run("std::process::abort();").failed("WorkerCrashed");
    let failure = kernel
        .run("std::process::Command::new(\"kill\").args([\"-9\", &std::process::id().to_string()]).status().unwrap(); loop { std::thread::park(); }")
        .failed("WorkerCrashed");
    assert!(failure.evalue.contains("SIGKILL"), "{failure:#?}");
    assert!(failure.places().is_empty(), "{failure:#?}");
}

/// The object that crashed is not the latest one, and it has another optimisation level.
#[test]
fn a_thread_of_an_earlier_cell_is_found_in_that_cell() {
    let mut kernel = Kernel::start();
    kernel
        .run("let (go, wait) = std::sync::mpsc::channel::<()>();\nlet late = std::thread::spawn(move || {\n    if wait.recv().is_ok() {\n        std::process::abort();\n    }\n});")
        .nothing();
    kernel.run("let between = 1;").nothing();
    let failure = kernel
        .run("go.send(())?;\nlate.join().unwrap();")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        ["cell 1, line 4, column 9"],
        "{failure:#?}"
    );
    kernel.run("between").resulted("1");
    let _level = kernel.run("%opt 0").result();
    let failure = kernel
        .run("fn down() { std::process::abort() }\ndown();")
        .failed("WorkerCrashed");
    assert_eq!(
        failure.places(),
        [
            "cell 6, line 1, column 13, in `down`",
            "cell 6, line 2, column 1"
        ],
        "{failure:#?}"
    );
}

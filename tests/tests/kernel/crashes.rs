//! A cell that crashes its process causes an error that names the reason. Every variable from before the cell is kept.

use std::sync::Mutex;

use threadbook_tests::cgroup::MemoryGroup;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

/// Only one crash runs at a time, because other tests should not wait for core dumps and restarts.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[track_caller]
fn crash(code: &str, ename: &str, words: &[&str]) {
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poison| poison.into_inner());
    let mut kernel = Kernel::lease();
    kernel
        .run("let mut crashes_kept = vec![1]; fn crashes_six() -> i32 { 6 }")
        .nothing();
    let ran = kernel.run(&format!(
        "println!(\"last words\"); let crashes_unborn = 1; crashes_kept.clear(); {code}"
    ));
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
    assert!(
        failure
            .evalue
            .contains("every variable that stood before the cell is kept"),
        "{failure:#?}"
    );
    kernel.run("crashes_six()").resulted("6");
    kernel
        .run("crashes_kept.push(2); crashes_kept")
        .resulted("[1, 2]");
    kernel
        .run("let crashes_again = crashes_six() + 1; println!(\"{crashes_again}\");")
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
fn a_bus_error_is_named() {
    crash(
        "unsafe extern \"C\" { fn raise(signal: i32) -> i32; } unsafe { raise(7) };",
        "WorkerCrashed",
        &["SIGBUS"],
    );
}

#[test]
fn a_fault_of_arithmetic_and_a_breakpoint_are_named() {
    // The signals of a division by zero in C, and of a breakpoint without a debugger.
    crash(
        "unsafe extern \"C\" { fn raise(signal: i32) -> i32; } unsafe { raise(8) };",
        "WorkerCrashed",
        &["SIGFPE"],
    );
    crash(
        "#[cfg(target_arch = \"x86_64\")] unsafe { std::arch::asm!(\"int3\") }; #[cfg(target_arch = \"aarch64\")] unsafe { std::arch::asm!(\"brk #0\") };",
        "WorkerCrashed",
        &["SIGTRAP"],
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
fn a_crash_between_cells_is_said_under_the_latest_and_loses_nothing() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = vec![1];").nothing();
    kernel.run("std::thread::Builder::new().name(\"mortal\".into()).spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); println!(\"dying\"); std::process::abort(); })?;").nothing();
    let latest = kernel.latest();
    kernel.late_text("stdout", &latest, "dying\n");
    kernel.late_text(
        "stderr",
        &latest,
        "the process that runs cells has ended by SIGABRT (abort, for example a stack overflow or a panic while dropping) in the thread `mortal` while no cell ran; every variable is kept\n",
    );
    // The thread does not exist any more; it would crash the process again.
    for _ in 0..10 {
        kernel.run("kept").resulted("[1]");
    }
}

/// Uses everything that a crash could break: rayon's pool, tokio's reactor and timers, tasks and threads of earlier
/// cells, printing, statics, and the next copy.
#[test]
fn twenty_crashes_in_a_row_leave_threads_tasks_and_pools_alive() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use rayon::prelude::*;
            use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
            static CELLS: AtomicU32 = AtomicU32::new(0);
            let (to_thread, thread_rx) = std::sync::mpsc::channel::<u32>();
            let (thread_tx, from_thread) = std::sync::mpsc::channel::<u32>();
            let thread = std::thread::spawn(move || for n in thread_rx { thread_tx.send(n * 2).unwrap() });
            let (to_task, mut task_rx) = tokio::sync::mpsc::channel::<u32>(1);
            let (task_tx, mut from_task) = tokio::sync::mpsc::channel::<u32>(1);
            let task = tokio::spawn(async move {
                while let Some(n) = task_rx.recv().await {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    task_tx.send(n * 3).await.unwrap();
                }
            });
            let mut history: Vec<u64> = Vec::new();",
        )
        .nothing();
    let ways = [
        ("std::process::abort()", "WorkerCrashed"),
        ("std::process::exit(1)", "Exited"),
        (
            "unsafe { std::ptr::write_volatile(8 as *mut u8, 1) }",
            "WorkerCrashed",
        ),
        (
            "std::thread::spawn(|| std::process::abort()).join().unwrap()",
            "WorkerCrashed",
        ),
    ];
    for round in 1..=20_u64 {
        kernel
            .run(&format!(
                "CELLS.fetch_add(1, SeqCst);
                to_thread.send({round}).unwrap();
                to_task.send({round}).await.unwrap();
                history.push((0..{round}u64).into_par_iter().sum());
                (CELLS.load(SeqCst), from_thread.recv().unwrap(), from_task.recv().await.unwrap(), history.len())"
            ))
            .resulted(&format!("({round}, {}, {}, {round})", round * 2, round * 3));
        let (code, ename) = ways[round as usize % ways.len()];
        kernel
            .run(&format!("history.clear(); CELLS.store(0, SeqCst); {code};"))
            .failed(ename);
    }
    let sums: Vec<u64> = (1..=20).map(|round: u64| round * (round - 1) / 2).collect();
    kernel.run("history").resulted(&format!("{sums:?}"));
    kernel
        .run("drop(to_thread); drop(to_task); (thread.join().is_ok(), task.await.is_ok())")
        .resulted("(true, true)");
}

#[test]
fn a_lock_that_a_thread_holds_is_held_and_released_after_a_crash_too() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let lock = std::sync::Arc::new(std::sync::Mutex::new(0));
            let (release_tx, release_rx) = std::sync::mpsc::channel::<()>();
            let (held_tx, held_rx) = std::sync::mpsc::channel::<()>();
            let holder = std::thread::spawn({ let lock = lock.clone(); move || {
                let mut value = lock.lock().unwrap();
                held_tx.send(()).unwrap();
                release_rx.recv().unwrap();
                *value = 5;
            }});
            held_rx.recv().unwrap();",
        )
        .nothing();
    kernel.run("std::process::abort();").failed("WorkerCrashed");
    kernel
        .run("release_tx.send(()).unwrap(); holder.join().unwrap(); *lock.lock().unwrap()")
        .resulted("5");
}

#[test]
fn processes_that_a_crashed_cell_started_end_with_it_unless_they_are_detached() {
    let mut kernel = Kernel::start();
    let failure = kernel
        .run(
            "std::process::Command::new(\"sleep\").arg(\"3600\").spawn()?;
            std::process::Command::new(\"setsid\").args([\"tail\", \"-f\", \"/dev/null\"]).spawn()?;
            while !std::fs::read_to_string(\"/proc/self/task/\".to_owned() + &std::process::id().to_string() + \"/children\")?
                .split_whitespace()
                .any(|pid| std::fs::read_to_string(format!(\"/proc/{pid}/comm\")).is_ok_and(|name| name == \"tail\\n\")) {}
            std::process::abort();",
        )
        .failed("WorkerCrashed");
    assert!(
        failure.evalue.contains("the process `sleep` ended"),
        "{failure:#?}"
    );
    let names = |kernel: &mut Kernel| -> Vec<String> {
        let processes = kernel.process().processes();
        processes.into_iter().map(|(_, name)| name).collect()
    };
    let left = names(&mut kernel);
    assert!(!left.contains(&"sleep".to_owned()), "{left:?}");
    assert!(left.contains(&"tail".to_owned()), "{left:?}");
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn memory_that_can_not_be_had_is_a_crash_that_loses_nothing() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1_usize;").nothing();
    let ran = kernel.run(
        "unsafe extern \"C\" { fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32; }
        unsafe { setrlimit(9, &[1 << 30, 1 << 30]) };
        let big = vec![1u8; 2 << 30]; big.len()",
    );
    assert!(ran.stderr().contains("memory allocation"), "{ran:#?}");
    ran.failed("WorkerCrashed");
    kernel
        .run("vec![1u8; 2 << 30].len() + kept")
        .resulted("2147483649");
}

#[test]
fn what_going_back_does_not_change_is_said() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use std::io::Read; let path = std::env::temp_dir().join(\"left.txt\"); std::fs::write(&path, \"abc\")?;
            let mut file = std::fs::File::open(&path)?; let listener = std::net::TcpListener::bind(\"127.0.0.1:0\")?;",
        )
        .nothing();
    let ran = kernel.run("file.read_exact(&mut [0])?; std::process::exit(1)");
    let failure = ran.failed("Exited");
    let left = kernel.process().temp().join("left.txt");
    let expected = format!(
        "every variable that stood before the cell is kept; what was open is as it was left: `{}`, a network socket",
        left.display()
    );
    assert!(failure.evalue.ends_with(&expected), "{failure:#?}");
    kernel
        .run("let mut rest = String::new(); file.read_to_string(&mut rest)?; rest")
        .resulted("\"bc\"");
}

#[test]
fn a_limit_for_the_memory_of_all_ends_the_cell_and_not_the_kernel() {
    let Some(group) = MemoryGroup::new(1 << 30) else {
        eprintln!("not tried: no control group for memory can be made here");
        return;
    };
    let mut kernel = Kernel::start_with(&Setup {
        prefix: group.prefix().to_vec(),
        ..Setup::default()
    });
    kernel.run("let kept = vec![7_u8; 50 << 20];").nothing();
    for _ in 0..3 {
        let failure = kernel
            .run("let mut all = Vec::new(); loop { all.push(vec![1_u8; 1 << 20]); }")
            .failed("WorkerCrashed");
        assert_eq!(
            failure.evalue,
            "the cell ended its process by SIGKILL (the system had no memory left); every variable that stood before the \
             cell is kept"
        );
        kernel.run("kept.len()").resulted("52428800");
    }
    drop(kernel);
}

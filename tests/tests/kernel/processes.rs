//! Processes that cells start with `process::spawn`, and those that they fork in other ways.

use std::fs;

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::wait_until;

/// Starts a process that runs until it is ended. The cell ends after the process has printed.
const ENDLESS: &str = "let (mut printed, mut print) = std::io::pipe()?;\n\
    let endless = threadbook::process::named(\"endless\").spawn(|| -> () {\n    println!(\"started\");\n    \
    std::io::Write::write_all(&mut print, b\"x\").unwrap();\n    loop { std::thread::park() }\n});\n\
    std::io::Read::read_exact(&mut printed, &mut [0]).unwrap();";

fn state_of(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest[..1].to_owned())
}

#[test]
fn a_process_prints_under_its_cell_and_gives_its_value() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "let mut processes_list = vec![1]; print!(\"before \");
        let processes_child = threadbook::process::spawn(|| { processes_list.push(2); println!(\"child {processes_list:?}\"); std::print!(\"end\"); processes_list.len() });
        println!(\"{:?} {processes_list:?}\", processes_child.join());",
    );
    assert_eq!(ran.stdout(), "before child [1, 2]\nendOk(2) [1]\n");
    ran.nothing();
    kernel
        .run("threadbook::process::Pool::new(2).map(&[1, 2, 3], |n| n * n)")
        .resulted("[1, 4, 9]");
}

#[test]
fn a_panic_says_the_process_and_the_cells_line_and_reaches_join() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let thrower = threadbook::process::named(\"thrower\").spawn(|| -> u32 {
            panic!(\"no {}\", \"luck\")
        });
        let pid = thrower.pid();
        println!(\"{pid} {}\", thrower.join().unwrap_err());",
    );
    let printed = ran.stdout();
    let (pid, rest) = printed.split_once(' ').unwrap();
    assert_eq!(
        rest,
        "the process panicked at cell 1, line 2, column 13: no luck\n"
    );
    assert_eq!(
        ran.stderr(),
        format!("process \"thrower\" ({pid}) panicked at cell 1, line 2, column 13:\nno luck\n")
    );
    ran.nothing();
    let ran = kernel.run("threadbook::process::spawn(|| -> u32 { panic!(\"again\") }).join()?");
    assert!(ran.stderr().contains("again"));
    let failure = ran.failed("ReturnedError");
    assert!(
        failure
            .evalue
            .contains("the process panicked at cell 2, line 1"),
        "{failure:#?}"
    );
}

#[test]
fn a_childs_crash_is_its_own() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = vec![1];").nothing();
    kernel
        .run("threadbook::process::spawn(|| unsafe { std::ptr::write_volatile(std::ptr::null_mut::<u8>(), 1) }).join().unwrap_err().to_string()")
        .resulted("\"the process was ended by SIGSEGV\"");
    // A real crash afterwards names its own thread, which does not exist in the copy.
    kernel
        .run("std::thread::Builder::new().name(\"mortal\".into()).spawn(|| { std::thread::sleep(std::time::Duration::from_millis(200)); std::process::abort(); })?;")
        .nothing();
    let latest = kernel.latest();
    kernel.late_text(
        "stderr",
        &latest,
        "the process that runs cells has ended by SIGABRT (abort, for example a stack overflow or a panic while dropping) in the thread `mortal` while no cell ran; every variable is kept\n",
    );
    for _ in 0..5 {
        kernel.run("kept").resulted("[1]");
    }
}

#[test]
fn a_fork_that_leaves_its_cell_says_so_and_ends() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "unsafe extern \"C\" { fn fork() -> i32; fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32; }
        let mut status = 0;
        let forked = unsafe { fork() };
        if forked != 0 { unsafe { waitpid(forked, &mut status, 0); } println!(\"{forked} {status}\"); }",
    );
    let printed = ran.stdout();
    let (pid, status) = printed.trim_end().split_once(' ').unwrap();
    assert_eq!(status, "256");
    assert_eq!(
        ran.stderr(),
        format!(
            "process {pid} was forked by code of a cell and came to the cell's end, where it ends (start it by \
             `threadbook::process::spawn`, or end it by `std::process::exit`)\n"
        )
    );
    ran.nothing();
    for n in 0..5 {
        kernel
            .run(&format!("{n} + 1"))
            .resulted(&(n + 1).to_string());
    }
}

#[test]
fn an_interrupt_ends_what_its_cell_has_started_and_nothing_else() {
    let mut kernel = Kernel::start();
    let id = kernel.send(ENDLESS);
    kernel.until_text(&id, "started");
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.nothing();
    let id = kernel
        .send("println!(\"sleeps\"); std::thread::sleep(std::time::Duration::from_secs(3600));");
    kernel.until_text(&id, "sleeps");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "sleeps\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("endless.is_alive()").resulted("true");
    let id = kernel.send(
        "let second = threadbook::process::spawn(|| -> () { println!(\"{}\", std::process::id()); loop { std::thread::park() } }); let _ = second.join();",
    );
    kernel.until_text(&id, "\n");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    let pid = ran.stdout().trim_end().to_owned();
    ran.failed("KeyboardInterrupt");
    wait_until("the end of the process", || {
        state_of(&pid)
            .is_none_or(|state| state == "Z")
            .then_some(())
    });
    kernel.run("endless.is_alive()").resulted("true");
    let id = kernel.send("endless.join()");
    kernel.until_message(&id, "execute_input");
    kernel.interrupt();
    kernel.finish(&id).failed("KeyboardInterrupt");
}

#[test]
fn its_name_and_cell_are_shown_and_the_dead_do_not_run() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    let id = kernel.send(ENDLESS);
    kernel.until_text(&id, "started");
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.nothing();
    let ran = kernel.run("%ps");
    let listed = ran.stdout();
    ran.nothing();
    let line = listed
        .lines()
        .find(|line| line.contains("endless (process)"));
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words.get(3), Some(&"2"), "{listed}");
    let ran = kernel.run("%undo");
    let failure = ran.failed("MagicError");
    assert!(failure.evalue.contains("`endless`"), "{failure:#?}");
    kernel
        .run("endless.kill(); threadbook::process::named(\"gone\").spawn(|| ()); while threadbook::process::active().len() > 0 { std::thread::yield_now() }")
        .nothing();
    let ran = kernel.run("%undo");
    assert!(!ran.stdout().is_empty() || !ran.stderr().is_empty());
    assert_eq!(ran.reply["status"], "ok", "{:#?}", ran.reply);
}

#[test]
fn a_process_that_the_session_has_left_behind_is_lost() {
    let mut kernel = Kernel::start();
    let id = kernel.send(ENDLESS);
    kernel.until_text(&id, "started");
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.nothing();
    let ran = kernel.run("std::process::abort()");
    ran.failed("WorkerCrashed");
    kernel
        .run("endless.join().unwrap_err().to_string()")
        .resulted(
            "\"the process is lost: the session went back to a state before it (start it again)\"",
        );
}

#[test]
fn descriptors_and_processes_do_not_pile_up() {
    let mut kernel = Kernel::start();
    let count = "std::fs::read_dir(\"/proc/self/fd\")?.count()";
    let before = kernel.run(count);
    let fds = before.result();
    before.nothing();
    kernel
        .run("for n in 0..50 { let child = threadbook::process::spawn(|| n); if n % 2 == 0 { drop(child) } else { child.join()?; } } threadbook::process::Pool::new(2).map(0..100, |n| n); while threadbook::process::active().len() > 0 { std::thread::yield_now() }")
        .nothing();
    wait_until("the end of descriptors", || {
        let ran = kernel.run(count);
        let now = ran.result();
        ran.nothing();
        (now == fds).then_some(())
    });
    let ran = kernel.run("%ps");
    assert_eq!(
        ran.stdout(),
        "no program that a cell has started is there\n"
    );
    ran.nothing();
}

#[test]
fn a_process_can_not_ask() {
    let mut kernel = Kernel::lease();
    kernel
        .run("threadbook::process::spawn(|| input(\"name\").unwrap_err().to_string()).join()?")
        .resulted("\"input could not be read: a process that a cell has started can't ask for input (ask before it is started)\"");
}

#[test]
fn epoll_sets_are_the_parents() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let listener = tokio::net::TcpListener::bind(\"127.0.0.1:0\").await?;
            let mut far = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
            let mut near = Some(listener.accept().await?.0);
            // Registers it.
            let mut byte = [0];
            far.write_all(&[1]).await?;
            near.as_mut().unwrap().read_exact(&mut byte).await?;
            let child = threadbook::process::spawn(|| { drop(near.take()); });
            child.join()?;
            let reads = tokio::spawn(async move { let mut byte = [0]; near.unwrap().read_exact(&mut byte).await.map(|_| byte[0]) });
            tokio::task::yield_now().await;
            far.write_all(&[7]).await?;
            println!(\"{}\", reads.await??);",
        )
        .printed("7\n");
}

#[test]
fn a_thousand_forks_beside_rayon_tokio_and_printing_hang_nowhere() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "use rayon::prelude::*;
        use std::sync::atomic::{AtomicBool, Ordering};
        static STOP: AtomicBool = AtomicBool::new(false);
        let printer = std::thread::spawn(|| while !STOP.load(Ordering::Relaxed) { std::print!(\"\"); let _ = std::io::Write::flush(&mut std::io::stdout()); });
        let computer = std::thread::spawn(|| while !STOP.load(Ordering::Relaxed) { std::hint::black_box((0..1000u64).into_par_iter().sum::<u64>()); });
        let task = tokio::spawn(async { while !STOP.load(Ordering::Relaxed) { tokio::time::sleep(std::time::Duration::from_micros(100)).await } });
        let mut sum = 0;
        for n in 0..1000u64 {
            let child = threadbook::process::spawn(|| { std::print!(\"\"); let _ = std::io::Write::flush(&mut std::io::stdout()); (0..=n).into_par_iter().max().unwrap() });
            match child.join_within(std::time::Duration::from_secs(120)) { Ok(value) => sum += value?, Err(child) => panic!(\"{child} hangs in round {n}\") }
        }
        STOP.store(true, Ordering::Relaxed);
        printer.join().unwrap(); computer.join().unwrap(); task.await?;
        println!(\"{sum}\");",
    );
    assert_eq!(ran.stdout(), "499500\n");
    ran.nothing();
}

fn with_processes() -> Kernel {
    let mut kernel = Kernel::start();
    let id = kernel.send(ENDLESS);
    kernel.until_text(&id, "started");
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.nothing();
    kernel
        .run("let mut results = threadbook::process::Pool::new(2).imap(0..1000, |n| vec![n as u8; 100_000]); results.next().unwrap()?; let queue = threadbook::process::Queue::<u32>::new();")
        .nothing();
    kernel
}

#[test]
fn nothing_stays_after_a_shutdown() {
    let mut kernel = with_processes();
    kernel.shut_down(false);
    assert!(kernel.process().ended().success());
    kernel.process().is_gone();
}

#[test]
fn nothing_stays_after_a_kill() {
    let mut kernel = with_processes();
    kernel.process().signal(libc::SIGKILL);
    kernel.process().is_gone();
}

#[test]
fn nothing_stays_after_a_crash_of_the_parent() {
    let mut kernel = with_processes();
    kernel.run("std::process::abort()").failed("WorkerCrashed");
    for name in ["endless", "pool", "pool-1", "pool-2"] {
        kernel.process().until_gone(name);
    }
    kernel.run("1 + 1").resulted("2");
}

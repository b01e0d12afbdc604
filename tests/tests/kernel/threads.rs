//! Threads and thread pools in cells: waiting, panics with their places, and iterators and tasks that cells keep.

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Ran;
use threadbook_tests::kernel::wait_until;

/// The last texts of the cell's displays.
#[track_caller]
fn shown(ran: &Ran) -> Vec<String> {
    let made = ran.contents("display_data").into_iter();
    made.chain(ran.contents("update_display_data"))
        .map(|content| content["data"]["text/plain"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_thread_is_waited_for_and_its_panic_has_a_place() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let threads_a = std::thread::spawn(|| 6 * 7);")
        .nothing();
    kernel.run("threads_a.wait()?").resulted("42");
    let ran = kernel.run(
        "let threads_b = std::thread::Builder::new().name(\"counter\".into()).spawn(|| {\n    panic!(\"no more numbers\")\n})?;\n\
         let threads_panicked: threads::Panicked = threads_b.wait().map(|()| 0).unwrap_err();",
    );
    let count = ran.count();
    let place = format!("cell {count}, line 2, column 5");
    assert_eq!(
        ran.stderr(),
        format!("thread 'counter' panicked at {place}:\nno more numbers\n")
    );
    ran.nothing();
    kernel
        .run("println!(\"{threads_panicked}\");")
        .printed(&format!(
            "thread `counter` panicked: no more numbers ({place})\n"
        ));
    // With `?`, the panic becomes the cell's error.
    let ran = kernel.run("std::thread::spawn(|| panic!(\"boom\")).wait()?;");
    let count = ran.count();
    ran.stderr();
    let failure = ran.failed("ReturnedError");
    assert!(
        failure.evalue.starts_with(&format!(
            "a thread without a name panicked: boom (cell {count}, line 1, column 23)"
        )),
        "{failure:#?}"
    );
}

#[test]
fn a_handle_comes_back_when_its_thread_is_not_done() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let (threads_go, threads_rx) = std::sync::mpsc::channel::<u8>();
            let threads_c = std::thread::spawn(move || threads_rx.recv().unwrap());
            let threads_c = threads_c.wait_for(std::time::Duration::from_millis(1)).unwrap_err();",
        )
        .nothing();
    kernel
        .run("threads_go.send(3)?; threads_c.wait()?")
        .resulted("3");
}

#[test]
fn threads_are_listed_as_values_and_as_a_table() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let (stop_tx, stop_rx) = std::sync::mpsc::channel::<()>();
        let (began_tx, began_rx) = std::sync::mpsc::channel();
        let waiter = std::thread::Builder::new().name(\"waiter\".into()).spawn(move || { began_tx.send(()).unwrap(); stop_rx.recv().is_err() })?;
        began_rx.recv()?;",
    );
    let count = ran.count();
    ran.nothing();
    kernel
        .run("let list = threads::list();\nlet found = list.iter().find(|info| info.name() == \"waiter\").unwrap();\n(found.cell(), list[0].name().to_owned(), found.cpu().as_secs())")
        .resulted(&format!("(Some({count}), \"main\", 0)"));
    let table = kernel.run("threads::list()");
    let text = table.result();
    table.nothing();
    assert!(text.starts_with("THREAD"), "{text}");
    let line = text.lines().find(|line| line.contains("waiter")).unwrap();
    assert!(line.contains("waits"), "{text}");
    kernel.run("drop(stop_tx); waiter.wait()?").resulted("true");
}

#[test]
fn a_map_is_kept_from_cell_to_cell() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let mut threads_map = ThreadPoolExecutor::new(2).map(1_u64.., |n| n * n); threads_map.next()")
        .resulted("Some(1)");
    kernel
        .run("threads_map.by_ref().take(3).collect::<Vec<_>>()")
        .resulted("[4, 9, 16]");
    let ran = kernel.run(
        "let threads_pool = ThreadPoolExecutor::new(2);
        let mut threads_tried = threads_pool.try_map([2, 0, 3], |n| 12 / n);
        threads_tried.map(|result| result.map_err(|panicked| panicked.place())).collect::<Vec<_>>()",
    );
    let count = ran.count();
    assert!(ran.stderr().contains("attempt to divide by zero"));
    ran.resulted(&format!(
        "[Ok(6), Err(Some(\"cell {count}, line 2, column 69\")), Ok(4)]"
    ));
}

#[test]
fn a_panic_of_an_item_is_the_cells() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "let mut threads_d = ThreadPoolExecutor::new(1).map(0..3, |n| { assert!(n != 1, \"one\"); n });\n\
         threads_d.next();\nthreads_d.next()",
    );
    assert!(ran.stderr().contains("one"));
    let failure = ran.failed("Panic");
    assert!(
        failure
            .evalue
            .starts_with("thread `worker-1` panicked: one (cell "),
        "{failure:#?}"
    );
}

#[test]
fn a_pending_is_kept_and_its_display_changes() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let (go_tx, go_rx) = std::sync::mpsc::channel::<u8>();
            let pool = ThreadPoolExecutor::new(1);
            let (began_tx, began_rx) = std::sync::mpsc::channel();
            let first = pool.submit(move || { began_tx.send(()).unwrap(); go_rx.recv().unwrap() });
            let second = pool.submit(|| -> u8 { panic!(\"boom\") });
            began_rx.recv()?;",
        )
        .nothing();
    let made = kernel.latest();
    let ran = kernel.run("first");
    assert_eq!(shown(&ran), ["Pending(runs)"]);
    ran.nothing();
    let ran = kernel.run("second");
    assert_eq!(shown(&ran), ["Pending(waits for a thread)"]);
    ran.nothing();
    // The second task has ended when the pool runs the third one.
    let ran = kernel.run("go_tx.send(7)?; pool.submit(|| ()).result()?;");
    let panicked = "thread 'worker-1' panicked at cell 1, line 5, column 49:\nboom\n";
    kernel.late_text("stderr", &made, panicked);
    assert_eq!(
        shown(&ran),
        ["Pending(done)", "Pending(runs)", "Pending(panicked: boom)"]
    );
    ran.nothing();
    kernel
        .run("(first.is_done(), first.result()?)")
        .resulted("(true, 7)");
    let failure = kernel.run("second.result()?").failed("ReturnedError");
    assert!(
        failure
            .evalue
            .starts_with("thread `worker-1` panicked: boom (cell 1, line 5, column 49)"),
        "{failure:#?}"
    );
}

#[test]
fn pools_that_borrow_and_results_as_they_end() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let threads_words = vec![\"one\".to_owned(), \"three\".to_owned()];
            let threads_total: usize = ThreadPoolExecutor::scope(2, |pool| pool.map(&threads_words, |word| word.len()).sum());
            (threads_total, threads_words.len())",
        )
        .resulted("(8, 2)");
    kernel
        .run(
            "let threads_e = ThreadPoolExecutor::new(2);
            let mut threads_done = executor::as_completed((0..4).map(|n| threads_e.submit(move || n)));",
        )
        .nothing();
    kernel
        .run("threads_done.map(Result::unwrap).sum::<i32>()")
        .resulted("6");
    kernel.run("threads_e.submit(|| 5).await?").resulted("5");
}

/// Each of these waits for threads of a pool, and ends at once on an interrupt, without going back to a copy.
#[test]
fn an_interrupt_unwinds_what_waits_for_a_pool() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use std::sync::atomic::{AtomicUsize, Ordering};
            use std::time::Duration;
            static BEGUN: AtomicUsize = AtomicUsize::new(0);
            const HOUR: Duration = Duration::from_secs(3600);
            fn endless(_: u64) -> u64 { BEGUN.fetch_add(1, Ordering::SeqCst); loop { std::thread::park() } }
            let mut kept = 0;",
        )
        .nothing();
    let ways = [
        "let pool = ThreadPoolExecutor::new(2); println!(\"started\"); pool.map(0.., endless).count();",
        "let pool = ThreadPoolExecutor::new(2); println!(\"started\"); pool.submit(|| endless(1)).result()?;",
        "let pool = ThreadPoolExecutor::new(2); println!(\"started\"); let _ = pool.submit(|| endless(1)).result_within(HOUR);",
        "let pool = ThreadPoolExecutor::new(2); println!(\"started\"); pool.submit(|| endless(1)).await?;",
        "let pool = ThreadPoolExecutor::new(2); println!(\"started\"); for result in executor::as_completed((0..9).map(|n| pool.submit(move || endless(n)))) { result?; }",
        "{ let pool = ThreadPoolExecutor::new(2); for n in 0..9 { pool.submit(move || endless(n)); } println!(\"started\"); }",
        "println!(\"started\"); std::thread::spawn(|| endless(1)).wait()?;",
        "println!(\"started\"); let _ = std::thread::spawn(|| endless(1)).wait_for(HOUR);",
    ];
    for (number, way) in ways.iter().enumerate() {
        let id = kernel.send(&format!("kept += 1; {way}"));
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        assert_eq!(ran.stdout(), "started\n", "{way}");
        let failure = ran.failed("KeyboardInterrupt");
        assert!(
            failure.evalue.contains("every variable is kept"),
            "{way}: {failure:#?}"
        );
        kernel.run("kept").resulted(&(number + 1).to_string());
    }
    // Of the many tasks, only those that a thread had taken have begun.
    let begun = kernel.run("BEGUN.load(Ordering::SeqCst)");
    let count: usize = begun.result().parse().unwrap();
    begun.nothing();
    assert!(count <= 14, "{count}");
}

/// The map belongs to an earlier cell. Therefore the interrupt does not cancel it.
#[test]
fn an_interrupt_leaves_a_map_of_an_earlier_cell() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let (go_tx, go_rx) = std::sync::mpsc::channel::<u8>();
            let mut map = ThreadPoolExecutor::new(1).map(go_rx.into_iter().zip(0..), |(go, n)| go + n).ahead(1);
            let (slow_tx, slow_rx) = crossbeam::channel::unbounded::<u8>();
            let mut slow = ThreadPoolExecutor::new(1).map(0..3, move |n| slow_rx.recv().unwrap() + n);",
        )
        .nothing();
    let id = kernel.send("println!(\"started\"); slow.next()");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    ran.stdout();
    ran.failed("KeyboardInterrupt");
    kernel
        .run("for _ in 0..3 { slow_tx.send(10)?; } slow.collect::<Vec<_>>()")
        .resulted("[10, 11, 12]");
    kernel.run("go_tx.send(5)?; map.next()").resulted("Some(5)");
}

#[test]
fn a_pool_goes_on_after_a_crash() {
    let mut kernel = Kernel::start();
    kernel
        .run("let pool = ThreadPoolExecutor::new(2); pool.submit(|| 1).result()?")
        .resulted("1");
    let ran = kernel.run("unsafe { std::ptr::null_mut::<u8>().write_volatile(1) }");
    ran.stderr();
    ran.failed("WorkerCrashed");
    kernel
        .run("pool.map(0..10, |n| n).sum::<i32>()")
        .resulted("45");
}

/// A fork contains the pool, but none of its threads.
#[test]
fn a_pool_in_a_forked_process_refuses_work_and_waits_for_nothing() {
    let mut kernel = Kernel::start();
    kernel
        .run("let (stop_tx, stop_rx) = std::sync::mpsc::channel::<()>(); let pool = ThreadPoolExecutor::new(1); let busy = pool.submit(move || stop_rx.recv().is_err());")
        .nothing();
    let ran = kernel.run("let mut pool = Some(pool);\nprocess::spawn(|| { pool.as_ref().unwrap().submit(|| 1); }).join()");
    let text = ran.result();
    ran.stderr();
    ran.nothing();
    assert!(
        text.contains("the pool's threads are not in this process"),
        "{text}"
    );
    kernel
        .run("process::spawn(|| { drop(pool.take()); ThreadPoolExecutor::new(1).submit(|| 2).result().unwrap() }).join()?")
        .resulted("2");
}

#[test]
fn values_are_shown_in_words() {
    let mut kernel = Kernel::start();
    for (code, words) in [
        (
            "std::process::Command::new(\"sh\").args([\"-c\", \"echo hi; exit 3\"]).output()?",
            "failed (exit code 3)\nstdout:\nhi",
        ),
        (
            "std::process::Command::new(\"true\").status()?",
            "succeeded (exit code 0)",
        ),
        (
            "use std::sync::{Arc, Mutex};\nlet lock = Arc::new(Mutex::new(vec![1]));\nlock",
            "Arc, the only owner of: Mutex that holds [1]",
        ),
        (
            "let held = lock.lock().unwrap();\nlock",
            "Arc, the only owner of: Mutex that is locked now",
        ),
        (
            "static HITS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(5);\nHITS",
            "AtomicU64 that holds 5",
        ),
        (
            "let (tx, rx) = std::sync::mpsc::channel::<u8>();\ntx",
            "sending end of a channel of `u8`",
        ),
        (
            "let (stop_tx, stop_rx) = std::sync::mpsc::channel::<()>();\nlet thread = std::thread::Builder::new().name(\"own\".into()).spawn(move || stop_rx.recv().is_err())?;\nthread",
            "thread `own` (running)",
        ),
        // Inside other values, std's own `Debug` form is shown.
        (
            "vec![std::sync::Mutex::new(1)]",
            "[Mutex { data: 1, poisoned: false, .. }]",
        ),
        ("format!(\"{:?}\", lock.lock().unwrap())", "\"[1]\""),
        // A type without a description of ours has its usual form.
        ("Arc::new(5)", "5"),
    ] {
        kernel.run(code).resulted(words);
    }
    kernel.run("drop(stop_tx)").nothing();
    // The thread ends by itself.
    wait_until("the thread's end", || {
        let ran = kernel.run("thread");
        let text = ran.result();
        ran.nothing();
        (text == "thread `own` (done)").then_some(())
    });
}

//! Threads that are listed and joined, pools of threads, and groups of futures, over several cells.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_thread_is_listed_and_waited_for() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let (wait_end_tx, wait_end_rx) = std::sync::mpsc::channel::<u8>();\nlet (wait_up_tx, wait_up_rx) = std::sync::mpsc::channel();\n\
             let wait_thread = std::thread::Builder::new().name(\"loader\".into()).spawn(move || { wait_up_tx.send(()).unwrap(); wait_end_rx.recv().unwrap() })?;\n\
             wait_up_rx.recv()?;",
        )
        .nothing();
    let cell = kernel.run("let wait_here = threads::list().iter().find(|thread| thread.name() == \"loader\").map(|thread| thread.cell());\nwait_here");
    assert!(cell.result().starts_with("Some(Some("));
    kernel
        .run("let wait_thread = wait_thread.wait_for(std::time::Duration::from_millis(1)).unwrap_err();\nwait_thread.is_finished()")
        .resulted("false");
    kernel
        .run("wait_end_tx.send(7)?;\nwait_thread.wait()?")
        .resulted("7");
    let ran = kernel.run("std::thread::spawn(|| -> u8 { panic!(\"in the thread\") }).wait()?");
    ran.stderr();
    ran.failed("ReturnedError").says(&["in the thread"]);
}

#[test]
fn a_pool_s_results_and_iterators_are_kept() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let pool = ThreadPoolExecutor::new(2);\nlet pool_sum = pool.submit(|| 6 * 7);\nlet mut pool_squares = pool.map(0u64.., |n| n * n);",
        )
        .nothing();
    kernel.run("pool_sum.result()?").resulted("42");
    kernel
        .run("pool_squares.by_ref().take(3).collect::<Vec<_>>()")
        .resulted("[0, 1, 4]");
    kernel.run("pool_squares.next()").resulted("Some(9)");
    // A task that panics gives its own error, and the others continue.
    let ran = kernel.run(
        "let pool_tried: Vec<_> = pool.try_map(1..4, |n| { assert!(n != 2, \"two\"); n }).collect();\n\
         pool_tried.iter().map(|one| one.as_ref().map_or_else(|panicked| panicked.message().to_owned(), |n| n.to_string())).collect::<Vec<_>>()",
    );
    ran.stderr();
    ran.resulted("[\"1\", \"two\", \"3\"]");
    kernel
        .run("let pool_texts = vec![\"a\", \"bc\"];\nlet pool_lengths: Vec<usize> = ThreadPoolExecutor::scope(2, |pool| pool.map(&pool_texts, |text| text.len()).collect());\npool_lengths")
        .resulted("[1, 2]");
}

#[test]
fn an_interrupt_ends_what_waits_for_a_pool_and_loses_nothing() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let pool = ThreadPoolExecutor::new(1);\nlet (go_tx, go_rx) = std::sync::mpsc::channel::<()>();\nlet waits = pool.submit(move || go_rx.recv().is_ok());",
        )
        .nothing();
    let id = kernel.send("println!(\"waits\");\npool.submit(|| ()).result()");
    kernel.until_text(&id, "waits");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "waits\n");
    ran.failed("KeyboardInterrupt");
    kernel
        .run("go_tx.send(())?;\nwaits.result()?")
        .resulted("true");
}

#[test]
fn futures_run_together_and_an_interrupt_cancels_them() {
    let mut kernel = Kernel::start();
    kernel
        .run("task::gather((0..3).map(|n| async move { tokio::task::yield_now().await; n * 2 })).await")
        .resulted("[0, 2, 4]");
    kernel
        .run("task::to_thread(|| std::thread::current().name() != Some(\"main\")).await?")
        .resulted("true");
    let ran = kernel.run(
        "let mut group = task::TaskGroup::new();\ngroup.spawn(std::future::pending::<u8>());\ngroup.spawn(async { panic!(\"first\") });\ngroup.wait().await?",
    );
    ran.stderr();
    ran.failed("ReturnedError").says(&["first"]);
    kernel
        .run("struct Dropped;\nimpl Drop for Dropped { fn drop(&mut self) { println!(\"dropped\"); } }")
        .nothing();
    let id = kernel.send(
        "println!(\"waits\");\ntask::gather((0..2).map(|_| async { let _dropped = Dropped; std::future::pending::<()>().await })).await;",
    );
    kernel.until_text(&id, "waits");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "waits\ndropped\ndropped\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn values_are_shown_in_words() {
    let mut kernel = Kernel::lease();
    for (value, words) in [
        (
            "std::process::Command::new(\"false\").status()?",
            "failed (exit code 1)",
        ),
        (
            "std::process::Command::new(\"echo\").arg(\"hi\").output()?",
            "succeeded (exit code 0)\nstdout:\nhi",
        ),
    ] {
        kernel.run(value).resulted(words);
    }
    // Inside other values, std's own `Debug` form is shown.
    let ran = kernel.run("vec![std::process::Command::new(\"false\").status()?]");
    assert!(ran.result().starts_with("[ExitStatus("));
}

//! Several futures at once in cells.

use threadbook_tests::kernel::Kernel;

#[test]
fn futures_are_gathered_in_order_on_one_task() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "async fn tasks_later(n: u64) -> u64 { tokio::time::sleep(std::time::Duration::from_millis(n)).await; n }
            task::gather([3, 1, 2].map(tasks_later)).await",
        )
        .resulted("[3, 1, 2]");
    // This also works if the cell does not name tokio.
    kernel
        .run("task::gather((0..3).map(|n| async move { n })).await")
        .resulted("[0, 1, 2]");
    kernel
        .run(
            "async fn tasks_half(n: u8) -> Result<u8, String> { if n % 2 == 0 { Ok(n / 2) } else { Err(format!(\"`{n}` is odd\")) } }
            task::try_gather([2, 4].map(tasks_half)).await?",
        )
        .resulted("[1, 2]");
    let failure = kernel
        .run("task::try_gather([2, 3].map(tasks_half)).await?")
        .failed("ReturnedError");
    assert!(failure.evalue.starts_with("`3` is odd"), "{failure:#?}");
    kernel
        .run(
            "let mut tasks_sum = 0;
            let tasks_gate = std::sync::Arc::new(tokio::sync::Notify::new());
            async fn tasks_turn(n: u64, gate: std::sync::Arc<tokio::sync::Notify>) -> u64 {
                if n == 2 { gate.notified().await } else { gate.notify_one() }
                n
            }
            let mut tasks_results = task::as_completed([2, 1].map(|n| tasks_turn(n, tasks_gate.clone())));
            while let Some(n) = tasks_results.next().await { tasks_sum = tasks_sum * 10 + n; }
            tasks_sum",
        )
        .resulted("12");
}

#[test]
fn a_group_fails_with_the_place_of_a_panic() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let mut tasks_group = task::TaskGroup::new();
            for n in 1..4 { tasks_group.spawn(async move { n * n }); }
            tasks_group.wait().await?",
        )
        .resulted("[1, 4, 9]");
    let ran = kernel.run(
        "let mut tasks_bad = task::TaskGroup::new();
tasks_bad.spawn(std::future::pending::<u8>());
tasks_bad.spawn(async {
    panic!(\"boom\")
});
tasks_bad.wait().await?",
    );
    let place = format!("cell {}, line 4, column 5", ran.count());
    assert!(ran.stderr().contains("boom"));
    let failure = ran.failed("ReturnedError");
    assert!(
        failure.evalue.contains("panicked: boom") && failure.evalue.contains(&place),
        "{failure:#?}"
    );
    let failure = kernel
        .run(
            "let mut tasks_worse = task::TaskGroup::new();
            tasks_worse.spawn(std::future::pending::<u8>());
            tasks_worse.try_spawn(async { \"x\".parse::<u8>() });
            tasks_worse.wait().await?",
        )
        .failed("ReturnedError");
    assert!(
        failure.evalue.starts_with("invalid digit found in string"),
        "{failure:#?}"
    );
}

#[test]
fn a_function_that_blocks_has_a_thread_of_its_own() {
    let mut kernel = Kernel::lease();
    kernel.run("task::to_thread(|| 5).await?").resulted("5");
    let ran = kernel.run("task::to_thread(|| -> u8 { panic!(\"boom\") }).await?");
    let place = format!("cell {}, line 1, column 28", ran.count());
    ran.stderr();
    let failure = ran.failed("ReturnedError");
    assert!(
        failure.evalue.contains("panicked: boom") && failure.evalue.contains(&place),
        "{failure:#?}"
    );
}

/// An interrupt drops what the cell awaits, and the tasks of its groups.
#[test]
fn an_interrupt_cancels_all_that_a_cell_awaits() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "struct Noted; impl Drop for Noted { fn drop(&mut self) { println!(\"dropped\"); } }
            async fn waits() { let _noted = Noted; println!(\"started\"); std::future::pending::<()>().await }
            let mut kept = 0;",
        )
        .nothing();
    let ways = [
        "task::gather([waits()]).await;",
        "task::as_completed([waits()]).next().await;",
        "let _ = task::try_gather([async { waits().await; Ok::<(), ()>(()) }]).await;",
    ];
    for (number, way) in ways.iter().enumerate() {
        let id = kernel.send(&format!("kept += 1; {way}"));
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        assert_eq!(ran.stdout(), "started\ndropped\n", "{way}");
        let failure = ran.failed("KeyboardInterrupt");
        assert!(
            failure.evalue.contains("every variable is kept"),
            "{way}: {failure:#?}"
        );
        kernel.run("kept").resulted(&(number + 1).to_string());
    }
    // The tasks of a group run separately. They end soon after the interrupt; the end of the channel shows this.
    kernel
        .run("let (told_tx, told_rx) = std::sync::mpsc::channel::<()>();")
        .nothing();
    let id = kernel.send(
        "let mut group = task::TaskGroup::new();
        group.spawn(async move { let _told = told_tx; println!(\"started\"); std::future::pending::<()>().await });
        group.wait().await?;",
    );
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    kernel
        .run("told_rx.recv_timeout(std::time::Duration::from_secs(200))")
        .resulted("Err(Disconnected)");
}

#[test]
fn an_interrupt_leaves_a_function_on_its_thread() {
    let mut kernel = Kernel::start();
    kernel
        .run("let (go_tx, go_rx) = std::sync::mpsc::channel::<()>(); let (end_tx, end_rx) = std::sync::mpsc::channel::<i32>();")
        .nothing();
    let id = kernel.send(
        "task::to_thread(move || { println!(\"started\"); go_rx.recv().unwrap(); end_tx.send(7).unwrap(); }).await?;",
    );
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("go_tx.send(())?; end_rx.recv()?").resulted("7");
}

//! State that remains from cell to cell: statics, thread-locals, tasks, threads and dependencies.

use threadbook_tests::kernel::Kernel;

#[test]
fn statics_keep_their_values_until_they_are_defined_again() {
    let mut kernel = Kernel::start();
    let define = "use std::sync::atomic::{AtomicU32, Ordering};\n\
                  static COUNT: AtomicU32 = AtomicU32::new(10);\n\
                  fn next() -> u32 { static INNER: AtomicU32 = AtomicU32::new(0); \
                  INNER.fetch_add(1, Ordering::SeqCst) * 100 + COUNT.fetch_add(1, Ordering::SeqCst) }\n\
                  next()";
    kernel.run(define).resulted("10");
    for cell in 1..10 {
        kernel
            .run("next()")
            .resulted(&(cell * 100 + 10 + cell).to_string());
    }
    kernel
        .run("static COUNT: AtomicU32 = AtomicU32::new(50);\nnext()")
        .resulted("1050");
    kernel.run("next()").resulted("1151");
    kernel
        .run("static mut RAW: u32 = 1;\nunsafe { RAW += 1; RAW }")
        .resulted("2");
    kernel.run("unsafe { RAW += 1; RAW }").resulted("3");
}

#[test]
fn a_definition_that_does_not_compile_starts_nothing_anew() {
    let mut kernel = Kernel::start();
    kernel.run("use std::sync::OnceLock;\nstatic ONCE: OnceLock<u32> = OnceLock::new();\nONCE.set(7).is_ok()").resulted("true");
    kernel
        .run("static ONCE: OnceLock<u32> = OnceLock::new(1);")
        .failed("CompileError");
    kernel.run("ONCE.get()").resulted("Some(7)");
}

#[test]
fn thread_locals_keep_their_values_until_they_are_defined_again() {
    let mut kernel = Kernel::start();
    kernel.run("use std::cell::Cell;\nthread_local! {\n    static LOCAL: Cell<u32> = const { Cell::new(1) };\n}\nLOCAL.set(5);").nothing();
    kernel.run("LOCAL.get()").resulted("5");
    kernel
        .run("std::thread::spawn(|| LOCAL.get()).join().is_ok_and(|value| value == 1)")
        .resulted("true");
    kernel
        .run("thread_local! { static LOCAL: Cell<u32> = Cell::new(2); }\nLOCAL.get()")
        .resulted("2");
}

#[test]
fn tasks_go_on_and_are_awaited_in_later_cells() {
    let mut kernel = Kernel::start();
    let spawn = "let task = tokio::spawn(async { tokio::time::sleep(std::time::Duration::from_millis(5)).await; 42 });";
    for _ in 0..3 {
        kernel.run(spawn).nothing();
        kernel.run("task.await?").resulted("42");
    }
    kernel
        .run("rayon::current_num_threads() > 0")
        .resulted("true");
    kernel
        .run("tokio::runtime::Runtime::new()?.block_on(async { 3 })")
        .resulted("3");
}

#[test]
fn await_stands_wherever_a_cells_own_code_does() {
    let mut kernel = Kernel::start();
    kernel.run("async fn one() -> u32 { 1 }").nothing();
    for (code, result) in [
        ("one().await", "1"),
        ("one().await + one().await", "2"),
        ("if one().await == 1 { 5 } else { 6 }", "5"),
        (
            "let mut sum = 0;\nfor _ in 0..3 { sum += one().await; }\nsum",
            "3",
        ),
        ("match one().await { 1 => \"yes\", _ => \"no\" }", "\"yes\""),
        ("format!(\"{}\", one().await)", "\"1\""),
        ("tokio::join!(one(), one())", "(1, 1)"),
        ("[one().await, one().await]", "[1, 1]"),
        ("let value = { one().await };\nvalue", "1"),
        ("Ok::<u32, std::fmt::Error>(one().await)?", "1"),
    ] {
        kernel.run(code).resulted(result);
    }
    let failure = kernel
        .run("let a = 1; let b: u32 = one().await + nope.await;")
        .failed("CompileError");
    assert!(failure.evalue.contains("line 1, column 39"), "{failure:#?}");
}

#[test]
fn each_thread_prints_under_the_cell_that_it_comes_from() {
    let mut kernel = Kernel::start();
    kernel.run(
        "use std::sync::Mutex;\nuse std::sync::mpsc::{Sender, channel};\nuse std::thread::JoinHandle;\n\
         static THREADS: Mutex<Vec<(Sender<()>, JoinHandle<()>)>> = Mutex::new(Vec::new());",
    )
    .nothing();
    let mut ids = Vec::new();
    for number in 0..5 {
        let code = format!(
            "let (go_tx, go_rx) = channel();\nlet thread = std::thread::spawn(move || {{ \
             let _ = go_rx.recv(); println!(\"thread {number}\"); }});\n\
             THREADS.lock().unwrap().push((go_tx, thread));"
        );
        kernel.run(&code).nothing();
        ids.push(kernel.latest());
    }
    for (number, id) in ids.iter().enumerate().rev() {
        kernel.run("let (go, thread) = THREADS.lock().unwrap().pop().unwrap();\ngo.send(())?;\nthread.join().unwrap();").nothing();
        kernel.late_text("stdout", id, &format!("thread {number}\n"));
    }
}

#[test]
fn what_was_built_for_a_dependency_serves_the_next_kernel() {
    let mut first = Kernel::start();
    let ran = first.run(":dep hex = \"0.4\"\nhex::encode(\"hi\")");
    ran.stderr();
    ran.resulted("\"6869\"");
    drop(first);
    let mut second = Kernel::start();
    let ran = second.run(":dep hex = \"0.4\"\nhex::encode(\"hi\")");
    assert!(!ran.stderr().contains("compiling"), "{:?}", ran.stderr());
    ran.resulted("\"6869\"");
}

#[test]
fn a_dependency_that_the_runtime_has_already_changes_nothing() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    for dependency in [
        "tokio = { version = \"1\", features = [\"full\"] }",
        "tokio = {version=\"1\", features=[\"full\"]}",
        "tokio = { version = \"1\", features = [\"time\"] }",
        "rayon = \"1.10\"",
        "serde = \"1\"",
    ] {
        let ran = kernel.run(&format!(":dep {dependency}\nkept"));
        let said = ran.stderr();
        assert!(
            !said.contains("compiling") && !said.contains("anew"),
            "{dependency}: {said}"
        );
        ran.resulted("1");
    }
}

#[test]
fn another_optimisation_level_is_the_cells_alone() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use std::sync::atomic::{AtomicU32, Ordering};\nstatic COUNT: AtomicU32 = AtomicU32::new(5);\n\
             let kept = vec![1];\nlet (go_tx, go_rx) = tokio::sync::oneshot::channel::<()>();\n\
             let task = tokio::spawn(async { go_rx.await.is_ok() });",
        )
        .nothing();
    let mut expected = 5;
    for level in ["0", "3", "2"] {
        let ran = kernel.run(&format!(":opt {level}"));
        ran.contents("execute_result");
        ran.nothing();
        let ran = kernel.run("kept.len() as u32 + COUNT.fetch_add(1, Ordering::SeqCst)");
        assert_eq!(ran.stderr(), "", "nothing is compiled but the cell");
        expected += 1;
        ran.resulted(&expected.to_string());
    }
    let failure = kernel.run(":opt 7").failed("MagicError");
    assert!(
        failure.evalue.contains("(expected 0, 1, 2, 3, s, z)"),
        "{failure:#?}"
    );
    kernel.run("COUNT.load(Ordering::SeqCst)").resulted("8");
    kernel
        .run("let _ = go_tx.send(());\ntask.await?")
        .resulted("true");
}

#[test]
fn features_that_many_crates_turn_on_are_on_from_the_start() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 1;").nothing();
    let ran = kernel.run(
        ":dep tokio = { version = \"1\", features = [\"full\", \"test-util\"] }\n\
         :dep serde = { version = \"1\", features = [\"derive\", \"rc\"] }\n\
         println!(\"{:?}\", tokio::time::Instant::now().elapsed() < std::time::Duration::from_secs(60));\ntokio::time::pause as *const () as usize != 0",
    );
    // stderr may contain a message that another kernel is building.
    let said = ran.stderr();
    assert!(!said.contains("compiling"), "{said}");
    assert_eq!(ran.stdout(), "true\n");
    ran.resulted("true");
    kernel
        .run("tokio::spawn(async move { kept + 1 }).await?")
        .resulted("2");
}

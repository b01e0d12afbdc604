//! Interrupts of cells in different states.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_hot_loop_ends_and_its_process_goes_back_to_the_state_before_it() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let mut interrupts_a = vec![1]; fn interrupts_kept() -> i32 { 3 }")
        .nothing();
    let id = kernel
        .send("interrupts_a.push(2); println!(\"started\"); while std::hint::black_box(true) {}");
    let queued = kernel.send("println!(\"not run\");");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    let failure = ran.failed("KeyboardInterrupt");
    assert!(
        failure.evalue.contains("went back to the state before it"),
        "{failure:#?}"
    );
    kernel.finish(&queued).aborted();
    kernel.run("interrupts_a").resulted("[1]");
    kernel.run("interrupts_kept()").resulted("3");
}

/// Each of these cells waits at a point where it can be unwound: its effects so far remain, and its values are dropped.
#[test]
fn what_waits_unwinds_and_keeps_everything() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "struct Noisy; impl Drop for Noisy { fn drop(&mut self) { println!(\"dropped\") } }
            let mut done: Vec<i32> = Vec::new();",
        )
        .nothing();
    let ways = [
        "std::thread::sleep(std::time::Duration::from_secs(3600));",
        "std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(3600))).join().unwrap();",
        "tokio::time::sleep(std::time::Duration::from_secs(3600)).await;",
        "tokio::spawn(std::future::pending::<()>()).await.unwrap();",
        "while std::hint::black_box(true) { check_interrupt(); }",
        "while std::hint::black_box(true) { print!(\"\"); }",
        "std::process::Command::new(\"sleep\").arg(\"3600\").status().unwrap();",
        "std::process::Command::new(\"sleep\").arg(\"3600\").output().unwrap();",
        "std::net::TcpListener::bind(\"127.0.0.1:0\")?.accept().unwrap();",
        "{ let (mut reader, _writer) = std::io::pipe()?; std::io::Read::read(&mut reader, &mut [0]).unwrap(); }",
        "std::net::UdpSocket::bind(\"127.0.0.1:0\")?.recv(&mut [0]).unwrap();",
    ];
    for (number, way) in ways.iter().enumerate() {
        let id = kernel.send(&format!(
            "let noisy = Noisy; done.push({number}); println!(\"started\"); {way} drop(noisy);"
        ));
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        assert_eq!(ran.stdout(), "started\ndropped\n", "{way}");
        let failure = ran.failed("KeyboardInterrupt");
        assert!(
            failure.evalue.contains("every variable is kept"),
            "{way}: {failure:#?}"
        );
        kernel.run("done.len()").resulted(&(number + 1).to_string());
    }
}

/// The author of a cell that can't continue needs the place where it waits.
#[test]
fn a_cell_that_has_to_be_ended_says_where_it_was() {
    let mut kernel = Kernel::lease();
    let defined = kernel.run(
        "use std::sync::Mutex;\nstatic INTERRUPTS_FORK: Mutex<()> = Mutex::new(());\n\
         fn interrupts_eat() {\n    let _left = INTERRUPTS_FORK.lock().unwrap();\n    \
         let _right = INTERRUPTS_FORK.lock().unwrap();\n}",
    );
    let function = format!(
        "--> cell {}, line 5, column 34, in `interrupts_eat`",
        defined.count()
    );
    defined.nothing();
    for (code, place) in [
        ("println!(\"started\");\ninterrupts_eat();", Some(function)),
        (
            "println!(\"started\");\nwhile std::hint::black_box(true) {}",
            None,
        ),
    ] {
        let id = kernel.send(code);
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        let own = format!("cell {}, line 2, column ", ran.count());
        assert_eq!(ran.stdout(), "started\n");
        let failure = ran.failed("KeyboardInterrupt").says(&[&own]);
        if let Some(place) = place {
            failure.says(&[&place]);
        }
    }
}

/// The error of a cell that unwinds also contains the place where it was.
#[test]
fn a_cell_that_unwinds_says_where_it_waited() {
    let mut kernel = Kernel::lease();
    let defined = kernel.run(
        "use std::time::Duration;\nfn interrupts_nap() {\n    std::thread::sleep(Duration::from_secs(3600));\n}\n\
         async fn interrupts_later() {\n    tokio::time::sleep(Duration::from_secs(3600)).await;\n}",
    );
    let number = defined.count();
    defined.nothing();
    for (code, inner) in [
        (
            "println!(\"started\");\nstd::thread::sleep(Duration::from_secs(3600));",
            None,
        ),
        (
            "println!(\"started\");\ninterrupts_nap();",
            Some("line 3, column 5, in `interrupts_nap`"),
        ),
        (
            "println!(\"started\");\ntokio::time::sleep(Duration::from_secs(3600)).await;",
            None,
        ),
        (
            "println!(\"started\");\ninterrupts_later().await;",
            Some("line 6, column "),
        ),
    ] {
        let id = kernel.send(code);
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        let own = format!("cell {}, line 2, column ", ran.count());
        assert_eq!(ran.stdout(), "started\n");
        let failure = ran
            .failed("KeyboardInterrupt")
            .says(&[&own, "every variable is kept"]);
        let places = failure.places();
        match inner {
            Some(inner) => {
                assert!(
                    places[0].starts_with(&format!("cell {number}, {inner}")),
                    "{failure:#?}"
                );
                assert!(places[1].starts_with(&own), "{failure:#?}");
            }
            None => assert!(places[0].starts_with(&own), "{failure:#?}"),
        }
    }
}

/// These cells can't be unwound: they wait for a lock or a channel, block a pool, or loop without a check.
#[test]
fn what_can_not_unwind_goes_back_and_works_again() {
    let mut kernel = Kernel::start();
    kernel
        .run("use rayon::prelude::*; let mut kept = vec![1]; let lock = std::sync::Mutex::new(2);")
        .nothing();
    let ways = [
        "let _first = lock.lock().unwrap(); let _second = lock.lock().unwrap();",
        "let (tx, rx) = std::sync::mpsc::channel::<()>(); rx.recv().unwrap(); drop(tx);",
        "(0..2).into_par_iter().for_each(|_| while std::hint::black_box(true) {});",
        "std::thread::park();",
    ];
    for way in ways {
        let id = kernel.send(&format!("kept.clear(); println!(\"started\"); {{ {way} }}"));
        kernel.until_text(&id, "started");
        kernel.interrupt();
        let ran = kernel.finish(&id);
        assert_eq!(ran.stdout(), "started\n", "{way}");
        let failure = ran.failed("KeyboardInterrupt");
        assert!(
            failure.evalue.contains("went back to the state before it"),
            "{way}: {failure:#?}"
        );
        kernel
            .run("(kept.len(), *lock.lock().unwrap(), (0..10).into_par_iter().sum::<i32>())")
            .resulted("(1, 2, 45)");
    }
}

#[test]
fn an_interrupt_reaches_the_programs_of_a_cell_but_not_those_of_their_own_group() {
    let mut kernel = Kernel::start();
    let id = kernel.send(
        "use std::os::unix::process::CommandExt;
        let mut apart = std::process::Command::new(\"tail\").args([\"-f\", \"/dev/null\"]).process_group(0).spawn()?;
        println!(\"started\");
        std::process::Command::new(\"sh\").args([\"-c\", \"sleep 3600; true\"]).status()?;",
    );
    kernel.until_text(&id, "started");
    kernel.process().until_running("sleep");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    let left = kernel.process().processes();
    let has = |wanted: &str| left.iter().any(|(_, name)| name == wanted);
    assert!(!has("sleep") && has("tail"), "{left:?}");
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
    // After this time, rustc compiles the cell and has written files. The first rustc may only print its version.
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

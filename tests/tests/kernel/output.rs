//! Output is shown when it is printed, from any source; no part is lost or joined with other output.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_background_threads_lines_arrive_between_cells_under_the_cell_that_prints() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let (output_tx, output_rx) = std::sync::mpsc::channel::<i32>();
            let output_thread = std::thread::spawn(move || for n in output_rx { println!(\"got {n}\"); });",
        )
        .nothing();
    let printing = kernel.latest();
    kernel
        .run(
            "let output_delayed = output_tx.clone();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(700));
                output_delayed.send(1).unwrap();
            });",
        )
        .nothing();
    kernel.late_text("stdout", &printing, "got 1\n");
}

#[test]
fn a_background_thread_may_print_more_than_pipes_hold() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(700));
                for n in 0..50_000 { println!(\"line {n}\"); }
            });",
        )
        .nothing();
    let latest = kernel.latest();
    let lines: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
    kernel.late_text("stdout", &latest, &lines);
}

#[test]
fn a_partial_line_is_shown_at_once_and_stays_in_its_cell() {
    let mut kernel = Kernel::lease();
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let id = kernel.send(&format!(
        "print!(\"abc\"); while !std::path::Path::new({go:?}).exists() {{ std::thread::sleep(std::time::Duration::from_millis(10)); }} print!(\"def\");"
    ));
    kernel.until_text(&id, "abc");
    std::fs::write(&go, "").unwrap();
    kernel.finish(&id).printed("abcdef");
    kernel.run("println!(\"next\");").printed("next\n");
    let ran = kernel.run("eprint!(\"partial\"); 1");
    assert_eq!(ran.stderr(), "partial");
    ran.resulted("1");
}

#[test]
fn a_flushed_partial_line_at_the_end_does_not_hang() {
    let mut kernel = Kernel::lease();
    kernel
        .run("use std::io::Write as _; print!(\"abc\"); std::io::stdout().flush().unwrap();")
        .printed("abc");
    kernel
        .run("print!(\"abc\"); std::io::stdout().flush()?;")
        .printed("abc");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_partial_line_before_a_panic_does_not_harm_the_session() {
    let mut kernel = Kernel::lease();
    kernel
        .run("use std::io::Write as _; let output_kept = 5;")
        .nothing();
    let ran = kernel.run("print!(\"abc\"); std::io::stdout().flush().unwrap(); panic!(\"then\");");
    assert_eq!(ran.stdout(), "abc");
    ran.failed("Panic");
    kernel.run("output_kept").resulted("5");
    let ran = kernel.run("eprint!(\"abc\"); panic!(\"then\");");
    assert_eq!(ran.stderr(), "abc");
    ran.failed("Panic");
    kernel.run("output_kept").resulted("5");
}

#[test]
fn stderr_at_the_end_of_a_cell_is_not_lost() {
    let mut kernel = Kernel::lease();
    for n in 0..20 {
        let ran = kernel.run(&format!("eprintln!(\"last words {n}\");"));
        assert_eq!(ran.stderr(), format!("last words {n}\n"));
        ran.nothing();
    }
}

#[test]
fn both_streams_keep_the_order_in_which_one_thread_writes() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("for n in 0..1000 { println!(\"out {n}\"); eprintln!(\"err {n}\"); }");
    let streams = ran.streams();
    assert_eq!(streams.len(), 2000);
    for (n, pair) in streams.chunks(2).enumerate() {
        assert_eq!(pair[0], ("stdout".to_owned(), format!("out {n}\n")));
        assert_eq!(pair[1], ("stderr".to_owned(), format!("err {n}\n")));
    }
    ran.nothing();
}

#[test]
fn a_panics_output_comes_before_its_error() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("print!(\"one\"); eprint!(\"two\"); print!(\"three\"); panic!()");
    let texts: Vec<String> = ran.streams().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert_eq!(ran.kinds()[5..], ["error", "status"]);
    ran.failed("Panic");
}

#[test]
fn a_program_prints_in_order_with_its_cell() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "use std::process::Command;
        for n in 0..20 {
            println!(\"before {n}\");
            Command::new(\"sh\").args([\"-c\", &format!(\"echo program {n}; echo its stderr {n} >&2\")]).status().unwrap();
            println!(\"after {n}\");
        }",
    );
    let mut expected = String::new();
    let mut errors = String::new();
    for n in 0..20 {
        expected += &format!("before {n}\nprogram {n}\nafter {n}\n");
        errors += &format!("its stderr {n}\n");
    }
    assert_eq!(ran.stderr(), errors);
    ran.printed(&expected);
}

#[test]
fn a_program_that_ends_the_cell_is_shown_whole() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("std::process::Command::new(\"sh\").args([\"-c\", \"seq 1 100000; printf end\"]).status().unwrap();");
    let numbers: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    ran.printed(&(numbers + "end"));
    kernel
        .run("std::process::Command::new(\"cat\").status().unwrap().success()")
        .resulted("true");
}

#[test]
fn a_programs_output_can_be_captured() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "String::from_utf8(std::process::Command::new(\"echo\").arg(\"hi\").output()?.stdout)?",
        )
        .resulted("\"hi\\n\"");
}

#[test]
fn threads_do_not_tear_each_others_lines() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("std::thread::scope(|scope| for t in 0..4 { scope.spawn(move || for n in 0..1000 { println!(\"{t}:{n}\"); }); });");
    let text = ran.stdout();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let mut expected: Vec<String> = (0..4)
        .flat_map(|t| (0..1000).map(move |n| format!("{t}:{n}")))
        .collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    ran.nothing();
}

#[test]
fn dbg_shows_the_cell_it_stands_in() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let output_dbg = dbg!(1 + 1);");
    let text = ran.stderr();
    assert!(text.contains("1 + 1 = 2"), "{text}");
    ran.nothing();
}

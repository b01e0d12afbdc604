//! Large output, and output that is not text.

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

#[test]
fn bytes_that_are_no_text_show_as_replacement_characters() {
    let mut kernel = Kernel::lease();
    kernel
        .run("use std::io::Write as _; std::io::stdout().write_all(&[b'a', 0xff, 0xfe, b'b', b'\\n', 0xc3]).unwrap();")
        .printed("a\u{fffd}\u{fffd}b\n\u{fffd}");
    kernel.run("println!(\"sound\");").printed("sound\n");
}

#[test]
fn a_character_is_not_split_between_messages() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("print!(\"{}\", \"é漢🦀\".repeat(800_000));");
    assert!(ran.kinds().len() > 5, "one message");
    ran.printed(&"é漢🦀".repeat(800_000));
    let ran = kernel.run(
        "use std::io::Write as _;
        for byte in \"é漢🦀\".bytes().cycle().take(9000) { std::io::stdout().write_all(&[byte]).unwrap(); std::io::stdout().flush().unwrap(); }",
    );
    ran.printed(&"é漢🦀".repeat(1000));
}

#[test]
fn carriage_returns_and_control_characters_arrive_as_they_are() {
    let mut kernel = Kernel::lease();
    kernel
        .run("for n in 0..3 { print!(\"\\r{n}0%\"); } println!(\"\\x1b[31mred\\x1b[0m\\x08\\x00\\t.\");")
        .printed("\r00%\r10%\r20%\x1b[31mred\x1b[0m\x08\x00\t.\n");
}

#[test]
fn two_hundred_thousand_lines_arrive_in_few_messages() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("for n in 0..200_000 { println!(\"line {n}\"); }");
    let lines: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
    // jupyter_server drops messages above 1000 per second.
    assert!(ran.kinds().len() < 1000, "{} messages", ran.kinds().len());
    ran.printed(&lines);
}

#[test]
fn output_past_the_limit_is_dropped_with_one_line() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let line = \"x\".repeat(99); for _ in 0..110_000 { println!(\"{line}\"); } println!(\"the end\");");
    assert_eq!(ran.stdout().len(), 10_000_000);
    let told = ran.stderr();
    assert_eq!(told.trim().lines().count(), 1, "{told}");
    assert!(
        told.contains("10000000 bytes") && told.contains("THREADBOOK_OUTPUT_LIMIT"),
        "{told}"
    );
    ran.nothing();
    // The next cell has its own limit.
    kernel.run("println!(\"next\");").printed("next\n");
}

#[test]
fn the_limit_can_be_chosen() {
    let mut kernel = Kernel::start_with(&Setup {
        env: vec![("THREADBOOK_OUTPUT_LIMIT".to_owned(), "10".to_owned())],
        ..Setup::default()
    });
    let ran = kernel.run("print!(\"12345678é\"); print!(\"more\");");
    assert_eq!(ran.stdout(), "12345678é");
    assert!(ran.stderr().contains("passed 10 bytes"));
    ran.nothing();
}

#[test]
fn a_hundred_megabytes_do_not_grow_the_kernel() {
    let mut kernel = Kernel::start();
    let cell = |lines: u32| {
        format!("let line = \"y\".repeat(99); for _ in 0..{lines} {{ println!(\"{{line}}\"); }}")
    };
    // rust-analyzer allocates its hundreds of megabytes at the first variable.
    let ran = kernel.run(&cell(1));
    assert_eq!(ran.stdout().len(), 100);
    ran.nothing();
    let before = kernel.process().resident_bytes();
    let ran = kernel.run(&cell(1_000_000));
    let after = kernel.process().resident_bytes();
    assert_eq!(ran.stdout().len(), 10_000_000);
    assert!(!ran.stderr().is_empty());
    ran.nothing();
    let grown = after.saturating_sub(before) >> 20;
    assert!(grown < 64, "{grown} MB");
}

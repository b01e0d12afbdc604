//! Each progress bar is one display that changes in place, and stays in the state where the work has ended.

use serde_json::Value;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Ran;

/// The number of displays that a cell has made, and the last text that they show.
fn shown(ran: &Ran) -> (usize, String) {
    let displays = ran.contents("display_data").len();
    let updates = ran.contents("update_display_data");
    let all = ran.contents("display_data").into_iter().chain(updates);
    let last: Option<&Value> = all.last();
    let text = last.and_then(|content| content["data"]["text/plain"].as_str());
    (displays, text.unwrap_or_default().to_owned())
}

#[test]
fn a_loop_is_one_display_that_ends_full() {
    let mut kernel = Kernel::start();
    let ran = kernel
        .run("let mut sum = 0;\nfor n in progress(0..200_000u64).named(\"sums\") { sum += n; }");
    let (displays, text) = shown(&ran);
    assert_eq!(displays, 1);
    assert!(
        text.starts_with("sums 100% |") && text.contains("| 200000/200000 ["),
        "{text}"
    );
    let html = ran.contents("update_display_data");
    let html = html.last().unwrap()["data"]["text/html"].as_str().unwrap();
    assert!(html.contains("currentColor"), "{html}");
    // The number of updates is limited even for a fast loop.
    assert!(ran.contents("update_display_data").len() < 1000);
    kernel.run("sum").resulted("19999900000");
}

#[test]
fn threads_rayon_and_streams_advance_bars() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let bar = progress::of(40);\nstd::thread::scope(|scope| for _ in 0..4 { scope.spawn(|| for _ in 0..10 { bar.advance(1); }); });\ndrop(bar);",
    );
    let (_, text) = shown(&ran);
    assert!(text.contains("| 40/40 ["), "{text}");
    let ran = kernel.run(
        "use rayon::prelude::*;\nlet total: u64 = progress::parallel((0..1000u64).into_par_iter()).sum();",
    );
    let (_, text) = shown(&ran);
    assert!(text.contains("| 1000/1000 ["), "{text}");
    let ran = kernel.run(
        "use futures::StreamExt;\nlet found: Vec<i32> = progress::stream(futures::stream::iter(0..5)).collect().await;",
    );
    let (_, text) = shown(&ran);
    assert!(text.contains("| 5/5 ["), "{text}");
    kernel.run("(total, found.len())").resulted("(499500, 5)");
}

#[test]
fn nested_bars_are_one_display_and_full_ones_go() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "for _ in progress(0..3).named(\"outer\") { for _ in progress(0..5).named(\"inner\") {} }",
    );
    let (displays, text) = shown(&ran);
    assert_eq!(displays, 1);
    assert!(
        text.starts_with("outer 100% |") && !text.contains("inner"),
        "{text}"
    );
    let together = ran.contents("update_display_data");
    let together = together.iter().any(|content| {
        let text = content["data"]["text/plain"].as_str().unwrap();
        text.starts_with("outer ") && text.contains("\ninner ")
    });
    assert!(together);
}

#[test]
fn a_bar_stays_where_a_panic_or_an_interrupt_has_ended_it() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("for n in progress(0..10) { assert!(n < 4, \"four\"); }");
    let (_, text) = shown(&ran);
    assert!(
        text.starts_with(" 40% |") && text.contains("| 4/10 ["),
        "{text}"
    );
    ran.failed("Panic");
    let id = kernel.send("for n in progress(0..) { if n == 3 { println!(\"three\"); } }");
    kernel.until_text(&id, "three");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    let (displays, text) = shown(&ran);
    ran.stdout();
    assert_eq!(displays, 1);
    assert!(text.contains(" ["), "{text}");
    ran.failed("KeyboardInterrupt");
}

#[test]
fn a_handle_is_kept_and_advanced_by_later_cells() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("let bar = progress::of(2).named(\"pages\");");
    let (displays, text) = shown(&ran);
    assert_eq!((displays, text.starts_with("pages   0% |")), (1, true));
    shown(&kernel.run("bar.advance(2);"));
    kernel.run("bar.position()").resulted("2");
    let ran = kernel.run("drop(bar);");
    let (displays, text) = shown(&ran);
    assert_eq!(displays, 0);
    assert!(text.contains("| 2/2 ["), "{text}");
}

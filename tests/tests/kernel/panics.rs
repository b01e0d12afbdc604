//! A panic shows the lines of cells that led to it, innermost first, like a crash.

use threadbook_tests::kernel::Kernel;

/// Prints whether a cell of the session was compiled with line tables: the folder for these builds then exists.
const HAS_LINES: &str = "{
    let maps = std::fs::read_to_string(\"/proc/self/maps\")?;
    let id = maps.split_once(\"/sessions/\").and_then(|(_, rest)| rest.split('/').next());
    let id = id.unwrap_or_default();
    let end = maps.find(id).unwrap_or_default() + id.len();
    let start = maps[..end].rfind(\" /\").unwrap_or_default() + 1;
    println!(\"{}\", std::path::Path::new(&maps[start..end]).join(\"lines\").exists());
}";

/// Functions that panic, each on its second line, and the messages of these panics.
const KINDS: [(&str, &str, &str); 8] = [
    ("asserts", "assert!(n > 9, \"too few\");", "too few"),
    (
        "compares",
        "assert_eq!(n, 9);",
        "assertion `left == right` failed",
    ),
    (
        "unwraps",
        "\"x\".get(n..).and_then(|rest| rest.chars().next()).unwrap();",
        "called `Option::unwrap()` on a `None` value",
    ),
    (
        "expects",
        "\"x\".repeat(n).parse::<i32>().expect(\"a number\");",
        "a number: ParseIntError",
    ),
    (
        "indexes",
        "[1, 2][n + 1];",
        "index out of bounds: the len is 2",
    ),
    (
        "overflows",
        "let _ = usize::MAX - 1 + n;",
        "attempt to add with overflow",
    ),
    (
        "borrows",
        "let cell = std::cell::RefCell::new(n); let _one = cell.borrow_mut(); cell.borrow_mut();",
        "already borrowed",
    ),
    (
        "divides",
        "let _ = 7 / (n - 2);",
        "attempt to divide by zero",
    ),
];

#[test]
fn every_kind_of_panic_shows_the_functions_of_earlier_cells_that_led_to_it() {
    let mut kernel = Kernel::start();
    let functions = KINDS.map(|(name, code, _)| format!("fn {name}(n: usize) {{\n    {code}\n}}"));
    kernel
        .run(&format!(
            "#![allow(unused_must_use)]\n{}",
            functions.join("\n")
        ))
        .nothing();
    let calls: Vec<String> = KINDS
        .iter()
        .enumerate()
        .map(|(index, (name, ..))| format!("        {index} => {name}(2),"))
        .collect();
    kernel
        .run(&format!(
            "struct Hand;\nimpl Hand {{\n    fn reach(&self, kind: usize) {{ match kind {{\n{}\n        _ => {{}}\n    }} }}\n}}",
            calls.join("\n")
        ))
        .nothing();
    for (index, (name, _, message)) in KINDS.into_iter().enumerate() {
        let ran = kernel.run(&format!("let kind = {index};\n  Hand.reach(kind);"));
        let count = ran.count();
        let failure = ran.failed("Panic");
        let places = failure.places();
        let line = 3 * index + 3;
        assert!(
            places[0].starts_with(&format!("cell 1, line {line}, column "))
                && places[0].ends_with(&format!(", in `{name}`")),
            "{failure:#?}"
        );
        assert_eq!(
            places[1..],
            [
                format!("cell 2, line {}, column 14, in `Hand::reach`", index + 4),
                format!("cell {count}, line 2, column 8"),
            ],
            "{failure:#?}"
        );
        // The error text without the call path is unchanged: it contains the message and the panic's own place.
        assert!(failure.evalue.contains(message), "{failure:#?}");
        let (own, _) = places[0].rsplit_once(", in").unwrap();
        assert!(
            failure.evalue.ends_with(&format!(" ({own})")),
            "{failure:#?}"
        );
    }
}

#[test]
fn the_way_leads_through_closures_tasks_and_threads() {
    let mut kernel = Kernel::start();
    kernel
        .run("fn pick(all: &[u8], n: usize) -> u8 {\n    all[n]\n}")
        .nothing();
    let own = "cell 1, line 2, column 5, in `pick`";
    let mut places = |code: &str| -> Vec<String> {
        let ran = kernel.run(code);
        let _message_of_a_thread = ran.stderr();
        let failure = ran.failed("Panic");
        assert!(
            failure.evalue.starts_with("index out of bounds: ")
                && failure.evalue.ends_with(" (cell 1, line 2, column 5)"),
            "{failure:#?}"
        );
        let mut places = failure.places().into_iter();
        assert_eq!(places.next(), Some(own), "{failure:#?}");
        places.map(str::to_owned).collect()
    };
    // The last expression of a cell is compiled inside brackets.
    assert_eq!(
        places("// the end\npick(b\"no\", 2)"),
        ["cell 2, line 2, column 1"]
    );
    assert_eq!(
        places("let sum: u8 = (0..9)\n    .map(|n| pick(b\"no\", n))\n    .sum();"),
        ["cell 3, line 2, column 14", "cell 3, line 3, column 6"]
    );
    assert_eq!(
        places(
            "struct Bag<T>(T);\nimpl<T: AsRef<[u8]>> Bag<T> {\n    fn draw(&self) -> u8 { pick(self.0.as_ref(), 7) }\n}\nBag(vec![1]).draw()"
        ),
        [
            "cell 4, line 3, column 28, in `Bag<T>::draw`",
            "cell 4, line 5, column 14"
        ]
    );
    assert_eq!(
        places(
            "use rayon::prelude::*;\n(0..99_usize).into_par_iter().for_each(|n| {\n    if n == 50 { pick(b\"no\", n); }\n});"
        ),
        ["cell 5, line 3, column 18"]
    );
    assert_eq!(
        places(
            "let joined = std::thread::spawn(|| {\n    pick(b\"no\", 4)\n}).join();\njoined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))"
        ),
        ["cell 6, line 2, column 5"]
    );
    assert_eq!(
        places(
            "async fn later() -> u8 {\n    tokio::task::yield_now().await;\n    pick(b\"no\", 3)\n}\nlater().await;"
        ),
        [
            "cell 7, line 3, column 5, in `later`",
            "cell 7, line 5, column 9"
        ]
    );
}

#[test]
fn what_led_to_a_threads_panic_is_shown_where_the_cell_fails_after_it() {
    let mut kernel = Kernel::start();
    kernel
        .run("fn pick(all: &[u8], n: usize) -> u8 {\n    all[n]\n}")
        .nothing();
    for (code, ename, own) in [
        (
            "let diver = std::thread::Builder::new().name(\"diver\".into());\ndiver.spawn(|| pick(b\"no\", 4))?.join().unwrap();",
            "Panic",
            "line 2, ",
        ),
        (
            "let diver = std::thread::Builder::new().name(\"diver\".into());\nlet failed = diver.spawn(|| pick(b\"no\", 4))?.join().is_err();\nif failed { Err(\"no luck\")?; }",
            "ReturnedError",
            "line 3, ",
        ),
    ] {
        let ran = kernel.run(code);
        let count = ran.count();
        let text = ran.stderr();
        assert_eq!(
            text,
            "thread 'diver' panicked at cell 1, line 2, column 5:\nindex out of bounds: the len is 2 but the index is 4\n"
        );
        let failure = ran.failed(ename);
        let places = failure.places();
        assert!(
            places[0].starts_with(&format!("cell {count}, {own}")),
            "{failure:#?}"
        );
        assert_eq!(
            places[1], "cell 1, line 2, column 5, in `pick`",
            "{failure:#?}"
        );
        assert!(
            places[2].starts_with(&format!("cell {count}, line 2, column ")),
            "{failure:#?}"
        );
        failure.says(&["\nthe thread `diver` had panicked: index out of bounds: the len is 2 but the index is 4\n --> "]);
    }
    // The error contains the message and the place, even if no other line led to the panic: `Any { .. }` gives no
    // information.
    let ran = kernel.run("std::thread::spawn(|| panic!(\"alone\")).join().unwrap()");
    assert!(ran.stderr().contains("alone"));
    let place = format!("cell {}, line 1, column 23", ran.count());
    let failure = ran.failed("Panic");
    let failure = failure.says(&["a thread without a name had panicked: alone"]);
    assert_eq!(failure.places()[1], place, "{failure:#?}");
}

#[test]
fn a_closure_of_an_earlier_cell_is_found_in_that_cell() {
    let mut kernel = Kernel::start();
    kernel
        .run("let keep: Box<dyn Fn(usize) -> usize> = Box::new(|n| {\n    100 / (n - 3)\n});")
        .nothing();
    kernel.run("let between = 1;").nothing();
    let failure = kernel.run("let n = keep(3);").failed("Panic");
    assert_eq!(
        failure.places(),
        ["cell 1, line 2, column 5", "cell 3, line 1, column 9"],
        "{failure:#?}"
    );
}

#[test]
fn a_recursion_is_shown_once_and_the_cell_below_it_where_it_is_not_too_deep() {
    let mut kernel = Kernel::start();
    kernel
        .run("use std::hint::black_box;\nfn down(n: u32) -> u32 {\n    if n == 0 { panic!(\"the ground\") }\n    black_box(down(black_box(n - 1))) + 1\n}")
        .nothing();
    let failure = kernel.run("down(400)").failed("Panic");
    assert_eq!(
        failure.places(),
        [
            "cell 1, line 3, column 17, in `down`",
            "cell 1, line 4, column 15, in `down`",
            "cell 2, line 1, column 1"
        ],
        "{failure:#?}"
    );
    failure.says(&["\n ... the call above is repeated 399 more times\n called from cell 2"]);
    let failure = kernel.run("down(4000)").failed("Panic");
    assert_eq!(failure.places().len(), 2, "{failure:#?}");
    failure.says(&["\n ... calls further out are not known: the stack is too deep"]);
}

#[test]
fn a_place_that_is_in_no_cell_has_a_way_from_one() {
    let mut kernel = Kernel::start();
    let failure = kernel
        .run("use std::time::Duration;\nfn before(t: Duration) -> Duration { t - Duration::from_secs(1) }\nbefore(Duration::ZERO)")
        .failed("Panic");
    let places = failure.places();
    assert!(places[0].contains("core/src/time.rs:"), "{failure:#?}");
    assert_eq!(
        places[1..],
        [
            "cell 1, line 2, column 38, in `before`",
            "cell 1, line 3, column 1"
        ],
        "{failure:#?}"
    );
    // A function with `#[track_caller]` is not part of the shown path.
    let failure = kernel
        .run("#[track_caller]\nfn check(is: bool) {\n    assert!(is);\n}\nfn careless() {\n    check(false);\n}\ncareless();")
        .failed("Panic");
    assert_eq!(
        failure.places(),
        [
            "cell 2, line 6, column 5, in `careless`",
            "cell 2, line 8, column 1"
        ],
        "{failure:#?}"
    );
}

#[test]
fn a_panic_that_was_caught_is_not_taken_for_the_one_that_ends_the_cell() {
    let mut kernel = Kernel::start();
    kernel
        .run("fn first() {\n    panic!(\"one\")\n}\nfn second() {\n    panic!(\"two\")\n}")
        .nothing();
    let ran = kernel.run("let _ = std::panic::catch_unwind(first);\nsecond();");
    assert!(ran.stderr().contains("cell 1, line 2, column 5:\none"));
    let failure = ran.failed("Panic");
    assert_eq!(
        failure.places(),
        [
            "cell 1, line 5, column 5, in `second`",
            "cell 2, line 2, column 1"
        ],
        "{failure:#?}"
    );
    // The same holds if the cell resumes a panic that was already shown.
    let ran = kernel.run("let one = std::panic::catch_unwind(first);\nprintln!(\"between\");\nlet _ = std::panic::catch_unwind(second);\nlet _ = one.map_err(|panic| std::panic::resume_unwind(panic));");
    assert_eq!(ran.stdout(), "between\n");
    let text = ran.stderr();
    assert!(
        text.contains("\none\n") && text.contains("\ntwo\n"),
        "{text}"
    );
    let failure = ran.failed("Panic");
    assert!(failure.evalue.starts_with("one (cell 1,"), "{failure:#?}");
    let places = failure.places();
    assert_eq!(
        places[0], "cell 1, line 2, column 5, in `first`",
        "{failure:#?}"
    );
    assert_eq!(
        places.last(),
        Some(&"cell 3, line 1, column 11"),
        "{failure:#?}"
    );
}

#[test]
fn what_the_cell_itself_does_is_shown_as_it_is_and_nothing_is_compiled_for_it() {
    let mut kernel = Kernel::start();
    kernel.run("let all = vec![1, 2];").nothing();
    for (code, place) in [
        ("all[7]", "line 1, column 4"),
        ("if true {\n    panic!(\"here\")\n}", "line 2, column 5"),
        (
            "println!(\"{}\", None::<u8>.unwrap());",
            "line 1, column 27",
        ),
    ] {
        let ran = kernel.run(code);
        let place = format!("cell {}, {place}", ran.count());
        let failure = ran.failed("Panic");
        assert_eq!(failure.places(), [place], "{failure:#?}");
    }
    kernel.run(HAS_LINES).printed("false\n");
    kernel
        .run("fn inside() { panic!() }\ninside();")
        .failed("Panic");
    kernel.run(HAS_LINES).printed("true\n");
}

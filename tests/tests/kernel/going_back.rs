//! Going back with `%undo` and to checkpoints, and many random changes in a row.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use threadbook_tests::kernel::Kernel;

#[test]
fn undo_goes_back_by_one_cell_with_values_types_and_definitions() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let mut a = vec![1]; let moved = String::from(\"here\"); let retyped = 1_u8; static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(7);
            fn f() -> i32 { 1 } struct Kept; impl Kept { fn say(&self) -> &str { \"kept\" } }",
        )
        .nothing();
    kernel
        .run(
            "a.push(2); drop(moved); let retyped = \"text\"; let new = 5; COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            fn f() -> i32 { 2 } fn g() -> i32 { 3 } struct Gone; impl Gone { fn say(&self) -> &str { \"gone\" } }",
        )
        .nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 2\n");
    kernel
        .run("(a.clone(), moved.clone(), retyped, f(), Kept.say(), COUNT.load(std::sync::atomic::Ordering::SeqCst))")
        .resulted("([1], \"here\", 1, 1, \"kept\", 7)");
    for gone in ["new", "g()", "Gone.say()"] {
        let failure = kernel.run(gone).failed("CompileError");
        assert!(failure.evalue.contains("cannot find"), "{failure:#?}");
    }
    let ran = kernel.run("%undo\n%undo");
    assert_eq!(ran.stdout(), "back to the state before cell 4\n");
    let failure = ran.failed("MagicError");
    assert!(
        failure.evalue.contains("nothing to go back to"),
        "{failure:#?}"
    );
    kernel
        .run("fn g() -> i32 { 4 } a.push(g()); a")
        .resulted("[1, 4]");
}

#[test]
fn undo_takes_back_a_cell_as_a_whole() {
    let mut kernel = Kernel::start();
    kernel.run("let mut steps = vec![0];").nothing();
    let ran = kernel.run("steps.push(1);\n%snapshot\nsteps.push(2);");
    assert!(ran.stdout().starts_with("copies are on\n"), "{ran:#?}");
    drop(ran);
    kernel
        .run("%undo")
        .printed("back to the state before cell 2\n");
    kernel.run("steps").resulted("[0]");
}

#[test]
fn undo_takes_back_an_impl_that_stands_alone() {
    let mut kernel = Kernel::start();
    kernel.run("struct Lamp;").nothing();
    kernel
        .run("impl Lamp { fn watts(&self) -> u32 { 40 } }")
        .nothing();
    kernel.run("%checkpoint dim").nothing();
    kernel
        .run("impl Lamp { fn watts(&self) -> u32 { 60 } fn hot(&self) -> bool { true } }")
        .nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 4\n");
    kernel.run("Lamp.watts()").resulted("40");
    kernel.run("Lamp.hot()").failed("CompileError");
    kernel
        .run("impl Lamp { fn watts(&self) -> u32 { 75 } }")
        .nothing();
    kernel.run("Lamp.watts()").resulted("75");
    // Cells that were undone are not part of the saved program.
    kernel
        .run("let folder = std::env::temp_dir(); std::env::set_current_dir(folder)?;")
        .nothing();
    kernel
        .run("%save lamp.rs")
        .printed("Saved the session as lamp.rs\n");
    let saved = kernel.run("!cat lamp.rs").stdout();
    assert!(
        saved.contains("{ 75 }") && saved.contains("struct Lamp;") && !saved.contains("hot"),
        "{saved}"
    );
    kernel
        .run("%restore dim")
        .printed("back to the checkpoint `dim`\n");
    kernel.run("Lamp.watts()").resulted("40");
}

#[test]
fn undo_takes_back_imports() {
    let mut kernel = Kernel::start();
    kernel
        .run("mod shapes { pub trait Shape { fn corners(&self) -> u8 { 4 } } impl Shape for u8 {} pub struct Square; }")
        .nothing();
    kernel.run("%checkpoint bare").nothing();
    for (import, used, value) in [
        (
            "use std::collections::BTreeMap;",
            "BTreeMap::<u8, u8>::new().len()",
            "0",
        ),
        ("use shapes::*;", "{ let _ = Square; 0_u8.corners() }", "4"),
        ("use shapes::Shape as _;", "0_u8.corners()", "4"),
        (
            "use std::{\n    fmt as f,\n    io::{self, prelude::*},\n};",
            "{ let _: f::Result = Ok(()); let mut to = io::sink(); to.write(b\"abc\")? }",
            "3",
        ),
        ("thread_local! { static T: u8 = 5; }", "T.with(|t| *t)", "5"),
        ("macro_rules! five { () => { 5 } }", "five!()", "5"),
    ] {
        kernel.run(import);
        kernel.run("%checkpoint imported").nothing();
        assert!(
            kernel
                .run("%undo")
                .stdout()
                .starts_with("back to the state before")
        );
        kernel.run(used).failed("CompileError");
        kernel
            .run("%restore imported")
            .printed("back to the checkpoint `imported`\n");
        kernel.run(used).resulted(value);
        kernel
            .run("%restore bare")
            .printed("back to the checkpoint `bare`\n");
        kernel.run(used).failed("CompileError");
        kernel.run(import);
        kernel.run(used).resulted(value);
        kernel
            .run("%restore bare")
            .printed("back to the checkpoint `bare`\n");
    }
}

#[test]
fn undo_brings_back_what_a_definition_had_hidden() {
    let mut kernel = Kernel::start();
    kernel
        .run("macro_rules! println { ($($all:tt)*) => {} } println!(\"hidden\");")
        .nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 1\n");
    kernel.run("println!(\"seen\");").printed("seen\n");
    kernel.run("use std::time::Duration;").nothing();
    kernel.run("struct Duration;").nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 5\n");
    kernel.run("Duration::from_secs(1)").resulted("1s");
}

#[test]
fn undo_asks_before_it_ends_programs() {
    let mut kernel = Kernel::start();
    kernel.run("let mut n = 1;").nothing();
    kernel
        .run("n = 2; std::process::Command::new(\"sleep\").arg(\"3600\").spawn()?;")
        .nothing();
    kernel.process().until_running("sleep");
    let failure = kernel.run("%undo").failed("MagicError");
    assert!(
        failure.evalue.contains("`sleep`") && failure.evalue.contains("--force"),
        "{failure:#?}"
    );
    kernel.run("n").resulted("2");
    // The parent of `sleep` has ended, and the worker has adopted it. Going back would end it too.
    let mut kernel = Kernel::start();
    kernel
        .run("std::process::Command::new(\"sh\").args([\"-c\", \"sleep 3600 &\"]).status()?;")
        .nothing();
    kernel.process().until_running("sleep");
    let failure = kernel.run("%undo").failed("MagicError");
    assert!(failure.evalue.contains("`sleep`"), "{failure:#?}");
}

#[test]
fn checkpoints_are_kept_restored_and_dropped() {
    let mut kernel = Kernel::start();
    kernel.run("let mut list = vec![1];").nothing();
    kernel.run("%checkpoint one").nothing();
    kernel
        .run("list.push(2); let after = 3; let thread = std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(3600)));")
        .nothing();
    kernel.run("%checkpoint two").nothing();
    kernel.run("list.push(3);").nothing();
    for _ in 0..2 {
        kernel
            .run("%restore one")
            .printed("back to the checkpoint `one`\n");
        kernel.run("list.clone()").resulted("[1]");
        kernel.run("after").failed("CompileError");
        kernel
            .run("%restore two")
            .printed("back to the checkpoint `two`\n");
        kernel
            .run("(list.clone(), after, thread.is_finished())")
            .resulted("([1, 2], 3, false)");
    }
    kernel.run("std::process::abort();").failed("WorkerCrashed");
    kernel.run("%checkpoint -d two").nothing();
    let failure = kernel.run("%restore two").failed("MagicError");
    assert!(failure.evalue.contains("there are `one`"), "{failure:#?}");
    kernel.run("%checkpoint").printed("one  before cell 2\n");
}

#[test]
fn copies_can_be_turned_off_and_on() {
    let mut kernel = Kernel::start();
    kernel.run("let mut n = 1;").nothing();
    let ran = kernel.run("%snapshot off");
    assert!(ran.stdout().contains("copies are off"), "{ran:#?}");
    drop(ran);
    let failure = kernel
        .run("n += 1; std::process::abort();")
        .failed("WorkerCrashed");
    assert!(failure.evalue.contains("`n` is lost"), "{failure:#?}");
    // A new process makes copies again.
    kernel.run("let mut n = 5;").nothing();
    kernel
        .run("n += 1; std::process::abort();")
        .failed("WorkerCrashed");
    kernel.run("n").resulted("5");
}

#[test]
fn a_large_process_has_no_copy_and_a_note_says_so_once() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("%snapshot limit 64");
    assert!(ran.stdout().contains("(limit 64 MB)"), "{ran:#?}");
    drop(ran);
    kernel.run("let mut big = vec![1_u8; 100 << 20];").nothing();
    let ran = kernel.run("big[0] = 2;");
    assert!(
        ran.stderr().contains("above the limit of 64 MB"),
        "{ran:#?}"
    );
    drop(ran);
    kernel.run("big[0] = 3;").nothing();
    kernel.run("big = Vec::new();").nothing();
    kernel.run("let mut n = 1;").nothing();
    kernel
        .run("n += 1; std::process::abort();")
        .failed("WorkerCrashed");
    kernel.run("n").resulted("1");
}

/// Runs a hundred cells. Each third cell crashes or is interrupted. The test keeps the expected values of the
/// variables.
#[test]
fn whatever_happens_variables_are_what_the_last_whole_cell_left() {
    let seed = std::env::var("THREADBOOK_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_nanos() as u64
        });
    println!("seed: THREADBOOK_TEST_SEED={seed}");
    let mut random = Random(seed);
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use rayon::prelude::*;
            let mut list: Vec<u64> = Vec::new(); let mut map = std::collections::BTreeMap::<u64, String>::new();
            let (to_thread, thread_rx) = std::sync::mpsc::channel::<u64>();
            let (thread_tx, from_thread) = std::sync::mpsc::channel::<u64>();
            let thread = std::thread::spawn(move || for n in thread_rx { thread_tx.send(n + 1).unwrap() });",
        )
        .nothing();
    let mut list: Vec<u64> = Vec::new();
    let mut map = std::collections::BTreeMap::new();
    for round in 0..100 {
        let value = random.next() % 1000;
        let change = match random.next() % 4 {
            0 => format!("list.push({value});"),
            1 => format!("list.push((0..{value}_u64).into_par_iter().sum());"),
            2 => format!("map.insert({value}, \"x\".repeat({round}));"),
            _ => format!(
                "to_thread.send({value}).unwrap(); list.push(from_thread.recv().unwrap()); list.push(tokio::spawn(async move {{ {value} }}).await.unwrap());"
            ),
        };
        if round % 3 == 2 {
            let ends = [
                ("std::process::abort();", "WorkerCrashed"),
                ("std::process::exit(7);", "Exited"),
                (
                    "unsafe { std::ptr::write_volatile(8 as *mut u8, 1) };",
                    "WorkerCrashed",
                ),
                (
                    "{ println!(\"started\"); while std::hint::black_box(true) {} }",
                    "KeyboardInterrupt",
                ),
            ];
            let (end, ename) = ends[(random.next() % 4) as usize];
            let id = kernel.send(&format!("{change} {end}"));
            if ename == "KeyboardInterrupt" {
                kernel.until_text(&id, "started");
                kernel.interrupt();
            }
            let ran = kernel.finish(&id);
            assert!(["", "started\n"].contains(&ran.stdout().as_str()));
            ran.failed(ename);
        } else {
            kernel.run(&change).nothing();
            match change.split('(').next() {
                Some("map.insert") => drop(map.insert(value, "x".repeat(round))),
                Some("to_thread.send") => list.extend([value + 1, value]),
                _ if change.contains("into_par_iter") => list.push((0..value).sum()),
                _ => list.push(value),
            }
        }
        if round % 10 == 9 {
            kernel
                .run("println!(\"{list:?} {map:?}\");")
                .printed(&format!("{list:?} {map:?}\n"));
        }
    }
}

/// Pseudorandom numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

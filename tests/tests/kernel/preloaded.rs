//! Crates that cells can use without a dependency: futures, crossbeam, parking_lot, log, rand and postcard.

use threadbook_tests::kernel::Kernel;

#[test]
fn cells_name_them_and_keep_values_of_their_types() {
    let mut kernel = Kernel::start();
    kernel
        .run("use futures::StreamExt;\nlet numbers = futures::stream::iter([1, 2, 3]);")
        .nothing();
    kernel
        .run("let doubled: Vec<i32> = numbers.map(|n| 2 * n).collect().await;\ndoubled")
        .resulted("[2, 4, 6]");
    kernel
        .run("let shared = parking_lot::Mutex::new(0);\nlet table = parking_lot::RwLock::new(vec![1]);")
        .nothing();
    kernel
        .run("*shared.lock() += 5;\n(*shared.lock(), table.read().len())")
        .resulted("(5, 1)");
    kernel
        .run("let (tx, rx) = crossbeam::channel::unbounded::<i32>();\nlet queue = crossbeam::queue::SegQueue::<u8>::new();")
        .nothing();
    kernel
        .run("tx.send(3)?;\nqueue.push(4);\n(rx.recv()?, queue.pop())")
        .resulted("(3, Some(4))");
    kernel.run("let mut random = rand::rng();").nothing();
    kernel
        .run("use rand::RngExt;\nlet dice = random.random_range(1..=6);\n(1..=6).contains(&dice)")
        .resulted("true");
    kernel
        .run("let bytes = postcard::to_stdvec(&(7u32, \"text\"))?;\nbytes.len()")
        .resulted("6");
    kernel
        .run("let back: (u32, String) = postcard::from_bytes(&bytes)?;\nback")
        .resulted("(7, \"text\")");
}

#[test]
fn their_statics_exist_once() {
    let mut kernel = Kernel::start();
    kernel
        .run("log::set_max_level(log::LevelFilter::Debug);")
        .nothing();
    kernel.run("log::max_level()").resulted("Debug");
    kernel
        .run("fn level() -> log::LevelFilter { log::max_level() }")
        .nothing();
    kernel.run("level()").resulted("Debug");
}

#[test]
fn a_dependency_on_one_is_the_same_copy() {
    let mut kernel = Kernel::start();
    kernel
        .run("log::set_max_level(log::LevelFilter::Info);\nlet kept = parking_lot::Mutex::new(1);")
        .nothing();
    for line in [
        ":dep log = \"0.4\"",
        ":dep log = { version = \"0.4\", features = [\"std\"] }",
    ] {
        let ran = kernel.run(&format!("{line}\nlog::max_level()"));
        let said = ran.stderr();
        assert!(
            said.contains("`log` 0.4.") && said.contains("is preloaded"),
            "{said}"
        );
        ran.resulted("Info");
    }
    kernel.run("*kept.lock()").resulted("1");
    let said = kernel.run(":dep parking_lot = \"0.12\"").stderr();
    assert!(said.contains("`parking_lot` 0.12."), "{said}");
    kernel.run("*kept.lock() + 1").resulted("2");
}

#[test]
fn going_back_and_starting_anew_know_them_too() {
    let mut kernel = Kernel::start();
    kernel
        .run("use parking_lot::Mutex;\nlet count = Mutex::new(1);")
        .nothing();
    kernel
        .run("*count.lock() = 2;\nlet other = Mutex::new('a');")
        .nothing();
    kernel.run("%undo").stdout();
    kernel
        .run("let third = Mutex::new(*count.lock());")
        .nothing();
    kernel.run("*third.lock()").resulted("1");
    kernel.run("%reset -f").stderr();
    kernel.run("count").failed("CompileError");
    kernel
        .run("let again = parking_lot::Mutex::new(3);")
        .nothing();
    kernel.run("*again.lock()").resulted("3");
}

#[test]
fn a_cell_that_fails_leaves_them_to_the_next() {
    let mut kernel = Kernel::start();
    kernel
        .run("use crossbeam::queue::ArrayQueue;\nlet none: u8 = \"a\";")
        .failed("CompileError");
    kernel
        .run("let queue = crossbeam::queue::ArrayQueue::<u8>::new(2);")
        .nothing();
    kernel.run("queue.capacity()").resulted("2");
}

#[test]
fn scripts_know_them_too() {
    let mut kernel = Kernel::start();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("dice.rs");
    std::fs::write(
        &script,
        "fn main() { let dice: u8 = rand::random_range(1..=6); println!(\"{}\", (1..=6).contains(&dice)); }\n",
    )
    .unwrap();
    let ran = kernel.run(&format!("%run {}", script.display()));
    assert!(ran.stdout().contains("true"));
}

#[test]
fn they_are_completed_before_a_cell_has_named_them() {
    let mut kernel = Kernel::start();
    kernel.complete_until("parking_lot::Mut", "Mutex");
    kernel
        .run("let late = parking_lot::Mutex::new(1);")
        .nothing();
    kernel.run("*late.lock()").resulted("1");
}

#[test]
fn another_version_takes_the_place_of_one() {
    let mut kernel = Kernel::start();
    kernel.run("let number = rand::random::<u8>();").nothing();
    let ran = kernel
        .run(":dep rand = \"0.9\"\nlet old = rand::Rng::random_range(&mut rand::rng(), 1..2u8);");
    let said = ran.stderr();
    assert!(!said.contains("is preloaded"), "{said}");
    ran.nothing();
    kernel.run("old").resulted("1");
    kernel
        .run("rand::Rng::random_range(&mut rand::rng(), 3..4u8)")
        .resulted("3");
}

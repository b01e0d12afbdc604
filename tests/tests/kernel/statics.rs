//! Statics keep their values in every position where this is possible; elsewhere rustc's error contains the remedy.

use threadbook_tests::kernel::Kernel;

#[test]
fn statics_inside_of_other_items_keep_their_values() {
    let mut kernel = Kernel::start();
    kernel
        .run("use std::sync::atomic::{AtomicU32, Ordering};")
        .nothing();
    for (define, call) in [
        (
            "struct Method; impl Method { fn count(&self) -> u32 { static N: AtomicU32 = AtomicU32::new(0); \
             N.fetch_add(1, Ordering::SeqCst) } }",
            "Method.count()",
        ),
        (
            "trait Count { fn count(&self) -> u32 { static N: AtomicU32 = AtomicU32::new(0); \
             N.fetch_add(1, Ordering::SeqCst) } } impl Count for u8 {}",
            "Count::count(&1u8)",
        ),
        (
            "pub mod inner { use std::sync::atomic::*; pub static N: AtomicU32 = AtomicU32::new(0); \
             pub fn count() -> u32 { N.fetch_add(1, Ordering::SeqCst) } }",
            "inner::count()",
        ),
        (
            "static LIST: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];",
            "LIST[0].fetch_add(1, Ordering::SeqCst)",
        ),
    ] {
        kernel.run(define).nothing();
        for expected in ["0", "1", "2"] {
            kernel.run(call).resulted(expected);
        }
    }
    // A generic function has one static for all its types, as always in Rust.
    kernel
        .run("fn generic<T>() -> u32 { static N: AtomicU32 = AtomicU32::new(0); N.fetch_add(1, Ordering::SeqCst) }")
        .nothing();
    kernel
        .run("(generic::<u8>(), generic::<u16>())")
        .resulted("(0, 1)");
    kernel
        .run("(generic::<u8>(), generic::<u16>())")
        .resulted("(2, 3)");
}

#[test]
fn constants_that_refer_to_a_static_refer_to_the_one_of_all_cells() {
    let mut kernel = Kernel::start();
    kernel
        .run("use std::sync::atomic::{AtomicU32, Ordering};\nstatic ONE: AtomicU32 = AtomicU32::new(1);")
        .nothing();
    kernel
        .run(
            "const fn one() -> &'static AtomicU32 { &ONE }\nconst BY_FN: &AtomicU32 = one();\nconst DIRECT: &AtomicU32 = &ONE;\n\
             static ALSO: &AtomicU32 = &ONE;\nconst INSIDE: &AtomicU32 = { static X: AtomicU32 = AtomicU32::new(0); &X };",
        )
        .nothing();
    for (name, expected) in [
        ("BY_FN", "1"),
        ("DIRECT", "2"),
        ("ALSO", "3"),
        ("one()", "4"),
        ("ONE", "5"),
    ] {
        kernel
            .run(&format!("{name}.fetch_add(1, Ordering::SeqCst)"))
            .resulted(expected);
    }
    for expected in ["0", "1"] {
        kernel
            .run("INSIDE.fetch_add(1, Ordering::SeqCst)")
            .resulted(expected);
    }
    kernel
        .run("static ONE: AtomicU32 = AtomicU32::new(70);")
        .nothing();
    kernel
        .run("[BY_FN, DIRECT, ALSO, one(), &ONE].map(|one| one.load(Ordering::SeqCst))")
        .resulted("[70, 70, 70, 70, 70]");
}

#[test]
fn a_mutable_static_keeps_its_value_and_starts_anew_when_defined_again() {
    let mut kernel = Kernel::start();
    kernel
        .run("static mut RAW: u32 = 1;\nconst AT: *mut u32 = &raw mut RAW;")
        .nothing();
    kernel
        .run("unsafe { RAW += 1; *AT += 1; RAW }")
        .resulted("3");
    kernel.run("unsafe { *AT += 1; RAW }").resulted("4");
    kernel
        .run("static mut RAW: u32 = 50;\nunsafe { *AT += 1; RAW }")
        .resulted("51");
    kernel.run("unsafe { RAW }").resulted("51");
}

#[test]
fn a_constant_that_reads_a_static_that_changes_is_an_error_that_says_what_to_do() {
    let mut kernel = Kernel::lease();
    kernel
        .run("use std::sync::atomic::AtomicU32;\nstatic mut STATICS_RAW: u32 = 1;")
        .nothing();
    for code in [
        "const STATICS_READ: u32 = unsafe { STATICS_RAW };",
        "let statics_list = [0; unsafe { STATICS_RAW } as usize];",
        "const STATICS_INSIDE: u32 = { static mut X: u32 = 1; unsafe { X += 1; X } };",
    ] {
        let failure = kernel.run(code).failed("CompileError");
        assert!(
            failure
                .evalue
                .contains("constant accesses mutable global memory (cell "),
            "{failure:#?}"
        );
        assert!(
            failure.traceback.contains("in a function, or with `let`"),
            "{failure:#?}"
        );
    }
    // The value of a static that never changes is known at compile time.
    kernel
        .run("static STATICS_FIXED: u32 = 4;\nconst STATICS_FOUR: u32 = STATICS_FIXED;\n[0; STATICS_FIXED as usize].len() as u32 + STATICS_FOUR")
        .resulted("8");
}

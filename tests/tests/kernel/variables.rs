//! Variables from cell to cell: those that can be kept are kept, the others end with their cell, and none is lost
//! silently.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_variable_that_a_cell_moves_and_assigns_anew_is_kept() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "#[derive(Debug)] struct MovedP { name: String }\nlet mut moved_s = String::from(\"a\");\n\
             let mut moved_v = vec![1, 2, 3];\nlet mut moved_p = MovedP { name: \"x\".to_owned() };",
        )
        .nothing();
    kernel.run("moved_s = moved_s + \"b\";").nothing();
    kernel
        .run("moved_v = moved_v.into_iter().rev().collect();")
        .nothing();
    kernel.run("moved_p.name = moved_p.name + \"b\";").nothing();
    kernel.run("moved_s.len()").resulted("2");
    kernel.run("moved_v[0]").resulted("3");
    kernel.run("moved_p.name.len()").resulted("2");
    // Both kinds of change in one cell, in a branch and in a loop.
    kernel
        .run("for n in 0..3 { if n != 1 { moved_s = moved_s + \"c\"; } }\nmoved_v.push(moved_s.len() as i32);")
        .nothing();
    kernel.run("moved_v[3]").resulted("4");
}

#[test]
fn a_variable_that_is_gone_is_named_with_its_cell() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let gone_o = vec![1];\nlet gone_m = std::sync::Mutex::new(1);")
        .nothing();
    let mover = kernel.run("drop(gone_o);");
    let cell = mover.count();
    mover.nothing();
    kernel
        .run("println!(\"{gone_o:?}\");")
        .failed("CompileError")
        .says(&[&format!(
            "`gone_o` was moved in cell {cell} (clone it there"
        )]);
    let binder = kernel.run(
        "let gone_g = gone_m.lock().unwrap();\nlet gone_f = |x: i32| x;\nlet gone_i = [1].iter().map(|x| x + 1);\n\
         let gone_later = async { 1 };\nlet gone_first = &gone_m;\nlet gone_kept = *gone_g;",
    );
    let cell = binder.count();
    binder.nothing();
    for (name, words) in [
        ("gone_g", "it borrows `gone_m`"),
        ("gone_f", "the type of a closure has no name (write a `fn`"),
        ("gone_i", "or put the lines that use it into one cell)"),
        ("gone_later", "`.await` it"),
        ("gone_first", "it borrows `gone_m`"),
    ] {
        let failure = kernel.run(&format!("{name};")).failed("CompileError");
        if name != "gone_i" {
            let headline = format!("`{name}` ended with cell {cell}: ");
            assert!(failure.evalue.starts_with(&headline), "{failure:#?}");
        }
        failure.says(&[words]);
    }
    kernel.run("gone_kept").resulted("1");
    kernel.run("gone_m.try_lock().is_ok()").resulted("true");
}

#[test]
fn a_cell_that_fails_tells_what_is_lost_with_it() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let mut failed_s = String::from(\"a\");")
        .nothing();
    let ran = kernel
        .run("let failed_x = 1;\nfailed_s = failed_s + \"b\";\npanic!(\"{failed_s}{failed_x}\");");
    let cell = ran.count();
    let _ = ran.stderr();
    ran.failed("Panic").says(&[
        "ab1",
        "the variable `failed_s` is gone: the cell moves it, and has failed",
    ]);
    kernel
        .run("failed_s")
        .failed("CompileError")
        .says(&[&format!(
            "`failed_s` was moved in cell {cell}, which did not come to its end"
        )]);
    kernel
        .run("failed_x")
        .failed("CompileError")
        .says(&[&format!("`failed_x` was not kept: cell {cell}")]);
}

#[test]
fn what_ends_with_its_cell_ends_in_the_order_of_a_function() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "struct OrderD(&'static str);\nimpl Drop for OrderD { fn drop(&mut self) { println!(\"drop {}\", self.0); } }\n\
             struct OrderG<'a>(&'a OrderD, &'static str);\n\
             impl Drop for OrderG<'_> { fn drop(&mut self) { println!(\"end {} of {}\", self.1, self.0.0); } }",
        )
        .nothing();
    kernel
        .run(
            "let order_a = OrderD(\"a\");\nlet order_g1 = OrderG(&order_a, \"g1\");\nlet order_b = OrderD(\"b\");\n\
             let order_g2 = OrderG(&order_b, \"g2\");\nlet order_g3 = OrderG(&order_a, \"g3\");\nprintln!(\"last\");",
        )
        .printed("last\nend g3 of a\nend g2 of b\nend g1 of a\n");
    // A second variable of the same name ends the first one at the same point as in a function.
    kernel
        .run("let order_c = OrderD(\"c1\");\nlet order_c = OrderD(\"c2\");\nprintln!(\"last\");")
        .printed("last\ndrop c1\n");
    kernel
        .run("println!(\"{}{}{}\", order_a.0, order_b.0, order_c.0);")
        .printed("abc2\n");
}

#[test]
fn a_guard_does_not_need_a_word() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let guard_m = std::sync::Mutex::new(1);\nlet mut guard_g = guard_m.lock().unwrap();\n*guard_g += 1;")
        .nothing();
    kernel.run("*guard_m.lock().unwrap()").resulted("2");
    // A borrow of a temporary value, and a borrow that only the function's signature shows.
    kernel
        .run("let guard_t = &std::sync::atomic::AtomicU8::new(3);\nprintln!(\"{guard_t:?}\");")
        .printed("3\n");
    kernel
        .run(
            "fn guard_longest<'a>(x: &'a str, _y: &str) -> &'a str { x }\nlet guard_a = String::from(\"a\");\n\
             let guard_r = guard_longest(guard_a.as_str(), \"b\");\nguard_r.len()",
        )
        .resulted("1");
    kernel.run("guard_a.len()").resulted("1");
}

#[test]
fn what_borrows_through_a_closure_ends_with_its_cell() {
    let mut kernel = Kernel::start();
    kernel
        .run("use std::collections::HashMap;\nlet text = vec![String::from(\"a b\")];")
        .nothing();
    // rustc's error is at the closure's value, although the variable store causes it.
    kernel
        .run(
            "let mut counts: HashMap<&str, u64> = HashMap::new();\n\
             for word in text.iter().flat_map(|line| line.split_whitespace()) { *counts.entry(word).or_default() += 1; }\n\
             counts.len()",
        )
        .resulted("2");
    kernel.run("text.len()").resulted("1");
    kernel
        .run("counts")
        .failed("CompileError")
        .says(&["`counts`", "ended with cell 2"]);
    // A thread that borrows still causes an error.
    kernel
        .run("let length = std::thread::spawn(|| text.len()).join().unwrap();")
        .failed("CompileError")
        .says(&["`text` does not live long enough"]);
}

#[test]
fn what_borrows_from_constants_is_kept() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "static CONSTANT_M: std::sync::Mutex<u8> = std::sync::Mutex::new(7);\nlet constant_s = \"a b\";\n\
             let mut constant_i = constant_s.split(' ');\nlet constant_r = &5;\nlet constant_g = CONSTANT_M.lock().unwrap();",
        )
        .nothing();
    kernel
        .run("println!(\"{:?} {constant_r} {constant_g}\", constant_i.next());")
        .printed("Some(\"a\") 5 7\n");
    kernel.run("drop(constant_g);").nothing();
}

#[test]
fn rustcs_own_errors_come_first() {
    let mut kernel = Kernel::lease();
    for (code, expected, line) in [
        (
            "let mut first_t = String::from(\"x\");\nlet first_r = &first_t;\nlet first_w = &mut first_t;\nprintln!(\"{first_r} {first_w}\");",
            "E0502",
            3,
        ),
        (
            "let first_v = vec![1];\nlet first_s = &first_v;\ndrop(first_v);\nprintln!(\"{first_s:?}\");",
            "E0505",
            3,
        ),
        ("let first_f = |x: i32| x + 1;\nfirst_f(\"a\");", "E0308", 2),
        (
            "let first_a = vec![1];\nlet first_b = first_a;\nprintln!(\"{first_a:?}\");",
            "E0382",
            3,
        ),
        (
            "let first_v = vec![1];\nstd::thread::spawn(|| println!(\"{first_v:?}\"));",
            "E0373",
            2,
        ),
    ] {
        let ran = kernel.run(code);
        let place = format!("(cell {}, line {line}, ", ran.count());
        let failure = ran.failed("CompileError").says(&[expected]);
        assert!(failure.evalue.contains(&place), "{failure:#?}");
        let errors = failure.traceback.matches("error[").count();
        assert_eq!(errors, 1, "{failure:#?}");
        assert!(!failure.traceback.contains("put_variable"), "{failure:#?}");
        assert!(!failure.traceback.contains("store.rs"), "{failure:#?}");
    }
}

#[test]
fn a_name_that_something_unkept_takes_is_gone() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let taken_n = 1;\nlet taken_m = vec![2];")
        .nothing();
    let ran = kernel.run("let taken_n = &taken_m;\nprintln!(\"{taken_n:?}\");");
    assert_eq!(ran.stdout(), "[2]\n");
    assert!(
        ran.stderr()
            .starts_with("note: the earlier variable `taken_n` is gone"),
        "{}",
        ran.stderr()
    );
    ran.nothing();
    kernel
        .run("taken_n")
        .failed("CompileError")
        .says(&["it borrows `taken_m`"]);
    kernel.run("let taken_n = 3;").nothing();
    kernel.run("taken_n").resulted("3");
}

#[test]
fn a_variable_of_a_type_that_is_defined_anew_is_not_taken_for_one_of_the_new_type() {
    let mut kernel = Kernel::lease();
    // If an old value were taken for one of the new type, its drop would read a number as a text.
    let define = |field: &str| {
        format!(
            "struct AnewP {{ d: {field} }}\nimpl Drop for AnewP {{ fn drop(&mut self) {{ assert!(!format!(\"{{}}\", self.d).is_empty()); }} }}"
        )
    };
    kernel.run(&define("i32")).nothing();
    kernel.run("let anew_c = AnewP { d: 1 };").nothing();
    kernel.run("anew_c.d").resulted("1");
    kernel
        .run(&format!(
            "{}\nlet anew_c = AnewP {{ d: String::from(\"x\") }};",
            define("String")
        ))
        .nothing();
    kernel.run("anew_c.d.len()").resulted("1");
    kernel.run(&define("u8")).nothing();
    kernel
        .run("anew_c")
        .failed("CompileError")
        .says(&["defined anew (make it again)"]);
    let ran = kernel.run("let anew_n = 1;");
    let note = ran.stderr();
    assert!(
        note.starts_with("note: the variable `anew_c` is gone: a cell has defined its type anew"),
        "{note}"
    );
    ran.nothing();
}

#[test]
fn assigning_to_a_variable_of_an_earlier_cell_names_its_let() {
    let mut kernel = Kernel::lease();
    let bound = kernel.run("\nlet fixed_z = 5;");
    let place = format!(
        "cell {}, line 2, column 5 binds `fixed_z` without `mut`",
        bound.count()
    );
    bound.nothing();
    kernel.run("fixed_z = 6;").failed("CompileError").says(&[
        &place,
        "(write `let mut fixed_z` there, or `let mut fixed_z = fixed_z;` here)",
    ]);
}

#[test]
fn a_raw_pointer_to_a_variable_is_warned_of() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let raw_x = 5;\nlet raw_p = &raw_x as *const i32;");
    assert!(
        ran.stderr()
            .contains("`raw_p` is a `*const i32`: variables move"),
        "{}",
        ran.stderr()
    );
    ran.nothing();
    kernel.run("1").resulted("1");
}

#[test]
fn macros_are_found_wherever_they_are_defined() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "fn macro_f() -> u8 { macro_say!(2) }\nmod macro_inner { pub fn f() -> u8 { macro_say!(4) } }\n\
             macro_rules! macro_say { ($x:expr) => { $x } }\nmacro_f()",
        )
        .resulted("2");
    kernel.run("macro_inner::f() + macro_say!(1)").resulted("5");
    // A function may have the same name as a macro.
    kernel.run("fn macro_say() -> u8 { 9 }").nothing();
    kernel
        .run("macro_say() + macro_f() + macro_say!(1)")
        .resulted("12");
    kernel
        .run("macro_rules! macro_say { ($x:expr) => { $x * 2 } }")
        .nothing();
    kernel.run("macro_f()").resulted("4");
}

#[test]
fn items_that_a_macro_makes_are_there_in_later_cells() {
    let mut kernel = Kernel::lease();
    kernel
        .run("macro_rules! made_fn { ($n:ident) => { fn $n() -> &'static str { stringify!($n) } } }\nmade_fn!(made_one);\nmade_one()")
        .resulted("\"made_one\"");
    kernel.run("made_fn!(made_two);").nothing();
    kernel
        .run("made_one().len() + made_two().len()")
        .resulted("16");
    kernel
        .run("macro_rules! made_types { ($($n:ident),*) => { $(#[derive(Debug)] struct $n;)* } }\nmade_types!(MadeA, MadeB);")
        .nothing();
    kernel.run("(MadeA, MadeB)").resulted("(MadeA, MadeB)");
    // A definition by the cell itself replaces what the macro has made.
    kernel
        .run("fn made_two() -> &'static str { \"mine\" }")
        .nothing();
    kernel.run("made_two()").resulted("\"mine\"");
}

#[test]
fn a_type_that_nothing_settles_comes_with_the_line_to_write() {
    let mut kernel = Kernel::lease();
    for (code, words) in [
        (
            "let (unsettled_tx, unsettled_rx) = std::sync::mpsc::channel();",
            "what later cells do with `unsettled_tx`, `unsettled_rx` can't settle the type: write it in this cell, as in \
             `std::sync::mpsc::channel::<i32>()`",
        ),
        ("let unsettled_v = Vec::new();", "as in `Vec::<i32>::new()`"),
        ("let unsettled_n = None;", "as in `let unsettled_n: ..`"),
    ] {
        kernel.run(code).failed("CompileError").says(&[words]);
    }
    // A later line of the same cell determines the type.
    kernel
        .run("let mut unsettled_w = Vec::new();\nunsettled_w.push(1u8);")
        .nothing();
    kernel.run("unsettled_w").resulted("[1]");
}

#[test]
fn text_of_evcxrs_in_a_persons_function_harms_no_cell() {
    let mut kernel = Kernel::lease();
    kernel
        .run("fn harmless_run() -> u8 {\n    tokio::runtime::Runtime::new().unwrap().block_on(async {\n        5\n    })\n}")
        .nothing();
    kernel.run("harmless_run()").resulted("5");
    kernel
        .run("let harmless_x = async { 1 }.await;\nharmless_x")
        .resulted("1");
}

/// The types are written into the first cells of a session, before rust-analyzer has read any library.
#[test]
fn types_that_are_plain_to_see_are_those_that_rustc_infers() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "use std::sync::{Arc, Mutex};\nfn double(n: u64) -> u64 { 2 * n }\n#[derive(Debug)] struct Point { x: f64 }\n\
             let text = format!(\"{}\", 1);\nlet all = vec![1u8, 2];\nlet shared = Arc::new(Mutex::new(all.clone()));\n\
             let other = Arc::clone(&shared);\nlet doubled = double(2);\nlet point = Point { x: 1.5 };",
        )
        .nothing();
    kernel
        .run("other.lock().unwrap().push(3);\n(text, all, shared.lock().unwrap().len(), doubled, point)")
        .resulted("(\"1\", [1, 2], 3, 4, Point { x: 1.5 })");
    // The rest of the cell gives this number another type than its own line suggests.
    kernel
        .run("let seems = 5;\nlet seen = double(seems);")
        .nothing();
    kernel
        .run("(size_of_val(&seems), seen)")
        .resulted("(8, 10)");
}

#[test]
fn an_error_beside_a_type_that_was_put_in_has_its_own_place() {
    let mut kernel = Kernel::start();
    let failure = kernel
        .run("let n = 5; let text: String = n;")
        .failed("CompileError");
    assert_eq!(
        failure.places(),
        ["cell 1, line 1, column 31"],
        "{failure:#?}"
    );
    assert!(!failure.traceback.contains("put in"), "{failure:#?}");
    let ran = kernel.run("let plain = 5; let unused = std::fs::remove_file(\"/no/such/file\").is_ok(); { let x = 1; }");
    let warnings = ran.warnings();
    assert!(warnings.contains("unused variable: `x`"), "{warnings}");
    assert!(
        !warnings.contains("put in") && !warnings.contains("/*"),
        "{warnings}"
    );
    ran.nothing();
}

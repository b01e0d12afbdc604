//! A cell is the body of `main`, and a whole program can be a cell.

use threadbook_tests::kernel::Kernel;

#[test]
fn a_program_runs_and_the_next_one_too() {
    let mut kernel = Kernel::lease();
    let first = "use std::fmt;\nstruct BodyA(u8);\nimpl fmt::Display for BodyA {\n    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"A{}\", self.0) }\n}\n\
                 type BodyResult<T> = Result<T, String>;\nfn body_helper() -> BodyResult<u8> { Ok(3) }\n\
                 fn main() {\n    println!(\"{} {:?}\", BodyA(1), body_helper());\n}\n// the end";
    let second = "#![allow(dead_code)]\n#[derive(Debug)]\nenum BodyA { X { a: String }, Y }\ntrait BodyT { fn t(&self) -> String; }\n\
                  impl BodyT for BodyA { fn t(&self) -> String { format!(\"{self:?}\") } }\n\
                  fn main() {\n    println!(\"{}\", BodyA::X { a: \"b\".into() }.t());\n}";
    for _ in 0..2 {
        kernel.run(first).printed("A1 Ok(3)\n");
        kernel.run(second).printed("X { a: \"b\" }\n");
    }
    // The definitions of the earlier program do not hide names with another meaning.
    kernel
        .run("fn body_own() -> Result<u8, std::num::ParseIntError> { \"5\".parse::<u8>() }\nbody_own().is_ok()")
        .resulted("true");
    kernel.run("main()").printed("X { a: \"b\" }\n");
}

#[test]
fn what_a_macro_of_a_program_made_goes_with_it() {
    let mut kernel = Kernel::lease();
    kernel
        .run("macro_rules! gone_fn { ($n:ident) => { fn $n() -> u8 { 1 } } }\ngone_fn!(gone_f);\nfn main() { println!(\"{}\", gone_f()); }")
        .printed("1\n");
    kernel
        .run("fn main() { println!(\"next\"); }")
        .printed("next\n");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_value_is_shown_where_only_a_check_knows_the_types() {
    let mut kernel = Kernel::lease();
    kernel
        .run(
            "let (mut check_a_tx, check_a_rx) = tokio::sync::oneshot::channel();\nlet (check_b_tx, check_b_rx) = tokio::sync::oneshot::channel();\n\
             tokio::spawn(async {\n    tokio::select! {\n        a = async { String::from(\"a\") } => { let _ = check_a_tx.send(a); }\n        \
             _ = check_a_tx.closed() => {}\n    }\n});\nlet kept = check_b_tx.is_closed();\n\
             tokio::select! {\n    a = check_a_rx => { println!(\"{a:?}\"); }\n    b = check_b_rx => { let _: Result<&str, _> = b; }\n}",
        )
        .printed("Ok(\"a\")\n");
}

#[test]
fn what_a_session_uses_of_a_program_stays() {
    let mut kernel = Kernel::lease();
    kernel
        .run("#[derive(Debug)] struct StayS(u8);\nfn stay_f() -> u8 { 4 }\nfn main() { println!(\"one\"); }")
        .printed("one\n");
    kernel
        .run("let stay_s = StayS(stay_f());\nfn stay_g() -> u8 { stay_f() + 1 }")
        .nothing();
    kernel
        .run("fn main() { println!(\"two\"); }")
        .printed("two\n");
    kernel.run("(stay_s.0, stay_g())").resulted("(4, 5)");
}

#[test]
fn a_program_ends_as_cargo_run_would_end_it() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("fn main() -> Result<(), std::num::ParseIntError> {\n    println!(\"on\");\n    let _: u8 = \"x\".parse()?;\n    Ok(())\n}");
    assert_eq!(ran.stdout(), "on\n");
    ran.failed("ReturnedError")
        .says(&["ParseIntError { kind: InvalidDigit }"]);
    kernel
        .run("async fn main() {\n    tokio::task::yield_now().await;\n    println!(\"later\");\n}")
        .printed("later\n");
    kernel
        .run("#[tokio::main]\nasync fn main() -> Result<(), String> {\n    tokio::task::yield_now().await;\n    Err(\"no\".to_owned())\n}")
        .failed("ReturnedError")
        .says(&["\"no\""]);
    kernel
        .run("use std::process::ExitCode;\nfn main() -> ExitCode { ExitCode::from(3) }")
        .failed("Exited")
        .says(&["`main` has returned the exit code 3"]);
    kernel
        .run("use std::process::ExitCode;\nfn main() -> ExitCode { ExitCode::SUCCESS }")
        .nothing();
    // The cell itself calls `main`. Therefore `main` runs only once.
    kernel
        .run("fn main() { println!(\"once\"); }\nmain();")
        .printed("once\n");
}

#[test]
fn a_return_ends_the_cell() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "let return_n: i32 = match \"10\".parse::<i32>() {\n    Ok(n) => n,\n    Err(_) => { return; }\n};\n\
         if return_n == 10 {\n    println!(\"ten\");\n    return;\n}\nlet return_late = 1;",
    );
    let cell = ran.count();
    assert_eq!(ran.stdout(), "ten\n");
    let _ = ran.stderr();
    ran.nothing();
    kernel
        .run("return_late")
        .failed("CompileError")
        .says(&[&format!("`return_late` was not kept: cell {cell}")]);
    let ran = kernel.run("let return_m = 1;\nif return_m == 1 {\n    return Err(\"wrong\");\n}");
    let place = format!("cell {}, line 3, column", ran.count());
    ran.failed("ReturnedError").says(&["wrong", &place]);
    kernel
        .run("if true { return Ok(()); }\nprintln!(\"not reached\");")
        .nothing();
    kernel.run("fn return_f() -> Result<(), String> { Err(\"f\".into()) }\nif true { return return_f(); }").failed("ReturnedError");
    // If `main` returns a boxed error, its signature determines the type.
    for cell in [
        "if true { return Err(\"boxed\".into()); }",
        "Err(\"boxed\".into())",
        "if true {\n    return Err(format!(\"box{}\", \"ed\").into());\n}\nOk(())",
    ] {
        kernel.run(cell).failed("ReturnedError").says(&["boxed"]);
    }
    kernel
        .run("let return_g = || { if true { return 5; } 6 };\nreturn_g()")
        .resulted("5");
}

#[test]
fn the_last_line_may_be_that_of_main() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let last_f = \"5\".parse::<u8>()?;\nprintln!(\"{last_f}\");\nOk(())")
        .printed("5\n");
    kernel.run("last_f").resulted("5");
    kernel
        .run("Err(\"at last\")")
        .failed("ReturnedError")
        .says(&["at last"]);
    kernel
        .run("#[allow(unused_variables)]\n{ let unused = 1; println!(\"block\"); }")
        .printed("block\n");
}

#[test]
fn a_configuration_that_does_not_hold_leaves_out_what_it_does_in_a_file() {
    let mut kernel = Kernel::lease();
    let ran = kernel
        .run(
            "#[cfg(target_os = \"linux\")]\nfn configured() -> u8 { 1 }\n#[cfg(not(target_os = \"linux\"))]\nfn configured() -> u8 { 2 }\n\
             #[cfg(windows)] use std::os::windows;\n#[cfg(unix)] { println!(\"unix\"); }\n#[cfg(not(unix))] { compile_error!(\"not here\"); }\n\
             configured()",
        );
    assert_eq!(ran.stdout(), "unix\n");
    ran.resulted("1");
    kernel.run("configured()").resulted("1");
}

#[test]
fn a_result_of_ones_own_is_not_in_the_way() {
    let mut kernel = Kernel::start();
    kernel
        .run("type Result<T> = std::result::Result<T, String>;")
        .nothing();
    let failure = kernel.run("let own_e = vec![];").failed("CompileError");
    assert!(failure.traceback.contains("E0282"), "{failure:#?}");
    assert!(!failure.traceback.contains("E0107"), "{failure:#?}");
    kernel
        .run("fn own_f() -> Result<u8> { Ok(1) }\nlet own_n = own_f()?;\nlet own_g = |x: u8| x + own_n;\nown_g(1)")
        .resulted("2");
}

#[test]
fn a_return_in_a_macro_ends_the_cell() {
    let mut kernel = Kernel::lease();
    kernel
        .run("tokio::select! {\n    _ = std::future::ready(1) => { println!(\"one\"); if true { return; } }\n}\nprintln!(\"not reached\");")
        .printed("one\n");
}

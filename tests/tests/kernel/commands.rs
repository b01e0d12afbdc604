//! evcxr's commands have the same effect as in evcxr, or print that they have no effect.

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Ran;

#[track_caller]
fn shown(ran: Ran, text: &str) {
    assert_eq!(ran.contents("execute_result").len(), 1);
    ran.resulted(text);
}

#[test]
fn clear_is_a_session_in_which_cells_run() {
    let mut kernel = Kernel::start();
    kernel.run("let commands_a = 1;").nothing();
    kernel
        .run(":clear\nlet commands_b = 5;\nprintln!(\"{commands_b}\");")
        .printed("5\n");
    kernel.run("commands_b").resulted("5");
    let failure = kernel.run("commands_a").failed("CompileError");
    assert!(failure.evalue.contains("commands_a"), "{failure:#?}");
}

#[test]
fn restart_forgets_the_variables() {
    let mut kernel = Kernel::start();
    kernel
        .run("let commands_a = 1; fn commands_f() -> u8 { 7 }")
        .nothing();
    let ran = kernel.run(":restart");
    let text = ran.stderr();
    assert!(text.contains("the variable `commands_a` is lost"), "{text}");
    ran.nothing();
    let failure = kernel.run("commands_a").failed("CompileError");
    assert!(failure.evalue.contains("commands_a"), "{failure:#?}");
    kernel.run("commands_f()").resulted("7");
}

#[test]
fn values_are_shown_in_the_format_and_with_the_types_that_were_chosen() {
    let mut kernel = Kernel::start();
    let mut said = |code: &str, expected: &str| {
        let result = kernel.run(code).result();
        assert_eq!(result.trim_end(), expected, "{code}");
    };
    said(":fmt {:#?}", "Output format: {:#?}");
    said("(1, 2)", "(\n    1,\n    2,\n)");
    said(":fmt {}", "Output format: {}");
    said("\"text\"", "text");
    said(":types", "Types: true");
    said("\"text\".to_owned()", ": String = text");
    said(":fmt", "Output format: {:?}");
    said("vec![Some(1u8)]", ": Vec<Option<u8>> = [Some(1)]");
    said(":types", "Types: false");
    said("\"text\"", "\"text\"");
    let failure = kernel.run(":fmt {} {}").failed("MagicError");
    assert!(
        failure.evalue.contains("can't show values by `{} {}`"),
        "{failure:#?}"
    );
    shown(kernel.run("'c'"), "'c'");
}

#[test]
fn a_command_without_effect_is_refused_and_nothing_of_its_cell_runs() {
    let mut kernel = Kernel::lease();
    for command in [
        ":timing",
        ":toolchain nightly",
        ":time_passes",
        ":linker lld",
    ] {
        let ran = kernel.run(&format!("{command}\nprintln!(\"ran\");"));
        let place = format!("cell {}, line 1, column 1", ran.count());
        let failure = ran.failed("MagicError").says(&[&place]);
        let name = command.split(' ').next().unwrap();
        assert!(
            failure
                .evalue
                .starts_with(&format!("`{name}` has no effect here (")),
            "{failure:#?}"
        );
    }
    let ran = kernel.run(":help");
    assert!(ran.stdout().contains(":dep\n    adds a crate"));
    ran.nothing();
    let ran = kernel.run(":quit");
    assert_eq!(ran.reply["payload"][0]["source"], "ask_exit");
    ran.nothing();
}

#[test]
fn each_level_that_is_offered_can_be_set() {
    let mut kernel = Kernel::start();
    for level in ["s", "z", "0", "3"] {
        assert!(
            kernel
                .run(&format!("%opt {level}"))
                .result()
                .starts_with("Optimization: ")
        );
        kernel.run("1 + 1").resulted("2");
        kernel
            .run("%opt")
            .printed(&format!("optimisation level {level}\n"));
    }
    let failure = kernel.run(":opt 4").failed("MagicError");
    assert!(
        failure
            .evalue
            .contains("no optimisation level `4` (expected 0, 1, 2, 3, s, z)"),
        "{failure:#?}"
    );
}

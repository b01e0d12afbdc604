//! evcxr's own child process sends commands as lines on stdout. Our worker does not; thus no text that a cell prints is
//! a command.

use threadbook_tests::kernel::Kernel;

#[test]
fn no_text_of_a_cell_confuses_the_kernel() {
    let mut kernel = Kernel::lease();
    kernel.run("let mut markers_kept = 7;").nothing();
    for marker in [
        "EVCXR_EXECUTION_COMPLETE",
        "EVCXR_PANIC_NOTIFICATION",
        "EVCXR_VARIABLE_CHANGED_TYPE:markers_kept",
        "EVCXR_ERROR_OCCURRED",
        "EVCXR_END_CONTENT",
        "EVCXR_INPUT_REQUEST:name? ",
        "LOAD_AND_RUN a b",
    ] {
        let ran = kernel.run(&format!(
            "println!({marker:?}); markers_kept += 1; println!(\"after\");"
        ));
        ran.printed(&format!("{marker}\nafter\n"));
        let ran = kernel.run(&format!("eprintln!({marker:?});"));
        assert_eq!(ran.stderr(), format!("{marker}\n"));
        ran.nothing();
        let ran = kernel.run(&format!(
            "std::process::Command::new(\"echo\").arg({marker:?}).status().unwrap();"
        ));
        ran.printed(&format!("{marker}\n"));
    }
    kernel.run("markers_kept").resulted("14");
}

#[test]
fn a_content_marker_without_its_end_is_text() {
    let mut kernel = Kernel::lease();
    kernel.run("let markers_begun = 7;").nothing();
    let ran =
        kernel.run("println!(\"EVCXR_BEGIN_CONTENT text/html\"); println!(\"<b>never ends\");");
    let text = ran.stdout();
    assert!(text.contains("<b>never ends"), "{text}");
    ran.nothing();
    kernel.run("markers_begun").resulted("7");
}

#[test]
fn printed_content_is_a_display_each_time_it_comes() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "println!(\"before\");
        for n in 0..3 { println!(\"EVCXR_BEGIN_CONTENT text/html\\n<b>{n}</b>\\nEVCXR_END_CONTENT\"); }
        println!(\"after\");",
    );
    let html: Vec<&str> = ran
        .displays()
        .iter()
        .map(|data| data["text/html"].as_str().unwrap().trim())
        .collect();
    assert_eq!(html, ["<b>0</b>", "<b>1</b>", "<b>2</b>"]);
    assert_eq!(
        ran.kinds(),
        [
            "status",
            "execute_input",
            "stream",
            "display_data",
            "display_data",
            "display_data",
            "stream",
            "status"
        ]
    );
    ran.printed("before\nafter\n");
}

#[test]
fn a_type_that_prints_its_own_content_is_displayed() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "struct MarkersPicture;
        impl MarkersPicture {
            fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT image/svg+xml\\n<svg/>\\nEVCXR_END_CONTENT\"); }
        }
        MarkersPicture",
    );
    assert_eq!(ran.displays().len(), 1);
    ran.nothing();
}

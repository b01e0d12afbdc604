//! Displays of the runtime's own.

use threadbook_tests::kernel::Kernel;

#[test]
fn every_kind_of_display_arrives_in_order() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "use threadbook::display;
        display::html(\"<b>h</b>\"); display::svg(\"<svg/>\"); display::markdown(\"*m*\"); display::latex(\"$x$\");
        display::text(\"t\"); display::png(&[1u8, 2, 3][..]); display::json(&vec![1, 2])?;",
    );
    let displays = ran.displays();
    let expected = [
        ("text/html", "<b>h</b>"),
        ("image/svg+xml", "<svg/>"),
        ("text/markdown", "*m*"),
        ("text/latex", "$x$"),
        ("text/plain", "t"),
        ("image/png", "AQID"),
    ];
    for (data, (mime, text)) in displays.iter().zip(expected) {
        assert_eq!(data[mime].as_str().unwrap().trim(), text);
    }
    assert_eq!(displays[6]["application/json"], serde_json::json!([1, 2]));
    assert_eq!(displays.len(), 7);
    ran.nothing();
}

#[test]
fn a_hundred_displays_between_prints_keep_their_order() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "for n in 0..100 { print!(\"{n}\"); threadbook::display::html(format!(\"<b>{n}</b>\")); }",
    );
    let kinds = ran.kinds();
    assert_eq!(kinds.len(), 203);
    for pair in kinds[2..202].chunks(2) {
        assert_eq!(pair, ["stream", "display_data"]);
    }
    assert_eq!(ran.displays()[99]["text/html"], "<b>99</b>");
    ran.printed(&(0..100).map(|n| n.to_string()).collect::<String>());
}

#[test]
fn a_handle_updates_its_display_from_a_later_cell_and_a_thread() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let rich_handle = threadbook::display::html(\"<b>one</b>\");");
    let id = {
        let shown = ran.contents("display_data");
        assert_eq!(shown.len(), 1);
        shown[0]["transient"]["display_id"].clone()
    };
    assert!(id.is_string());
    ran.nothing();
    let ran = kernel.run("rich_handle.update_html(\"<b>two</b>\");");
    let updates = ran.contents("update_display_data");
    assert_eq!(updates[0]["transient"]["display_id"], id);
    assert_eq!(updates[0]["data"]["text/html"], "<b>two</b>");
    ran.nothing();
    let ran = kernel.run(
        "std::thread::scope(|scope| { scope.spawn(|| rich_handle.update_text(\"three\")); });",
    );
    assert_eq!(
        ran.contents("update_display_data")[0]["transient"]["display_id"],
        id
    );
    ran.nothing();
}

#[test]
fn an_output_can_be_cleared() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("println!(\"old\"); threadbook::clear_output(true); println!(\"new\"); clear_output(false);");
    assert_eq!(
        ran.kinds(),
        [
            "status",
            "execute_input",
            "stream",
            "clear_output",
            "stream",
            "clear_output",
            "status"
        ]
    );
    let waits: Vec<bool> = ran
        .contents("clear_output")
        .iter()
        .map(|content| content["wait"].as_bool().unwrap())
        .collect();
    assert_eq!(waits, [true, false]);
    ran.printed("old\nnew\n");
}

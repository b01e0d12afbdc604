//! Displays that the runtime makes.

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
    let ran = kernel.run(
        "#[derive(serde::Serialize)] struct RichFields { z: u8, a: u8 } display::json(&RichFields { z: 1, a: 2 })",
    );
    let displays = ran.displays();
    assert_eq!(
        displays[0]["application/json"].to_string(),
        "{\"z\":1,\"a\":2}"
    );
    assert_eq!(displays[0]["text/plain"], "{\"z\":1,\"a\":2}");
    ran.nothing();
}

#[test]
fn records_are_shown_as_a_table_on_request() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "#[derive(Debug, serde::Serialize)] struct RichRow { name: String, count: u32 }
        let rich_rows = vec![RichRow { name: \"a\".into(), count: 5 }, RichRow { name: \"bc\".into(), count: 12 }];
        display::table(&rich_rows)",
    );
    let displays = ran.displays();
    assert_eq!(
        displays[0]["text/plain"],
        "name  count\n----  -----\na         5\nbc       12"
    );
    let html = displays[0]["text/html"].as_str().unwrap();
    assert!(
        html.starts_with("<table>") && html.contains(">bc</td>"),
        "{html}"
    );
    ran.nothing();
    kernel
        .run("rich_rows")
        .resulted("[RichRow { name: \"a\", count: 5 }, RichRow { name: \"bc\", count: 12 }]");
    let ran = kernel.run("display::table(&[std::collections::BTreeMap::from([((1, 2), 3)])])");
    assert!(ran.result().starts_with("Err("), "{}", ran.result());
    ran.nothing();
}

#[test]
fn pictures_are_told_apart_by_their_bytes() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "display::image([0x89, b'P', b'N', b'G', 1])?; display::image([0xff, 0xd8, 0xff, 1])?; display::jpeg([1, 2, 3]);
        display::image(\"<?xml version='1.0'?><svg/>\")?; display::image(b\"GIF89a\")",
    );
    let kinds: Vec<String> = ran
        .displays()
        .iter()
        .map(|data| data.as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    let expected = [
        "image/png",
        "image/jpeg",
        "image/jpeg",
        "image/svg+xml",
        "image/gif",
    ];
    assert_eq!(kinds, expected);
    ran.nothing();
    let failure = kernel
        .run("display::image(b\"text\")?;")
        .failed("ReturnedError");
    assert!(failure.evalue.contains("expected a PNG"), "{failure:#?}");
}

#[test]
fn a_type_with_a_display_of_its_own_is_shown_by_it() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "#[derive(Debug)] struct RichBar(u32); impl RichBar { fn evcxr_display(&self) { \
         println!(\"EVCXR_BEGIN_CONTENT text/html\\n<b>{}</b>\\nEVCXR_END_CONTENT\", self.0); } } RichBar(3)",
    );
    assert_eq!(ran.displays()[0]["text/html"], "<b>3</b>");
    ran.nothing();
    let ran = kernel.run("let rich_bar = RichBar(4); rich_bar");
    assert_eq!(ran.displays()[0]["text/html"], "<b>4</b>");
    ran.nothing();
    let ran = kernel.run(
        "struct RichMeter(u32); impl RichMeter { fn evcxr_display(&self) { display::html(format!(\"<i>{}</i>\", self.0)); } }
        RichMeter(5)",
    );
    assert_eq!(ran.displays()[0]["text/html"], "<i>5</i>");
    ran.nothing();
}

#[test]
fn a_display_by_a_trait_comes_before_the_text_of_debug() {
    // The trait remains visible in all later cells. Therefore this test has its own kernel.
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "trait RichShow { fn evcxr_display(&self); }\n\
         impl<T: std::fmt::Debug> RichShow for Vec<T> { fn evcxr_display(&self) { display::html(format!(\"<u>{}</u>\", self.len())); } }\n\
         vec![1, 2]",
    );
    assert_eq!(ran.displays()[0]["text/html"], "<u>2</u>");
    ran.nothing();
    let ran = kernel.run("let rich_vec = vec!['a']; rich_vec");
    assert_eq!(ran.displays()[0]["text/html"], "<u>1</u>");
    ran.nothing();
    kernel
        .run("(rich_vec.len(), \"text\")")
        .resulted("(1, \"text\")");
    kernel.run("*\"text\"").resulted("\"text\"");
    kernel.run("()").nothing();
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

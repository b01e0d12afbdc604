use expect_test::Expect;
use expect_test::expect;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parent(name: &str) -> Map<String, Value> {
    Map::from_iter([("msg_id".to_owned(), json!(name))])
}

fn stream(cell: Option<u64>, stream: StreamName, text: &[u8]) -> Event {
    Event::Stream {
        cell: cell.map(CellId),
        stream,
        bytes: text.to_vec(),
    }
}

fn out(text: &str) -> Event {
    stream(None, StreamName::Stdout, text.as_bytes())
}

fn err(text: &str) -> Event {
    stream(None, StreamName::Stderr, text.as_bytes())
}

fn display(update: bool) -> Event {
    Event::Display {
        cell: None,
        data: Map::from_iter([("text/plain".to_owned(), json!("d"))]),
        metadata: Map::new(),
        display_id: Some("id".into()),
        update,
    }
}

fn begun(limit_bytes: usize) -> Sequencer {
    let mut sequencer = Sequencer::new(limit_bytes);
    sequencer.begin(CellId(1), parent("one"), 1, false);
    sequencer
}

fn check(sequencer: &mut Sequencer, expected: Expect) {
    let shown: String = sequencer
        .take()
        .into_iter()
        .map(|publication| {
            let parent = publication
                .parent
                .get("msg_id")
                .and_then(Value::as_str)
                .unwrap_or("-");
            format!(
                "{parent} {} {}\n",
                publication.msg_type, publication.content
            )
        })
        .collect();
    expected.assert_eq(&shown);
}

fn waits(text: &str, update: bool, has_ended: bool) -> Event {
    Event::Display {
        cell: None,
        data: Map::from_iter([("text/plain".to_owned(), json!(text))]),
        metadata: Map::from_iter([(WAITING_KEY.to_owned(), json!(has_ended))]),
        display_id: Some("wait".into()),
        update,
    }
}

#[test]
fn what_is_waited_for_before_the_first_cell_is_shown_under_it_while_it_lasts() {
    let mut sequencer = Sequencer::new(1000);
    sequencer.event(&waits("a", false, false));
    sequencer.event(&waits("b", true, false));
    // A silent cell has no visible output.
    sequencer.begin(CellId(1), parent("silent"), 1, true);
    sequencer.event(&waits("c", true, false));
    sequencer.end(CellId(1));
    sequencer.begin(CellId(2), parent("two"), 2, false);
    sequencer.show_held();
    sequencer.event(&waits("d", true, true));
    check(
        &mut sequencer,
        expect![[r#"
            two display_data {"data":{"text/plain":"c"},"metadata":{"threadbook_waiting_ended":false},"transient":{"display_id":"wait"}}
            two update_display_data {"data":{"text/plain":"d"},"metadata":{"threadbook_waiting_ended":true},"transient":{"display_id":"wait"}}
        "#]],
    );
    let mut sequencer = Sequencer::new(1000);
    sequencer.event(&waits("a", false, false));
    sequencer.event(&waits("b", true, true));
    sequencer.begin(CellId(1), parent("one"), 1, false);
    sequencer.show_held();
    check(&mut sequencer, expect![""]);
}

#[test]
fn a_cell_that_shows_nothing_says_that_it_is_compiled() {
    let mut sequencer = begun(1000);
    sequencer.event(&Event::Compiling(true));
    assert!(sequencer.is_compiling_unsaid());
    sequencer.say_compiling();
    assert!(!sequencer.is_compiling_unsaid());
    sequencer.event(&Event::Compiling(true));
    sequencer.event(&out("a\n"));
    sequencer.flush_waiting();
    // The cell has shown output. Therefore the compile is not reported.
    sequencer.event(&Event::Compiling(true));
    assert!(!sequencer.is_compiling_unsaid());
    sequencer.end(CellId(1));
    sequencer.begin(CellId(2), parent("two"), 2, false);
    sequencer.event(&Event::Compiling(true));
    sequencer.say_compiling();
    sequencer.end(CellId(2));
    check(
        &mut sequencer,
        expect![[r#"
            one display_data {"data":{"text/plain":"compiling"},"metadata":{"threadbook_compiling":true},"transient":{}}
            one clear_output {"wait":false}
            one stream {"name":"stdout","text":"a\n"}
            two display_data {"data":{"text/plain":"compiling"},"metadata":{"threadbook_compiling":true},"transient":{}}
            two clear_output {"wait":false}
        "#]],
    );
}

#[test]
fn a_switch_of_streams_keeps_the_order() {
    let mut sequencer = begun(1000);
    for event in [
        out("a"),
        out("b\n"),
        err("c"),
        out("d\r50%"),
        display(false),
        out("e"),
    ] {
        sequencer.event(&event);
    }
    sequencer.end(CellId(1));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stdout","text":"ab\n"}
            one stream {"name":"stderr","text":"c"}
            one stream {"name":"stdout","text":"d\r50%"}
            one display_data {"data":{"text/plain":"d"},"metadata":{},"transient":{"display_id":"id"}}
            one stream {"name":"stdout","text":"e"}
        "#]],
    );
}

#[test]
fn what_comes_before_the_first_cell_is_shown_under_it() {
    let mut sequencer = Sequencer::new(1000);
    sequencer.event(&err("preparing\n"));
    assert_eq!(sequencer.waits(), None);
    sequencer.flush_waiting();
    check(&mut sequencer, expect![""]);
    sequencer.begin(CellId(1), parent("one"), 1, false);
    sequencer.event(&err("prepared\n"));
    sequencer.end(CellId(1));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stderr","text":"preparing\nprepared\n"}
        "#]],
    );
}

#[test]
fn output_belongs_to_its_cell_even_after_the_next_began() {
    let mut sequencer = begun(1000);
    sequencer.end(CellId(1));
    sequencer.event(&out("after idle"));
    sequencer.begin(CellId(2), parent("two"), 2, false);
    sequencer.event(&stream(Some(1), StreamName::Stdout, b"of one"));
    sequencer.event(&out("latest"));
    sequencer.event(&stream(Some(99), StreamName::Stdout, b", unknown"));
    sequencer.event(&display(true));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stdout","text":"after idle"}
            one stream {"name":"stdout","text":"of one"}
            two stream {"name":"stdout","text":"latest, unknown"}
            two update_display_data {"data":{"text/plain":"d"},"metadata":{},"transient":{"display_id":"id"}}
        "#]],
    );
}

#[test]
fn a_character_is_not_cut_by_a_flush() {
    let mut sequencer = begun(1000);
    sequencer.event(&stream(None, StreamName::Stdout, b"\xc3"));
    assert_eq!(sequencer.waits(), None);
    sequencer.event(&stream(None, StreamName::Stderr, b"x"));
    sequencer.event(&stream(None, StreamName::Stdout, b"\xa9 \xff \xe2\x82"));
    sequencer.flush_waiting();
    sequencer.end(CellId(1));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stderr","text":"x"}
            one stream {"name":"stdout","text":"é � "}
            one stream {"name":"stdout","text":"�"}
        "#]],
    );
}

#[test]
fn the_limit_is_told_once_and_results_still_come() {
    let mut sequencer = begun(4);
    for event in [out("12"), out("3é5"), out("67"), err("x"), display(false)] {
        sequencer.event(&event);
    }
    sequencer.event(&Event::Result {
        cell: None,
        data: Map::from_iter([("text/plain".to_owned(), json!("7"))]),
        metadata: Map::new(),
    });
    assert_eq!(sequencer.end(CellId(1)).as_deref(), Some("7"));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stdout","text":"123"}
            one stream {"name":"stderr","text":"\nthis cell's output passed 4 bytes, the rest is not shown (start the kernel with the environment variable THREADBOOK_OUTPUT_LIMIT set to more bytes to see more)\n"}
            one execute_result {"execution_count":1,"data":{"text/plain":"7"},"metadata":{}}
        "#]],
    );
}

#[test]
fn a_silent_cell_publishes_nothing() {
    let mut sequencer = Sequencer::new(1000);
    sequencer.begin(CellId(1), parent("one"), 1, true);
    sequencer.event(&out("x"));
    sequencer.event(&display(false));
    sequencer.error(CellId(1), json!({}));
    sequencer.end(CellId(1));
    check(&mut sequencer, expect![""]);
}

#[test]
fn mime_blocks_in_stdout_become_displays() {
    let mut sequencer = begun(1000);
    sequencer.event(&out("a\nEVCXR_BEGIN_CONTENT application/json\n{\"x\":"));
    sequencer.event(&out("1}\nEVCXR_END_CONTENT\nb"));
    sequencer.end(CellId(1));
    check(
        &mut sequencer,
        expect![[r#"
            one stream {"name":"stdout","text":"a\n"}
            one display_data {"data":{"application/json":{"x":1}},"metadata":{},"transient":{}}
            one stream {"name":"stdout","text":"b"}
        "#]],
    );
}

#[test]
fn batches_grow_with_what_a_cell_has_printed() {
    let mut sequencer = begun(usize::MAX);
    let text = "x".repeat(1_500_000);
    sequencer.event(&out("first\n"));
    assert_eq!(sequencer.waits(), Some(FIRST_BATCH_TIME));
    for chunk in text.as_bytes().chunks(4000) {
        sequencer.event(&stream(None, StreamName::Stdout, chunk));
    }
    assert_eq!(sequencer.waits(), Some(LATER_BATCH_TIME));
    sequencer.end(CellId(1));
    assert_eq!(sequencer.waits(), None);
    let published = sequencer.take();
    let sizes: Vec<usize> = published
        .iter()
        .map(|one| one.content["text"].as_str().unwrap().len())
        .collect();
    assert_eq!(sizes, [65_536, 1_048_576, 385_894]);
}

proptest! {
    #[test]
    fn batches_are_limited_and_complete(chunks in prop::collection::vec("[a-zé🦀\n]{0,40000}", 1..8)) {
        let mut sequencer = begun(usize::MAX);
        for chunk in &chunks {
            sequencer.event(&out(chunk));
        }
        sequencer.end(CellId(1));
        let published = sequencer.take();
        let mut text = String::new();
        for publication in &published {
            let part = publication.content["text"].as_str().unwrap();
            prop_assert!(part.len() <= LARGEST_BATCH_BYTES);
            text.push_str(part);
        }
        prop_assert_eq!(&text, &chunks.concat());
        prop_assert!(published.len() <= text.len() / (FIRST_BATCH_BYTES - 4) + 1);
    }
}

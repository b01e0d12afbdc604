//! An area for text of callbacks and threads.

use std::io;
use std::io::Write;

use serde_json::Value;
use serde_json::json;

use super::kind;
use super::model::Model;
use super::model::ModelRef;
use super::shown::shown;

/// No more text is kept: each change sends all of it.
const LIMIT_BYTES: usize = 64 << 10;
const OUTPUTS: &str = "outputs";

/// An area that shows the text which is written to it, wherever the area is shown.
///
/// Only what is written to it appears there; what a callback prints appears under its cell. The area keeps the last
/// 64 KB.
///
/// ```
/// use std::io::Write;
/// use threadbook::widgets::Button;
/// use threadbook::widgets::Output;
///
/// let output = Output::new();
/// let button = Button::new("Say something");
/// let mut area = output.clone();
/// button.on_click(move || writeln!(area, "something").unwrap());
/// output.append("nothing so far\n");
/// assert_eq!(output.text(), "nothing so far\n");
/// output.clear();
/// ```
#[derive(Clone)]
pub struct Output(ModelRef);

shown!(Output);

impl Output {
    /// An empty area.
    #[expect(
        clippy::new_without_default,
        reason = "widgets are made by `new`, and an area is no plain value"
    )]
    pub fn new() -> Output {
        let state = json!({"msg_id": "", OUTPUTS: []});
        Output(ModelRef(Model::new(&kind::OUTPUT_AREA, state)))
    }

    /// Adds text behind what is there.
    pub fn append(&self, text: &str) {
        self.0.0.change(OUTPUTS, |outputs| {
            let mut whole = text_of(outputs);
            whole.push_str(text);
            let too_much = whole.len().saturating_sub(LIMIT_BYTES);
            let start = whole.ceil_char_boundary(too_much);
            *outputs = stream(&whole[start..]);
        });
    }

    /// Removes all text.
    pub fn clear(&self) {
        self.0.0.set(OUTPUTS, json!([]));
    }

    /// The text that it shows.
    pub fn text(&self) -> String {
        text_of(&self.0.0.get(OUTPUTS))
    }
}

/// Bytes that are no UTF-8 are replaced by `�`.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stream(text: &str) -> Value {
    json!([{"output_type": "stream", "name": "stdout", "text": text}])
}

fn text_of(outputs: &Value) -> String {
    outputs[0]["text"].as_str().unwrap_or_default().to_owned()
}

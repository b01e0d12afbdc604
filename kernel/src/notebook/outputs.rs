//! A cell's outputs: from iopub messages to what stands in a notebook file.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// The outputs of one cell, as they stand after the messages so far.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    outputs: Vec<Output>,
    /// `clear_output(wait=True)` came, and no output since.
    clear_before_next: bool,
}

#[derive(Debug)]
enum Output {
    Stream {
        name: String,
        text: String,
    },
    Display {
        data: Map<String, Value>,
        metadata: Map<String, Value>,
        display_id: Option<String>,
        /// What is shown is the cell's value; `None` for other displays.
        result_of: Option<Value>,
    },
    Error(Value),
}

impl Outputs {
    /// Takes in a message on iopub about this cell. Messages that are no outputs change nothing;
    /// `update_display_data` is for [`update_display`], because it may be about any cell.
    pub(crate) fn apply(&mut self, msg_type: &str, content: &Value) {
        let output = match msg_type {
            "stream" => Output::Stream {
                name: string(&content["name"]),
                text: string(&content["text"]),
            },
            "display_data" => display(content, None),
            "execute_result" => display(content, Some(content["execution_count"].clone())),
            "error" => Output::Error(json!({
                "ename": content["ename"],
                "evalue": content["evalue"],
                "output_type": "error",
                "traceback": content["traceback"],
            })),
            "clear_output" => {
                if content["wait"] == true {
                    self.clear_before_next = true;
                } else {
                    self.outputs.clear();
                    self.clear_before_next = false;
                }
                return;
            }
            _ => return,
        };
        if std::mem::take(&mut self.clear_before_next) {
            self.outputs.clear();
        }
        self.push(output);
    }

    fn push(&mut self, output: Output) {
        if let Output::Stream { name, text } = &output
            && let Some(Output::Stream {
                name: last_name,
                text: last_text,
            }) = self.outputs.last_mut()
            && last_name == name
        {
            last_text.push_str(text);
        } else {
            self.outputs.push(output);
        }
    }

    /// The list that stands in the notebook file.
    pub(crate) fn to_json(&self) -> Value {
        self.outputs.iter().map(Output::to_json).collect()
    }
}

/// Replaces every display of the message's `display_id`, in whichever cell it stands.
pub(crate) fn update_display<'a>(
    cells: impl IntoIterator<Item = &'a mut Outputs>,
    content: &Value,
) {
    let Some(id) = display_id(content) else {
        return;
    };
    for output in cells.into_iter().flat_map(|cell| &mut cell.outputs) {
        if let Output::Display {
            data,
            metadata,
            display_id: Some(display_id),
            ..
        } = output
            && *display_id == id
        {
            *data = object(&content["data"]);
            *metadata = object(&content["metadata"]);
        }
    }
}

/// The name by which later messages find a display.
pub(crate) fn display_id(content: &Value) -> Option<&str> {
    content["transient"]["display_id"].as_str()
}

impl Output {
    /// Keys are in the order in which nbformat writes them.
    fn to_json(&self) -> Value {
        match self {
            Output::Stream { name, text } => json!({
                "name": name,
                "output_type": "stream",
                "text": lines(text),
            }),
            Output::Display {
                data,
                metadata,
                result_of: None,
                ..
            } => json!({
                "data": bundle(data),
                "metadata": metadata,
                "output_type": "display_data",
            }),
            Output::Display {
                data,
                metadata,
                result_of: Some(execution_count),
                ..
            } => json!({
                "data": bundle(data),
                "execution_count": execution_count,
                "metadata": metadata,
                "output_type": "execute_result",
            }),
            Output::Error(error) => error.clone(),
        }
    }
}

/// A view of a widget. Without a kernel the file has nothing that it could show, and front ends would show an error in the
/// place of the text beside it.
const WIDGET_VIEW: &str = "application/vnd.jupyter.widget-view+json";

fn display(content: &Value, result_of: Option<Value>) -> Output {
    let mut data = object(&content["data"]);
    if data.contains_key("text/plain") {
        data.remove(WIDGET_VIEW);
    }
    Output::Display {
        data,
        metadata: object(&content["metadata"]),
        display_id: display_id(content).map(str::to_owned),
        result_of,
    }
}

/// nbformat writes text line by line, for the sake of diffs, and everything else as it is.
fn bundle(data: &Map<String, Value>) -> Value {
    data.iter()
        .map(|(mime, value)| {
            let is_text = mime.starts_with("text/")
                || matches!(mime.as_str(), "application/javascript" | "image/svg+xml");
            let value = match value {
                Value::String(text) if is_text => lines(text),
                other => other.clone(),
            };
            (mime.clone(), value)
        })
        .collect()
}

fn lines(text: &str) -> Value {
    text.split_inclusive('\n').collect()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    fn check(messages: &[(&str, Value)], expected: Expect) {
        let mut cell = Outputs::default();
        for (msg_type, content) in messages {
            if *msg_type == "update_display_data" {
                update_display([&mut cell], content);
            } else {
                cell.apply(msg_type, content);
            }
        }
        let lines: Vec<String> = cell
            .to_json()
            .as_array()
            .unwrap()
            .iter()
            .map(|output| format!("{output}\n"))
            .collect();
        expected.assert_eq(&lines.concat());
    }

    fn stream(name: &str, text: &str) -> (&'static str, Value) {
        ("stream", json!({"name": name, "text": text}))
    }

    fn text(text: &str, id: Option<&str>) -> Value {
        json!({"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": id}})
    }

    fn clear(wait: bool) -> (&'static str, Value) {
        ("clear_output", json!({"wait": wait}))
    }

    #[test]
    fn neighbouring_pieces_of_a_stream_become_one_output() {
        check(
            &[
                stream("stdout", "a"),
                stream("stdout", "b\nc"),
                stream("stderr", "x\n"),
                stream("stdout", "d"),
            ],
            expect![[r#"
                {"name":"stdout","output_type":"stream","text":["ab\n","c"]}
                {"name":"stderr","output_type":"stream","text":["x\n"]}
                {"name":"stdout","output_type":"stream","text":["d"]}
            "#]],
        );
    }

    #[test]
    fn results_and_errors_have_the_keys_of_nbformat() {
        check(
            &[
                (
                    "execute_result",
                    json!({"execution_count": 3, "data": {"text/plain": "a\nb", "image/png": "aGk=\n",
                        "application/json": {"x": [1]}}, "metadata": {"image/png": {"width": 1}}, "transient": {}}),
                ),
                (
                    "error",
                    json!({"ename": "Panic", "evalue": "no", "traceback": ["a", "b"], "status": "error"}),
                ),
                ("status", json!({"execution_state": "idle"})),
            ],
            expect![[r#"
                {"data":{"text/plain":["a\n","b"],"image/png":"aGk=\n","application/json":{"x":[1]}},"execution_count":3,"metadata":{"image/png":{"width":1}},"output_type":"execute_result"}
                {"ename":"Panic","evalue":"no","output_type":"error","traceback":["a","b"]}
            "#]],
        );
    }

    #[test]
    fn an_update_changes_all_displays_of_its_name_and_no_other() {
        check(
            &[
                ("display_data", text("one", Some("a"))),
                ("display_data", text("two", Some("b"))),
                ("display_data", text("three", None)),
                ("display_data", text("four", Some("a"))),
                ("update_display_data", text("new", Some("a"))),
                ("update_display_data", text("lost", None)),
            ],
            expect![[r#"
                {"data":{"text/plain":["new"]},"metadata":{},"output_type":"display_data"}
                {"data":{"text/plain":["two"]},"metadata":{},"output_type":"display_data"}
                {"data":{"text/plain":["three"]},"metadata":{},"output_type":"display_data"}
                {"data":{"text/plain":["new"]},"metadata":{},"output_type":"display_data"}
            "#]],
        );
    }

    #[test]
    fn clearing_takes_effect_at_once() {
        check(&[stream("stdout", "a"), clear(false)], expect![""]);
    }

    #[test]
    fn clearing_that_waits_takes_effect_with_the_next_output() {
        check(
            &[stream("stdout", "a"), clear(true)],
            expect![[r#"
                {"name":"stdout","output_type":"stream","text":["a"]}
            "#]],
        );
        check(
            &[
                stream("stdout", "a"),
                clear(true),
                stream("stdout", "b"),
                stream("stdout", "c"),
            ],
            expect![[r#"
                {"name":"stdout","output_type":"stream","text":["bc"]}
            "#]],
        );
    }

    #[test]
    fn a_cleared_display_is_not_brought_back_by_an_update() {
        check(
            &[
                ("display_data", text("one", Some("a"))),
                clear(false),
                ("update_display_data", text("new", Some("a"))),
            ],
            expect![""],
        );
    }

    #[test]
    fn a_widget_is_kept_as_its_text() {
        let view = json!({"version_major": 2, "version_minor": 0, "model_id": "m"});
        let data = json!({WIDGET_VIEW: view, "text/plain": "Label(value=\"a\")"});
        let content = json!({"data": data, "metadata": {}});
        check(
            &[("display_data", content)],
            expect![[r#"
                {"data":{"text/plain":["Label(value=\"a\")"]},"metadata":{},"output_type":"display_data"}
            "#]],
        );
    }
}

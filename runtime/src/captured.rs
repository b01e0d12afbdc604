//! What `%%capture name` binds: everything that a cell has shown.

use serde_json::Map;
use serde_json::Value;

use crate::printing;
use crate::wire::Report;
use crate::worker;

/// The output of a cell that ran under `%%capture`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Captured {
    /// What it printed.
    pub stdout: String,
    /// What it printed to stderr.
    pub stderr: String,
    /// Its displays and its result, each a value by MIME type.
    pub outputs: Vec<Map<String, Value>>,
}

impl Captured {
    #[doc(hidden)]
    pub fn from_json(json: &str) -> Captured {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let outputs = value["outputs"].as_array().into_iter().flatten();
        Captured {
            stdout: text("stdout"),
            stderr: text("stderr"),
            outputs: outputs
                .filter_map(|output| output.as_object().cloned())
                .collect(),
        }
    }

    /// Shows it all, under the cell that calls this.
    #[track_caller]
    pub fn show(&self) {
        let anchor = std::panic::Location::caller().file();
        if !self.stdout.is_empty() {
            printing::out(anchor, format_args!("{}", self.stdout));
        }
        if !self.stderr.is_empty() {
            printing::err(anchor, format_args!("{}", self.stderr));
        }
        for data in &self.outputs {
            worker::report(&Report::Display {
                load: worker::load_of_caller(),
                data: data.clone(),
                json: None,
                id: None,
                update: false,
            });
        }
    }
}

//! A whole kernel, whose cells print their own text.
//!
//! Jupyter starts it by a kernelspec whose `argv` is `["…/echo", "{connection_file}"]`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::Control;
use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::contract::KernelInfo;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::kernel;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;

struct Echo {
    output: OutputTx,
}

impl Evaluator for Echo {
    fn execute(&mut self, cell: &Cell) -> Outcome {
        self.output.send(Event::Stream {
            cell: Some(cell.id),
            stream: StreamName::Stdout,
            bytes: cell.code.clone().into_bytes(),
        });
        let payload = Vec::new();
        Outcome::Finished { payload }
    }

    fn complete(&mut self, _code: &str, _cursor_byte: usize) -> Completions {
        Completions::default()
    }

    fn inspect(&mut self, _code: &str, _cursor_byte: usize) -> Option<Map<String, Value>> {
        None
    }
}

/// No cell runs so long that it could be interrupted, and there are no processes to end.
struct NothingToStop;

impl Control for NothingToStop {
    fn interrupt(&self) {}

    fn shutdown(&self) {}
}

fn main() -> ExitCode {
    let Some(connection_file) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: echo CONNECTION_FILE");
        return ExitCode::from(2);
    };
    let options = kernel::Options {
        info: KernelInfo {
            implementation: "echo".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            banner: "Echo: cells that print their own text".to_owned(),
            ..KernelInfo::default()
        },
        ..kernel::Options::default()
    };
    let make = Box::new(|output| Ok(Box::new(Echo { output }) as Box<dyn Evaluator>));
    match kernel::run(&connection_file, options, Arc::new(NothingToStop), make) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

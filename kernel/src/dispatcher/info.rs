//! Replies that need nothing but constants.

use serde_json::Value;
use serde_json::json;

use crate::message::ConnectionInfo;
use crate::message::PROTOCOL_VERSION;

/// Whether a text is a whole cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More is to come, indented by this.
    Incomplete {
        /// White space for the next line.
        indent: String,
    },
    /// It can be run to see its error.
    Invalid,
    /// No telling.
    Unknown,
}

impl Completeness {
    pub(super) fn reply(&self) -> Value {
        match self {
            Completeness::Complete => json!({"status": "complete"}),
            Completeness::Incomplete { indent } => {
                json!({"status": "incomplete", "indent": indent})
            }
            Completeness::Invalid => json!({"status": "invalid"}),
            Completeness::Unknown => json!({"status": "unknown"}),
        }
    }
}

/// The content of a kernel_info reply.
pub(super) fn kernel_info() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": "threadbook",
        "implementation_version": version,
        "language_info": {
            "name": "rust",
            "version": env!("CARGO_PKG_RUST_VERSION"),
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
        },
        "banner": format!("Threadbook {version}: Rust cells about threads, processes and async tasks"),
        "help_links": [
            {"text": "The Rust Programming Language", "url": "https://doc.rust-lang.org/book/"},
            {"text": "The Rust Standard Library", "url": "https://doc.rust-lang.org/std/"},
            {"text": "Tokio", "url": "https://docs.rs/tokio"},
            {"text": "Rayon", "url": "https://docs.rs/rayon"},
        ],
        // Neither a debugger nor subshells; `debugger` is what clients before 5.5 look at.
        "supported_features": [],
        "debugger": false,
    })
}

/// The content of a connect reply.
pub(super) fn connect(info: Option<&ConnectionInfo>) -> Value {
    match info {
        Some(info) => json!({
            "status": "ok",
            "shell_port": info.shell_port,
            "iopub_port": info.iopub_port,
            "stdin_port": info.stdin_port,
            "hb_port": info.hb_port,
            "control_port": info.control_port,
        }),
        None => json!({"status": "ok"}),
    }
}

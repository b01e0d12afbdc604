//! Replies that need nothing but constants.

use serde_json::Value;
use serde_json::json;

use crate::contract::Completeness;
use crate::contract::KernelInfo;
use crate::message::ConnectionInfo;
use crate::message::PROTOCOL_VERSION;

/// The content of an is_complete reply.
pub(super) fn is_complete(completeness: &Completeness) -> Value {
    match completeness {
        Completeness::Complete => json!({"status": "complete"}),
        Completeness::Incomplete { indent } => {
            json!({"status": "incomplete", "indent": indent})
        }
        Completeness::Invalid => json!({"status": "invalid"}),
        Completeness::Unknown => json!({"status": "unknown"}),
    }
}

/// The content of a kernel_info reply.
pub(super) fn kernel_info(info: &KernelInfo) -> Value {
    json!({
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": info.implementation,
        "implementation_version": info.version,
        "language_info": info.language,
        "banner": info.banner,
        "help_links": info.help_links,
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

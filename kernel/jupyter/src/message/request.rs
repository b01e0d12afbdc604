//! Requests as typed values.

use jupyter_protocol::CompleteRequest;
use jupyter_protocol::HistoryRequest;
use jupyter_protocol::InspectRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use super::CommAct;
use super::CommMessage;
use super::Message;

/// All requests of clients. <https://jupyter-client.readthedocs.io/en/stable/messaging.html>
#[derive(Clone, Debug)]
pub enum Request {
    /// What kind of kernel this is.
    KernelInfo,
    /// Run a cell.
    Execute(ExecuteRequest),
    /// Complete at a place.
    Complete(CompleteRequest),
    /// Describe what stands at a place.
    Inspect(InspectRequest),
    /// Whether the text is a whole cell.
    IsComplete(String),
    /// What was run before.
    History(HistoryRequest),
    /// Which comms are open: those of one target, or all.
    CommInfo(Option<String>),
    /// A message on a comm, its beginning or its end.
    Comm(CommMessage),
    /// The ports (deprecated).
    Connect,
    /// End the kernel; a restart is only announced.
    Shutdown {
        /// Whether the client starts it again.
        restart: bool,
    },
    /// Stop the running cell.
    Interrupt,
    /// Something for a debugger.
    Debug,
    /// How much memory and time the kernel uses.
    Usage,
    /// The answer to a question of the kernel.
    InputReply(String),
    /// A type that this kernel does not support.
    Unknown,
}

/// An `execute_request` with the protocol's defaults where the client left something out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecuteRequest {
    /// The cell's text.
    pub code: String,
    /// Whether to show and count nothing.
    pub silent: bool,
    /// Whether the cell gets a number and a place in the history. Never with `silent`.
    pub store_history: bool,
    /// Expressions to evaluate after the cell; their names are answered.
    pub user_expressions: Vec<String>,
    /// Whether the client answers input requests.
    pub allow_stdin: bool,
    /// Whether a failure aborts what is queued.
    pub stop_on_error: bool,
}

/// The content of a request does not fit its type.
#[derive(Debug, thiserror::Error)]
#[error("the content of `{msg_type}` is malformed: {source}")]
pub struct RequestError {
    /// The request's type.
    pub msg_type: String,
    /// What is wrong.
    pub source: serde_json::Error,
}

impl Request {
    /// Looks at a message's type and content.
    pub fn parse(message: &Message) -> Result<Request, RequestError> {
        Request::parse_content(message).map_err(|source| RequestError {
            msg_type: message.msg_type().to_owned(),
            source,
        })
    }

    fn parse_content(message: &Message) -> Result<Request, serde_json::Error> {
        let content = &message.content;
        Ok(match message.msg_type() {
            "kernel_info_request" => Request::KernelInfo,
            "execute_request" => Request::Execute(of::<RawExecute>(content)?.into()),
            "complete_request" => Request::Complete(of(content)?),
            "inspect_request" => Request::Inspect(of(content)?),
            "is_complete_request" => Request::IsComplete(of::<Code>(content)?.code),
            "history_request" => Request::History(of(&with_history_defaults(content))?),
            "comm_info_request" => Request::CommInfo(of::<CommInfo>(content)?.target_name),
            "comm_open" => Request::Comm(CommMessage::parse(CommAct::Open, message)?),
            "comm_msg" => Request::Comm(CommMessage::parse(CommAct::Message, message)?),
            "comm_close" => Request::Comm(CommMessage::parse(CommAct::Close, message)?),
            "connect_request" => Request::Connect,
            "shutdown_request" => Request::Shutdown {
                restart: of::<Shutdown>(content)?.restart,
            },
            "interrupt_request" => Request::Interrupt,
            "debug_request" => Request::Debug,
            "usage_request" => Request::Usage,
            "input_reply" => Request::InputReply(of::<Input>(content)?.value),
            _ => Request::Unknown,
        })
    }
}

fn of<T: DeserializeOwned>(content: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(content)
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct CommInfo {
    target_name: Option<String>,
}

#[derive(Deserialize)]
struct Shutdown {
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct RawExecute {
    code: String,
    #[serde(default)]
    silent: bool,
    store_history: Option<bool>,
    user_expressions: Option<Map<String, Value>>,
    // jupyter_client's default is true, but a client that omits the field may have no stdin socket.
    #[serde(default)]
    allow_stdin: bool,
    stop_on_error: Option<bool>,
}

impl From<RawExecute> for ExecuteRequest {
    fn from(raw: RawExecute) -> ExecuteRequest {
        ExecuteRequest {
            code: raw.code,
            silent: raw.silent,
            store_history: raw.store_history.unwrap_or(true) && !raw.silent,
            user_expressions: raw
                .user_expressions
                .map(|expressions| expressions.into_iter().map(|(name, _)| name).collect())
                .unwrap_or_default(),
            allow_stdin: raw.allow_stdin,
            stop_on_error: raw.stop_on_error.unwrap_or(true),
        }
    }
}

/// Clients send only the fields of their access type, and not all of those.
fn with_history_defaults(content: &Value) -> Value {
    let Value::Object(given) = content else {
        return content.clone();
    };
    let mut full = Map::new();
    full.insert("hist_access_type".into(), "tail".into());
    full.insert("output".into(), false.into());
    full.insert("raw".into(), true.into());
    full.insert("session".into(), 0.into());
    full.insert("start".into(), 0.into());
    full.insert("stop".into(), i32::MAX.into());
    full.insert("pattern".into(), "*".into());
    full.insert("unique".into(), false.into());
    full.insert("n".into(), i32::MAX.into());
    for (name, value) in given {
        if !value.is_null() {
            full.insert(name.clone(), value.clone());
        }
    }
    Value::Object(full)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(msg_type: &str, content: Value) -> Result<Request, RequestError> {
        Request::parse(&Message::new(msg_type, "s", content))
    }

    #[test]
    fn an_execute_request_needs_only_code() {
        let Ok(Request::Execute(request)) = parse("execute_request", json!({"code": "1"})) else {
            panic!("not an execute request");
        };
        assert!(request.store_history && request.stop_on_error);
        assert!(!request.silent && !request.allow_stdin);
    }

    #[test]
    fn a_silent_request_never_counts() {
        let content = json!({"code": "1", "silent": true, "store_history": true});
        let Ok(Request::Execute(request)) = parse("execute_request", content) else {
            panic!("not an execute request");
        };
        assert!(!request.store_history);
    }

    #[test]
    fn a_wrong_shape_is_named() {
        let error = parse("execute_request", json!({"code": 3})).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the content of `execute_request` is malformed")
        );
    }

    #[test]
    fn history_requests_of_all_clients_are_read() {
        for content in [
            json!({"hist_access_type": "tail", "n": 10}),
            json!({"hist_access_type": "tail", "n": 10, "session": null, "unique": null}),
            json!({"hist_access_type": "range", "session": 0, "start": 1}),
            json!({"hist_access_type": "search", "pattern": "*x*"}),
        ] {
            assert!(matches!(
                parse("history_request", content),
                Ok(Request::History(_))
            ));
        }
    }

    proptest! {
        #[test]
        fn no_content_panics(kind in 0usize..6, text in "\\PC*", number in any::<i64>()) {
            let kinds = ["execute_request", "complete_request", "inspect_request", "history_request",
                "shutdown_request", "comm_open"];
            for content in [json!({"code": text, "cursor_pos": number}), json!({"code": number}), json!([]),
                json!(null), json!({"n": number, "hist_access_type": text}), json!(text)] {
                let _ = parse(kinds[kind], content);
            }
        }
    }
}

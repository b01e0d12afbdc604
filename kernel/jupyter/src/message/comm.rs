//! Messages on comms, which look the same in both directions.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Message;

/// What a message does to its comm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommAct {
    /// `comm_open`.
    Open,
    /// `comm_msg`.
    Message,
    /// `comm_close`.
    Close,
}

/// A message on a comm.
#[derive(Clone, Debug, PartialEq)]
pub struct CommMessage {
    /// What it does.
    pub act: CommAct,
    /// The comm.
    pub comm_id: String,
    /// What the other side is to do with a comm that is opened; empty otherwise.
    pub target_name: String,
    /// The data.
    pub data: Value,
    /// The metadata.
    pub metadata: Map<String, Value>,
    /// Binary extras.
    pub buffers: Vec<Bytes>,
}

impl CommMessage {
    /// Closes a comm, and says nothing more.
    pub fn close(comm_id: String) -> CommMessage {
        CommMessage {
            act: CommAct::Close,
            comm_id,
            target_name: String::new(),
            data: json!({}),
            metadata: Map::new(),
            buffers: Vec::new(),
        }
    }

    /// The message's type.
    pub fn msg_type(&self) -> &'static str {
        match self.act {
            CommAct::Open => "comm_open",
            CommAct::Message => "comm_msg",
            CommAct::Close => "comm_close",
        }
    }

    /// Takes a message of a client apart.
    pub(super) fn parse(act: CommAct, message: &Message) -> Result<CommMessage, serde_json::Error> {
        let Content {
            comm_id,
            target_name,
            data,
        } = Content::deserialize(&message.content)?;
        Ok(CommMessage {
            act,
            comm_id,
            target_name,
            data,
            metadata: message.metadata.clone(),
            buffers: message.buffers.clone(),
        })
    }

    /// The content of a message to clients.
    pub(crate) fn content(&self) -> Value {
        let mut content = json!({"comm_id": self.comm_id, "data": self.data});
        if self.act == CommAct::Open {
            content["target_name"] = self.target_name.clone().into();
        }
        content
    }
}

#[derive(Deserialize)]
struct Content {
    comm_id: String,
    #[serde(default)]
    target_name: String,
    #[serde(default)]
    data: Value,
}

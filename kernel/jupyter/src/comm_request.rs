//! A message of a client on a comm, with the duty to publish idle once it has been handled.

use serde_json::Map;
use serde_json::Value;

use crate::message::CommAct;
use crate::message::CommMessage;
use crate::ticket::Ticket;

/// A message of a client on a comm. Busy has been published; idle is when this is dropped, thus it is best dropped behind
/// what the message has led to: see [`Event::CommHandled`](crate::output::Event::CommHandled).
#[derive(Debug)]
pub struct CommRequest {
    message: CommMessage,
    ticket: Ticket,
}

impl CommRequest {
    pub(crate) fn new(ticket: Ticket, message: CommMessage) -> CommRequest {
        CommRequest { message, ticket }
    }

    /// The message.
    pub fn message(&self) -> &CommMessage {
        &self.message
    }

    /// Its header, which is the parent of what it leads to.
    pub fn header(&self) -> &Map<String, Value> {
        self.ticket.request().header.raw()
    }

    /// There is nothing to handle it: a comm that it opens is closed.
    pub fn refuse(self) {
        if self.message.act == CommAct::Open {
            let close = CommMessage::close(self.message.comm_id.clone());
            self.ticket.publish(close.msg_type(), close.content());
        }
    }
}

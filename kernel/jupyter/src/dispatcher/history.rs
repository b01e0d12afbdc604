//! The protocol's words for the history.

use jupyter_protocol::HistoryRequest;
use serde_json::Value;
use serde_json::json;

use crate::history::History;
use crate::history::Query;
use crate::history::Row;
use crate::ticket::Ticket;

/// Has the history's thread answer a request.
pub(super) fn answer(history: &History, request: &HistoryRequest, ticket: Ticket) {
    let (query, with_output) = parse(request);
    history.ask(query, move |rows| ticket.answer(reply(rows, with_output)));
}

/// The query of a request, and whether it includes results.
fn parse(request: &HistoryRequest) -> (Query, bool) {
    match request {
        HistoryRequest::Range {
            session,
            start,
            stop,
            output,
            ..
        } => {
            let query = Query::Range {
                session: i64::from(session.unwrap_or(0)),
                start: i64::from(*start),
                stop: i64::from(*stop),
            };
            (query, *output)
        }
        HistoryRequest::Tail { n, output, .. } => (Query::Tail { n: count(*n) }, *output),
        HistoryRequest::Search {
            pattern,
            unique,
            output,
            n,
            ..
        } => {
            let query = Query::Search {
                pattern: pattern.clone(),
                unique: *unique,
                n: count(*n),
            };
            (query, *output)
        }
    }
}

fn count(n: i32) -> usize {
    usize::try_from(n).unwrap_or(0)
}

/// The content of a history reply.
fn reply(rows: Vec<Row>, with_output: bool) -> Value {
    let history: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            if with_output {
                json!([row.session, row.count, [row.code, row.result]])
            } else {
                json!([row.session, row.count, row.code])
            }
        })
        .collect();
    json!({"status": "ok", "history": history})
}

//! From events to iopub messages: attributed, batched, limited. Pure, the clock is the caller's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Event;
use super::StreamName;
use super::mime;
use super::mime::MimePiece;
use super::mime::MimeScanner;
use super::utf8::Utf8Decoder;
use crate::contract::CellId;

/// The first stream message of a cell has at most this size.
const FIRST_BATCH_BYTES: usize = 64 << 10;

/// No stream message is larger. jupyter_server drops output above 1 MB a second, in whole messages.
const LARGEST_BATCH_BYTES: usize = 1 << 20;

/// A cell's next message may hold this many times what its earlier ones held. A page redraws a cell's whole text for
/// each message, and therefore few messages matter more the longer the text is.
const BATCH_GROWTH: usize = 16;

/// Text waits so long for more before it is sent.
const FIRST_BATCH_TIME: Duration = Duration::from_millis(50);

/// The same for a cell that has shown more than a page of text, as long as in ipykernel.
const LATER_BATCH_TIME: Duration = Duration::from_millis(200);

/// About a page of text.
const PAGE_BYTES: usize = 4 << 10;

/// Cells whose threads may still print. Output of an older one goes to the latest.
const CELLS_LIMIT: usize = 4096;

/// Whose output it is before the first cell. It is held, and shown under the first cell.
const NOBODY: CellId = CellId(0);

/// The key in the metadata of the display that a cell shows while it is compiled for long.
pub const COMPILING_KEY: &str = "threadbook_compiling";

/// The key in the metadata of a display that says what the kernel waits for. Its value is whether that has ended.
pub const WAITING_KEY: &str = "threadbook_waiting_ended";

/// One message to publish.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Publication {
    pub(crate) msg_type: &'static str,
    pub(crate) parent: Map<String, Value>,
    pub(crate) content: Value,
}

/// Turns events into publications.
#[derive(Debug)]
pub(crate) struct Sequencer {
    limit_bytes: usize,
    latest: CellId,
    cells: BTreeMap<CellId, CellState>,
    pending: Option<Pending>,
    /// What is to be shown under the first cell, until that begins.
    held: Vec<Held>,
    /// Whether the latest cell is compiled, and has shown nothing yet.
    compiling: Option<Compiling>,
    out: Vec<Publication>,
}

/// A display that came before the first cell.
#[derive(Debug)]
struct Held {
    display_id: Option<String>,
    content: Value,
}

/// What was said of a compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compiling {
    Nothing,
    /// That it goes on. It is the cell's only output, which the end of the compile clears.
    GoesOn,
}

#[derive(Debug)]
struct Pending {
    cell: CellId,
    stream: StreamName,
    text: String,
}

#[derive(Debug, Default)]
struct CellState {
    parent: Map<String, Value>,
    count: u32,
    silent: bool,
    has_output: bool,
    used_bytes: usize,
    /// Bytes of its text that have left in messages.
    sent_bytes: usize,
    told: bool,
    scanner: MimeScanner,
    stdout: Utf8Decoder,
    stderr: Utf8Decoder,
    result: Option<String>,
}

impl CellState {
    fn decoder(&mut self, stream: StreamName) -> &mut Utf8Decoder {
        match stream {
            StreamName::Stdout => &mut self.stdout,
            StreamName::Stderr => &mut self.stderr,
        }
    }

    /// The size at which its next stream message is sent.
    fn batch_bytes(&self) -> usize {
        let grown = self.sent_bytes.saturating_mul(BATCH_GROWTH);
        grown.clamp(FIRST_BATCH_BYTES, LARGEST_BATCH_BYTES)
    }
}

impl Sequencer {
    /// A cell may show `limit_bytes` of output.
    pub(crate) fn new(limit_bytes: usize) -> Sequencer {
        Sequencer {
            limit_bytes,
            latest: NOBODY,
            cells: BTreeMap::from([(NOBODY, CellState::default())]),
            pending: None,
            held: Vec::new(),
            compiling: None,
            out: Vec::new(),
        }
    }

    /// From here on, output without a cell belongs to this one.
    pub(crate) fn begin(
        &mut self,
        cell: CellId,
        parent: Map<String, Value>,
        count: u32,
        silent: bool,
    ) {
        match &mut self.pending {
            Some(pending) if pending.cell == NOBODY => pending.cell = cell,
            _ => self.flush(),
        }
        self.latest = cell;
        self.compiling = None;
        let state = CellState {
            parent,
            count,
            silent,
            ..CellState::default()
        };
        self.cells.insert(cell, state);
        if self.cells.len() > CELLS_LIMIT {
            self.cells.pop_first();
        }
    }

    /// Shows what came before the first cell, under the latest one.
    pub(crate) fn show_held(&mut self) {
        for held in std::mem::take(&mut self.held) {
            self.display(self.latest, held.content);
        }
    }

    /// Takes an event. Of an input request only the flush before it is done here.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Stream {
                cell,
                stream,
                bytes,
            } => self.stream(self.known(*cell), *stream, bytes),
            Event::Display {
                cell,
                data,
                metadata,
                display_id,
                update,
            } => {
                let content = json!({
                    "data": data,
                    "metadata": metadata,
                    "transient": transient(display_id.as_deref()),
                });
                if *update {
                    // nbclient finds the older cell by the display's id, but only under the parent that runs now.
                    if !self.update_held(display_id.as_deref(), &content) {
                        self.publish(self.latest, "update_display_data", content);
                    }
                } else if self.known(*cell) == NOBODY {
                    let display_id = display_id.clone();
                    self.held.push(Held {
                        display_id,
                        content,
                    });
                } else {
                    self.display(self.known(*cell), content);
                }
            }
            Event::Result {
                cell,
                data,
                metadata,
            } => {
                let cell = self.known(*cell);
                let mut count = 0;
                if let Some(state) = self.cells.get_mut(&cell) {
                    state.result = data
                        .get("text/plain")
                        .and_then(Value::as_str)
                        .map(str::to_owned);
                    count = state.count;
                }
                let content = json!({"execution_count": count, "data": data, "metadata": metadata});
                self.publish(cell, "execute_result", content);
            }
            Event::Clear { cell, wait } => {
                self.publish(self.known(*cell), "clear_output", json!({"wait": wait}));
            }
            Event::Compiling(true) => {
                let latest = self.cells.get(&self.latest);
                let shows_nothing = latest.is_some_and(|cell| !cell.has_output && !cell.silent);
                if self.latest != NOBODY && self.pending.is_none() && shows_nothing {
                    self.compiling = self.compiling.or(Some(Compiling::Nothing));
                }
            }
            Event::Compiling(false) => self.end_compiling(),
            // Text before the first cell is held.
            Event::Comm { .. } | Event::CommHandled(_) if self.latest == NOBODY => {}
            Event::Comm { .. } | Event::CommHandled(_) => self.flush(),
            // A cell's beginning is a marker too.
            Event::Marker(_) if self.latest == NOBODY => {}
            Event::Input { .. } | Event::Marker(_) => self.flush(),
        }
    }

    /// Whether a compile goes on, and [`Sequencer::say_compiling`] would say so.
    pub(crate) fn is_compiling_unsaid(&self) -> bool {
        self.compiling == Some(Compiling::Nothing)
    }

    /// Says that the compile goes on.
    pub(crate) fn say_compiling(&mut self) {
        if self.is_compiling_unsaid() {
            self.compiling = Some(Compiling::GoesOn);
            let content = json!({
                "data": {"text/plain": "compiling"},
                "metadata": {COMPILING_KEY: true},
                "transient": {},
            });
            self.push(self.latest, "display_data", content);
        }
    }

    /// Changes a display that is held. A wait that ends before anybody has seen that it began is not shown.
    fn update_held(&mut self, display_id: Option<&str>, content: &Value) -> bool {
        let mut all = self.held.iter();
        let Some(place) = all
            .position(|held| held.display_id.is_some() && held.display_id.as_deref() == display_id)
        else {
            return false;
        };
        match content["metadata"][WAITING_KEY] == true {
            true => drop(self.held.remove(place)),
            false => self.held[place].content = content.clone(),
        }
        true
    }

    fn end_compiling(&mut self) {
        if self.compiling.take() == Some(Compiling::GoesOn) {
            self.push(self.latest, "clear_output", json!({"wait": false}));
        }
    }

    /// The cell has ended: everything that is held comes out. Gives the text of its result.
    pub(crate) fn end(&mut self, cell: CellId) -> Option<String> {
        let pieces = self.cells.get_mut(&cell)?.scanner.finish();
        self.pieces(cell, pieces);
        for stream in [StreamName::Stdout, StreamName::Stderr] {
            let mut text = String::new();
            self.cells.get_mut(&cell)?.decoder(stream).finish(&mut text);
            self.text(cell, stream, &text);
        }
        self.flush();
        self.end_compiling();
        self.cells.get_mut(&cell)?.result.take()
    }

    /// The `error` message of a failed cell.
    pub(crate) fn error(&mut self, cell: CellId, content: Value) {
        self.publish(cell, "error", content);
    }

    /// How long the text that waits for more may wait, before [`Sequencer::flush_waiting`] is due.
    pub(crate) fn waits(&self) -> Option<Duration> {
        let is_held = self.latest == NOBODY;
        if let Some(pending) = &self.pending
            && !is_held
        {
            let cell = self.cells.get(&pending.cell);
            let sent_bytes = cell.map_or(0, |cell| cell.sent_bytes);
            return Some(match sent_bytes < PAGE_BYTES {
                true => FIRST_BATCH_TIME,
                false => LATER_BATCH_TIME,
            });
        }
        let latest = self.cells.get(&self.latest)?;
        latest.scanner.is_waiting().then_some(FIRST_BATCH_TIME)
    }

    /// Lets waiting text out although more may come.
    pub(crate) fn flush_waiting(&mut self) {
        let latest = self.latest;
        if latest == NOBODY {
            return;
        }
        if let Some(state) = self.cells.get_mut(&latest) {
            let pieces = state.scanner.relax();
            self.pieces(latest, pieces);
        }
        self.flush();
    }

    /// The header of the request of the latest cell; empty before the first one.
    pub(crate) fn latest_parent(&self) -> Map<String, Value> {
        let latest = self.cells.get(&self.latest);
        latest.map(|cell| cell.parent.clone()).unwrap_or_default()
    }

    /// What is ready to be published, in order.
    pub(crate) fn take(&mut self) -> Vec<Publication> {
        std::mem::take(&mut self.out)
    }

    fn known(&self, cell: Option<CellId>) -> CellId {
        cell.filter(|cell| self.cells.contains_key(cell))
            .unwrap_or(self.latest)
    }

    fn stream(&mut self, cell: CellId, stream: StreamName, bytes: &[u8]) {
        if stream == StreamName::Stderr {
            self.bytes(cell, stream, bytes);
        } else if let Some(state) = self.cells.get_mut(&cell) {
            let pieces = state.scanner.push(bytes);
            self.pieces(cell, pieces);
        }
    }

    fn pieces(&mut self, cell: CellId, pieces: Vec<MimePiece>) {
        for piece in pieces {
            match piece {
                MimePiece::Text(bytes) => self.bytes(cell, StreamName::Stdout, &bytes),
                MimePiece::Display { mime, body } => {
                    let data = mime::bundle(mime, &body);
                    self.display(cell, json!({"data": data, "metadata": {}, "transient": {}}));
                }
            }
        }
    }

    fn bytes(&mut self, cell: CellId, stream: StreamName, bytes: &[u8]) {
        let mut text = String::new();
        if let Some(state) = self.cells.get_mut(&cell) {
            state.decoder(stream).push(bytes, &mut text);
        }
        self.text(cell, stream, &text);
    }

    fn text(&mut self, cell: CellId, stream: StreamName, text: &str) {
        if text.is_empty() {
            return;
        }
        let (text, over) = self.within_limit(cell, text);
        self.append(cell, stream, text);
        if over {
            self.tell_limit(cell);
        }
    }

    fn append(&mut self, cell: CellId, stream: StreamName, mut text: &str) {
        if !self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.cell == cell && pending.stream == stream)
        {
            self.flush();
        }
        while !text.is_empty() {
            let batch_bytes = self.batch_bytes(cell);
            let pending = self.pending.get_or_insert_with(|| Pending {
                cell,
                stream,
                text: String::new(),
            });
            let room = batch_bytes.saturating_sub(pending.text.len());
            // A character that does not fit goes into the next message; one always fits into an empty one.
            let (now, later) = text.split_at(text.floor_char_boundary(room));
            pending.text.push_str(now);
            text = later;
            if !text.is_empty() || pending.text.len() >= batch_bytes {
                self.flush();
            }
        }
    }

    fn batch_bytes(&self, cell: CellId) -> usize {
        self.cells
            .get(&cell)
            .map_or(FIRST_BATCH_BYTES, CellState::batch_bytes)
    }

    /// The part of the text that the cell may still show, and whether there is more.
    fn within_limit<'a>(&mut self, cell: CellId, text: &'a str) -> (&'a str, bool) {
        let Some(state) = self.cells.get_mut(&cell) else {
            return ("", false);
        };
        let room = self.limit_bytes.saturating_sub(state.used_bytes);
        state.used_bytes = state.used_bytes.saturating_add(text.len());
        let (shown, rest) = text.split_at(text.floor_char_boundary(room));
        (shown, !rest.is_empty())
    }

    fn tell_limit(&mut self, cell: CellId) {
        let limit = self.limit_bytes;
        let Some(state) = self.cells.get_mut(&cell) else {
            return;
        };
        if !std::mem::replace(&mut state.told, true) {
            let told = format!(
                "\nthis cell's output passed {limit} bytes, the rest is not shown (start the kernel with the \
                 environment variable THREADBOOK_OUTPUT_LIMIT set to more bytes to see more)\n"
            );
            self.append(cell, StreamName::Stderr, &told);
        }
    }

    fn display(&mut self, cell: CellId, content: Value) {
        let size = content["data"].to_string().len();
        let Some(state) = self.cells.get_mut(&cell) else {
            return;
        };
        state.used_bytes = state.used_bytes.saturating_add(size);
        if state.used_bytes > self.limit_bytes {
            self.tell_limit(cell);
        } else {
            self.publish(cell, "display_data", content);
        }
    }

    fn publish(&mut self, cell: CellId, msg_type: &'static str, content: Value) {
        self.flush();
        if cell == self.latest {
            self.end_compiling();
        }
        if let Some(state) = self.cells.get_mut(&cell) {
            state.has_output = true;
        }
        self.push(cell, msg_type, content);
    }

    fn push(&mut self, cell: CellId, msg_type: &'static str, content: Value) {
        if let Some(state) = self.cells.get(&cell)
            && !state.silent
        {
            self.out.push(Publication {
                msg_type,
                parent: state.parent.clone(),
                content,
            });
        }
    }

    fn flush(&mut self) {
        if let Some(pending) = self.pending.take() {
            let name = match pending.stream {
                StreamName::Stdout => "stdout",
                StreamName::Stderr => "stderr",
            };
            if let Some(state) = self.cells.get_mut(&pending.cell) {
                state.sent_bytes += pending.text.len();
            }
            self.publish(
                pending.cell,
                "stream",
                json!({"name": name, "text": pending.text}),
            );
        }
    }
}

fn transient(display_id: Option<&str>) -> Value {
    match display_id {
        Some(display_id) => json!({"display_id": display_id}),
        None => json!({}),
    }
}

#[cfg(test)]
#[path = "sequence_tests.rs"]
mod tests;

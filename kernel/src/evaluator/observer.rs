//! What the worker's pump shows of cells' texts: the index of sources, in the pump's words.

use threadbook::wire::PanicInfo;
use threadbook::wire::Place;

use super::diagnostics;
use super::source_index::SourceIndex;
use crate::worker::CellObserver;
use crate::worker::Death;
use crate::worker::Note;

impl CellObserver for SourceIndex {
    fn started(&self, so: &str, at_ms: u64) -> Option<Note> {
        self.begin_run(so, at_ms)
    }

    fn ended(&self) {
        self.end_cell();
    }

    fn place(&self, place: &Place) -> String {
        self.describe(place).text
    }

    fn panic(&self, info: &PanicInfo) -> String {
        let place = self.describe(&info.place).text;
        let who = match &info.of_process {
            Some(process) => process.clone(),
            None => format!("thread '{}'", info.thread),
        };
        format!("{who} panicked at {place}:\n{}\n", info.message)
    }

    fn died(&self, death: &Death) -> String {
        diagnostics::died_idle(death)
    }
}

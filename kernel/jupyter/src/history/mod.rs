//! What was run, kept for all sessions of a user.
//!
//! A thread of its own has the cells of this session in memory and those of all sessions in a file, so a file that is
//! slow, locked, damaged or not writable delays no request and loses no cell of this session: whatever could not be
//! written is tried again with the next cell, and once more at the end.

mod file;
mod glob;
mod keeper;
mod query;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;

use tokio::sync::oneshot;

pub use self::query::Query;
pub use self::query::Row;

use self::keeper::Keeper;

/// Sends cells and questions to the thread, which ends when the last of these is dropped.
#[derive(Clone, Debug)]
pub struct History {
    jobs_tx: mpsc::Sender<HistoryJob>,
}

enum HistoryJob {
    Store {
        count: u32,
        code: String,
    },
    Result {
        count: u32,
        text: String,
    },
    Ask {
        query: Query,
        then: Box<dyn FnOnce(Vec<Row>) + Send>,
    },
}

impl History {
    /// Starts the thread; without a file, this session is all there is. The second value is dropped when the thread has
    /// written what there was to write.
    pub(crate) fn start(file: Option<PathBuf>) -> io::Result<(History, oneshot::Receiver<()>)> {
        let (jobs_tx, jobs_rx) = mpsc::channel();
        let (gone_tx, gone_rx) = oneshot::channel();
        std::thread::Builder::new()
            .name("history".into())
            .spawn(move || {
                let mut keeper = Keeper::new(file);
                while let Ok(job) = jobs_rx.recv() {
                    match job {
                        HistoryJob::Store { count, code } => keeper.store(count, code),
                        HistoryJob::Result { count, text } => keeper.set_result(count, text),
                        HistoryJob::Ask { query, then } => then(keeper.find(&query)),
                    }
                }
                keeper.end();
                drop::<oneshot::Sender<()>>(gone_tx);
            })?;
        Ok((History { jobs_tx }, gone_rx))
    }

    /// A cell starts.
    pub(crate) fn store(&self, count: u32, code: &str) {
        self.give(HistoryJob::Store {
            count,
            code: code.to_owned(),
        });
    }

    /// A cell that was stored had this result.
    pub(crate) fn set_result(&self, count: u32, text: String) {
        self.give(HistoryJob::Result { count, text });
    }

    /// Finds cells, those that were stored before this call among them, oldest first, and passes them on. Does not
    /// wait.
    pub(crate) fn ask(&self, query: Query, then: impl FnOnce(Vec<Row>) + Send + 'static) {
        let then = Box::new(then);
        self.give(HistoryJob::Ask { query, then });
    }

    fn give(&self, job: HistoryJob) {
        // The thread lives as long as this value, unless it panicked, and a panic is logged.
        drop(self.jobs_tx.send(job));
    }
}

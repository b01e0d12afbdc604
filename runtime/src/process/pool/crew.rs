//! The processes of one call of a pool: one that supervises, and the workers, which it starts and replaces.
//!
//! The supervisor is forked off at the call, so it has the items and the closure as they are then, and so have the
//! workers that it starts later: nothing of them is ever serialised, and the caller need not keep them. It has one
//! thread and runs no code of the person's, so its own forks are cheap and safe.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use serde::Serialize;

use super::board::Board;
use super::record;
use crate::process::closure;
use crate::process::ended::Ended;
use crate::process::handle::Handle;
use crate::process::start;
use crate::process::start::Plan;
use crate::process::sys;

/// So many workers may die in a row before they have begun an item.
const PATIENCE: u32 = 3;

/// What a call is about.
pub(super) struct Task<'a, I, F> {
    pub(super) workers: usize,
    pub(super) chunk: usize,
    pub(super) initializer: Option<&'a dyn Fn()>,
    pub(super) items: Vec<I>,
    pub(super) function: F,
    pub(super) load: u32,
}

/// Starts the processes; gives the one that supervises. It ends when all is done.
pub(super) fn start<I, R: Serialize, F: FnMut(I) -> R>(
    board: &Board,
    task: Task<'_, I, F>,
) -> io::Result<Arc<Handle>> {
    let caller = sys::watch(sys::pid())?;
    let plan = Plan {
        name: Some("pool".into()),
        is_daemon: true,
        is_group: true,
        is_bare: true,
        load: task.load,
    };
    let Task {
        workers,
        chunk,
        initializer,
        items,
        function,
        load,
    } = task;
    start::start(plan, move || {
        let items: Vec<ManuallyDrop<I>> = items.into_iter().map(ManuallyDrop::new).collect();
        let mut work = Work {
            board,
            chunk,
            initializer,
            items,
            function,
        };
        Supervisor {
            caller,
            board,
            load,
            broken: None,
            fruitless: 0,
            workers: (0..workers).map(|_| None).collect(),
        }
        .run(&mut |worker| work.run(worker));
    })
}

struct Supervisor<'a> {
    caller: OwnedFd,
    board: &'a Board,
    load: u32,
    /// Why no more workers are started.
    broken: Option<Ended>,
    fruitless: u32,
    workers: Vec<Option<Arc<Handle>>>,
}

impl Supervisor<'_> {
    fn run(mut self, work: &mut dyn FnMut(usize)) {
        // More would find nothing to do.
        let count = self.workers.len().min(self.board.items());
        for worker in 0..count {
            self.start(worker, work);
        }
        loop {
            while let Some(worker) = self.wait() {
                self.ended(worker, work);
            }
            if self.broken.is_some() || !self.board.has_free() {
                break;
            }
            // A worker died between looking at an item and taking it.
            self.board.begin_again();
            self.start(0, work);
        }
        if let Some(ended) = self.broken.take() {
            let mut buffer = Vec::new();
            record::all_failed(&mut buffer, &ended);
            self.send(&buffer);
        }
    }

    fn start(&mut self, worker: usize, work: &mut dyn FnMut(usize)) {
        let plan = Plan {
            name: Some(format!("pool-{}", worker + 1).into()),
            load: self.load,
            ..Plan::default()
        };
        match start::start(plan, || work(worker)) {
            Ok(handle) => self.workers[worker] = Some(handle),
            Err(error) => self.break_off(Ended::Panicked {
                message: format!("a worker could not be started: {error}"),
                place: String::new(),
            }),
        }
    }

    /// Waits until a worker has ended; `None` where there is none. Ends all if the caller is gone.
    fn wait(&self) -> Option<usize> {
        let mut numbers = Vec::new();
        let mut watches = vec![self.caller.as_fd()];
        for (number, worker) in self.workers.iter().enumerate() {
            if let Some(worker) = worker {
                numbers.push(number);
                watches.push(worker.watch.as_fd());
            }
        }
        if numbers.is_empty() {
            return None;
        }
        match sys::wait(&watches, None) {
            Some(found @ 1..) => Some(numbers[found - 1]),
            _ => {
                // The group is this process's, with all workers.
                sys::signal_group(sys::pid(), libc::SIGKILL);
                None
            }
        }
    }

    fn ended(&mut self, worker: usize, work: &mut dyn FnMut(usize)) {
        let Some(handle) = self.workers[worker].take() else {
            return;
        };
        let exit = handle.exit();
        crate::process::registry::forget(&handle);
        let item = self.board.item_of(worker);
        if exit == sys::Exit::Code(0) && item.is_none() {
            return;
        }
        let ended = exit.into_ended();
        self.fruitless += 1;
        if let Some(item) = item {
            self.fruitless = 0;
            let mut buffer = Vec::new();
            record::failed(&mut buffer, item, &ended);
            self.send(&buffer);
            self.board.set_done(item);
        }
        if self.fruitless == PATIENCE || exit == sys::Exit::Code(INITIALIZER_FAILED) {
            self.break_off(ended);
        } else if self.broken.is_none() && self.board.has_free() {
            self.board.begin_again();
            self.start(worker, work);
        }
    }

    fn break_off(&mut self, ended: Ended) {
        self.board.stop();
        self.broken.get_or_insert(ended);
    }

    fn send(&self, bytes: &[u8]) {
        let is_there = || !sys::is_ready(self.caller.as_fd());
        self.board.send(self.workers.len(), bytes, is_there);
    }
}

/// The exit code of a worker whose initializer has panicked.
const INITIALIZER_FAILED: i32 = 121;

struct Work<'a, I, F> {
    board: &'a Board,
    chunk: usize,
    initializer: Option<&'a dyn Fn()>,
    items: Vec<ManuallyDrop<I>>,
    function: F,
}

impl<I, R: Serialize, F: FnMut(I) -> R> Work<'_, I, F> {
    /// A worker's life.
    fn run(&mut self, worker: usize) {
        let supervisor = sys::parent();
        // If the supervisor has died, results have no reader any more.
        let is_there = || sys::parent() == supervisor;
        let mut buffer = Vec::new();
        if let Some(initializer) = self.initializer
            && let Err(payload) = catch_unwind(AssertUnwindSafe(initializer))
        {
            record::all_panicked(&mut buffer, &closure::panic_of(&*payload));
            self.board.send(worker, &buffer, is_there);
            std::process::exit(INITIALIZER_FAILED);
        }
        while is_there()
            && let Some(items) = self.board.next(self.chunk)
        {
            for item in items {
                if self.board.take(item, worker) {
                    self.do_item(item, &mut buffer);
                    self.board.send(worker, &buffer, is_there);
                    self.board.set_done(item);
                }
            }
        }
    }

    fn do_item(&mut self, item: usize, buffer: &mut Vec<u8>) {
        // SAFETY: an item is taken once among all workers, so no other copy of this one is used in this process, and it
        // is not dropped with the list.
        let value = unsafe { std::ptr::read(&raw const *self.items[item]) };
        let function = &mut self.function;
        match catch_unwind(AssertUnwindSafe(|| function(value))) {
            Ok(value) => {
                if let Err(error) = record::value(buffer, item, &value) {
                    let message = format!("its value can't be given to its parent: {error}");
                    record::panicked(buffer, item, &closure::panic_with(message));
                }
            }
            Err(payload) => record::panicked(buffer, item, &closure::panic_of(&*payload)),
        }
    }
}

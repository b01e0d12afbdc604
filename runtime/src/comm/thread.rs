//! The thread that takes messages of the front end and calls the functions of cells, one after another.
//!
//! It starts with the first comm or target: a session without any has no such thread. A copy of the process has it too,
//! and it goes on there when the copy takes over. If it was the thread that took the process down, the copy gets another
//! one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::handled;
use super::message::Message;
use super::table;
use super::table::Entry;
use crate::session_tokio;
use crate::wire::CommAct;
use crate::wire::CommMessage;
use crate::wire::DATAGRAM_MAX;
use crate::wire::Delivery;
use crate::wire::DeliveryDecoder;
use crate::wire::Report;
use crate::worker;
use crate::worker::comms;

/// The system keeps 15 bytes of a thread's name.
const NAME: &str = "threadbook-comm";

static RUNS: AtomicBool = AtomicBool::new(false);
/// What is done after a copy has taken over.
static ON_RESUME: Mutex<Option<fn()>> = Mutex::new(None);

/// Starts the thread, once, in the process that runs cells.
///
/// # Panics
///
/// When the system gives no thread.
pub(super) fn start() {
    if !comms::is_open() || RUNS.swap(true, Ordering::SeqCst) {
        return;
    }
    comms::drain(&mut vec![0; DATAGRAM_MAX]);
    spawn();
}

fn spawn() {
    let mut buffer = vec![0; DATAGRAM_MAX];
    let thread = std::thread::Builder::new().name(NAME.to_owned());
    if let Err(error) = thread.spawn(move || serve(&mut buffer)) {
        RUNS.store(false, Ordering::SeqCst);
        panic!("no thread for messages of the front end could be started: {error}");
    }
}

/// Has a function called on the thread after a copy of the process has taken over and the kernel has closed what is not
/// open on both sides.
pub(crate) fn on_resume(function: fn()) {
    let mut place = ON_RESUME.lock().unwrap_or_else(PoisonError::into_inner);
    *place = Some(function);
}

/// This process is a copy that takes over. The names are those of threads that it lacks.
pub(crate) fn taken_over<'a>(mut missing: impl Iterator<Item = &'a String>) {
    if missing.any(|name| name == NAME) {
        // What waits is for comms that this process has too.
        spawn();
    }
    let (open, targets) = table::all();
    worker::report(&Report::Comms { open, targets });
}

fn serve(buffer: &mut [u8]) {
    let mut decoder = DeliveryDecoder::default();
    while let Ok(len) = comms::read(buffer) {
        if let Some((number, delivery)) = decoder.take(&buffer[..len]) {
            handled::within(number, || handle(delivery));
            worker::report(&Report::CommHandled { number });
        }
    }
}

fn handle(delivery: Delivery) {
    let _tokio = session_tokio::enter_existing();
    match delivery {
        Delivery::Message(message) => take(*message),
        Delivery::Resume => {
            let place = ON_RESUME.lock().unwrap_or_else(PoisonError::into_inner);
            let function = *place;
            drop(place);
            if let Some(function) = function {
                function();
            }
        }
    }
}

/// Calls what a message is for.
pub(super) fn take(message: CommMessage) {
    let CommMessage {
        act,
        comm_id,
        target,
        data,
        metadata,
        buffers,
    } = message;
    let message = Message {
        data,
        metadata,
        buffers,
    };
    match act {
        CommAct::Open => opened(comm_id, target, message),
        CommAct::Message => {
            if let Some(entry) = table::find(&comm_id) {
                entry.on_message().call_and_catch(message);
                if !entry.is_open() {
                    // The callback has closed its own comm.
                    entry.close();
                }
            }
        }
        CommAct::Close => {
            if let Some(entry) = table::remove(&comm_id) {
                entry.on_close().call_and_catch(message);
                entry.close();
            }
        }
    }
}

/// The front end has opened a comm.
fn opened(id: String, target: String, message: Message) {
    let callback = table::target(&target);
    let entry = Arc::new(Entry::new(id, target));
    table::insert(&entry);
    let is_taken =
        callback.is_some_and(|callback| callback.call_and_catch((Arc::clone(&entry), message)));
    if !is_taken && table::remove(entry.id()).is_some() {
        entry.close();
        worker::report(&Report::Comm {
            within: handled::number(),
            message: CommMessage {
                act: CommAct::Close,
                comm_id: entry.id().to_owned(),
                ..CommMessage::default()
            },
        });
    }
}

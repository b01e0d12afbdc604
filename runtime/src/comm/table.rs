//! The open comms of this process, and the targets for which the front end may open some.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::callback::Callback;
use super::callback::Function;
use super::message::Message;

/// One comm.
pub(super) struct Entry {
    id: String,
    target: String,
    is_open: AtomicBool,
    on_message: Callback<Message>,
    on_close: Callback<Message>,
}

/// A target's callback.
type Target = Arc<Callback<(Arc<Entry>, Message)>>;

#[derive(Default)]
struct Table {
    comms: BTreeMap<String, Arc<Entry>>,
    targets: BTreeMap<String, Target>,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    comms: BTreeMap::new(),
    targets: BTreeMap::new(),
});

impl Entry {
    pub(super) fn new(id: String, target: String) -> Entry {
        Entry {
            id,
            target,
            is_open: AtomicBool::new(false),
            on_message: Callback::new(),
            on_close: Callback::new(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    pub(super) fn on_message(&self) -> &Callback<Message> {
        &self.on_message
    }

    pub(super) fn on_close(&self) -> &Callback<Message> {
        &self.on_close
    }

    /// Nothing comes or goes any more. What the callbacks own is dropped, which may be handles of this comm.
    pub(super) fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        self.on_message.clear();
        self.on_close.clear();
    }
}

/// The comm is open from now on.
pub(super) fn insert(entry: &Arc<Entry>) {
    entry.is_open.store(true, Ordering::SeqCst);
    let mut table = table();
    table.comms.insert(entry.id.clone(), Arc::clone(entry));
}

/// An open comm.
pub(super) fn find(id: &str) -> Option<Arc<Entry>> {
    table().comms.get(id).cloned()
}

/// The comm is not open any more, if it was.
pub(super) fn remove(id: &str) -> Option<Arc<Entry>> {
    let entry = table().comms.remove(id)?;
    entry.is_open.store(false, Ordering::SeqCst);
    Some(entry)
}

/// The front end may open comms for a target.
pub(super) fn set_target(name: &str, function: Function<(Arc<Entry>, Message)>) {
    let mut table = table();
    let target = table.targets.entry(name.to_owned());
    let target = target.or_insert_with(|| Arc::new(Callback::new()));
    let target = Arc::clone(target);
    drop(table);
    target.set(function);
}

/// What was given for a target.
pub(super) fn target(name: &str) -> Option<Target> {
    table().targets.get(name).cloned()
}

/// All open comms, with their targets, and all targets for which the front end may open some.
pub(super) fn all() -> (Vec<(String, String)>, Vec<String>) {
    let table = table();
    let comms = table.comms.values();
    let comms = comms.map(|entry| (entry.id.clone(), entry.target.clone()));
    (comms.collect(), table.targets.keys().cloned().collect())
}

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

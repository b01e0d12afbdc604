//! What all widgets have in common: a state, which the front end has a copy of, and a comm that keeps both equal.
//!
//! <https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::kind;
use super::kind::Kind;
use crate::comm::Callback;
use crate::comm::Comm;
use crate::comm::Function;
use crate::comm::Message;

/// The target that widgets are opened for, and the version of their protocol.
const TARGET: &str = "jupyter.widget";
const PROTOCOL_VERSION: &str = "2.1.0";
/// The entry that most widgets are about.
pub(super) const VALUE: &str = "value";

/// The models that the front end has, by the ids of their comms.
static MODELS: Mutex<BTreeMap<String, Arc<Model>>> = Mutex::new(BTreeMap::new());

/// One widget, or a part of one.
pub(crate) struct Model {
    kind: &'static Kind,
    inner: Mutex<Inner>,
    /// Called with the value that the person has set, or with the content of a message such as a click. Nothing is locked
    /// meanwhile, and only the thread of comms calls it.
    on_event: Callback<Value>,
}

struct Inner {
    state: Map<String, Value>,
    /// Models that entries of the state refer to.
    parts: Vec<(&'static str, Arc<Model>)>,
    children: Option<Vec<Arc<Model>>>,
    comm: Option<Comm>,
}

/// What has a model.
pub trait Modelled {
    #[doc(hidden)]
    fn model(&self) -> &ModelRef;
}

/// A model, for the implementations of [`Modelled`].
#[derive(Clone)]
#[doc(hidden)]
pub struct ModelRef(pub(super) Arc<Model>);

impl Model {
    pub(super) fn new(kind: &'static Kind, state: Value) -> Arc<Model> {
        let mut parts = Vec::new();
        if kind.has_layout {
            parts.push(("layout", Model::new(&kind::LAYOUT, json!({}))));
        }
        if let Some(style) = kind.style {
            parts.push(("style", Model::new(style, json!({}))));
        }
        let state = match state {
            Value::Object(state) => state,
            _ => Map::new(),
        };
        Arc::new(Model {
            kind,
            inner: Mutex::new(Inner {
                state,
                parts,
                children: None,
                comm: None,
            }),
            on_event: Callback::new(),
        })
    }

    /// Before the model is opened: what a box holds.
    pub(super) fn set_children(&self, children: Vec<Arc<Model>>) {
        self.inner().children = Some(children);
    }

    /// An entry of the state; `null` where there is none.
    pub(super) fn get(&self, name: &str) -> Value {
        self.inner().state.get(name).cloned().unwrap_or_default()
    }

    /// Sets an entry of the state, here and in the front end.
    pub(super) fn set(&self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        self.change(name, |entry| *entry = value);
    }

    /// Changes an entry of the state, here and in the front end.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut inner = self.inner();
        let entry = inner.state.entry(name).or_insert(Value::Null);
        let before = entry.clone();
        change(entry);
        if *entry == before {
            return;
        }
        let state = Map::from_iter([(name.to_owned(), entry.clone())]);
        // Under the lock, so that the front end gets changes in the order in which they were made.
        inner.send_update(state);
    }

    /// Calls a function when the person has done something, in the place of the one that was given before.
    pub(super) fn on_event(&self, function: Function<Value>) {
        self.on_event.set(function);
    }

    /// Makes the model known to the front end, if it is not; gives its id there.
    pub(super) fn open(self: &Arc<Self>) -> String {
        let mut inner = self.inner();
        if let Some(comm) = inner.comm.as_ref().filter(|comm| comm.is_open()) {
            return comm.id().to_owned();
        }
        let state = inner.whole(self.kind);
        let comm = Comm::unopened(TARGET);
        let model = Arc::clone(self);
        comm.on_message(move |message| model.take(&message.data));
        let id = comm.id().to_owned();
        comm.on_close({
            let id = id.clone();
            move |_| {
                let model = models().remove(&id);
                drop(model);
            }
        });
        models().insert(id.clone(), Arc::clone(self));
        let message = Message::new(json!({"state": state, "buffer_paths": []}));
        comm.announce(message.with_metadata("version", PROTOCOL_VERSION));
        inner.comm = Some(comm);
        id
    }

    /// Removes the model, and what belongs to it alone, from the front end.
    pub(super) fn close(&self) {
        let mut inner = self.inner();
        let comm = inner.comm.take();
        let parts: Vec<_> = inner
            .parts
            .iter()
            .map(|(_, part)| Arc::clone(part))
            .collect();
        drop(inner);
        if let Some(comm) = comm {
            let model = models().remove(comm.id());
            comm.close();
            drop(model);
        }
        for part in parts {
            part.close();
        }
    }

    /// Sends everything that the front end has of the model.
    pub(super) fn refresh(&self) {
        let mut inner = self.inner();
        if inner.comm.as_ref().is_some_and(Comm::is_open) {
            let state = inner.whole(self.kind);
            inner.send_update(state);
        }
    }

    /// The model as the front end gets it with those of all others.
    pub(super) fn described(&self) -> Value {
        let state = self.inner().whole(self.kind);
        json!({
            "model_name": state["_model_name"],
            "model_module": state["_model_module"],
            "model_module_version": state["_model_module_version"],
            "state": state,
        })
    }

    /// Takes a message of the front end.
    pub(super) fn take(&self, data: &Value) {
        match data["method"].as_str() {
            Some("update") => {
                let Some(changes) = data["state"].as_object() else {
                    return;
                };
                let mut inner = self.inner();
                let before = inner.state.get(VALUE).cloned();
                for (name, value) in changes {
                    inner.state.insert(name.clone(), value.clone());
                }
                let after = inner.state.get(VALUE).cloned();
                drop(inner);
                if let Some(value) = after.filter(|after| Some(after) != before.as_ref()) {
                    self.on_event.call(value);
                }
            }
            Some("request_state") => self.refresh(),
            Some("custom") => {
                self.on_event.call(data["content"].clone());
            }
            _ => {}
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The widget as text, for where nothing can show it.
    pub(super) fn text(&self) -> String {
        let inner = self.inner();
        let mut words = Vec::new();
        for name in self.kind.text {
            // A description is mostly missing.
            if let Some(value) = inner.state.get(*name) {
                words.push(format!("{name}={value}"));
            }
        }
        let children = inner.children.iter().flatten();
        words.extend(children.map(|child| child.text()));
        format!("{}({})", self.kind.name, words.join(", "))
    }
}

impl Inner {
    /// The whole state, for which all models that it refers to are opened.
    fn whole(&self, kind: &Kind) -> Map<String, Value> {
        let mut state = kind.entries();
        for (name, part) in &self.parts {
            state.insert((*name).to_owned(), reference(part));
        }
        if let Some(children) = &self.children {
            let children: Value = children.iter().map(reference).collect();
            state.insert("children".to_owned(), children);
        }
        state.extend(self.state.clone());
        state
    }

    fn send_update(&mut self, state: Map<String, Value>) {
        if let Some(comm) = &self.comm {
            comm.send(json!({"method": "update", "state": state, "buffer_paths": []}));
        }
    }
}

fn reference(model: &Arc<Model>) -> Value {
    format!("IPY_MODEL_{}", model.open()).into()
}

/// The models that the front end has.
pub(super) fn known() -> Vec<(String, Arc<Model>)> {
    let models = models();
    let models = models.iter();
    models
        .map(|(id, model)| (id.clone(), Arc::clone(model)))
        .collect()
}

fn models() -> MutexGuard<'static, BTreeMap<String, Arc<Model>>> {
    MODELS.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Holds a session's variables between cells, with the methods that evcxr's generated code calls.
//!
//! evcxr puts code for this into every cell; having it here once saves rustc that part of every compile.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use crate::worker::cell;

thread_local! {
    /// Variables by name, on the thread that runs cells.
    static VARIABLES: RefCell<HashMap<String, Box<dyn Any>>> = RefCell::default();
}

/// evcxr's handle on the session's variables.
#[derive(Default)]
pub struct VariableStore(());

impl VariableStore {
    /// Stores a variable.
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
        put(name, Box::new(value));
    }

    /// Whether a variable is there, with the type that the cell was compiled for. If not, evcxr forgets the variable.
    pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
        let fits = VARIABLES.with_borrow(|variables| {
            let value = variables.get(name);
            value.is_some_and(|value| value.is::<T>())
        });
        if !fits {
            cell::type_changed(name);
        }
        fits
    }

    /// Takes a variable out.
    ///
    /// # Panics
    ///
    /// When it is not there, or has another type than [`VariableStore::check_variable`] was asked for.
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        take(name)
    }
}

/// Makes the session's store; evcxr's generated code keeps the pointer.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::default())
}

/// Takes out a variable that evcxr has forgotten.
///
/// # Panics
///
/// When it is not there, or has another type.
pub fn revive<T: 'static>(name: &str) -> T {
    take(name)
}

fn put(name: &str, value: Box<dyn Any>) {
    let before = VARIABLES.with_borrow_mut(|variables| variables.insert(name.to_owned(), value));
    // Not while the variables are borrowed: dropping a value may run any code.
    drop(before);
}

fn take<T: 'static>(name: &str) -> T {
    let value = VARIABLES.with_borrow_mut(|variables| variables.remove(name));
    match value.map(<Box<dyn Any>>::downcast) {
        Some(Ok(value)) => *value,
        Some(Err(_)) => panic!("the variable `{name}` has changed its type"),
        None => panic!("the variable `{name}` is not there"),
    }
}

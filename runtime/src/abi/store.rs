//! Holds a session's variables between cells, with the methods that evcxr's generated code calls.
//!
//! evcxr puts code for this into every cell; having it here once saves rustc that part of every compile.

use std::any::Any;
use std::collections::HashMap;

use crate::worker::cell;

/// evcxr's marker for an early return. The changed code does not print it.
pub const USER_ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";

/// Variables by name.
#[derive(Default)]
pub struct VariableStore {
    variables: HashMap<String, Box<dyn Any>>,
}

impl VariableStore {
    /// Stores a variable.
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
        self.put(name, Box::new(value));
    }

    /// Whether a variable has the type that the cell thinks; tells evcxr if not.
    pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
        let fits = self.variables.get(name).is_none_or(|value| value.is::<T>());
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
        match self.take(name).downcast() {
            Ok(value) => *value,
            Err(_) => panic!("the variable `{name}` has changed its type"),
        }
    }

    fn put(&mut self, name: &str, value: Box<dyn Any>) {
        self.variables.insert(name.to_owned(), value);
    }

    fn take(&mut self, name: &str) -> Box<dyn Any> {
        match self.variables.remove(name) {
            Some(value) => value,
            None => {
                panic!("the variable `{name}` is gone (an earlier cell that panicked had moved it)")
            }
        }
    }
}

/// Makes the session's store; evcxr's generated code keeps the pointer.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::default())
}

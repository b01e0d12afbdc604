//! Holds a session's variables between cells, with the methods that evcxr's generated code calls.
//!
//! evcxr puts code for this into every cell; having it here once saves rustc that part of every compile.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use crate::worker::cell;

thread_local! {
    /// Variables by name, on the thread that runs cells.
    static VARIABLES: RefCell<HashMap<String, Variable>> = RefCell::default();
    /// What the cell that runs expects of variables whose types cells have defined.
    static EXPECTED: RefCell<Expected> = RefCell::default();
}

struct Variable {
    value: Box<dyn Any>,
    /// A number for the definitions that its type consists of; 0 where no cell has defined a part of it.
    fingerprint: u64,
}

/// Fingerprints of types, by the names of variables.
#[derive(Default)]
struct Expected {
    checked: HashMap<String, u64>,
    put: HashMap<String, u64>,
}

impl Expected {
    fn number(numbers: &HashMap<String, u64>, name: &str) -> u64 {
        numbers.get(name).copied().unwrap_or_default()
    }
}

/// A cell begins, which has named no types so far.
pub(crate) fn begin_cell() {
    EXPECTED.set(Expected::default());
}

/// Gives the fingerprints of the types of variables that a cell looks for, and of those that it stores.
///
/// A type that is defined anew is the same type for the compiler: only its fingerprint differs from the old one.
pub fn expect_types(checked: &[(&str, u64)], put: &[(&str, u64)]) {
    let map = |numbers: &[(&str, u64)]| {
        let owned = numbers
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number));
        owned.collect()
    };
    EXPECTED.set(Expected {
        checked: map(checked),
        put: map(put),
    });
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
        let expected = EXPECTED.with_borrow(|expected| Expected::number(&expected.checked, name));
        let fits = VARIABLES.with_borrow(|variables| {
            let variable = variables.get(name);
            variable.is_some_and(|variable| {
                variable.value.is::<T>() && variable.fingerprint == expected
            })
        });
        if !fits {
            cell::type_changed(name);
        }
        fits
    }

    /// Whether variables are there, of whatever types: those that the cell does not mention, with blanks between their
    /// names. evcxr forgets the others.
    pub fn check_names(&mut self, names: &str) -> bool {
        let is_missing =
            |name: &&str| VARIABLES.with_borrow(|variables| !variables.contains_key(*name));
        let missing: Vec<&str> = names.split_whitespace().filter(is_missing).collect();
        missing.iter().for_each(|name| cell::type_changed(name));
        missing.is_empty()
    }

    /// Takes a variable out.
    ///
    /// # Panics
    ///
    /// When it is not there, or has another type than [`VariableStore::check_variable`] has checked.
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        take(name)
    }
}

/// Drops variables whose types are defined anew.
pub fn forget(names: &[&str]) {
    for name in names {
        let variable = VARIABLES.with_borrow_mut(|variables| variables.remove(*name));
        drop(variable);
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
    let fingerprint = EXPECTED.with_borrow(|expected| Expected::number(&expected.put, name));
    let variable = Variable { value, fingerprint };
    let before = VARIABLES.with_borrow_mut(|variables| variables.insert(name.to_owned(), variable));
    // Not while the variables are borrowed: dropping a value may run any code.
    drop(before);
}

fn take<T: 'static>(name: &str) -> T {
    let variable = VARIABLES.with_borrow_mut(|variables| variables.remove(name));
    match variable.map(|variable| variable.value.downcast()) {
        Some(Ok(value)) => *value,
        Some(Err(_)) => panic!("the variable `{name}` has changed its type"),
        None => panic!("the variable `{name}` is not there"),
    }
}

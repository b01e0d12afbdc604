//! Which cell a piece of code belongs to.
//!
//! Every cell is a shared object. A string constant of its code lies in it, so the address of one, such as the file
//! name in a `Location`, shows whose code calls, on whatever thread.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockWriteGuard;

use super::sys;
use crate::wire::Place;

#[derive(Debug, Default)]
pub(super) struct Loads {
    count: u32,
    by_object: HashMap<String, u32>,
    /// What was found before, since looking through the loaded objects takes long.
    by_address: HashMap<usize, u32>,
}

static LOADS: RwLock<Option<Loads>> = RwLock::new(None);

/// A cell's object is about to be loaded; gives its number, from 1.
pub(crate) fn begin(so: &str) -> u32 {
    let mut loads = LOADS.write().unwrap_or_else(PoisonError::into_inner);
    let loads = loads.get_or_insert_default();
    loads.count += 1;
    loads.by_object.insert(so.to_owned(), loads.count);
    loads.count
}

/// The data about loads, locked.
pub(super) fn lock() -> RwLockWriteGuard<'static, Option<Loads>> {
    LOADS.write().unwrap_or_else(PoisonError::into_inner)
}

/// The number of the cell whose object holds the address; 0 where that is none.
pub(crate) fn load_at(address: *const u8) -> u32 {
    let known = LOADS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(load) = known
        .as_ref()
        .and_then(|loads| loads.by_address.get(&address.addr()))
    {
        return *load;
    }
    drop(known);
    let object = sys::object_at(address);
    let mut loads = LOADS.write().unwrap_or_else(PoisonError::into_inner);
    let Some(loads) = loads.as_mut() else {
        return 0;
    };
    let load = object
        .and_then(|object| loads.by_object.get(&object))
        .copied()
        .unwrap_or(0);
    loads.by_address.insert(address.addr(), load);
    load
}

/// Which load of a cell the caller's code is in.
#[track_caller]
pub(crate) fn load_of_caller() -> u32 {
    load_at(Location::caller().file().as_ptr())
}

/// A location, and the shared object that it lies in: the file's name is a constant of that object.
pub(crate) fn place_of(location: &Location<'_>) -> Place {
    let anchor = location.file().as_ptr();
    Place {
        file: location.file().to_owned(),
        line: location.line(),
        column: location.column(),
        so: sys::object_at(anchor),
        load: load_at(anchor),
    }
}

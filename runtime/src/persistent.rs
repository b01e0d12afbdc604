//! `thread_local!` that keeps its values from cell to cell.
//!
//! Every cell is a crate of its own, into which the items of earlier cells are compiled again; std's macro would make
//! new thread-locals in each. These look themselves up by name here, in the library that all cells share.

use std::any::Any;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// How often each name was defined again: its values start anew then, in every thread.
static GENERATIONS: RwLock<Option<HashMap<String, u64>>> = RwLock::new(None);

/// A thread's values, by name and generation.
type Values = HashMap<(&'static str, u64), Rc<dyn Any>>;

std::thread_local! {
    static VALUES: RefCell<Values> = RefCell::default();
}

/// Defines thread-locals, as `std::thread_local!` does, that keep their values from cell to cell.
///
/// A definition in a later cell starts them anew, in every thread. A value is dropped when its thread ends.
///
/// ```
/// use std::cell::Cell;
///
/// threadbook::thread_local! {
///     static COUNT: Cell<u32> = const { Cell::new(1) };
/// }
/// COUNT.set(COUNT.get() + 1);
/// assert_eq!(COUNT.get(), 2);
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$meta:meta])* $vis:vis static $name:ident : $ty:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::thread_local!(@one [$(#[$meta])*] $name, $ty, $init);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$meta:meta])* $vis:vis static $name:ident : $ty:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::thread_local!(@one [$(#[$meta])*] $name, $ty, $init);
        $($crate::thread_local!($($rest)*);)?
    };
    (@one [$($meta:tt)*] $name:ident, $ty:ty, $init:expr) => {
        $($meta)*
        // Seen from the module that the kernel wraps it in, whatever its visibility.
        pub(crate) const $name: $crate::LocalKey<$ty> = {
            fn init() -> $ty {
                $init
            }
            $crate::LocalKey::new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name), ": ", ::core::stringify!($ty)),
                init,
            )
        };
    };
}

/// A thread-local that keeps its value from cell to cell; made by `thread_local!`. Its methods are those of
/// [`std::thread::LocalKey`].
#[derive(Debug)]
pub struct LocalKey<T: 'static> {
    name: &'static str,
    init: fn() -> T,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn new(name: &'static str, init: fn() -> T) -> LocalKey<T> {
        LocalKey { name, init }
    }

    /// Calls `access` with the thread's value, which is made at the first use.
    ///
    /// # Panics
    ///
    /// When called while the thread's values are being dropped.
    pub fn with<R>(&'static self, access: impl FnOnce(&T) -> R) -> R {
        let key = (self.name, generation(self.name));
        let found = VALUES.with_borrow(|values| values.get(&key).cloned());
        let value = match found.and_then(|value| value.downcast::<T>().ok()) {
            Some(value) => value,
            None => {
                // Made outside the borrow: making it may use other thread-locals.
                let value = Rc::new((self.init)());
                VALUES
                    .with_borrow_mut(|values| values.insert(key, Rc::clone(&value) as Rc<dyn Any>));
                value
            }
        };
        access(&value)
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the thread's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// Copies the thread's value out.
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the thread's value, leaving the default.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Puts another value in place of the thread's.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `access` with the thread's value borrowed.
    ///
    /// # Panics
    ///
    /// When it is mutably borrowed.
    pub fn with_borrow<R>(&'static self, access: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| access(&cell.borrow()))
    }

    /// Calls `access` with the thread's value mutably borrowed.
    ///
    /// # Panics
    ///
    /// When it is borrowed.
    pub fn with_borrow_mut<R>(&'static self, access: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| access(&mut cell.borrow_mut()))
    }

    /// Sets the thread's value.
    ///
    /// # Panics
    ///
    /// When it is borrowed.
    pub fn set(&'static self, value: T) {
        self.with(|cell| *cell.borrow_mut() = value);
    }

    /// Takes the thread's value, leaving the default.
    ///
    /// # Panics
    ///
    /// When it is borrowed.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Puts another value in place of the thread's.
    ///
    /// # Panics
    ///
    /// When it is borrowed.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// These names are defined again.
pub(crate) fn forget(names: &[&str]) {
    let mut generations = GENERATIONS.write().unwrap_or_else(PoisonError::into_inner);
    for name in names {
        *generations
            .get_or_insert_default()
            .entry((*name).to_owned())
            .or_insert(0) += 1;
    }
}

fn generation(name: &str) -> u64 {
    // Definitions differ by their name alone; what follows it is the type.
    let path = name.split(": ").next().unwrap_or(name);
    let name = path.rsplit("::").next().unwrap_or(path);
    let generations = GENERATIONS.read().unwrap_or_else(PoisonError::into_inner);
    generations
        .as_ref()
        .and_then(|generations| generations.get(name))
        .copied()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cell::RefCell;

    crate::thread_local! {
        static ONE: Cell<u32> = const { Cell::new(1) };
        pub(crate) static TWO: RefCell<Vec<u32>> = RefCell::new(vec![ONE.get()])
    }

    #[test]
    fn values_are_the_threads_own_and_start_anew_when_defined_again() {
        TWO.with_borrow_mut(|list| list.push(5));
        assert_eq!(TWO.with_borrow(Vec::len), 2);
        let other = std::thread::spawn(|| TWO.with_borrow(Vec::len)).join();
        assert_eq!(other.ok(), Some(1));
        super::forget(&["TWO"]);
        assert_eq!(TWO.take(), [1]);
        assert_eq!(ONE.replace(3), 1);
        assert_eq!(ONE.get(), 3);
    }
}

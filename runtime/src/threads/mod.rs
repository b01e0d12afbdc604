//! Threads of cells: which there are, and waiting for them.
//!
//! Threads are std's: [`std::thread::spawn`] starts one, [`std::thread::scope`] some that may borrow, and
//! [`std::thread::Builder`] one with a name. A cell ends when its code does; its threads go on, and print under it. What
//! std lacks is here: [`list`] shows all threads, and [`Join`], which cells have in scope, waits for one and gives its panic
//! as an error.
//!
//! ```
//! use threadbook::threads::Join;
//!
//! let handles: Vec<_> = (0..3).map(|n| std::thread::spawn(move || n * n)).collect();
//! for handle in handles {
//!     println!("{}", handle.wait()?);
//! }
//! # Ok::<(), threadbook::threads::Panicked>(())
//! ```
//!
//! | Python's `threading` | here |
//! | --- | --- |
//! | `Thread(target=f).start()` | `std::thread::spawn(f)` |
//! | `thread.join()` | `handle.wait()?` |
//! | `thread.join(timeout)` | [`handle.wait_for(limit)`](Join::wait_for) |
//! | `thread.is_alive()` | `!handle.is_finished()` |
//! | `enumerate()` | [`list()`](list) |
//! | `Lock`, `Condition`, `Barrier` | `std::sync::Mutex`, `Condvar`, `Barrier` |
//! | `RLock` | `parking_lot::ReentrantMutex` |
//! | `Semaphore` | `tokio::sync::Semaphore` |
//! | `Event` | a channel, or `std::sync::OnceLock` |
//! | `local()` | `thread_local!` |
//! | `queue.Queue` | `std::sync::mpsc`, or `crossbeam::channel` where several receive |

mod join;
mod list;
mod panicked;
mod places;

pub use join::Join;
pub use list::ThreadInfo;
pub use list::Threads;
pub use list::list;
pub use panicked::Panicked;

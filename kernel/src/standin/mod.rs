//! **Code here does not run in the kernel process.** It is the kernel's program, started by evcxr, rust-analyzer, rustc or
//! the worker under another program's name: one short process a call, which finds its session by an environment variable
//! and talks to the kernel only by the files in [`SessionPaths`](crate::build::SessionPaths).
//!
//! | name | started by | file |
//! | --- | --- | --- |
//! | `cargo` | evcxr, for each compile; rust-analyzer | `cargo` |
//! | `rustc` | rust-analyzer, cargo | `roles` |
//! | `rustup` | evcxr | `roles` |
//! | `threadbook-layer-cc` | rustc, for a layer of dependencies | `dependencies/layer` |
//! | `threadbook-script` | the worker, for `%run` | `script` |
//! | `threadbook-bound` | the kernel, to run cargo for the prepared build | `roles` |
//!
//! | file | what it does |
//! | --- | --- |
//! | `roles` | chooses the program to play by its name |
//! | `cargo` | calls rustc itself when only the cell has changed |
//! | `rustc` | runs rustc, and the linker for what rustc has made |
//! | `real_cargo` | the real cargo, for everything else |
//! | `compiling` | compiles a cell, and finds out which of its variables can be kept |
//! | `changes` | the changes of one compile, and what is noted of them for the next |
//! | `dependencies/` | builds the dependencies that a session adds |
//! | `answers` | what cargo and rustc have printed about the toolchain, noted for the next time |
//! | `first` | what rustc has said of the code with which every session begins |
//! | `packages` | the packages that rust-analyzer is shown |
//! | `script` | compiles what `%run` runs |
//! | `watch` | measures a compile |

mod answers;
mod cargo;
mod changes;
mod compiling;
mod dependencies;
mod first;
mod packages;
mod real_cargo;
mod roles;
mod rustc;
mod script;
mod watch;

pub use roles::run_if_asked;

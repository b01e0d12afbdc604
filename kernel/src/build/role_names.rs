//! The names under which the kernel's program plays another program: see `crate::standin`.

pub(crate) use threadbook::shell::SCRIPT_COMPILER;

/// cargo, for evcxr and rust-analyzer.
pub(crate) const CARGO: &str = "cargo";
/// rustc, for evcxr and rust-analyzer.
pub(crate) const RUSTC: &str = "rustc";
/// rustup, which evcxr runs to find cargo.
pub(crate) const RUSTUP: &str = "rustup";
/// The linker of a layer. By the end of its name rustc calls it as a C compiler.
pub(crate) const LAYER_LINKER: &str = "threadbook-layer-cc";

/// The names of the links in a session's folder.
pub(crate) const LINKS: [&str; 5] = [CARGO, RUSTC, RUSTUP, LAYER_LINKER, SCRIPT_COMPILER];

/// A program that runs another one and ends with its parent. It has no link.
pub(crate) const BOUND: &str = "threadbook-bound";

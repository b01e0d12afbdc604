//! Loom's atomics instead of std's.

pub(super) use loom::sync::atomic::AtomicU32;
pub(super) use loom::sync::atomic::AtomicU64;
pub(super) use loom::sync::atomic::fence;

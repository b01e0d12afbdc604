//! The atomics that processes share. A model checker puts others in their place: see `models/`.

pub(super) use std::sync::atomic::AtomicU32;
pub(super) use std::sync::atomic::AtomicU64;
pub(super) use std::sync::atomic::fence;

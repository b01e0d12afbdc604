//! The kernel's side of the protocol, over a transport in memory, with cells that are scripts.

mod cells;
mod comms;
mod echoes;
mod front;
mod requests;
mod script;

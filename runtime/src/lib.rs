//! The runtime that every Threadbook cell links.

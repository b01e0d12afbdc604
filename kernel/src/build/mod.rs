//! What the kernel process and the stand-in both use to compile cells. **Code here runs in both processes.**

pub mod session_paths;

pub use session_paths::SessionPaths;

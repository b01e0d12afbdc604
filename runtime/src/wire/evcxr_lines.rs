//! What evcxr 0.22 and the worker write to each other. The kernel's `evcxr_text` has what is known of evcxr besides.

/// The word that begins the line by which evcxr has an object loaded; the object's path and a function's name follow.
pub(super) const LOAD_AND_RUN: &str = "LOAD_AND_RUN ";

/// The line that evcxr waits for at the end of a cell.
pub(crate) const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE\n";
/// The line before it by which evcxr does not expect the cell's variables.
pub(crate) const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION\n";
/// The line by which evcxr learns that the cell has returned an error.
pub(crate) const RETURNED_ERROR: &str = "EVCXR_ERROR_OCCURRED\n";

/// The line by which evcxr forgets a variable, whose type is another one now.
pub(crate) fn changed_type(name: &str) -> String {
    format!("EVCXR_VARIABLE_CHANGED_TYPE:{name}\n")
}

/// The variable by which evcxr marks the environment of its process for cells.
pub(crate) const IS_RUNTIME_VAR: &str = "EVCXR_IS_RUNTIME";

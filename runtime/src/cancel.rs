//! Stopping a cell that the person has interrupted.
//!
//! An interrupt reaches the thread that runs the cell, as in Python. Helpers of this crate, top-level awaits, `print!`
//! and its family, and the calls of std that wait (`thread::sleep`, `JoinHandle::join`, `Child::wait`, reading a pipe or
//! a socket, ...) then unwind, so that values are dropped and every variable is kept. Code that does none of these is
//! given half a second; then its process goes back to the state before the cell.

use crate::worker::cell;
use crate::worker::unwind_interrupted;

/// Ends the cell here if the person has interrupted it. For long computations, which otherwise would not notice.
///
/// Costs a few nanoseconds. On threads other than the cell's own, and outside a notebook, it does nothing.
///
/// An interrupt unwinds the cell, as a panic would: values are dropped, every variable of earlier cells is kept.
///
/// ```
/// let mut sum = 0_u64;
/// for number in 0..1_000_000 {
///     threadbook::check_interrupt();
///     sum += number;
/// }
/// assert_eq!(sum, 499_999_500_000);
/// ```
pub fn check_interrupt() {
    if cell::must_stop() {
        unwind_interrupted();
    }
}

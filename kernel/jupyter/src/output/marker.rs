//! What the kernel itself puts between the events of cells, so that their order is that of one queue.

use crate::contract::Cell;
use crate::contract::Outcome;
use crate::ticket::Ticket;

/// The start or the end of a cell. Evaluators neither send nor see markers.
#[derive(Debug)]
pub struct Marker(pub(crate) CellMark);

#[derive(Debug)]
pub(crate) enum CellMark {
    /// The cell starts: from here on, output without a cell is its.
    Begin { cell: Cell, ticket: Box<Ticket> },
    /// The cell has ended and all its events are before this.
    Finish {
        outcome: Outcome,
        user_expressions: Vec<String>,
    },
}

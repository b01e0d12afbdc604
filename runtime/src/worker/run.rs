//! One cell, from its shared object to the reports at its end.

use std::ffi::OsString;
use std::ffi::c_void;
use std::time::Instant;

use super::at_fork;
use super::cell;
use super::loads;
use super::outbox::report;
use super::sys;
use super::timing::Stopwatch;
use crate::abi::store;
use crate::process;
use crate::top;
use crate::wire::End;
use crate::wire::Report;
use crate::wire::evcxr_lines::COMPLETE;
use crate::wire::evcxr_lines::PANICKED;
use crate::wire::evcxr_lines::RETURNED_ERROR;
use crate::wire::evcxr_lines::changed_type;

/// The line by which evcxr keeps the variables that stood before the cell, and does not expect those of the cell.
pub(crate) fn markers_of_panic() -> String {
    format!("{PANICKED}{COMPLETE}")
}

/// Runs one cell; gives back what to report at its end, and what evcxr waits for.
pub(crate) fn run(so: &str, function: &str, store: &mut *mut c_void) -> (Report, String) {
    cell::begin();
    store::begin_cell();
    let load = loads::begin(so);
    report(&Report::Started {
        load,
        so: so.to_owned(),
        at_ms: top::now_ms(),
    });
    let before = Instant::now();
    let loaded = sys::load(so, function);
    let loading = before.elapsed();
    let watch = Stopwatch::start();
    if let Ok(function) = loaded {
        *store = function(*store);
        at_fork::end_unless_live();
    }
    let mut times = watch.times();
    times.loading = loading;
    let mut ending = cell::end();
    if let End::Interrupted { .. } = ending.end {
        process::interrupt_children_of(load);
    }
    if let Err(message) = loaded {
        ending.end = End::NotLoaded { message };
    }
    let mut markers = String::new();
    match &ending.end {
        End::Finished | End::Returned { .. } if ending.left => {
            markers.push_str(RETURNED_ERROR);
        }
        End::Finished | End::Returned { .. } => {}
        End::Panicked { .. }
        | End::Interrupted { .. }
        | End::Raised { .. }
        | End::NotLoaded { .. } => markers.push_str(PANICKED),
    }
    for name in &ending.type_changes {
        markers.push_str(&changed_type(name));
    }
    markers.push_str(COMPLETE);
    let done = Report::Done {
        end: ending.end,
        times,
        folder: working_folder(),
    };
    (done, markers)
}

/// The working folder of this process.
pub(crate) fn working_folder() -> Option<OsString> {
    Some(std::env::current_dir().ok()?.into_os_string())
}

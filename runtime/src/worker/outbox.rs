//! Reports, after all that was printed before them.

use super::channel;
use super::streams;
use crate::wire::Report;

/// Sends a report to the kernel; outside a worker, prints the text that it shows.
pub(crate) fn report(report: &Report) {
    if channel::is_open() {
        streams::settle();
        channel::send(report);
    } else if let Report::Display { data, .. } | Report::Result { data } = report
        && let Some(text) = data.get("text/plain").and_then(|text| text.as_str())
    {
        std::println!("{text}");
    }
}

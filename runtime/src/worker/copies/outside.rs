//! What a process has open that lies outside of it: going back does not change it, and a note lists it.

use std::fs;
use std::path::Path;

use crate::wire::Outside;

/// The tables of the network's sockets.
const TABLES: [&str; 4] = ["tcp", "tcp6", "udp", "udp6"];
/// The column of a socket's number in them.
const NUMBER: usize = 9;

/// The files and network sockets that this process has open.
pub(crate) fn open() -> Outside {
    let mut outside = Outside::default();
    let mut sockets = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
    {
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        let text = target.to_string_lossy();
        if let Some(number) = socket(&text) {
            sockets.push(number.to_owned());
        } else if is_file(&entry.path(), &target) {
            outside.files.push(text.into_owned());
        }
    }
    if !sockets.is_empty() {
        let tables = TABLES.map(|name| fs::read_to_string(format!("/proc/self/net/{name}")));
        let lines = tables
            .iter()
            .flatten()
            .flat_map(|table| table.lines().skip(1));
        let numbers = lines.filter_map(|line| line.split_whitespace().nth(NUMBER));
        outside.sockets = numbers
            .filter(|number| sockets.iter().any(|own| own == number))
            .count();
    }
    outside.files.sort_unstable();
    outside.files.dedup();
    outside
}

fn socket(link: &str) -> Option<&str> {
    link.strip_prefix("socket:[")?.strip_suffix(']')
}

/// Whether it is a file of the person's, neither the system's nor memory's.
fn is_file(descriptor: &Path, target: &Path) -> bool {
    let is_made_up = ["/proc", "/sys", "/dev", "/memfd:"]
        .iter()
        .any(|start| target.to_string_lossy().starts_with(start));
    !is_made_up && fs::metadata(descriptor).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn open_files_and_sockets_are_found() {
        let path = std::env::current_exe().unwrap();
        let name = path.to_string_lossy().into_owned();
        let before = open();
        let file = File::open(&path).unwrap();
        let _twin = file.try_clone().unwrap();
        let _listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _other = TcpListener::bind("127.0.0.1:0").unwrap();
        let now = open();
        assert_eq!(now.files.iter().filter(|file| **file == name).count(), 1);
        // Tests of other modules may open sockets at the same time.
        assert!(now.sockets >= 2, "{before:#?} {now:#?}");
    }
}

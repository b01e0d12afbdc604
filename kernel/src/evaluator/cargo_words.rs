//! cargo's errors about a dependency, worded for a person who named it in a cell.

/// Why a dependency could not be added, from the output of cargo or rustc.
pub(super) fn of_failure(said: &str) -> String {
    naming_the_network(without_progress(said.trim_end()))
}

/// cargo's error about a dependency that could not be fetched names everything but the network.
pub(super) fn naming_the_network(message: String) -> String {
    let signs = [
        "download of config.json failed",
        "failed to download",
        "failed to fetch",
        "Could not resolve host",
        "--offline was specified",
    ];
    if !signs.iter().any(|sign| message.contains(sign)) {
        return message;
    }
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    format!(
        "{first}: a dependency that was not downloaded before needs the network (try again with one)\n{rest}"
    )
}

/// cargo's error without the steps that led to it.
pub(super) fn without_progress(message: &str) -> String {
    let is_step = |line: &&str| {
        let line = line.trim_start();
        ["Updating ", "Locking ", "Downloading ", "Downloaded "]
            .iter()
            .any(|verb| line.starts_with(verb))
    };
    let text = message
        .lines()
        .skip_while(is_step)
        .collect::<Vec<_>>()
        .join("\n");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

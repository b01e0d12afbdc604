//! Cells that are shown in place of being run, and cells whose output is kept.

use serde_json::Map;
use serde_json::json;
use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::CellMagic;
use crate::cell::is_name;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "capture",
        summary: "runs a cell and keeps what it shows in a variable",
        help: "%%capture [NAME]

NAME has `stdout`, `stderr` and `outputs`, and `NAME.show()` shows it all.
Without a name what the cell shows is dropped. An error is shown as always.",
        line: None,
        cell: Some(capture),
    },
    shown(
        "html",
        "shows the cell as HTML",
        "%%html",
        |host, _, body| show(host, "text/html", body),
    ),
    shown(
        "svg",
        "shows the cell as an SVG picture",
        "%%svg",
        |host, _, body| show(host, "image/svg+xml", body),
    ),
    shown(
        "markdown",
        "shows the cell as Markdown",
        "%%markdown",
        |host, _, body| show(host, "text/markdown", body),
    ),
    shown(
        "latex",
        "shows the cell as LaTeX",
        "%%latex",
        |host, _, body| show(host, "text/latex", body),
    ),
    shown(
        "javascript",
        "runs the cell as JavaScript in the browser",
        "%%javascript\n\nFront ends run it where they trust the notebook.",
        |host, _, body| show(host, "application/javascript", body),
    ),
];

const fn shown(
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: super::CellRun,
) -> Magic {
    Magic {
        name,
        summary,
        help,
        line: None,
        cell: Some(run),
    }
}

fn show(host: &mut dyn Host, mime: &str, body: &str) -> Result<(), Diagnostic> {
    let mut data = Map::new();
    data.insert(mime.to_owned(), body.into());
    // For front ends without the rich form.
    data.insert("text/plain".to_owned(), body.into());
    host.display(data);
    Ok(())
}

fn capture(host: &mut dyn Host, magic: &CellMagic, _: &str) -> Result<(), Diagnostic> {
    let name = magic.args.as_str();
    if !name.is_empty() && !is_name(name) {
        return Err(failed(format!(
            "`%%capture` takes the name of a variable, but `{name}` follows"
        )));
    }
    let (ran, shown) = host.run_captured(magic.body.clone());
    if name.is_empty() {
        return ran.result;
    }
    let json = json!({"stdout": shown.stdout, "stderr": shown.stderr, "outputs": shown.outputs})
        .to_string();
    let bound = host.run_rust(&format!(
        "let {name} = threadbook::Captured::from_json({json:?});"
    ));
    ran.result.and(bound.result)
}

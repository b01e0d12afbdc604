//! The page "Coming from Python" of the crate's documentation: each of its rows runs as a cell.

use serde_json::json;
use threadbook_tests::kernel::Kernel;

const PAGE: &str = include_str!("../../../runtime/src/python.md");

/// A part of the page, under a heading.
struct Section {
    title: String,
    /// The code in fences, and the code of the table's rows.
    cells: Vec<String>,
}

/// The page's sections. Each fenced code block and each code in a table's second column is a cell.
fn sections(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut fence: Option<String> = None;
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("# ").filter(|_| fence.is_none()) {
            sections.push(Section {
                title: title.to_owned(),
                cells: Vec::new(),
            });
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match &mut fence {
            Some(code) if line == "```" => {
                section.cells.push(std::mem::take(code));
                fence = None;
            }
            Some(code) => {
                code.push_str(line);
                code.push('\n');
            }
            None if line == "```rust" => fence = Some(String::new()),
            None => section.cells.extend(code_of_row(line)),
        }
    }
    sections
}

/// The code in a row's second column; `None` for lines of a table's head and for lines outside of tables.
fn code_of_row(line: &str) -> Option<String> {
    // A bar in code is escaped.
    let line = line.strip_prefix("| ")?.replace("\\|", "\0");
    let column = line.split('|').nth(1)?.trim();
    let code = column.strip_prefix('`')?.strip_suffix('`')?;
    assert!(!code.contains('`'), "two codes in one row: {column}");
    Some(code.replace('\0', "|"))
}

#[test]
fn each_row_runs_as_a_cell() {
    let sections = sections(PAGE);
    let titles: Vec<&str> = sections
        .iter()
        .map(|section| section.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "threading",
            "concurrent.futures",
            "multiprocessing",
            "asyncio",
            "subprocess",
            "pickle",
            "logging",
            "tqdm"
        ]
    );
    // Every row has code, except for the two lines of each table's head.
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let heads = 2 * sections.len();
    let fences = PAGE.lines().filter(|line| *line == "```rust").count();
    let cells: usize = sections.iter().map(|section| section.cells.len()).sum();
    assert_eq!(cells, rows.count() - heads + fences);
    let mut kernel = Kernel::start();
    let mut faults = Vec::new();
    for section in &sections {
        for code in &section.cells {
            let ran = kernel.run_with(code, json!({"stop_on_error": false}));
            let warnings = ran
                .contents("display_data")
                .iter()
                .any(|content| content["metadata"]["threadbook_warnings"].is_u64());
            for kind in ["execute_result", "update_display_data", "error"] {
                ran.contents(kind);
            }
            let (_, said) = (ran.stdout(), ran.stderr());
            // Log events and progress bars also go to stderr. Therefore text there is not a fault.
            if ran.reply["status"] != "ok" || warnings {
                let what = format!("{}: `{code}`", section.title);
                faults.push(format!("{what}: {} {said}", ran.reply["evalue"]));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

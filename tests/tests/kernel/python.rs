//! Each row of the documentation's page "Coming from Python", as a cell.

use threadbook_tests::kernel::Kernel;

const PAGE: &str = include_str!("../../../runtime/src/python.md");

#[test]
fn each_row_runs_as_a_cell() {
    let mut kernel = Kernel::start();
    let rows = rows();
    assert!(rows.len() > 30, "{}", rows.len());
    for row in rows {
        let ran = kernel.run(row);
        // An event of `log` shows as a line, `progress` as a bar.
        ran.stderr();
        ran.displays();
        ran.contents("update_display_data");
        ran.nothing();
    }
}

/// The code between fences.
fn rows() -> Vec<&'static str> {
    let parts = PAGE.split("```").skip(1).step_by(2);
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(_, code)| code)
        .collect()
}

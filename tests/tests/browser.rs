//! A real JupyterLab in a real browser. The checks are the scripts in tests/browser.

use std::env;
use std::fs;
use std::io;
use std::io::Write as _;

use anyhow::Result;
use anyhow::bail;
use threadbook_tests::browser::Browser;
use threadbook_tests::lab::Lab;
use threadbook_tests::notebooks;

/// With the value `required`, a missing browser is a failure.
const REQUIREMENT: &str = "THREADBOOK_BROWSER";

#[test]
fn a_person_works_in_jupyterlab() -> Result<()> {
    let browser = match Browser::find() {
        Ok(browser) => browser,
        Err(missing) => return not_run(&missing),
    };
    let lab = Lab::start()?;
    let tour = "00_tour.ipynb";
    fs::copy(notebooks::folder().join(tour), lab.folder().join(tour))?;
    println!("{}", browser.check(&lab)?);
    lab.end();
    Ok(())
}

fn not_run(missing: &anyhow::Error) -> Result<()> {
    if env::var_os(REQUIREMENT).is_some_and(|value| value == "required") {
        bail!("the browser tests did not run, and {REQUIREMENT} is `required`: {missing:#}");
    }
    // `eprintln!` is not used here, because its text is hidden if a test passes.
    writeln!(
        io::stderr(),
        "\n*** THE BROWSER TESTS DID NOT RUN: {missing:#} ***\n"
    )?;
    Ok(())
}

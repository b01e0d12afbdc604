//! The project's own notebooks: their contents, and their runs with `threadbook run`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use threadbook_tests::cache::PrivateCache;
use threadbook_tests::notebooks;
use threadbook_tests::notebooks::Cell;
use threadbook_tests::notebooks::Notebook;
use threadbook_tests::notebooks::differences;

/// The notebooks that correspond to the five Python notebooks. Each also exists in Russian.
const TOLD_AGAIN: [&str; 5] = [
    "01_overview.ipynb",
    "02_threads_and_futures.ipynb",
    "03_cpu_and_io.ipynb",
    "04_threading_and_processes.ipynb",
    "05_processes_and_async.ipynb",
];

/// The execution counts of the code cells of the Python notebooks; 0 for a cell without one.
const SEEDS: [(&str, &[u32]); 5] = [
    ("000", &[1, 8, 2, 3, 9, 10, 8, 2, 0, 1, 4, 5, 7, 8]),
    (
        "001",
        &[
            33, 15, 7, 26, 27, 19, 21, 29, 30, 31, 32, 33, 2, 54, 3, 66, 67, 71,
        ],
    ),
    ("002", &[1, 2, 3, 0, 5, 4, 5, 6]),
    (
        "003",
        &[
            12, 8, 11, 13, 20, 14, 15, 1, 18, 19, 11, 5, 8, 9, 0, 0, 10, 0, 0, 0, 0,
        ],
    ),
    (
        "004",
        &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        ],
    ),
];

/// The message of each exercise while it is not solved.
const UNSOLVED: [(&str, &str); 10] = [
    (
        "01_add_and_multiply.ipynb",
        "Not on new threads yet: `add` or `multiply` ran on the thread that called `sum_and_product`.",
    ),
    (
        "02_count_in_a_file.ipynb",
        "updates are lost. Take a lock before you read the number",
    ),
    (
        "03_sum_despite_errors.ipynb",
        "people, and your function says 0. Add up the results that are `Ok`",
    ),
    (
        "04_pi_by_processes.ipynb",
        "has computed parts itself. Give them to other processes.",
    ),
    (
        "05_how_many_threads.ipynb",
        "A download does nothing but wait, and `share_of_waiting` says 0.00.",
    ),
    (
        "06_pipeline.ipynb",
        "One thread has done all the work. Let two threads call `work`",
    ),
    (
        "07_word_count.ipynb",
        "The counts are right, but one thread has read all lines.",
    ),
    (
        "08_three_at_once.ipynb",
        "requests at once, and asks for no more than 3.",
    ),
    (
        "09_two_locks.ipynb",
        "Two transfers in opposite directions wait for each other",
    ),
    (
        "10_cancel_the_rest.ipynb",
        "other parts had been fetched to their end. Return at the first failure",
    ),
];

#[test]
fn the_tour_runs_as_it_is_kept() {
    runs_as_it_is_kept(&["00_tour.ipynb"]);
}

#[test]
fn the_overview_runs_as_it_is_kept() {
    runs_as_it_is_kept(&TOLD_AGAIN[0..1]);
}

#[test]
fn threads_and_futures_run_as_they_are_kept() {
    runs_as_it_is_kept(&TOLD_AGAIN[1..2]);
}

#[test]
fn computing_and_waiting_run_as_they_are_kept() {
    runs_as_it_is_kept(&TOLD_AGAIN[2..3]);
}

#[test]
fn threading_and_processes_run_as_they_are_kept() {
    runs_as_it_is_kept(&TOLD_AGAIN[3..4]);
}

#[test]
fn processes_and_async_run_as_they_are_kept() {
    runs_as_it_is_kept(&TOLD_AGAIN[4..5]);
}

/// This edition has the same code. Therefore its run is used to show that notebooks with Python code run to their end
/// without Python.
#[test]
fn the_russian_edition_runs_without_python() {
    let copy = notebooks::copy().unwrap();
    let cache = PrivateCache::new().unwrap();
    let programs = all_programs_but_python();
    let mut faults = Vec::new();
    let russian = TOLD_AGAIN.map(|name| copy.path().join("ru").join(name));
    let with_python = |path: &PathBuf| {
        let notebook = Notebook::read(path).unwrap();
        notebook.code().any(|cell| cell.source.contains("python"))
    };
    for path in russian.into_iter().filter(with_python) {
        let mut command = command(&cache, &path);
        let output = command.env("PATH", programs.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            faults.push(format!("{}: {}: {said}", path.display(), output.status));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A folder with links to all programs on the PATH except Python.
fn all_programs_but_python() -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for entry in std::env::split_paths(&path)
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(Iterator::flatten)
    {
        let name = entry.file_name();
        // If several programs have the same name, the first one is used, as on the PATH.
        if !name.to_string_lossy().starts_with("python") && !folder.path().join(&name).is_symlink()
        {
            symlink(entry.path(), folder.path().join(name)).unwrap();
        }
    }
    folder
}

#[test]
fn each_solution_solves_its_exercise() {
    let names = UNSOLVED.map(|(name, _)| format!("exercises/solutions/{name}"));
    let names = names.each_ref().map(String::as_str);
    runs_as_it_is_kept(&names);
}

/// A slow test: the notebooks also work on a busy machine.
#[test]
#[ignore = "takes an hour: by hand, while the machine is busy"]
fn each_notebook_runs_twenty_times_in_a_row() {
    for _ in 0..20 {
        runs_as_it_is_kept(&TOLD_AGAIN);
    }
}

#[test]
fn an_unsolved_exercise_fails_and_says_what_is_missing() {
    let copy = notebooks::copy().unwrap();
    let cache = PrivateCache::new().unwrap();
    let mut faults = Vec::new();
    for (name, message) in UNSOLVED {
        let path = copy.path().join("exercises").join(name);
        let output = command(&cache, &path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let notebook = Notebook::read(&path).unwrap();
        let check = notebook.code().last().unwrap();
        // The given code and the code to fill in compile without output.
        let before = notebook.code().take(2).flat_map(Cell::shape);
        let is_so = output.status.code() == Some(1)
            && before.count() == 0
            && check.shape().ends_with(&["error Panic".to_owned()])
            && said.contains(&format!("(id `{}`): Panic: ", check.id))
            && said.contains(message);
        if !is_so {
            faults.push(format!("{name}: {}: {said}", output.status));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_exercise_and_its_solution_differ_in_what_is_filled_in() {
    for (name, _) in UNSOLVED {
        let folder = notebooks::folder().join("exercises");
        let exercise = Notebook::read(&folder.join(name)).unwrap();
        let solution = Notebook::read(&folder.join("solutions").join(name)).unwrap();
        let [given, start, check] = three_cells(&exercise);
        let [same, filled_in, same_check] = three_cells(&solution);
        // The solutions are one folder further down.
        assert_eq!(given, same.replace("../../scripts", "../scripts"), "{name}");
        assert_ne!(start, filled_in, "{name}");
        assert_eq!(check, same_check, "{name}");
        assert!(exercise.code().all(|cell| !cell.is_run), "{name}");
    }
}

fn three_cells(notebook: &Notebook) -> [&str; 3] {
    let code: Vec<&str> = notebook.code().map(|cell| cell.source.as_str()).collect();
    code.try_into().unwrap()
}

#[test]
fn every_notebook_is_run_by_a_test() {
    let mut told_again = notebooks::names("").unwrap();
    assert_eq!(told_again.remove(0), "00_tour.ipynb");
    assert_eq!(told_again, TOLD_AGAIN);
    assert_eq!(notebooks::names("ru").unwrap(), TOLD_AGAIN);
    let exercises = UNSOLVED.map(|(name, _)| name);
    assert_eq!(notebooks::names("exercises").unwrap(), exercises);
    assert_eq!(notebooks::names("exercises/solutions").unwrap(), exercises);
}

#[test]
fn the_russian_edition_has_the_same_code() {
    let code = |path: &Path| {
        let notebook = Notebook::read(path).unwrap();
        let cells = notebook.cells.into_iter();
        cells
            .filter(|cell| cell.kind == "code")
            .map(|cell| (cell.source, cell.metadata))
            .collect::<Vec<_>>()
    };
    for name in TOLD_AGAIN {
        let path = notebooks::folder().join(name);
        let russian = notebooks::folder().join("ru").join(name);
        assert_eq!(code(&path), code(&russian), "{name}");
        // The outputs also have the same kinds.
        let shapes = |path: &Path| {
            let notebook = Notebook::read(path).unwrap();
            notebook.code().map(Cell::shape).collect::<Vec<_>>()
        };
        assert_eq!(shapes(&path), shapes(&russian), "{name}");
    }
}

#[test]
fn the_table_has_every_cell_of_the_python_notebooks() {
    let readme = fs::read_to_string(notebooks::folder().join("README.md")).unwrap();
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| 00"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let mut faults = Vec::new();
    for (seed, cells) in SEEDS {
        for (index, number) in cells.iter().enumerate() {
            let name = match number {
                0 => format!("{seed} #{}", index + 1),
                number => format!("{seed} #{} [{number}]", index + 1),
            };
            match rows.iter().filter(|row| row[0] == name).count() {
                1 => {}
                0 => faults.push(format!("`{name}` is missing")),
                count => faults.push(format!("`{name}` stands there {count} times")),
            }
        }
    }
    let told = notebooks::names("").unwrap();
    for row in &rows {
        // The columns after the first name our notebook and cell, what is the same, and what differs.
        let is_told = told.iter().any(|name| {
            let number = name.split('_').next().unwrap_or_default();
            row.get(1).is_some_and(|ours| ours.contains(number))
        });
        if row.len() != 4 || row.iter().any(|column| column.is_empty()) || !is_told {
            faults.push(format!("a row is not as the others: {row:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(
        SEEDS.iter().map(|(_, cells)| cells.len()).sum::<usize>(),
        80
    );
}

/// Runs each notebook to its end. Asserts that its outputs have the same kinds as those in the file.
#[track_caller]
fn runs_as_it_is_kept(names: &[&str]) {
    let copy = notebooks::copy().unwrap();
    let cache = PrivateCache::new().unwrap();
    let mut faults = Vec::new();
    for name in names {
        let path = copy.path().join(name);
        let kept = Notebook::read(&path).unwrap();
        let output = command(&cache, &path).output().unwrap();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            faults.push(format!("{name}: {}: {said}", output.status));
            continue;
        }
        faults.extend(differences(name, &kept, &Notebook::read(&path).unwrap()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A command that runs a notebook and writes the new outputs into it.
fn command(cache: &PrivateCache, notebook: &Path) -> Command {
    let mut command = Command::new(threadbook_tests::threadbook_binary().unwrap());
    command
        .arg("run")
        .arg(notebook)
        .arg("--output")
        .arg(notebook)
        .env("THREADBOOK_CACHE", cache.path());
    command
}

//! Whether rustc optimises a cell across its codegen units (ThinLTO), which is half of the time of many compiles.

use std::fs::File;
use std::path::Path;

use super::RustcCall;
use super::SessionPaths;
use super::again;

/// What is put behind such code: lines that are compiled later for a crash must come from the same code.
const MEASURED: &str = "// measured\n";
/// What code has where ThinLTO pays: what `%time` and `%timeit` put in; rayon's iterators, of which much is inlined by it
/// alone; characters in strings, whose encoding it folds away (`bench/hot_loops.py`).
const PAYS: [&str; 6] = [
    MEASURED,
    "threadbook::abi::timing::",
    "rayon",
    "par_",
    "_with('",
    ".push('",
];

/// The optimisation level at which it is always done.
const ALWAYS: &str = "3";

/// Notes whether the code that follows is measured.
pub(crate) fn set_measured(session: &SessionPaths, measured: bool) -> std::io::Result<()> {
    let file = session.measured();
    match measured {
        true => File::create(file).map(drop),
        false => std::fs::remove_file(file),
    }
}

/// Puts a mark behind code that is measured.
pub(crate) fn mark(session: &SessionPaths, source: &mut String) {
    if session.measured().exists() {
        source.push_str(MEASURED);
    }
}

/// How rustc is called for a source; `kept` is where it keeps what it has made.
pub(crate) fn call(call: &RustcCall, source: &str, kept: &Path) -> RustcCall {
    let call = again::call(call, source, kept);
    let pays = || PAYS.iter().any(|text| source.contains(text));
    match call.opt_level() == Some(ALWAYS) || pays() {
        true => call,
        false => call.without_thin_lto(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thin_lto_is_left_out_where_it_does_not_pay() {
        let line = "Running `/bin/rustc --crate-name ctx src/lib.rs -C opt-level=2`";
        let usual = RustcCall::from_verbose_line(line).unwrap();
        let kept = Path::new("/s/kept");
        let changed = call(&usual, "fn f() -> u8 { 1 }", kept);
        assert_eq!(
            changed.args().join("|"),
            "--crate-name|ctx|src/lib.rs|-C|opt-level=2|-Clto=off"
        );
        for source in [
            "let s = v.par_iter().sum();",
            "text.push('x')",
            "f()\n// measured\n",
            "{ threadbook::abi::timing::timeit(a, &mut || 1) }",
        ] {
            assert_eq!(call(&usual, source, kept), usual, "{source}");
        }
        let line = "Running `/bin/rustc --crate-name ctx src/lib.rs -C opt-level=3`";
        let highest = RustcCall::from_verbose_line(line).unwrap();
        assert_eq!(call(&highest, "f()", kept), highest);
    }

    #[test]
    fn what_is_measured_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::new(folder.path());
        let marked = || {
            let mut source = "f()\n".to_owned();
            mark(&session, &mut source);
            source.ends_with(MEASURED)
        };
        assert!(!marked());
        set_measured(&session, true).unwrap();
        assert!(marked());
        set_measured(&session, false).unwrap();
        assert!(!marked());
    }
}

//! IPython's magics that have no counterpart, and what to use in their place.

const INSTEAD: &[(&[&str], &str)] = &[
    (
        &["matplotlib", "pylab"],
        "`display::svg` and `display::png` show pictures",
    ),
    (
        &["pip", "conda", "mamba", "micromamba", "uv"],
        "`%dep add NAME` adds a crate",
    ),
    (
        &[
            "autoreload",
            "aimport",
            "load_ext",
            "reload_ext",
            "unload_ext",
        ],
        "each cell is compiled anew, so nothing needs a reload",
    ),
    (
        &["debug", "pdb", "tb", "xmode"],
        "a failed cell names the line; `dbg!` shows a value where it is",
    ),
    (
        &["prun", "lprun", "mprun", "memit"],
        "`%timeit` measures an expression, `perf` a whole program",
    ),
    (&["autoawait"], "`.await` works at the top of any cell"),
    (&["gui"], "a thread of its own can serve a window"),
    (
        &[
            "pinfo", "pdoc", "pdef", "psource", "pfile", "pinfo2", "psearch",
        ],
        "write `name?`, or `name??` for the source",
    ),
    (
        &["del", "xdel", "reset_selective"],
        "write `drop(name);`, or `%reset` for everything",
    ),
    (
        &["macro", "alias", "unalias", "rehashx", "alias_magic"],
        "write a function, or `!command` for the shell",
    ),
    (
        &["edit", "recall", "rep", "rerun", "pastebin"],
        "the front end edits cells; `%history` shows what has run",
    ),
    (
        &["precision", "pprint"],
        "`format!` says how numbers and values look: `{x:.3}`, `{x:#?}`",
    ),
    (
        &[
            "automagic",
            "autocall",
            "autoindent",
            "colors",
            "config",
            "page",
        ],
        "there is nothing of the kind to configure",
    ),
    (
        &[
            "logstart", "logon", "logoff", "logstate", "logstop", "notebook",
        ],
        "`%history` and `%save` keep what has run",
    ),
    (
        &["store"],
        "write values to a file: `std::fs::write`, `serde_json::to_writer`",
    ),
    (
        &["ruby", "perl", "pypy", "javascript_external"],
        "`%%script PROGRAM` runs any interpreter",
    ),
    (
        &[
            "code_wrap",
            "doctest_mode",
            "profile",
            "quickref",
            "killbgscripts",
            "dhist",
            "pushd",
            "popd",
            "dirs",
            "bookmark",
        ],
        "there is none here; `%lsmagic` lists what there is",
    ),
    (
        &["sx", "sc", "system"],
        "write `let lines = !command`, or `!!command` to show them",
    ),
];

/// What to use in the place of one of IPython's magics.
pub(super) fn instead_of(name: &str) -> Option<&'static str> {
    INSTEAD
        .iter()
        .find(|(names, _)| names.contains(&name))
        .map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_magic_of_ours_is_called_foreign() {
        for magic in crate::magics::registry::all() {
            assert_eq!(super::instead_of(magic.name), None, "{}", magic.name);
        }
    }
}

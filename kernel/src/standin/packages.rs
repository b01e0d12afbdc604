//! The packages of a session that rust-analyzer is shown: reading their sources costs it time and memory.
//!
//! rust-analyzer is used for the types of variables. What no variable has the type of can be left out: packages with
//! which procedural macros are made, those that the runtime's own dependencies use inside, and those of the runtime's
//! that no cell has named. Cells may call all of it: rustc reads the real sources.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

/// Packages whose types and traits do not show in what tokio, rayon, serde_json and the runtime itself give to others.
const INNER: [&str; 21] = [
    "crossbeam",
    "crossbeam-deque",
    "crossbeam-epoch",
    "crossbeam-utils",
    "errno",
    "futures",
    "itoa",
    "libc",
    "lock_api",
    "log",
    "memchr",
    "mio",
    "parking_lot",
    "parking_lot_core",
    "postcard",
    "rand",
    "signal-hook-registry",
    "smallvec",
    "socket2",
    "tracing",
    "zmij",
];

/// Whether cargo is to describe the packages of the standard library. `root` is the folder of the prepared build, in which
/// the library lies that rust-analyzer reads.
///
/// Without a description, rust-analyzer takes the library's crates by their names. With one, cargo would need the
/// registry's entries of all packages that the library uses inside, which a machine has only if somebody has built them;
/// and without these, rust-analyzer would not find `core` from `alloc`.
pub(super) fn is_of_library(root: &Path, args: &[String]) -> bool {
    let is_metadata = args.iter().any(|arg| arg == "metadata");
    let mut pairs = args.windows(2);
    is_metadata
        && pairs.any(|pair| pair[0] == "--manifest-path" && Path::new(&pair[1]).starts_with(root))
}

/// What rust-analyzer is shown of a description without dependencies, as long as it is to read none: the session's own
/// package, which needs nothing.
pub(super) fn alone(description: Vec<u8>) -> Vec<u8> {
    let Ok(mut description) = serde_json::from_slice::<Value>(&description) else {
        return description;
    };
    let nodes: Vec<Value> = elements(&description["workspace_members"])
        .map(|id| json!({"id": id, "dependencies": [], "deps": [], "features": []}))
        .collect();
    let root = description["workspace_members"][0].clone();
    description["resolve"] = json!({"nodes": nodes, "root": root});
    for package in description["packages"].as_array_mut().into_iter().flatten() {
        package["dependencies"] = json!([]);
    }
    format!("{description}\n").into_bytes()
}

/// What rust-analyzer is shown of cargo's description, as a line with its end: a reader by lines may lose one without.
pub(super) fn visible_packages(description: Vec<u8>) -> Vec<u8> {
    let mut shown = without_invisible(description);
    shown.push(b'\n');
    shown
}

/// The output of `cargo metadata`, without the packages that no variable has a type of; as it is where that is not
/// known.
fn without_invisible(metadata: Vec<u8>) -> Vec<u8> {
    let Ok(mut description) = serde_json::from_slice::<Value>(&metadata) else {
        return metadata;
    };
    let named = |is_wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let packages = elements(&description["packages"]).filter(|package| is_wanted(package));
        packages.map(|package| text(&package["id"])).collect()
    };
    let inner = named(&|package| INNER.contains(&text(&package["name"]).as_str()));
    let runtime = named(&|package| package["name"] == "threadbook");
    let macros = named(&|package| {
        let mut targets = elements(&package["targets"]);
        targets.any(|target| elements(&target["kind"]).any(|kind| kind == "proc-macro"))
    });
    let members: Vec<String> = elements(&description["workspace_members"])
        .map(text)
        .collect();

    let nodes = elements(&description["resolve"]["nodes"]);
    let mut uses: HashMap<String, Vec<String>> = nodes
        .map(|node| {
            let used = elements(&node["dependencies"]).map(text);
            (text(&node["id"]), used.collect())
        })
        .collect();
    if uses.is_empty() {
        // With `--no-deps` there is nothing to leave out.
        return metadata;
    }
    // What an inner package uses stays: it is shown only where the session uses the package itself.
    let mut outer_uses = uses.clone();
    for used in outer_uses.values_mut() {
        used.retain(|used| !inner.contains(used));
    }
    for id in reachable(runtime, &outer_uses) {
        if let Some(used) = outer_uses.remove(&id) {
            uses.insert(id, used);
        }
    }
    uses.retain(|id, _| !macros.contains(id));
    let visible = reachable(members, &uses);

    let is_visible = |id: &Value| visible.contains(&text(id));
    let nodes = description["resolve"]["nodes"].as_array_mut();
    for node in nodes.into_iter().flatten() {
        let used = uses.remove(&text(&node["id"])).unwrap_or_default();
        retain(&mut node["dependencies"], |id| used.contains(&text(id)));
        retain(&mut node["deps"], |dep| used.contains(&text(&dep["pkg"])));
    }
    retain(&mut description["resolve"]["nodes"], |node| {
        is_visible(&node["id"])
    });
    retain(&mut description["packages"], |package| {
        is_visible(&package["id"])
    });
    description.to_string().into_bytes()
}

/// Some packages and all that they use.
fn reachable(from: Vec<String>, uses: &HashMap<String, Vec<String>>) -> HashSet<String> {
    let mut reached = HashSet::new();
    let mut waiting = from;
    while let Some(id) = waiting.pop() {
        if let Some(used) = uses.get(&id).filter(|_| !reached.contains(&id)) {
            waiting.extend_from_slice(used);
        }
        reached.insert(id);
    }
    reached
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn retain(list: &mut Value, is_wanted: impl Fn(&Value) -> bool) {
    if let Some(list) = list.as_array_mut() {
        list.retain(is_wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_described_and_the_library_is_not() {
        for (args, expected) in [
            (
                "metadata --manifest-path /prepared/slim/library/Cargo.toml",
                true,
            ),
            (
                "metadata --no-deps --manifest-path /prepared/slim/Cargo.toml",
                true,
            ),
            (
                "metadata --no-deps --manifest-path /session/Cargo.toml",
                false,
            ),
            (
                "locate-project --manifest-path /prepared/slim/Cargo.toml",
                false,
            ),
            ("metadata", false),
        ] {
            let words: Vec<String> = args.split(' ').map(str::to_owned).collect();
            assert_eq!(
                is_of_library(Path::new("/prepared"), &words),
                expected,
                "{args}"
            );
        }
    }

    /// `cargo metadata` for packages that use each other. Packages with names in capitals are procedural macros.
    fn metadata(uses: &[(&str, &[&str])]) -> Value {
        let kind = |name: &str| match name.chars().all(char::is_uppercase) {
            true => "proc-macro",
            false => "lib",
        };
        let package = |(name, _): &(&str, &[&str])| json!({"id": name, "name": name, "targets": [{"kind": [kind(name)]}]});
        let node = |(name, used): &(&str, &[&str])| {
            let deps: Vec<Value> = used.iter().map(|used| json!({"pkg": used})).collect();
            json!({"id": name, "dependencies": used, "deps": deps})
        };
        json!({
            "packages": uses.iter().map(package).collect::<Vec<_>>(),
            "workspace_members": ["ctx"],
            "resolve": {"nodes": uses.iter().map(node).collect::<Vec<_>>()},
        })
    }

    fn visible(uses: &[(&str, &[&str])]) -> Value {
        let shown = without_invisible(metadata(uses).to_string().into_bytes());
        serde_json::from_slice(&shown).unwrap()
    }

    #[test]
    fn what_only_compilers_and_the_runtime_use_is_left_out() {
        assert_eq!(
            visible(&[
                ("ctx", &["threadbook", "serde"]),
                ("threadbook", &["tokio", "libc"]),
                ("tokio", &["libc", "bytes"]),
                ("bytes", &[]),
                ("libc", &[]),
                ("serde", &["DERIVE"]),
                ("DERIVE", &["syn"]),
                ("syn", &["ident"]),
                ("ident", &[]),
            ]),
            metadata(&[
                ("ctx", &["threadbook", "serde"]),
                ("threadbook", &["tokio"]),
                ("tokio", &["bytes"]),
                ("bytes", &[]),
                ("serde", &["DERIVE"]),
                ("DERIVE", &[]),
            ])
        );
    }

    #[test]
    fn what_the_session_uses_itself_stays() {
        let used: [(&str, &[&str]); 7] = [
            ("ctx", &["threadbook", "nix", "syn", "parking_lot"]),
            ("threadbook", &["parking_lot"]),
            ("nix", &["libc"]),
            ("libc", &[]),
            ("syn", &[]),
            ("parking_lot", &["lock_api"]),
            ("lock_api", &[]),
        ];
        let mut shown = used;
        shown[1].1 = &[];
        assert_eq!(visible(&used), metadata(&shown));
    }

    #[test]
    fn what_a_preloaded_crate_uses_is_shown_with_it() {
        let used = [
            ("ctx", &["threadbook", "rayon", "crossbeam"] as &[&str]),
            ("threadbook", &["crossbeam", "rayon"]),
            ("crossbeam", &["channel"]),
            ("channel", &["crossbeam-utils"]),
            ("rayon", &["crossbeam-utils"]),
            ("crossbeam-utils", &[]),
        ];
        let mut shown = used;
        shown[1].1 = &["rayon"];
        shown[4].1 = &[];
        assert_eq!(visible(&used), metadata(&shown));
        let mut unnamed = used;
        unnamed[0].1 = &["threadbook", "rayon"];
        let [_, threadbook, _, _, rayon, _] = shown;
        assert_eq!(
            visible(&unnamed),
            metadata(&[unnamed[0], threadbook, rayon])
        );
    }

    #[test]
    fn what_is_no_description_of_packages_is_passed_on() {
        for text in ["", "no", "{}", r#"{"packages": [{}], "resolve": null}"#] {
            assert_eq!(without_invisible(text.into()), text.as_bytes());
        }
    }
}

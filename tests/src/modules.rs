//! Imports between the modules of a crate, for the rule that they form no circle.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use anyhow::Result;
use ra_ap_syntax::AstNode as _;
use ra_ap_syntax::Edition;
use ra_ap_syntax::NodeOrToken;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxKind;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::SyntaxToken;
use ra_ap_syntax::WalkEvent;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs as _;
use ra_ap_syntax::ast::HasVisibility as _;

/// A module as its path from the crate's root. The path of the root is empty.
type Module = Vec<String>;

/// The modules of a crate, one per file, and the paths that they name. Test modules are left out.
#[derive(Debug, Default)]
pub struct Modules {
    named: BTreeMap<Module, Vec<Vec<String>>>,
    /// For each module, the names that it re-exports, and the path where each of them comes from.
    passed_on: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Modules {
    /// Reads the sources of a crate from its folder `src`.
    pub fn read(src: &Path) -> Result<Modules> {
        let mut files = Vec::new();
        collect(src, &Vec::new(), &mut files)?;
        let known: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
        let mut modules = Modules::default();
        for (module, text) in files {
            modules.add(module, &text, &known);
        }
        Ok(modules)
    }

    fn add(&mut self, module: Module, text: &str, known: &BTreeSet<Module>) {
        let tree = SourceFile::parse(text, Edition::Edition2024).tree();
        let mut named = Vec::new();
        let mut passed_on = BTreeMap::new();
        for (tokens, is_passed_on) in stretches(tree.syntax()) {
            for path in paths(&tokens) {
                let Some(path) = absolute(&module, path, known) else {
                    continue;
                };
                match path.last() {
                    Some(name) if is_passed_on => {
                        passed_on.insert(name.clone(), path.clone());
                    }
                    _ => named.push(path),
                }
            }
        }
        self.named.insert(module.clone(), named);
        self.passed_on.insert(module, passed_on);
    }

    /// The module that defines the target of a path. The path may contain re-exported names.
    fn home(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // A longer chain of re-exports is a circle.
        for _ in 0..10 {
            let depth = (0..=path.len())
                .rev()
                .find(|depth| self.named.contains_key(&path[..*depth]))
                .unwrap_or(0);
            let (module, rest) = path.split_at(depth);
            let from = rest
                .first()
                .and_then(|name| self.passed_on.get(module)?.get(name));
            match from {
                Some(from) => path = from.iter().chain(&rest[1..]).cloned().collect(),
                None => return module.to_vec(),
            }
        }
        path
    }

    /// The modules that a module imports. The crate's root does not count, because it declares the others.
    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let named = self.named[module].iter();
        named
            .map(|path| self.home(path))
            .filter(|home| home != module && !home.is_empty())
            .collect()
    }

    /// The circles. In each list, each module imports the next one, and the last imports the first.
    pub fn circles(&self) -> Vec<String> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> = self
            .named
            .keys()
            .map(|module| (module, self.imports(module)))
            .collect();
        let mut circles = Vec::new();
        let mut done = BTreeSet::new();
        for module in imports.keys() {
            walk(module, &imports, &mut Vec::new(), &mut done, &mut circles);
        }
        circles
    }
}

/// Follows imports depth first. An import of a module that is already on the path from the start is a circle.
fn walk(
    module: &Module,
    imports: &BTreeMap<&Module, BTreeSet<Module>>,
    way: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
    circles: &mut Vec<String>,
) {
    if let Some(start) = way.iter().position(|other| other == module) {
        let names = way[start..].iter().chain([module]);
        let names: Vec<String> = names.map(|module| module.join("::")).collect();
        circles.push(names.join(" -> "));
        return;
    }
    if done.contains(module) {
        return;
    }
    way.push(module.clone());
    for next in &imports[module] {
        walk(next, imports, way, done, circles);
    }
    way.pop();
    done.insert(module.clone());
}

/// The files of a folder and of the folders below it, each with its module.
fn collect(folder: &Path, module: &Module, files: &mut Vec<(Module, String)>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't list `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let below: Module = module.iter().cloned().chain([stem.to_string()]).collect();
        if path.is_dir() {
            collect(&path, &below, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("can't read `{}`", path.display()))?;
            match stem.as_ref() {
                // These are programs, and tests in separate files.
                "main" | "worker_main" | "tests" => {}
                name if name.ends_with("_tests") => {}
                "lib" | "mod" => files.push((module.clone(), text)),
                _ => files.push((below, text)),
            }
        }
    }
    Ok(())
}

/// The code of a file in parts, without tests: each `pub use` is one part, and all other code is another.
fn stretches(root: &SyntaxNode) -> Vec<(Vec<SyntaxToken>, bool)> {
    let mut passed_on = Vec::new();
    let mut others = Vec::new();
    let mut walk = root.preorder_with_tokens();
    while let Some(event) = walk.next() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(node)) => {
                let is_public_use = ast::Use::cast(node.clone())
                    .is_some_and(|declaration| declaration.visibility().is_some());
                if is_public_use {
                    let tokens = node.descendants_with_tokens();
                    passed_on.push((tokens.filter_map(NodeOrToken::into_token).collect(), true));
                }
                if is_public_use || is_test(&node) {
                    walk.skip_subtree();
                }
            }
            WalkEvent::Enter(NodeOrToken::Token(token)) => others.push(token),
            WalkEvent::Leave(_) => {}
        }
    }
    passed_on.push((others, false));
    passed_on
}

/// Whether a node is compiled for tests only.
fn is_test(node: &SyntaxNode) -> bool {
    ast::AnyHasAttrs::cast(node.clone()).is_some_and(|item| {
        item.attrs()
            .any(|attribute| attribute.syntax().text() == "#[cfg(test)]")
    })
}

/// The paths of more than one name in a part of the code, as written. Macros are read like other code.
fn paths(tokens: &[SyntaxToken]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => {}
            SyntaxKind::COLON2 => colons = 2,
            SyntaxKind::COLON => colons += 1,
            SyntaxKind::IDENT
            | SyntaxKind::CRATE_KW
            | SyntaxKind::SUPER_KW
            | SyntaxKind::SELF_KW => {
                if colons != 2 {
                    paths.push(std::mem::take(&mut path));
                }
                path.push(token.text().to_owned());
                colons = 0;
            }
            _ => {
                paths.push(std::mem::take(&mut path));
                colons = 0;
            }
        }
    }
    paths.push(path);
    paths.retain(|path| path.len() > 1);
    paths
}

/// A path from the crate's root; `None` if the path leads out of the crate or belongs to a type.
fn absolute(module: &Module, path: Vec<String>, known: &BTreeSet<Module>) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match path[0].as_str() {
        "crate" => (&[][..], &path[1..]),
        "self" => (&module[..], &path[1..]),
        "super" => (
            module.get(..module.len().checked_sub(supers)?)?,
            &path[supers..],
        ),
        child => {
            let below: Module = module.iter().cloned().chain([child.to_owned()]).collect();
            if !known.contains(&below) {
                return None;
            }
            (&module[..], &path[..])
        }
    };
    Some(base.iter().chain(rest).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let module = |name: &str| -> Module { name.split('/').map(str::to_owned).collect() };
        let known = files.iter().map(|(name, _)| module(name)).collect();
        let mut modules = Modules::default();
        for (name, text) in files {
            modules.add(module(name), text, &known);
        }
        modules.circles()
    }

    #[test]
    fn a_circle_is_found_through_macros_and_names_that_are_passed_on() {
        let found = circles(&[
            (
                "a",
                "mod part; pub use part::Part; fn f() { println!(\"{}\", crate::b::g()); }",
            ),
            ("a/part", "pub struct Part;"),
            ("b", "use crate::a; fn g() { a::f() }"),
            ("c", "use crate::b::g;"),
        ]);
        assert_eq!(found, ["a -> b -> a"]);
    }

    #[test]
    fn tests_and_what_a_parent_passes_on_make_no_circle() {
        let found = circles(&[
            ("a", "mod part; mod other; pub use part::Part;"),
            (
                "a/part",
                "pub struct Part;\n#[cfg(test)]\nmod tests { use super::super::other::Other; }",
            ),
            ("a/other", "use super::Part; pub struct Other(Part);"),
        ]);
        assert_eq!(found, [] as [&str; 0]);
    }
}

//! Which names of the standard library a cell may use.
//!
//! evcxr has rust-analyzer offer private names too, since all sources look to it like those of the person. The library's
//! own text says which they are.

use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::JoinHandle;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;
use ra_ap_syntax::ast::HasModuleItem;
use ra_ap_syntax::ast::HasVisibility;

use super::source;
use crate::cell::item_name;
use crate::questions::cargo_home;

/// The crates that cells name as `std`.
const CRATES: [&str; 3] = ["std", "alloc", "core"];

/// The folder of the standard library that has nothing but its own insides.
const SYSTEM: &str = "sys";

/// The runtime's own root module, which cells name as `threadbook`.
const RUNTIME: &str = include_str!("../../../runtime/src/lib.rs");

/// The sources of libraries, read for the visibility of names.
#[derive(Debug)]
pub(super) struct Library {
    root: PathBuf,
    /// They are filled by threads.
    names: Arc<Mutex<Names>>,
    /// The session's packages whose names were read.
    packages: HashSet<String>,
    reading: Vec<JoinHandle<()>>,
}

impl Library {
    /// Begins to read the standard library's sources.
    pub(super) fn read(root: PathBuf) -> Library {
        let names = Arc::new(Mutex::new(Names::default()));
        let folders = CRATES.map(|name| root.join(name).join("src"));
        let reading = fill(&names, folders.into(), Names::add);
        Library {
            root,
            names,
            packages: HashSet::new(),
            reading: reading.into_iter().collect(),
        }
    }

    /// Reads the sources of packages that a session has got, by its `Cargo.lock`, and waits for all that is read.
    pub(super) fn read_packages(&mut self, lock: &str) {
        let mut folders = Vec::new();
        for package in packages(lock) {
            if !self.packages.contains(&package) {
                folders.extend(package_folders(&package));
                self.packages.insert(package);
            }
        }
        if !folders.is_empty() {
            self.reading
                .extend(fill(&self.names, folders, Names::add_public));
        }
        for reading in self.reading.drain(..) {
            // A thread that has panicked said so itself.
            let _ = reading.join();
        }
    }

    /// The folder of the standard library's sources.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a method or function is private wherever the libraries have one of that name.
    pub(super) fn is_private_function(&self, name: &str) -> bool {
        let names = self.names();
        names.private_functions.contains(name) && !names.public_functions.contains(name)
    }

    /// Whether no library has a public field of that name, or not the standard library if the field is one of its types.
    pub(super) fn is_private_field(&self, name: &str, is_of_std: bool) -> bool {
        let names = self.names();
        let is_elsewhere = !is_of_std && names.public_fields.contains(name);
        !names.private_functions.is_empty() && !names.std_fields.contains(name) && !is_elsewhere
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a module such as `std::thread` has; nothing where that is not known.
    pub(super) fn module(&self, path: &str) -> Option<Module> {
        if path == "threadbook" {
            return Module::of(RUNTIME);
        }
        let path = path.replace("r#", "");
        let mut segments: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
        CRATES.contains(segments.first()?).then_some(())?;
        for name in CRATES {
            segments[0] = name;
            let files = source::files(&self.root, &segments);
            let text = files
                .iter()
                .find_map(|file| std::fs::read_to_string(file).ok());
            if let Some(text) = text {
                return Module::of(&text);
            }
        }
        None
    }
}

/// Whether a type is the standard library's, by its name. `defined` are the types that cells have defined.
pub(super) fn is_of_std(ty: &str, is_defined: impl Fn(&str) -> bool) -> bool {
    let name = ty.trim_start_matches(['&', ' ']).trim_start_matches("mut ");
    let end = name.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':'));
    let path = &name[..end.unwrap_or(name.len())];
    match path.split_once("::") {
        Some((root, _)) => CRATES.contains(&root),
        None => !is_defined(path),
    }
}

/// The path of a module, from rust-analyzer's words on it.
pub(super) fn described_module(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines = lines.take(2);
    let (path, declaration) = (lines.next()?, lines.next()?);
    let name = declaration.strip_prefix("pub mod ")?;
    Some(format!("{path}::{name}"))
}

/// What a module makes public.
#[derive(Debug, Default)]
pub(super) struct Module {
    public: HashSet<String>,
    /// A module may have the name of a public function.
    private_modules: HashSet<String>,
}

impl Module {
    /// Reads a module's text; gives nothing where it takes in all names of another one.
    fn of(text: &str) -> Option<Module> {
        let file = SourceFile::parse(text, Edition::Edition2024).tree();
        let mut module = Module::default();
        for item in file.items() {
            match &item {
                ast::Item::Use(import) if is_public(import) => {
                    let tree = import.use_tree()?;
                    add_imported(&tree, &mut module.public)?;
                }
                // What a macro makes is not read: any name in it may be public.
                ast::Item::MacroCall(call) => add_words(call.syntax(), &mut module.public),
                ast::Item::MacroRules(_) => module.public.extend(item_name(&item)),
                _ if is_public_item(&item) => module.public.extend(item_name(&item)),
                ast::Item::Module(_) => module.private_modules.extend(item_name(&item)),
                _ => {}
            }
        }
        Some(module)
    }

    /// Whether it offers a name; that of a module ends with colons, that of a macro with an exclamation mark.
    pub(super) fn offers(&self, text: &str) -> bool {
        if let Some(module) = text.strip_suffix("::") {
            return self.public.contains(module) && !self.private_modules.contains(module);
        }
        // Macros are at the root of their crate wherever their text is.
        text.ends_with('!') || self.public.contains(text)
    }
}

fn is_public_item(item: &ast::Item) -> bool {
    let node = item.syntax().clone();
    ast::AnyHasVisibility::cast(node).is_some_and(|item| is_public(&item))
        && !ast::AnyHasAttrs::cast(item.syntax().clone()).is_some_and(|item| is_hidden(&item))
}

fn is_public(item: &impl HasVisibility) -> bool {
    item.visibility()
        .is_some_and(|visibility| visibility.syntax().text() == "pub")
}

fn is_hidden(item: &impl HasAttrs) -> bool {
    item.attrs()
        .any(|attribute| attribute.syntax().text() == "#[doc(hidden)]")
}

fn add_imported(tree: &ast::UseTree, names: &mut HashSet<String>) -> Option<()> {
    if tree.star_token().is_some() {
        return None;
    }
    if let Some(list) = tree.use_tree_list() {
        return list
            .use_trees()
            .try_for_each(|tree| add_imported(&tree, names));
    }
    let renamed = tree.rename().map(|rename| rename.syntax().clone());
    let named = renamed.or_else(|| Some(tree.path()?.segment()?.syntax().clone()));
    if let Some(named) = named {
        add_words(&named, names);
    }
    Some(())
}

fn add_words(node: &SyntaxNode, names: &mut HashSet<String>) {
    let tokens = node
        .descendants_with_tokens()
        .filter_map(|part| part.into_token());
    names.extend(
        tokens
            .filter(|token| token.kind() == ra_ap_syntax::SyntaxKind::IDENT)
            .map(|token| token.text().to_owned()),
    );
}

/// Has a thread read the sources in folders.
fn fill(
    names: &Arc<Mutex<Names>>,
    folders: Vec<PathBuf>,
    add: fn(&mut Names, Names),
) -> Option<JoinHandle<()>> {
    let filled = Arc::clone(names);
    let reading = std::thread::Builder::new()
        .name("library-names".into())
        .spawn(move || {
            let mut names = Names::default();
            for folder in folders {
                names.read_folder(&folder);
            }
            let mut filled = filled.lock().unwrap_or_else(PoisonError::into_inner);
            add(&mut filled, names);
        });
    reading
        .inspect_err(|error| tracing::warn!("private names are not told from others: {error}"))
        .ok()
}

/// The packages of a `Cargo.lock`, as the folders of their sources are named.
fn packages(lock: &str) -> Vec<String> {
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        Some(value.trim_end_matches('"').to_owned())
    };
    let mut name = None;
    let mut packages = Vec::new();
    for line in lock.lines() {
        name = value(line, "name").or(name);
        if let Some(version) = value(line, "version") {
            packages.extend(name.take().map(|name| format!("{name}-{version}")));
        }
    }
    packages
}

/// Where cargo has the sources of a package, if it comes from a registry.
fn package_folders(package: &str) -> Vec<PathBuf> {
    let registries = std::fs::read_dir(cargo_home().join("registry/src"));
    let registries = registries.into_iter().flatten().flatten();
    let folders = registries.map(|registry| registry.path().join(package).join("src"));
    folders.filter(|folder| folder.is_dir()).collect()
}

/// Names of functions and fields, by what was seen of them.
#[derive(Debug, Default)]
struct Names {
    public_functions: HashSet<String>,
    private_functions: HashSet<String>,
    public_fields: HashSet<String>,
    /// Those of the standard library.
    std_fields: HashSet<String>,
}

impl Names {
    fn add(&mut self, other: Names) {
        self.private_functions
            .extend(other.private_functions.iter().cloned());
        self.std_fields.extend(other.public_fields.iter().cloned());
        self.add_public(other);
    }

    fn add_public(&mut self, other: Names) {
        self.public_functions.extend(other.public_functions);
        self.public_fields.extend(other.public_fields);
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with(SYSTEM) {
                    self.read_folder(&path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                self.read(&text);
            }
        }
    }

    /// Reads a text line by line, which takes a tenth of what parsing takes. Its indents are rustfmt's: a line belongs to
    /// the nearest block before it that is less indented.
    fn read(&mut self, text: &str) {
        let mut blocks: Vec<(usize, Block)> = Vec::new();
        for line in text.lines() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            if code.is_empty() || code.starts_with("//") {
                continue;
            }
            while blocks.last().is_some_and(|(outer, _)| *outer >= indent) {
                blocks.pop();
            }
            let block = blocks.last().map_or(Block::Other, |(_, block)| *block);
            self.read_line(code, block);
            if let Some(block) = Block::opened(code) {
                blocks.push((indent, block));
            }
        }
    }

    fn read_line(&mut self, code: &str, block: Block) {
        let (visibility, rest) = match code.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => {
                let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
                (Some(false), rest.trim_start())
            }
            Some(rest) if rest.starts_with(' ') => (Some(true), rest.trim_start()),
            _ => (None, code),
        };
        let is_public = visibility.unwrap_or(block == Block::Trait);
        if let Some(name) = function_name(rest) {
            if is_public {
                self.public_functions.insert(name.to_owned());
            } else if block != Block::TraitImpl {
                self.private_functions.insert(name.to_owned());
            }
        } else if block == Block::Struct
            && is_public
            && let Some((name, _)) = rest.split_once(':')
        {
            self.public_fields.insert(name.to_owned());
        }
    }
}

/// What a line is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Trait,
    TraitImpl,
    Struct,
    Other,
}

impl Block {
    fn opened(code: &str) -> Option<Block> {
        let words = || code.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        let mut words = words().filter(|word| {
            !["pub", "crate", "unsafe", "const", "auto", "super", "in"].contains(word)
                && !word.is_empty()
        });
        match words.next()? {
            "trait" => Some(Block::Trait),
            "impl" => Some(match code.contains(" for ") {
                true => Block::TraitImpl,
                false => Block::Other,
            }),
            "struct" | "union" => Some(Block::Struct),
            "fn" | "mod" | "enum" | "macro_rules" | "macro" => Some(Block::Other),
            _ => None,
        }
    }
}

fn function_name(code: &str) -> Option<&str> {
    let mut rest = code;
    loop {
        let (word, after) = rest.split_once(' ')?;
        rest = after.trim_start();
        match word {
            "fn" => break,
            "const" | "unsafe" | "async" | "extern" | "\"C\"" | "\"Rust\"" | "safe" => {}
            _ => return None,
        }
    }
    let end = rest.find(['(', '<'])?;
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_private_everywhere_are_told_from_others() {
        let mut names = Names::default();
        names.read(
            "pub struct Vec<T> {\n    buf: RawVec<T>,\n    pub start: usize,\n    pub(crate) len: usize,\n}\n\
             impl<T> Vec<T> {\n    pub const fn len(&self) -> usize {\n        fn inside() {}\n        0\n    }\n    \
             fn grow<A>(&mut self) {}\n    pub(crate) unsafe fn fill(&mut self) {}\n}\n\
             impl<T> Clone for Vec<T> {\n    fn clone(&self) -> Self {}\n    fn helped() {}\n}\n\
             pub unsafe trait Grow {\n    fn size(&self);\n}\nfn _assert_sync() {}\n",
        );
        let sorted = |names: &HashSet<String>| {
            let mut names: Vec<String> = names.iter().cloned().collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(
            sorted(&names.private_functions),
            "_assert_sync fill grow inside"
        );
        assert_eq!(sorted(&names.public_functions), "len size");
        assert_eq!(sorted(&names.public_fields), "start");
    }

    #[test]
    fn a_module_offers_what_it_makes_public() {
        let module = Module::of(
            "use a::Any;\nmod inner;\npub mod outer;\npub(crate) fn f() {}\npub fn g() {}\nmod g;\n\
             pub use inner::{A, B as C, D};\n#[doc(hidden)]\npub fn h() {}\nmade! { pub fn i() {} }\nfn _j() {}",
        )
        .unwrap();
        for (text, offers) in [
            ("A", true),
            ("B", false),
            ("C", true),
            ("D", true),
            ("g", true),
            ("g::", false),
            ("i", true),
            ("outer::", true),
            ("inner::", false),
            ("Any", false),
            ("f", false),
            ("h", false),
            ("_j", false),
            ("println!", true),
        ] {
            assert_eq!(module.offers(text), offers, "{text}");
        }
        assert!(Module::of("pub use inner::*;").is_none());
    }

    #[test]
    fn the_runtime_offers_no_private_modules() {
        let module = Module::of(RUNTIME).unwrap();
        assert!(module.offers("process::") && module.offers("progress"));
        for hidden in ["blocking::", "worker::", "abi::", "error::"] {
            assert!(!module.offers(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_type_is_the_librarys_by_its_name() {
        for (ty, expected) in [
            ("Vec<Job>", true),
            ("&mut std::sync::mpsc::Sender<i32>", true),
            ("Job", false),
            ("&Job", false),
            ("tokio::task::JoinHandle<()>", false),
            ("(u8, Job)", true),
        ] {
            assert_eq!(is_of_std(ty, |name| name == "Job"), expected, "{ty}");
        }
    }

    #[test]
    fn packages_are_read_from_a_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"tokio\"\nversion = \"1.2.3\"\nsource = \"x\"\n\n\
                    [[package]]\nname = \"ctx\"\nversion = \"1.0.0\"\n";
        assert_eq!(packages(lock), ["tokio-1.2.3", "ctx-1.0.0"]);
    }

    #[test]
    fn rust_analyzer_says_where_a_module_is() {
        let module = described_module("std\n\npub mod thread\n\n\nNative threads.");
        assert_eq!(module.as_deref(), Some("std::thread"));
        assert_eq!(described_module("alloc::vec\n\npub struct Vec"), None);
    }

    #[test]
    fn a_module_is_found_in_the_crate_that_has_it() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("std/src/thread/mod.rs", "pub fn spawn() {}"),
            ("core/src/mem.rs", "pub fn swap() {}"),
        ] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let library = Library::read(folder.path().to_owned());
        let has = |path: &str, name: &str| {
            library
                .module(path)
                .is_some_and(|module| module.offers(name))
        };
        assert!(has("std::thread", "spawn"));
        assert!(has("std::mem", "swap"));
        assert!(library.module("tokio::task").is_none());
        assert!(library.module("std::nothing").is_none());
    }
}

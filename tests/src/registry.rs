//! A registry on disk with crates that a test makes, so that dependencies need no network.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::cache::PrivateCache;
use crate::kernel::Setup;

/// No server listens at this address: cargo finds the crates in the folder. Each registry has its own address, because
/// kernels share what they build.
const HOST: &str = "sparse+http://127.0.0.1:9";

/// The registry. A dependency on one of its crates has `registry = "disk"`.
#[derive(Debug)]
pub struct Registry {
    index: String,
    crates: TempDir,
    cache: Arc<PrivateCache>,
}

impl Registry {
    /// Makes an empty registry, and a cache whose kernels use it.
    pub fn new() -> Registry {
        let crates = tempfile::tempdir().unwrap();
        let index = format!("{HOST}/{}/", uuid::Uuid::new_v4().simple());
        let cache = Arc::new(PrivateCache::new().unwrap());
        let config = cache.path().join(".cargo");
        fs::create_dir(&config).unwrap();
        let text = format!(
            "[registries.disk]\nindex = {index:?}\n\n[source.disk]\nregistry = {index:?}\nreplace-with = \"folder\"\n\n\
             [source.folder]\ndirectory = {:?}\n",
            crates.path()
        );
        fs::write(config.join("config.toml"), text).unwrap();
        Registry {
            index,
            crates,
            cache,
        }
    }

    /// Adds a crate with one source file. `rest` is the end of its manifest, from its dependencies on. In it, the
    /// registry's name is `disk`.
    pub fn add(&self, name: &str, version: &str, rest: &str, source: &str) -> PathBuf {
        self.add_files(name, version, rest, &[("src/lib.rs", source)])
    }

    /// Adds a crate with several files.
    pub fn add_files(
        &self,
        name: &str,
        version: &str,
        rest: &str,
        files: &[(&str, &str)],
    ) -> PathBuf {
        let folder = self.crates.path().join(format!("{name}-{version}"));
        let rest = rest.replace(
            "registry = \"disk\"",
            &format!("registry-index = {:?}", self.index),
        );
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n{rest}"
        );
        let own = [
            ("Cargo.toml", manifest.as_str()),
            (".cargo-checksum.json", r#"{"files":{},"package":null}"#),
        ];
        for (file, text) in own.iter().chain(files) {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// The settings of a kernel that uses the registry.
    pub fn setup(&self) -> Setup {
        Setup {
            cache: Some(self.cache.clone()),
            ..Setup::default()
        }
    }

    /// The cache of the kernels that use the registry.
    pub fn cache(&self) -> &PrivateCache {
        &self.cache
    }
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::new()
    }
}

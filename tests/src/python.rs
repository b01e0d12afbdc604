//! The virtual environment with Jupyter's own tools, made on first use.

use std::fs;
use std::fs::File;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// A virtual environment that holds all of `requirements.txt`.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment under the build folder, which is made if it isn't there.
    ///
    /// Tests of several processes may ask at once: the first makes it, the others wait.
    pub fn ready() -> Result<Self> {
        let python = interpreter()?;
        let parent = crate::profile_folder()?.join("python");
        fs::create_dir_all(&parent)
            .with_context(|| format!("can't make `{}`", parent.display()))?;
        let name = key(&python);
        let lock_path = parent.join(format!("{name}.lock"));
        let lock = File::create(&lock_path)
            .with_context(|| format!("can't make `{}`", lock_path.display()))?;
        // Held until the end of this function. Where this process is killed, pip goes on alone, and holds it until its end.
        lock.lock().context("can't lock the virtual environment")?;
        let environment = Environment {
            folder: parent.join(name),
        };
        if !environment.is_complete() {
            environment.make(&lock)?;
        }
        Ok(environment)
    }

    /// One of the installed programs, such as `python` or `jupyter`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Written after everything else, so that what a killed install left is not taken for an environment.
    fn completion_mark(&self) -> PathBuf {
        self.folder.join("complete")
    }

    fn is_complete(&self) -> bool {
        self.completion_mark().exists()
    }

    /// The lock becomes the standard input of the programs that write into the folder, as a way for them to inherit it.
    fn make(&self, lock: &File) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| {
                format!("can't remove the unfinished `{}`", self.folder.display())
            })?;
        }
        let created = output(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&self.folder)
                .stdin(lock.try_clone()?),
        )?;
        ensure!(
            created.status.success(),
            "python3 can't make a virtual environment (on Debian: `apt-get install python3-venv`): {}",
            said(&created)
        );
        let installed = output(
            Command::new(self.program("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(crate::scripts().join("requirements.txt"))
                .stdin(lock.try_clone()?),
        )?;
        ensure!(
            installed.status.success(),
            "pip can't install the packages of tests/python/requirements.txt: {}",
            said(&installed)
        );
        fs::write(self.completion_mark(), "")
            .context("can't mark the virtual environment as complete")
    }
}

/// What tells this interpreter from another, after a check that it is new enough.
fn interpreter() -> Result<String> {
    let script = "import sys; print(sys.executable, sys.version, sys.version_info >= (3, 11))";
    let asked = output(Command::new("python3").args(["-c", script]))?;
    ensure!(
        asked.status.success(),
        "python3 does not run: {}",
        said(&asked)
    );
    let answer = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    ensure!(
        answer.ends_with("True"),
        "python3 is older than 3.11: {answer}"
    );
    Ok(answer)
}

/// The environment's name: other requirements or another interpreter get another one.
fn key(python: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (python, REQUIREMENTS).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn output(command: &mut Command) -> Result<Output> {
    match command.output() {
        Ok(output) => Ok(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let program = Path::new(command.get_program()).display();
            bail!(
                "`{program}` is not installed (on Debian: `apt-get install python3 python3-venv`)"
            )
        }
        Err(error) => Err(error).context("can't run python3"),
    }
}

/// All that a program printed, for an error message.
fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}

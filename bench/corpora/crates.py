"""The crates in programs of the corpora that are not available in every cell, for rustc and for the kernel."""

import json
import re
import subprocess

# For each name in Rust: the package, and its requirement in a manifest. `{book}` is the checkout of the Book.
CRATES = {
    "trpl": ("trpl", '{{ path = "{book}/packages/trpl" }}'),
    "rand": ("rand", '"0.10"'),
    "libc": ("libc", '"0.2"'),
    "atomic_wait": ("atomic-wait", '"1"'),
    "mini_redis": ("mini-redis", '"0.4"'),
    "bytes": ("bytes", '"1"'),
    "futures": ("futures", '"0.3"'),
    "tokio_stream": ("tokio-stream", '"0.1"'),
    "async_stream": ("async-stream", '"0.3"'),
}
MANIFEST = '[package]\nname = "corpora"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n'


def named(program):
    """The crates of the list that a program uses, in the list's order."""
    return tuple(name for name in CRATES if re.search(rf"\b{name}::|(use|extern crate) {name}\b", program.text))


def requirements(names, checkouts):
    """The lines of a manifest for these crates; None if a checkout is missing."""
    book = next((path for path in checkouts if (path / "packages/trpl").exists()), None)
    if any("{book}" in CRATES[name][1] for name in names) and not book:
        return None
    return [f"{CRATES[name][0]} = {CRATES[name][1].format(book=book)}" for name in names]


def cell(names, checkouts):
    """The cell that a person runs before a program with these crates."""
    return "\n".join(f":dep {line}" for line in requirements(names, checkouts))


def build(names, checkouts, folder):
    """Builds the crates; returns rustc's options for each. The empty name has the folder of dependencies."""
    lines = requirements(names, checkouts)
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").write_text("")
    # The crates of every cell are built too, because a program may use tokio together with one of these crates.
    own = ['tokio = { version = "1", features = ["full"] }', 'rayon = "1"', 'serde = { version = "1", features = ["derive"] }', 'serde_json = "1"']
    (folder / "Cargo.toml").write_text(MANIFEST + "\n".join([*own, *lines]) + "\n\n[workspace]\n")
    done = subprocess.run(["cargo", "build", "--message-format=json"], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    wanted = {*names, "tokio", "rayon", "serde", "serde_json"}
    options = {"": ["-L", f"dependency={folder / 'target/debug/deps'}"]}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and (name := message["target"]["name"].replace("-", "_")) in wanted:
            for file in message["filenames"]:
                if file.endswith(".rlib"):
                    options[name] = ["--extern", f"{name}={file}"]
    return options

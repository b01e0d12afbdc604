"""The crates beyond a cell's own that programs of the corpora name, for rustc and for the kernel."""

import json
import re
import subprocess

# By the name in Rust: the package, and what a manifest says of it. `{book}` is the checkout of the Book.
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
    """The crates of the list that a program names, in the list's order."""
    return tuple(name for name in CRATES if re.search(rf"\b{name}::|(use|extern crate) {name}\b", program.text))


def requirements(names, checkouts):
    """Lines of a manifest for some crates, or nothing where a checkout is missing."""
    book = next((path for path in checkouts if (path / "packages/trpl").exists()), None)
    if any("{book}" in CRATES[name][1] for name in names) and not book:
        return None
    return [f"{CRATES[name][0]} = {CRATES[name][1].format(book=book)}" for name in names]


def cell(names, checkouts):
    """What a person runs before a program with these crates."""
    return "\n".join(f":dep {line}" for line in requirements(names, checkouts))


def build(names, checkouts, folder):
    """Builds them for rustc: its options by the crate's name, and under the empty name for where their crates lie."""
    lines = requirements(names, checkouts)
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").write_text("")
    # What each cell may name comes along, since a program names tokio beside one of these.
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

"""The programs of the corpora, from checkouts of public repositories."""

import re
from dataclasses import dataclass
from pathlib import Path

from modes import has_main

FENCE = re.compile(r"^(?P<indent>\s*)```rust(?P<tags>[^\n]*)\n(?P<text>.*?)^\s*```\s*$", re.MULTILINE | re.DOTALL)
MAIN = re.compile(r"^\s*(pub\s+)?(async\s+)?fn main\s*\(", re.MULTILINE)
# rustdoc's rule for a block without `main`: these lines stay outside of the `main` that rustdoc adds.
OUTSIDE = re.compile(r"^\s*(#!\[.*\]|extern crate .*;)\s*$")


@dataclass(frozen=True)
class Program:
    corpus: str
    # The name is the same in all versions of a checkout, unless a program was added before this one.
    name: str
    text: str
    # Whether it is a block without `main`, to which rustdoc adds one.
    is_fragment: bool = False
    # Whether the author has marked it as rejected by rustc.
    is_marked_rejected: bool = False
    # The folder of its files, such as those that it opens.
    folder: Path | None = None


def of_checkout(path):
    """All programs of one checkout, which is recognised by its files."""
    for marker, read in CORPORA.items():
        if (path / marker).exists():
            return list(read(path))
    expected = ", ".join(f"`{marker}`" for marker in CORPORA)
    raise SystemExit(f"no known corpus at `{path}`: expected one of {expected} in it (give the folder of a whole checkout)")


def rust_by_example(checkout):
    yield from blocks_of("Rust by Example", checkout / "src", checkout / "src")


def book(checkout):
    listings = checkout / "listings"
    for main in sorted(listings.glob("ch*/*/src/main.rs")):
        crate = main.parent.parent
        if 3 <= chapter(crate.parent.name) <= 20:
            yield Program("the Book", str(crate.relative_to(listings)), without_anchors(main.read_text()), folder=crate)
    chapters = (page for page in (checkout / "src").glob("ch*.md") if 3 <= chapter(page.name) <= 20)
    yield from blocks_of("the Book", checkout / "src", *chapters)


def atomics_and_locks(checkout):
    for file in sorted([*checkout.glob("examples/*.rs"), *checkout.glob("src/*/*.rs")]):
        text = file.read_text()
        if MAIN.search(text):
            # From the fourth chapter on, `main` is a test.
            text = re.sub(r"#\[test\]\s*\n(\s*fn main\b)", r"\1", text)
            yield Program("Rust Atomics and Locks", str(file.relative_to(checkout)), text)


def tokio(checkout):
    for main in sorted(checkout.glob("tutorial-code/*/src/main.rs")):
        yield Program("tokio's tutorial", str(main.relative_to(checkout)), main.read_text())
    folder = checkout / "content/tokio/tutorial"
    yield from blocks_of("tokio's tutorial", folder, folder)


CORPORA = {
    "src/hello/print.md": rust_by_example,
    "listings/ch03-common-programming-concepts": book,
    "src/ch4_spin_lock": atomics_and_locks,
    "content/tokio/tutorial": tokio,
}


def blocks_of(corpus, top, *places):
    """The blocks of Rust in all Markdown files of these places, named by file and number."""
    pages = [page for place in places for page in (place.rglob("*.md") if place.is_dir() else [place])]
    for page in sorted(pages):
        for number, found in enumerate(FENCE.finditer(page.read_text()), 1):
            tags = set(re.split(r"[,\s]+", found["tags"].strip(", ")))
            program = of_block(corpus, f"{page.relative_to(top)}#{number}", dedent(found["text"], found["indent"]), tags)
            if program:
                yield program


def of_block(corpus, name, text, tags):
    if "{{#" in text or "..." in text and "ignore" in tags:
        # This is the text of another file, which is a separate program, or an outline.
        return None
    rejected = bool(tags & {"compile_fail", "does_not_compile"}) or any(re.fullmatch(r"E\d{4}", tag) for tag in tags)
    shown, all_lines = visible(text), with_hidden(text)
    # Hidden lines may add a function around `main`.
    for candidate in (all_lines, shown):
        if has_main(candidate):
            return Program(corpus, name, candidate, is_marked_rejected=rejected)
    if MAIN.search(shown) or "ignore" in tags and not rejected:
        return None
    return Program(f"{corpus}: blocks", name, around(all_lines), is_fragment=True, is_marked_rejected=rejected)


def visible(text):
    """A block without hidden lines, which begin with `# `."""
    lines = [line for line in text.splitlines() if not is_hidden(line)]
    return "".join(line.replace("##", "#", 1) + "\n" if line.lstrip().startswith("##") else line + "\n" for line in lines)


def with_hidden(text):
    """A block as rustdoc compiles it."""
    lines = []
    for line in text.splitlines():
        if is_hidden(line):
            line = re.sub(r"# ?", "", line, count=1)
        elif line.lstrip().startswith("##"):
            line = line.replace("##", "#", 1)
        lines.append(line + "\n")
    return "".join(lines)


def is_hidden(line):
    return line.strip() == "#" or line.lstrip().startswith("# ")


def around(text):
    lines = text.splitlines()
    outside = [line for line in lines if OUTSIDE.match(line)]
    inside = [line for line in lines if not OUTSIDE.match(line)]
    return "\n".join([*outside, "fn main() {", *inside, "}"]) + "\n"


def without_anchors(text):
    return "".join(line for line in text.splitlines(keepends=True) if not re.match(r"\s*// ANCHOR(_END)?:", line))


def dedent(text, indent):
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


def chapter(name):
    return int(re.match(r"ch(\d+)", name)[1])

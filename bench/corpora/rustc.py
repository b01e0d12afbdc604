"""rustc's result for a program, and the output of its runs. They are kept in a folder for later runs."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

import crates

EDITION = "2024"
# Messages about something that only a whole package has: other files, other crates.
ELSEWHERE = re.compile(r"unlinked crate|can't find crate|file not found for module|unresolved module|unresolved import|couldn't read")


@dataclass
class Expected:
    """The result with which a kernel is compared."""

    # "ends", or "rejected" by rustc. Other kinds are not compared: "elsewhere" (it needs more than the file) and
    # "endless".
    kind: str
    # The code (if it has one) and the line of each error.
    errors: list = field(default_factory=list)
    status: int = 0
    # The outputs of several runs. If they differ, the kernel's output may differ too.
    outputs: list = field(default_factory=list)


class Rustc:
    def __init__(self, folder, prepared, limit, more, checkouts):
        self.folder = folder
        self.limit = limit
        self.libraries = libraries(prepared)
        # These crates were built with a separate tokio. Programs with them use it.
        self.more = more
        self.with_more = crates.build(more, checkouts, folder / "crates") if more else {}
        self.version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout

    def expected(self, program):
        """Compiles and runs a program, or reads the result of an earlier run."""
        kept = self.place(program) / "expected.json"
        if kept.exists():
            return Expected(**json.loads(kept.read_text()))
        expected = self.compile(program) or self.run(program)
        kept.write_text(json.dumps(asdict(expected)))
        return expected

    def place(self, program):
        parts = [self.version, EDITION, program.text, str(self.limit), *self.crates_of(program)]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        place = self.folder / key
        place.mkdir(parents=True, exist_ok=True)
        return place

    def crates_of(self, program):
        return [name for name in crates.named(program) if name in self.more]

    def compile(self, program):
        """Compiles a program. Returns the result if it does not compile, else None."""
        place = self.place(program)
        (place / "main.rs").write_text(program.text)
        libraries = self.with_more if self.crates_of(program) else self.libraries
        named = [option for name, option in libraries.items() if name and re.search(rf"\b{name}\b", program.text)]
        search = libraries[""] if named else []
        command = ["rustc", f"--edition={EDITION}", "--error-format=json", "-Awarnings", "-o", "main", "main.rs", *search, *sum(named, [])]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        errors, needs_more = [], False
        for line in done.stderr.splitlines():
            message = json.loads(line)
            primary = [in_program(span)["line_start"] for span in message.get("spans", []) if span["is_primary"]]
            if message.get("level", "").startswith("error") and primary:
                needs_more |= bool(ELSEWHERE.search(json.dumps(message)))
                errors.append([code_of(message), primary[0]])
        return Expected("elsewhere" if needs_more or not errors else "rejected", errors)

    def run(self, program):
        status, first = self.once(program)
        if status is None:
            return Expected("endless")
        _, second = self.once(program)
        return Expected("ends", [], status, [first, second] if first != second else [first])

    def again(self, program, expected, output, times=20):
        """Whether one of several more runs prints this output. Their outputs are added to the expected ones."""
        if not (self.place(program) / "main").exists():
            self.compile(program)
        for _ in range(times):
            printed = self.once(program)[1]
            if printed not in expected.outputs:
                expected.outputs.append(printed)
            if printed == output:
                return True
        return False

    def once(self, program):
        """Runs the program once: its exit status (None if it does not end), and its output."""
        place = self.place(program)
        folder = fresh_folder(place / "files", program)
        if not os.access(place / "main", os.X_OK):
            # An attribute in the file makes it a library.
            return None, ""
        try:
            done = subprocess.run([place / "main"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.limit)
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout.decode(errors="replace")


def in_program(span):
    """The span; for a span inside a macro, the place in the program that calls the macro."""
    while span["file_name"] != "main.rs" and span.get("expansion"):
        span = span["expansion"]["span"]
    return span


def code_of(message):
    """The code of an error; None for a lint, which has no such code."""
    code = (message["code"] or {}).get("code", "")
    return code if re.fullmatch(r"E\d+", code) else None


def libraries(prepared):
    """rustc's options for the crates of every cell. The empty name has the options for the folders of dependencies."""
    args = json.loads((prepared / "ready.json").read_text())["call"]["args"]
    options = {"": []}
    for option, value in zip(args, args[1:]):
        if option == "-L":
            options[""] += [option, value]
        elif option == "--extern" and value.endswith(".rlib") and not value.startswith("threadbook="):
            options[value.partition("=")[0]] = [option, value]
    return options


def fresh_folder(folder, program):
    """An empty folder into which the files beside the program's source are copied."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fill(folder, program)
    return folder


def fill(folder, program):
    for file in program.folder.iterdir() if program.folder else []:
        if file.is_file():
            shutil.copy(file, folder)


def newest_prepared():
    """The prepared build that a new kernel would use."""
    cache = Path(os.environ.get("THREADBOOK_CACHE") or cache_home() / "threadbook")
    return max((cache / "prepared").glob("*/ready.json"), key=lambda file: file.stat().st_mtime).parent


def cache_home():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

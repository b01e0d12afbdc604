"""What rustc makes of a program, and what the program then does. Kept in a folder, since it stays the same."""

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
# A message about something that only a whole package has: other files, other crates.
ELSEWHERE = re.compile(r"unlinked crate|can't find crate|file not found for module|unresolved module|unresolved import|couldn't read")


@dataclass
class Expected:
    """What a kernel is compared with."""

    # "ends", or "rejected" by rustc; the others are no measure: "elsewhere", where more than the file is needed, and
    # "endless".
    kind: str
    # Of all errors: code, where there is one, and line.
    errors: list = field(default_factory=list)
    status: int = 0
    # What several runs printed. Where they differ, so may the kernel.
    outputs: list = field(default_factory=list)


class Rustc:
    def __init__(self, folder, prepared, limit, more, checkouts):
        self.folder = folder
        self.limit = limit
        self.libraries = libraries(prepared)
        # Crates beyond a cell's own have their tokio beside them.
        self.more = more
        self.with_more = crates.build(more, checkouts, folder / "crates") if more else {}
        self.version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout

    def expected(self, program):
        """Compiles and runs a program, or reads what came of it before."""
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
        """What ends it before it runs, or nothing."""
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
        """Whether one of more runs prints this; the others' outputs are added to what is expected."""
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
        """The exit status, or nothing for one that does not end, and what it printed."""
        place = self.place(program)
        folder = fresh_folder(place / "files", program)
        if not os.access(place / "main", os.X_OK):
            # A library by its own attribute.
            return None, ""
        try:
            done = subprocess.run([place / "main"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.limit)
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout.decode(errors="replace")


def in_program(span):
    """The span, or where the program calls the macro in which it lies."""
    while span["file_name"] != "main.rs" and span.get("expansion"):
        span = span["expansion"]["span"]
    return span


def code_of(message):
    """The code of an error, which a lint does not have."""
    code = (message["code"] or {}).get("code", "")
    return code if re.fullmatch(r"E\d+", code) else None


def libraries(prepared):
    """rustc's options for the crates that each cell may name, and, under the empty name, for where theirs lie."""
    args = json.loads((prepared / "ready.json").read_text())["call"]["args"]
    options = {"": []}
    for option, value in zip(args, args[1:]):
        if option == "-L":
            options[""] += [option, value]
        elif option == "--extern" and value.endswith(".rlib") and not value.startswith("threadbook="):
            options[value.partition("=")[0]] = [option, value]
    return options


def fresh_folder(folder, program):
    """A folder with nothing but the files that the program's package has beside its source."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fill(folder, program)
    return folder


def fill(folder, program):
    for file in program.folder.iterdir() if program.folder else []:
        if file.is_file():
            shutil.copy(file, folder)


def newest_prepared():
    """The prepared build that a kernel started now would use."""
    cache = Path(os.environ.get("THREADBOOK_CACHE") or cache_home() / "threadbook")
    return max((cache / "prepared").glob("*/ready.json"), key=lambda file: file.stat().st_mtime).parent


def cache_home():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

"""Runs programs of public corpora as cells and compares them with rustc. ../README.md describes how to run it."""

import argparse
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import compare
import crates
import evcxr_tests
import modes
import programs
from report import report
from rustc import Rustc, fill, newest_prepared
from session import Session

EXCEPTIONS = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text())["exception"]
# The session is cleared after this many programs, so that their definitions do not accumulate.
ROW = 25


@dataclass
class Result:
    corpus: str
    program: str
    mode: str
    # "same", "differs", or "accepted" if it differs in a way that the list of exceptions allows.
    verdict: str = "same"
    # The difference in one line; for an accepted one, the reason why it is allowed.
    reason: str = ""
    # Whether the result was the same in a kernel that had run nothing before.
    is_alone_the_same: bool = False
    is_rejection: bool = False


def main():
    options = parse()
    # Shells start background jobs with Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    options.folder.mkdir(parents=True, exist_ok=True)
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="bench-") as prefix:
        install(options.threadbook, Path(prefix))
        corpora = Corpora(options, Path(prefix) / "files")
        try:
            corpora.run()
        except KeyboardInterrupt:
            say("interrupted: what follows is what was done until then\n")
        os.chdir(here)
    print(report(corpora.results, corpora.kinds(), options.commit))
    sys.exit(1 if any(result.verdict == "differs" for result in corpora.results) else 0)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    path = lambda text: Path(text).resolve()
    parser.add_argument("checkouts", type=path, nargs="+", help="checkouts of the repositories that README.md names")
    parser.add_argument("--threadbook", type=path, required=True, help="our executable")
    parser.add_argument("--folder", type=path, required=True, help="where rustc's programs and results are kept for the next run")
    parser.add_argument("--mode", action="append", choices=modes.MODES, help="may be repeated (default: all)")
    parser.add_argument("--only", action="append", metavar="NAME", help="programs whose `corpus/name` contains this or matches it as a pattern; may be repeated")
    parser.add_argument("--no-blocks", dest="blocks", action="store_false", help="leave out the blocks without `main`")
    parser.add_argument("--crates", action="store_true", help="also programs that need crates beyond a cell's own")
    parser.add_argument("--no-retry", dest="retry", action="store_false", help="do not try what differs in a fresh kernel")
    parser.add_argument("--json", type=path, help="also write every result to this file, after each program")
    parser.add_argument("--program-limit", type=float, default=10, help="seconds that a program has (default: %(default)s)")
    parser.add_argument("--cell-limit", type=float, default=120, help="seconds that a cell has (default: %(default)s)")
    parser.add_argument("--commit", default="", help="what is measured, for the report")
    return parser.parse_args()


def install(threadbook, prefix):
    # The runs must not find the user's own kernels and must not write into the user's history.
    os.environ["JUPYTER_PATH"] = str(prefix / "share/jupyter")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(prefix / "runtime")
    os.environ["THREADBOOK_HISTORY"] = str(prefix / "history.sqlite")
    subprocess.run([threadbook, "install", "--prefix", prefix], check=True, stdout=sys.stderr)


class Corpora:
    def __init__(self, options, files):
        self.options = options
        self.files = files
        self.results = []
        self.chosen = [
            program
            for path in options.checkouts
            if not is_evcxr(path)
            for program in programs.of_checkout(path)
            if is_named(f"{program.corpus}/{program.name}", options.only) and (options.blocks or not program.is_fragment)
        ]
        needed = [name for name in crates.CRATES if any(name in crates.named(program) for program in self.chosen)]
        self.crates = tuple(needed) if options.crates else ()
        self.compiler = Rustc(options.folder, newest_prepared(), options.program_limit, self.crates, options.checkouts)
        self.expected = {}

    def run(self):
        # A kernel works in the folder in which it was started.
        self.files.mkdir()
        os.chdir(self.files)
        for number, program in enumerate(self.chosen, 1):
            say(f"\rrustc: {number} of {len(self.chosen)}")
            self.expected[program] = self.compiler.expected(program)
        measured = [program for program in self.chosen if self.kind(program) in ("ends", "rejected")]
        for mode in self.options.mode or modes.MODES:
            # Programs with the same crates share kernels.
            for names in sorted({crates.named(program) for program in measured}):
                group = [program for program in measured if crates.named(program) == names]
                self.run_mode(mode, group, crates.cell(names, self.options.checkouts))
        if "statements" in (self.options.mode or modes.MODES):
            for path in filter(is_evcxr, self.options.checkouts):
                self.run_evcxr(path)

    def run_mode(self, mode, measured, first):
        with Session(self.options.cell_limit, first) as session:
            for number, program in enumerate(measured):
                say(f"\r{mode}: {number + 1} of {len(measured)}")
                cells = modes.cells(program, mode)
                rejected = self.kind(program) == "rejected"
                if cells is None or rejected and mode == "statements":
                    continue
                # If a statement lacks its variable, it must not find one of another program instead.
                if mode == "statements" or number % ROW == ROW - 1 and mode == "body":
                    session.clear()
                result = Result(program.corpus, program.name, mode, is_rejection=rejected)
                self.judge(result, session, lambda: self.why_otherwise(session, mode, program, cells))
        say("\n")

    def run_evcxr(self, checkout):
        with Session(self.options.cell_limit) as session:
            for name, test in evcxr_tests.tests(checkout).items():
                if is_named(f"evcxr's tests/{name}", self.options.only):
                    say(f"\revcxr's tests: {name:60}")
                    session.clear()
                    self.judge(Result("evcxr's tests", name, "statements"), session, lambda: evcxr_tests.why_otherwise(session, test))
        say("\n")

    def judge(self, result, session, why_otherwise):
        was_fresh = session.is_fresh
        reason = why_otherwise()
        if reason and self.options.retry and not was_fresh:
            # Earlier programs may be the cause. A new kernel also removes their definitions for the next programs.
            session.end()
            alone = why_otherwise()
            result.is_alone_the_same = not alone
            # Only whole programs must work after other programs. In the other modes, and if rustc misses a name, an
            # earlier cell may define that name.
            reason = reason if result.mode == "whole" and not result.is_rejection else alone
        if reason:
            result.verdict, result.reason = verdict(result, reason)
        self.results.append(result)
        if self.options.json:
            self.options.json.write_text(json.dumps([asdict(one) for one in self.results], indent=1))

    def why_otherwise(self, session, mode, program, cells):
        """How a program's result differs in a session; None if it does not."""
        for file in self.files.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        fill(self.files, program)
        expected, printed = self.expected[program], ""
        for cell in cells:
            ran = session.run(cell.code)
            printed += ran.stdout
            if ran.ename:
                break
        if expected.kind == "rejected":
            return compare.rejection(ran, cell, expected)
        return compare.end(ran, expected) or compare.output(program, printed, expected, self.compiler) or compare.value(mode, ran)

    def kind(self, program):
        kind = self.expected[program].kind
        # If rustc rejects a fragment, this is a result only if the author has marked it as rejected.
        return "part" if kind == "rejected" and program.is_fragment and not program.is_marked_rejected else kind

    def kinds(self):
        return Counter(self.kind(program) for program in self.expected)


def is_evcxr(path):
    return (path / evcxr_tests.MARKER).exists()


def is_named(full, names):
    return not names or any(name in full or fnmatch.fnmatch(full, name) for name in names)


def verdict(result, reason):
    for exception in EXCEPTIONS:
        named = fnmatch.fnmatch(f"{result.corpus}/{result.program}", exception["program"])
        if named and result.mode in exception.get("modes", modes.MODES) and exception.get("reason", "") in reason:
            return "accepted", exception["why"]
    return "differs", reason


def say(text):
    # A line that is overwritten is printed only to a terminal.
    if sys.stderr.isatty() or not text.startswith("\r"):
        print(text, end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

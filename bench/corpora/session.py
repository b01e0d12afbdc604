"""Cells in a real kernel, and their results."""

import re
import time
from dataclasses import dataclass, field
from queue import Empty

from kernels import Kernel

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
HEADLINE = re.compile(r"^error(?:\[(E\d+)\])?: ")
PLACE = re.compile(r"--> (?:.*)cell (\d+), line (\d+)")


@dataclass
class Ran:
    """The result of one cell."""

    # None if the cell succeeded; "no end" if it took too long.
    ename: str | None = None
    evalue: str = ""
    stdout: str = ""
    # The value that the cell shows.
    value: str | None = None
    # The code (if it has one) and the line in the cell of each of rustc's errors.
    errors: list = field(default_factory=list)


class Session:
    """A kernel that starts before the first cell, and again after it was ended. `first` runs after each start."""

    def __init__(self, limit, first=""):
        self.limit = limit
        self.first = first
        self.kernel = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.kernel:
            self.kernel.__exit__()
            self.kernel = None

    @property
    def is_fresh(self):
        return self.kernel is None

    def clear(self):
        """Removes all definitions."""
        if self.kernel:
            self.run("%reset")

    def run(self, code):
        if not self.kernel:
            self.kernel = Kernel("threadbook").__enter__()
            self.kernel.until_info()
            self.kernel.subscribe()
            if self.first:
                self.kernel.run(self.first)
        ran = Ran()
        try:
            self.gather(ran, self.kernel.client.execute(code, allow_stdin=False))
        except Empty:
            ran.ename, ran.evalue = "no end", f"no end within {self.limit:.0f} s"
            self.end()
        return ran

    def gather(self, ran, msg_id):
        end = time.monotonic() + self.limit
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=max(0, end - time.monotonic()))
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                ran.stdout += content["text"]
            elif kind == "execute_result":
                ran.value = content["data"].get("text/plain", "")
            elif kind == "error":
                ran.ename, ran.evalue = content["ename"], content["evalue"]
                ran.errors = errors_in(COLOURS.sub("", "\n".join(content["traceback"])))
            elif content.get("execution_state") == "idle":
                self.kernel.reply(msg_id)
                return


def errors_in(text):
    """rustc's errors in a text: the code and the line in the cell of each."""
    errors, code, is_open = [], None, False
    for line in text.splitlines():
        if found := HEADLINE.match(line):
            code, is_open = found[1], True
        elif is_open and (found := PLACE.search(line)):
            errors.append([code, int(found[2])])
            is_open = False
    return errors

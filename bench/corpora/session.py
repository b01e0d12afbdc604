"""Cells in a real kernel, and what came back."""

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
    """What one cell did."""

    # Nothing where it went well; "no end" where it took too long.
    ename: str | None = None
    evalue: str = ""
    stdout: str = ""
    # What it shows as its value.
    value: str | None = None
    # Of rustc's errors: code, where there is one, and the line of the cell.
    errors: list = field(default_factory=list)


class Session:
    """A kernel that is started when a cell is run, and anew after it was ended. It begins with a cell of its own."""

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
        """Forgets what was run."""
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
    """The errors that rustc's words show: code, and line of the cell."""
    errors, code, is_open = [], None, False
    for line in text.splitlines():
        if found := HEADLINE.match(line):
            code, is_open = found[1], True
        elif is_open and (found := PLACE.search(line)):
            errors.append([code, int(found[2])])
            is_open = False
    return errors

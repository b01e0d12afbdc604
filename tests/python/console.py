"""Types into `jupyter console` in a pseudo-terminal: several lines, history, Tab, `?`, Ctrl-C, exit."""

import os
import re
import sys
import time

import pexpect

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
PATIENCE_SECONDS = 90
UP = "\x1b[A"
CTRL_C = "\x03"


class Console:
    """A console, and the text that it has shown since the end of the last wait."""

    def __init__(self, kernel):
        environment = dict(os.environ, PROMPT_TOOLKIT_NO_CPR="1", TERM="xterm", PAGER="cat", NO_COLOR="1")
        arguments = ["-m", "jupyter_console", "--kernel", kernel]
        self.child = pexpect.spawn(
            sys.executable, arguments, env=environment, encoding="utf-8", dimensions=(60, 200), timeout=PATIENCE_SECONDS
        )
        self.shown = ""

    def wait(self, text):
        """Reads until the text is shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            plain = ESCAPES.sub("", self.shown)
            if text in plain:
                self.shown = plain[plain.index(text) + len(text) :]
                return
            left = deadline - time.monotonic()
            try:
                self.shown += self.child.read_nonblocking(4096, timeout=max(left, 0))
            except (pexpect.TIMEOUT, pexpect.EOF):
                raise SystemExit(f"no {text!r} in {ESCAPES.sub('', self.shown)!r}") from None

    def type(self, text):
        self.child.send(text)


def main(kernel):
    console = Console(kernel)
    console.wait("In [1]:")
    console.type("let a = 6;\r")
    console.wait("In [2]:")
    # The first line is incomplete. Therefore no cell runs until the last line.
    console.type("fn twice(n: i32) -> i32 {\r")
    console.wait("...:")
    console.type("2 * n\r")
    console.wait("...:")
    console.type("}\r")
    console.wait("In [3]:")
    console.type("twice(a)\r")
    console.wait("Out[3]: 12")
    console.wait("In [4]:")
    console.type(UP)
    console.wait("twice(a)")
    console.type("\r")
    console.wait("Out[4]: 12")
    console.wait("In [5]:")
    console.type("%lsm\t")
    console.wait("%lsmagic")
    console.type("\r")
    console.wait("Line magics:")
    console.wait("In [6]:")
    console.type("%time?\r")
    console.wait("%time EXPRESSION")
    console.wait("In [7]:")
    # The printed word is assembled from two parts, so that the typed text does not contain it.
    console.type('println!("as{}", "leep"); std::thread::sleep(std::time::Duration::from_secs(600));\r')
    console.wait("asleep")
    console.type(CTRL_C)
    console.wait("KeyboardInterrupt")
    console.wait("In [8]:")
    console.type("3 + 4\r")
    console.wait("Out[8]: 7")
    console.wait("In [9]:")
    console.type("exit\r")
    console.child.expect(pexpect.EOF)
    console.child.close()
    print(f"the console ended with {console.child.exitstatus}")
    return console.child.exitstatus


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

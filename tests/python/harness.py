"""Shared parts of the checks: a kernel that is started through its kernelspec, and clients that sort all messages.

Each wait is for a message or a condition. `BOUND_S` only ends a check that would hang; it is not a limit for speed.
"""

import argparse
import faulthandler
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_client.manager import KernelManager

import cells as tables

# The limit of one wait. It is generous, because a kernel that compiles shares two cores with the other tests.
BOUND_S = 180


def main(*checks, options=None):
    """Runs the checks on one kernel, named on the command line, and prints how many passed.

    A check gets the kernel, and also the parsed options if `options` is given. The first failure ends the run.
    """
    arguments = parse(options)
    with Kernel(arguments.kernel) as kernel:
        for check in checks:
            announce(check)
            check(kernel, arguments) if options else check(kernel)
    print(f"{len(checks)} passed")


def parse(options=None, bound_s=1800):
    """Reads the command line, whose first word names the kernel, and starts the timer that ends a hang."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel", help="the kernelspec's name, such as `threadbook` or `python3`")
    if options:
        options(parser)
    # A hang ends with a traceback, not only when the person who runs this ends it.
    faulthandler.dump_traceback_later(bound_s, exit=True)
    return parser.parse_args()


def announce(check):
    print(f"{Path(sys.argv[0]).stem}: {check.__name__.replace('_', ' ')}", flush=True)


def wait_until(condition, what):
    """Polls until the condition returns a true value, and returns it. `what` is a text or a function that makes one."""
    deadline = time.monotonic() + BOUND_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {BOUND_S} s in vain until {what() if callable(what) else what}")
        time.sleep(0.05)


def cells_of(kernel):
    """The cells for the language of a kernelspec."""
    return tables.BY_LANGUAGE[get_kernel_spec(kernel).language]


def keep_to_one_cpu():
    """Like `taskset -c 0`, for this process and for every kernel that it starts, because the setting is inherited."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Kernel:
    """A running kernel with one client, and a folder for the files with which a check controls its cells."""

    def __init__(self, name, env=None):
        self.name = name
        self.cells = cells_of(name)
        self.env = {**os.environ, **(env or {})}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="check-")
        self.clients = []
        self.manager = KernelManager(kernel_name=self.name)
        self.manager.start_kernel(env=self.env)
        try:
            self.client = self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.channels.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=False)
        self.folder.cleanup()

    def connect(self):
        """Adds a client of this kernel."""
        client = Client(self.manager.connection_file)
        self.clients.append(client)
        return client

    def file(self, name):
        """The path of a file that does not exist yet."""
        path = Path(self.folder.name) / name
        path.unlink(missing_ok=True)
        return path


class Client:
    """A client of a kernel. Messages from iopub that are read before their turn are kept in `others`."""

    def __init__(self, connection_file):
        self.channels = BlockingKernelClient(connection_file=connection_file)
        self.channels.load_connection_file()
        self.channels.start_channels()
        self.wait_for_ready()
        # `wait_for_ready` repeats its request each second while the kernel starts, and reads one reply. Replies come in
        # the order of requests. Therefore the reply to this request is the last.
        last = self.channels.kernel_info()
        while self.channels.get_shell_msg(timeout=BOUND_S)["parent_header"].get("msg_id") != last:
            pass
        self.others = []

    def wait_for_ready(self):
        """Waits for the kernel. On a busy machine it may miss a heartbeat; jupyter_client then reports it as dead."""
        deadline = time.monotonic() + BOUND_S
        while True:
            try:
                return self.channels.wait_for_ready(timeout=BOUND_S)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise

    def send(self, code, **options):
        """Sends an execute request without waiting; returns its message id."""
        options.setdefault("allow_stdin", False)
        return self.channels.execute(code, **options)

    def run(self, code, **options):
        return self.outcome(self.send(code, **options))

    def outcome(self, msg_id):
        """The reply to a request, and its iopub messages from busy to idle."""
        return Outcome(self.reply(msg_id), self.until_idle(msg_id))

    def reply(self, msg_id):
        """The next reply on the shell channel. Asserts that it belongs to this request."""
        reply = self.channels.get_shell_msg(timeout=BOUND_S)
        parent = reply["parent_header"].get("msg_id")
        assert parent == msg_id, f"a reply to another request: {reply}"
        return reply

    def until_idle(self, msg_id):
        messages = []
        while True:
            message = self.next_of(msg_id)
            messages.append(message)
            if state_of(message) == "idle":
                return messages

    def until_text(self, msg_id, text):
        """Reads until the streams of the request have shown the text; returns the messages up to there."""
        messages = []
        while text not in text_of(messages):
            message = self.next_of(msg_id)
            messages.append(message)
            assert state_of(message) != "idle", f"ended without {text!r}: {brief(messages)}"
        return messages

    def next_of(self, msg_id):
        """The next iopub message of the request."""
        for index, message in enumerate(self.others):
            if message["parent_header"].get("msg_id") == msg_id:
                return self.others.pop(index)
        while True:
            message = self.channels.get_iopub_msg(timeout=BOUND_S)
            if message["parent_header"].get("msg_id") == msg_id:
                return message
            self.others.append(message)

    def late_text(self, msg_id, text):
        """Reads messages of a request after its idle, until they contain the text."""
        messages = []
        while text not in text_of(messages):
            messages.append(self.next_of(msg_id))
        return text_of(messages)


@dataclass
class Outcome:
    """The reply and the messages of one execute request."""

    reply: dict
    messages: list

    def __post_init__(self):
        states = [state_of(m) for m in self.messages if state_of(m)]
        assert states == ["busy", "idle"], f"busy and idle once each, around everything: {states}"
        assert state_of(self.messages[0]) == "busy", brief(self.messages)

    @property
    def status(self):
        return self.reply["content"]["status"]

    @property
    def text(self):
        return text_of(self.messages)

    @property
    def result(self):
        """The text of the execute_result, or None."""
        results = [m for m in self.messages if m["msg_type"] == "execute_result"]
        return results[0]["content"]["data"]["text/plain"] if results else None

    def succeeded(self):
        assert self.status == "ok", self
        return self

    def failed(self, ename=None):
        """Asserts that there is one error message, and that the reply has the same content."""
        assert self.status == "error", self
        errors = [m["content"] for m in self.messages if m["msg_type"] == "error"]
        assert len(errors) == 1, f"one error message: {brief(self.messages)}"
        for key in ("ename", "evalue", "traceback"):
            assert errors[0][key] == self.reply["content"][key], (key, self)
        if ename:
            assert errors[0]["ename"] == ename, self
        return self

    def aborted(self):
        assert self.status == "aborted", self
        assert [m["msg_type"] for m in self.messages] == ["status", "status"], brief(self.messages)
        return self

    def __str__(self):
        return f"{self.reply['content']} {brief(self.messages)}"


def state_of(message):
    return message["content"]["execution_state"] if message["msg_type"] == "status" else None


def text_of(messages):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def brief(messages):
    return [(m["msg_type"], m["content"]) for m in messages]

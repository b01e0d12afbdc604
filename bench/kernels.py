"""A running kernel from the view of the measurements: times of requests, and the memory of its processes."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

import zmq
from jupyter_client.manager import KernelManager

# The limit that ends a hanging measurement. The slowest known kernel needs a minute for the longest measurement.
BOUND_S = 900


@contextmanager
def private_jupyter():
    """A temporary folder in which Jupyter finds its kernels, and in which the kernels keep their history."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ["JUPYTER_PATH"] = str(Path(folder) / "share/jupyter")
        os.environ["JUPYTER_RUNTIME_DIR"] = str(Path(folder) / "runtime")
        os.environ["THREADBOOK_HISTORY"] = str(Path(folder) / "history.sqlite")
        yield Path(folder)


@contextmanager
def installed(threadbook):
    """Does the same, and installs a kernelspec `threadbook` for this executable."""
    with private_jupyter() as folder:
        subprocess.run([threadbook, "install", "--prefix", folder], check=True, stdout=sys.stderr)
        yield folder


@dataclass
class Run:
    """The time, lines and memory of one cell."""

    seconds: float
    newlines: int
    # The highest memory during the run, if it was watched.
    highest_memory: float | None


class Kernel:
    """A kernel that is started through its kernelspec. Its age counts from just before its process is made."""

    def __init__(self, name, log=os.devnull):
        self.log = log
        # The client's queue has no limit; otherwise the client would lose lines that the kernel sent.
        context = zmq.Context()
        context.rcvhwm = 0
        self.manager = KernelManager(kernel_name=name, context=context)

    def __enter__(self):
        self.started = time.perf_counter()
        # The kernel's own messages do not belong in the log of the measurements.
        with open(os.devnull, "wb") as nowhere, open(self.log, "wb") as log:
            self.manager.start_kernel(stdout=nowhere, stderr=log)
        self.client = self.manager.client()
        self.client.start_channels(hb=False, stdin=False)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def age(self):
        return time.perf_counter() - self.started

    def until_info(self):
        """Seconds from the start of the process to the reply to a request that is sent at once."""
        msg_id = self.client.kernel_info()
        self.reply(msg_id)
        return self.age()

    def until_result(self, code):
        """Seconds from the start of the process to the reply to a first cell.

        The reply is used, because the output goes only to clients whose subscription has reached the kernel by then.
        """
        self.answered(self.client.execute(code), code)
        age = self.age()
        self.subscribe()
        return age

    def subscribe(self):
        """Repeats a request until its messages arrive on iopub too. From then on, no iopub message is missed."""
        while True:
            self.reply(self.client.kernel_info())
            try:
                self.client.get_iopub_msg(timeout=0.2)
                return
            except Empty:
                if self.age() > BOUND_S:
                    raise

    def run(self, code, watch_memory=False):
        """Runs a cell and waits for its idle and its reply."""
        memory = Memory(self) if watch_memory else None
        began = time.perf_counter()
        msg_id = self.client.execute(code, allow_stdin=False)
        newlines = self.until_idle(msg_id)
        self.answered(msg_id, code)
        seconds = time.perf_counter() - began
        return Run(seconds, newlines, memory.stop() if memory else None)

    def answered(self, msg_id, code):
        reply = self.reply(msg_id)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"`{code}` failed: {reply.get('evalue')}")

    def until_idle(self, msg_id):
        """The number of lines on stdout until the request's idle."""
        newlines = 0
        while True:
            message = self.client.get_iopub_msg(timeout=BOUND_S)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                newlines += content["text"].count("\n")
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return newlines

    def reply(self, msg_id):
        while True:
            reply = self.client.get_shell_msg(timeout=BOUND_S)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply

    def memory(self):
        """Megabytes (PSS, in which processes share the count of a shared page) of the kernel's process and its descendants."""
        return sum(map(proportional, descendants(self.manager.provisioner.pid))) / 1e6

    def own_memory(self):
        """Megabytes of the kernel's own process only, without compilers of cells."""
        return proportional(self.manager.provisioner.pid) / 1e6

    def settled_memory(self):
        """The memory when it no longer changes, or after half a minute of changes."""
        last = self.memory()
        for _ in range(30):
            time.sleep(1)
            now = self.memory()
            if abs(now - last) < 0.01 * now:
                return now
            last = now
        return last


class Memory:
    """Reads a kernel's memory ten times a second and keeps the highest value."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.highest = kernel.own_memory()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.done.wait(0.1):
            self.highest = max(self.highest, self.kernel.own_memory())

    def stop(self):
        self.done.set()
        self.thread.join()
        return max(self.highest, self.kernel.own_memory())


def descendants(pid):
    """The ids of a process and of all its descendants."""
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The state and the parent follow after the name, which may contain any characters.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def proportional(pid):
    """A process's PSS in bytes; 0 if the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))

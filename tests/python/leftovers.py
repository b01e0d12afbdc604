"""After any end of a kernel, no process and no folder of it remains.

Every process that a kernel starts inherits its environment. Therefore a word in the environment identifies all of them,
even if their parent has ended.
"""

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from jupyter_client.manager import KernelManager

import harness

MARK = "THREADBOOK_CHECK"
SCRATCH = "THREADBOOK_CHECK_FOLDER"


def a_shutdown_while_idle(name):
    with Watched(name) as watched:
        watched.kernel.client.run(watched.kernel.cells.say("hello")).succeeded()
        watched.kernel.manager.shutdown_kernel(now=False)
        watched.is_gone()


def a_shutdown_while_busy(name):
    with Watched(name) as watched:
        watched.spin(watched.kernel.cells.spin_beside_child)
        watched.kernel.manager.shutdown_kernel(now=False)
        watched.is_gone()


def a_restart_while_busy(name):
    with Watched(name) as watched:
        watched.spin(watched.kernel.cells.spin_beside_child)
        before = watched.processes()
        watched.kernel.manager.restart_kernel(now=False)
        harness.wait_until(lambda: not before & watched.processes(), "the first kernel's processes end")
        fresh = watched.kernel.connect()
        fresh.run(watched.kernel.cells.say("hello")).succeeded()
        # The restarted kernel does not have the variables of the first one.
        fresh.run(watched.kernel.cells.kept).failed()
        watched.kernel.manager.shutdown_kernel(now=False)
        watched.is_gone()


def sigterm_to_the_kernel_alone(name):
    with Watched(name) as watched:
        watched.spin(watched.kernel.cells.spin_before_kill)
        os.kill(watched.pid, signal.SIGTERM)
        watched.is_gone()


def sigkill_to_the_kernel_alone(name):
    with Watched(name) as watched:
        watched.spin(watched.kernel.cells.spin_before_kill)
        os.kill(watched.pid, signal.SIGKILL)
        watched.is_gone()


def the_death_of_the_parent(name):
    """The parent is a process of this check that only starts the kernel, like a Jupyter server."""
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        mark, scratch = uuid.uuid4().hex, Path(folder)
        environment = {**os.environ, MARK: mark, SCRATCH: folder}
        parent = subprocess.Popen(
            [sys.executable, __file__, name, "--as-parent"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        client = harness.Client(parent.stdout.readline().strip())
        msg_id = client.send(harness.cells_of(name).spin_before_kill)
        client.until_text(msg_id, "started")
        parent.kill()
        parent.wait()
        client.channels.stop_channels()
        nothing_left(mark, scratch)


def be_the_parent(name):
    """Starts a kernel, prints the path of its connection file, and waits to be killed."""
    manager = KernelManager(kernel_name=name)
    # Only the kernel gets the folder that must be empty at the end: this process can't remove its connection file.
    manager.start_kernel(env={**os.environ, "TMPDIR": os.environ[SCRATCH]})
    print(manager.connection_file, flush=True)
    sys.stdin.read()


class Watched:
    """A kernel with a mark in its environment and a private folder for temporary files."""

    def __init__(self, name):
        self.mark = uuid.uuid4().hex
        self.scratch = tempfile.TemporaryDirectory(prefix="check-")
        self.kernel = harness.Kernel(name, env={MARK: self.mark, "TMPDIR": self.scratch.name})

    def __enter__(self):
        self.kernel.__enter__()
        self.pid = self.kernel.manager.provisioner.pid
        assert self.processes(), "the mark finds the kernel while it runs"
        return self

    def __exit__(self, *exception):
        self.kernel.__exit__(*exception)
        self.scratch.cleanup()

    def spin(self, code):
        client = self.kernel.client
        client.until_text(client.send(code), "started")

    def processes(self):
        return marked(self.mark)

    def is_gone(self):
        # The kernel is a child of this process. `is_alive` collects its exit status.
        harness.wait_until(lambda: not self.kernel.manager.is_alive(), "the kernel's end is noticed")
        nothing_left(self.mark, Path(self.scratch.name))


def nothing_left(mark, scratch):
    harness.wait_until(lambda: not marked(mark), lambda: f"these have ended: {describe(marked(mark))}")
    for folder in [scratch, *extra_folders()]:
        harness.wait_until(lambda: not entries(folder), lambda: f"these are gone: {entries(folder)}")


def entries(folder):
    """Files that a session may have left. A hidden file is configuration and may remain."""
    return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]


def extra_folders():
    """More folders that must be empty when no kernel runs, for kernels that keep session files elsewhere."""
    return [Path(path) for path in os.environ.get("CHECK_EMPTY_FOLDERS", "").split(":") if path and os.path.isdir(path)]


def marked(mark):
    """The ids of all processes with the mark in their environment. A zombie has no environment and is not included."""
    word = f"{MARK}={mark}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            pass
    return found


def describe(pids):
    return ", ".join(f"{pid} ({command(pid)})" for pid in sorted(pids))


def command(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "ended"


if __name__ == "__main__":
    arguments = harness.parse(lambda parser: parser.add_argument("--as-parent", action="store_true"))
    if arguments.as_parent:
        be_the_parent(arguments.kernel)
    else:
        checks = [
            a_shutdown_while_idle,
            a_shutdown_while_busy,
            a_restart_while_busy,
            sigterm_to_the_kernel_alone,
            sigkill_to_the_kernel_alone,
            the_death_of_the_parent,
        ]
        for check in checks:
            harness.announce(check)
            check(arguments.kernel)
        print(f"{len(checks)} passed")

"""Starts `threadbook lab`, checks what its server answers, and ends it by Ctrl-C as at a terminal.

    packaging/try_lab.py target/release/threadbook [ARGUMENTS OF JUPYTERLAB...]

Needs the network where the environment is not made yet (`THREADBOOK_CACHE` chooses where).
"""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import urllib.error
import urllib.request

TOKEN = "trial"


def main() -> None:
    program, arguments = os.path.abspath(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        open(os.path.join(folder, "here.txt"), "w").close()
        command = [program, "lab", folder, "--no-browser", f"--port={free_port()}", "--"]
        command += [f"--IdentityProvider.token={TOKEN}", *arguments]
        began = time.monotonic()
        terminal, theirs = pty.openpty()
        # As a session's own terminal, it makes Ctrl-C a signal for the group.
        lab = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        try:
            address = wait_for(terminal, rb"(http://(?:localhost|127\.0\.0\.1):\d+)/lab").decode()
            wait_until_it_answers(address)
            print(f"{address} answers after {time.monotonic() - began:.1f} s")
            names = list(get(address, "/api/kernelspecs")["kernelspecs"])
            print("kernels:", names)
            assert "threadbook" in names
            files = [entry["name"] for entry in get(address, "/api/contents")["content"]]
            assert files == ["here.txt"], files
            os.write(terminal, b"\x03")
            wait_for(terminal, rb"\[n\]\)\?")
            os.write(terminal, b"y\n")
            wait_for(terminal, rb"Shutdown confirmed")
            code = lab.wait(30)
            assert code == 0, code
            print("Ctrl-C and `y` end it with exit code 0")
        finally:
            if lab.poll() is None:
                os.killpg(lab.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


def wait_for(terminal: int, words: bytes) -> bytes:
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            sys.exit(f"it ended without `{words.decode()}`:\n{seen.decode(errors='replace')}")
        if found := re.search(words, seen):
            return found[found.lastindex or 0]


def wait_until_it_answers(address: str) -> None:
    """The server prints its address before it listens."""
    for _ in range(600):
        try:
            get(address, "/api/status")
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    sys.exit(f"{address} does not answer")


def get(address: str, path: str) -> dict:
    request = urllib.request.Request(address + path, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


main()

"""A running jupyter_server, and its kernels over REST and websockets, as JupyterLab uses them."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import uuid

import requests
import websocket

import harness

SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"


class Server:
    """A server on a free port with private folders. With a gateway, its kernels run on that other server."""

    def __init__(self, gateway=None):
        self.gateway = gateway
        self.token = secrets.token_hex()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="check-")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        arguments = [
            "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.folder.name}",
        ]
        if self.gateway:
            arguments += [
                f"--gateway-url=http://{self.gateway.address}",
                f"--GatewayClient.auth_token={self.gateway.token}",
            ]
        environment = {**os.environ, "JUPYTER_RUNTIME_DIR": os.path.join(self.folder.name, "runtime")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *arguments], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        harness.wait_until(self.listens, f"the server listens at {self.address}")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()

    def listens(self):
        assert self.process.poll() is None, f"the server has ended with {self.process.returncode}"
        try:
            return self.ask("GET", "status")
        except requests.ConnectionError:
            return None

    def ask(self, method, path, **content):
        """Sends a request to the REST interface; returns the JSON of the response, or None if it is empty."""
        response = requests.request(
            method, f"http://{self.address}/api/{path}", headers=self.headers, json=content or None, timeout=harness.BOUND_S
        )
        response.raise_for_status()
        return response.json() if response.content else None

    @property
    def headers(self):
        return {"Authorization": f"token {self.token}"}


class RemoteKernel:
    """A kernel that a server has started, and one websocket to it."""

    def __init__(self, server, name):
        self.server = server
        self.id = server.ask("POST", "kernels", name=name)["id"]
        self.socket = self.connect()

    def connect(self):
        """Opens another websocket."""
        return Socket(self.server, self.id)

    def state(self):
        """The state according to the server that has started the kernel. A server with a gateway tracks no state."""
        owner = self.server.gateway or self.server
        return owner.ask("GET", f"kernels/{self.id}")["execution_state"]

    def end(self):
        self.server.ask("DELETE", f"kernels/{self.id}")


class Socket:
    """Messages over one websocket. Messages that are read before their turn are kept in `others`."""

    def __init__(self, server, kernel_id):
        self.session = uuid.uuid4().hex
        self.socket = websocket.create_connection(
            f"ws://{server.address}/api/kernels/{kernel_id}/channels?session_id={self.session}",
            header=[f"{name}: {value}" for name, value in server.headers.items()],
            # A server that forwards to a gateway supports only the older form: JSON as text.
            subprotocols=None if server.gateway else [SUBPROTOCOL],
            timeout=harness.BOUND_S,
        )
        self.is_binary = self.socket.subprotocol == SUBPROTOCOL
        assert self.is_binary or server.gateway, self.socket.subprotocol
        self.others = []

    def close(self):
        self.socket.close()

    def send(self, channel, msg_type, content):
        """Sends without waiting; returns the message id."""
        msg_id = uuid.uuid4().hex
        header = {"msg_id": msg_id, "msg_type": msg_type, "session": self.session, "username": "", "version": "5.4", "date": ""}
        if self.is_binary:
            self.socket.send_binary(encode(channel, [header, {}, {}, content]))
        else:
            message = {"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": content}
            self.socket.send(json.dumps(message))
        return msg_id

    def execute(self, code, allow_stdin=False):
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        return self.send("shell", "execute_request", content)

    def next_of(self, wanted, what):
        """The next message for which `wanted` holds."""
        for index, message in enumerate(self.others):
            if wanted(message):
                return self.others.pop(index)
        while True:
            message = self.receive()
            if wanted(message):
                return message
            self.others.append(message)

    def receive(self):
        data = self.socket.recv()
        return decode(data) if self.is_binary else json.loads(data)

    def reply(self, msg_id):
        return self.next_of(lambda m: m["channel"] == "shell" and parent(m) == msg_id, "a reply")

    def until_idle(self, msg_id):
        """All iopub messages of a request from here to its idle."""
        messages = []
        while not messages or harness.state_of(messages[-1]) != "idle":
            messages.append(self.next_of(lambda m: m["channel"] == "iopub" and parent(m) == msg_id, "idle"))
        return messages

    def run(self, code):
        msg_id = self.execute(code)
        return harness.Outcome(self.reply(msg_id), self.until_idle(msg_id))

    def until_text(self, msg_id, text):
        """Reads until the streams of the request have shown the text; returns the messages up to there."""
        seen = []
        while text not in harness.text_of(seen):
            seen.append(self.next_of(lambda m: m["channel"] == "iopub" and parent(m) == msg_id, text))
            assert harness.state_of(seen[-1]) != "idle", f"ended without {text!r}: {harness.brief(seen)}"
        return seen


def parent(message):
    return message["parent_header"].get("msg_id")


def encode(channel, parts):
    """The number of offsets, the offsets, and the parts: the channel, then header, parent, metadata and content."""
    chunks = [channel.encode(), *(json.dumps(part).encode() for part in parts)]
    offsets = [8 * (len(chunks) + 2)]
    for chunk in chunks:
        offsets.append(offsets[-1] + len(chunk))
    numbers = [len(offsets), *offsets]
    return b"".join([*(number.to_bytes(8, "little") for number in numbers), *chunks])


def decode(data):
    count = int.from_bytes(data[:8], "little")
    offsets = [int.from_bytes(data[8 * n : 8 * n + 8], "little") for n in range(1, count + 1)]
    channel, *parts = [data[start:end] for start, end in zip(offsets, offsets[1:])]
    header, parent_header, metadata, content = (json.loads(part) for part in parts[:4])
    return {
        "channel": channel.decode(), "header": header, "msg_type": header["msg_type"], "parent_header": parent_header,
        "metadata": metadata, "content": content,
    }

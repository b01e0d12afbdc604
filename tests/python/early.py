"""A client that sends before it subscribes, like VS Code: requests first, then the subscription to iopub.

Messages that are published before the subscription may be lost. Replies are not lost, and later messages are complete.
"""

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

import harness


def main():
    arguments = harness.parse()
    cells = harness.cells_of(arguments.kernel)
    manager = KernelManager(kernel_name=arguments.kernel)
    manager.start_kernel()
    try:
        client = BlockingKernelClient(connection_file=manager.connection_file)
        client.load_connection_file()
        # This starts only the connections of shell and stdin.
        client.start_channels(iopub=False, hb=False, control=False)
        check(client, cells)
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=False)
    print("1 passed")


def check(client, cells):
    print("early: requests before the subscription are answered", flush=True)
    # The kernel may not have bound its sockets yet.
    info = client.kernel_info()
    first = client.execute(cells.keep(41), allow_stdin=False)
    second = client.execute(cells.kept, allow_stdin=False)
    for msg_id, kind in [(info, "kernel_info_reply"), (first, "execute_reply"), (second, "execute_reply")]:
        reply = client.get_shell_msg(timeout=harness.BOUND_S)
        assert reply["parent_header"]["msg_id"] == msg_id, reply
        assert (reply["msg_type"], reply["content"]["status"]) == (kind, "ok"), reply
    print("early: output after the subscription is complete", flush=True)
    client.iopub_channel.start()
    third = client.execute(cells.say("hello"), allow_stdin=False)
    seen = []
    while third not in idle(seen):
        if client.iopub_channel.socket.poll(1000, zmq.POLLIN):
            seen.append(client.get_iopub_msg(timeout=harness.BOUND_S))
        elif client.shell_channel.msg_ready():
            # The cell has ended before the subscription took effect. The reply shows this without an iopub message.
            client.get_shell_msg(timeout=harness.BOUND_S)
            third = client.execute(cells.say("hello"), allow_stdin=False)
    own = [m for m in seen if m["parent_header"].get("msg_id") == third]
    assert harness.text_of(own) == "hello\n", harness.brief(own)


def idle(messages):
    return [m["parent_header"].get("msg_id") for m in messages if harness.state_of(m) == "idle"]


if __name__ == "__main__":
    main()

"""A kernel behind jupyter_server, over REST and websockets, and behind a second server, as with `--gateway-url`."""

import harness
import servers


def cells_run_over_a_websocket(remote, cells):
    remote.socket.run(cells.keep(41)).succeeded()
    outcome = remote.socket.run(cells.kept).succeeded()
    assert outcome.result == "41", outcome
    remote.socket.run(cells.fail).failed()


def a_question_is_answered(remote, cells):
    socket = remote.socket
    msg_id = socket.execute(cells.ask, allow_stdin=True)
    question = socket.next_of(lambda m: m["channel"] == "stdin" and servers.parent(m) == msg_id, "a question")
    assert question["content"]["prompt"] == "name? ", question
    socket.send("stdin", "input_reply", {"value": "Ada"})
    outcome = harness.Outcome(socket.reply(msg_id), socket.until_idle(msg_id)).succeeded()
    assert outcome.text.endswith("got Ada\n"), outcome


def a_busy_kernel_is_interrupted(remote, cells):
    socket = remote.socket
    msg_id = socket.execute(cells.sleep)
    seen = socket.until_text(msg_id, "started")
    harness.wait_until(lambda: remote.state() == "busy", "the server takes the kernel for busy")
    remote.server.ask("POST", f"kernels/{remote.id}/interrupt")
    harness.Outcome(socket.reply(msg_id), seen + socket.until_idle(msg_id)).failed(cells.interrupted)
    harness.wait_until(lambda: remote.state() == "idle", "the server takes the kernel for idle")


def a_page_that_comes_later_sees_what_follows(remote, cells):
    """The state after a reload: the new websocket gets the output of the running cell, and cells run there."""
    msg_id = remote.socket.execute(cells.sleep)
    remote.socket.until_text(msg_id, "started")
    remote.socket.close()
    remote.socket = remote.connect()
    remote.server.ask("POST", f"kernels/{remote.id}/interrupt")
    assert any(m["msg_type"] == "error" for m in remote.socket.until_idle(msg_id))
    outcome = remote.socket.run(cells.kept).succeeded()
    assert outcome.result == "41", outcome


def a_restart_forgets(remote, cells):
    remote.server.ask("POST", f"kernels/{remote.id}/restart")
    remote.socket.close()
    remote.socket = remote.connect()
    remote.socket.run(cells.say("hello")).succeeded()
    remote.socket.run(cells.kept).failed()


CHECKS = [
    cells_run_over_a_websocket,
    a_question_is_answered,
    a_busy_kernel_is_interrupted,
    a_page_that_comes_later_sees_what_follows,
    a_restart_forgets,
]


def main():
    arguments = harness.parse()
    cells = harness.cells_of(arguments.kernel)
    with servers.Server() as server, servers.Server(gateway=server) as front:
        for title, place in [("directly", server), ("through a gateway", front)]:
            remote = servers.RemoteKernel(place, arguments.kernel)
            for check in CHECKS:
                print(f"{title}: ", end="")
                harness.announce(check)
                check(remote, cells)
            remote.end()
        # The kernels belonged to the server behind the gateway, and have ended.
        assert server.ask("GET", "kernels") == [], server.ask("GET", "kernels")
    print(f"{2 * len(CHECKS)} passed")


if __name__ == "__main__":
    main()

"""`stop_on_error`: the effect of a failed cell on the requests queued behind it."""

import harness


def a_failed_cell_aborts_the_queue(kernel):
    client = kernel.client
    go = kernel.file("go")
    failing = client.send(kernel.cells.wait_then_fail(str(go)))
    queued = [client.send(kernel.cells.say(f"queued {n}")) for n in range(3)]
    # This is not an execute request: the kernel replies to it and does not abort it.
    asked = client.channels.comm_info()
    before = client.until_text(failing, "started")
    go.touch()
    replies = {}
    for _ in range(5):
        # A kernel may reply to other kinds of requests while a cell runs. Therefore the order of the replies is not
        # checked.
        reply = client.channels.get_shell_msg(timeout=harness.BOUND_S)
        replies[reply["parent_header"]["msg_id"]] = reply
    harness.Outcome(replies[failing], before + client.until_idle(failing)).failed()
    for msg_id in queued:
        harness.Outcome(replies[msg_id], client.until_idle(msg_id)).aborted()
    assert replies[asked]["content"]["status"] == "ok", replies[asked]
    execute_replies = [msg_id for msg_id in replies if msg_id != asked]
    assert execute_replies == [failing, *queued], "execute replies come in the order of the requests"
    assert client.run(kernel.cells.say("again")).succeeded().text == "again\n"


def a_failed_cell_that_need_not_stop_the_queue_does_not(kernel):
    client = kernel.client
    go = kernel.file("go")
    failing = client.send(kernel.cells.wait_then_fail(str(go)), stop_on_error=False)
    queued = client.send(kernel.cells.say("still runs"))
    before = client.until_text(failing, "started")
    go.touch()
    reply = client.reply(failing)
    harness.Outcome(reply, before + client.until_idle(failing)).failed()
    assert client.outcome(queued).succeeded().text == "still runs\n"


if __name__ == "__main__":
    harness.main(a_failed_cell_aborts_the_queue, a_failed_cell_that_need_not_stop_the_queue_does_not)

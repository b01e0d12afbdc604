"""Two clients of one kernel, such as a notebook and a console: both get all output, each gets only its own replies."""

import harness


def both_see_the_output_of_either(kernel):
    first, second = kernel.client, kernel.connect()
    for asker, watcher, text in [(first, second, "from the first"), (second, first, "from the second")]:
        msg_id = asker.send(kernel.cells.say(text))
        for seen in (asker.until_idle(msg_id), watcher.until_idle(msg_id)):
            kinds = [m["msg_type"] for m in seen]
            assert kinds == ["status", "execute_input", "stream", "status"], harness.brief(seen)
            assert harness.text_of(seen) == f"{text}\n", harness.brief(seen)
        asker.reply(msg_id)
        only_own_reply(watcher)


def only_own_reply(client):
    """Sends a request. A reply to the other client would arrive first, because one socket keeps its order."""
    client.reply(client.channels.comm_info())


def cells_of_both_queue_up(kernel):
    first, second = kernel.client, kernel.connect()
    sent = [
        (client, client.send(kernel.cells.say(f"{name} {n}")), f"{name} {n}\n")
        for n in range(3)
        for name, client in (("first", first), ("second", second))
    ]
    for client, msg_id, text in sent:
        reply = client.reply(msg_id)
        assert harness.Outcome(reply, client.until_idle(msg_id)).succeeded().text == text


def a_question_goes_to_the_asker(kernel):
    first, second = kernel.client, kernel.connect()
    for asker, answer in [(first, "one"), (second, "two")]:
        msg_id = asker.send(kernel.cells.ask, allow_stdin=True)
        # In the second round, this also shows that the second client did not get the input request of the first round.
        question = asker.channels.get_stdin_msg(timeout=harness.BOUND_S)
        assert question["parent_header"]["msg_id"] == msg_id, question
        asker.channels.input(answer)
        assert asker.outcome(msg_id).succeeded().text.endswith(f"got {answer}\n")


if __name__ == "__main__":
    harness.main(both_see_the_output_of_either, cells_of_both_queue_up, a_question_goes_to_the_asker)

"""Cells with input requests: answered, not allowed, and interrupted during the wait."""

import harness


def a_line_reaches_the_cell_that_asked(kernel):
    answered(kernel, kernel.cells.ask, "name? ", password=False)


def a_password_is_asked_for_as_one(kernel):
    answered(kernel, kernel.cells.ask_secretly, "secret? ", password=True)


def answered(kernel, code, prompt, password):
    client = kernel.client
    asking = client.send(code, allow_stdin=True)
    question = asked(client, asking)
    assert question["content"] == {"prompt": prompt, "password": password}, question
    client.channels.input("Åda")
    outcome = client.outcome(asking).succeeded()
    assert outcome.text.endswith("got Åda\n"), outcome


def a_cell_that_may_not_ask_fails(kernel):
    client = kernel.client
    outcome = client.run(kernel.cells.ask, allow_stdin=False).failed()
    assert "got" not in outcome.text, outcome


def an_interrupt_ends_the_wait_and_a_late_answer_is_dropped(kernel):
    client = kernel.client
    asking = client.send(kernel.cells.ask, allow_stdin=True)
    asked(client, asking)
    kernel.manager.interrupt_kernel()
    client.outcome(asking).failed(kernel.cells.interrupted)
    client.channels.input("too late")
    # These cells run after the late answer was sent. None of them may get it.
    client.run(kernel.cells.keep(1)).succeeded()
    again = client.send(kernel.cells.ask, allow_stdin=True)
    asked(client, again)
    client.channels.input("in time")
    outcome = client.outcome(again).succeeded()
    assert outcome.text.endswith("got in time\n"), outcome


def asked(client, msg_id):
    """The next input request. Asserts that it belongs to this execute request."""
    question = client.channels.get_stdin_msg(timeout=harness.BOUND_S)
    assert question["msg_type"] == "input_request", question
    assert question["parent_header"]["msg_id"] == msg_id, question
    return question


if __name__ == "__main__":
    harness.main(
        a_line_reaches_the_cell_that_asked,
        a_password_is_asked_for_as_one,
        a_cell_that_may_not_ask_fails,
        an_interrupt_ends_the_wait_and_a_late_answer_is_dropped,
    )

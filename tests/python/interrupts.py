"""An interrupt ends the running cell and the queued cells, and nothing else."""

import harness


def a_spinning_cell_ends(kernel):
    interrupted(kernel, kernel.cells.spin)


def a_sleeping_cell_ends(kernel):
    interrupted(kernel, kernel.cells.sleep)


def interrupted(kernel, code):
    client = kernel.client
    client.run(kernel.cells.keep(41)).succeeded()
    running = client.send(code)
    # This cell is queued while the first one runs. It must not run after an interrupt.
    queued = client.send(kernel.cells.say("ran all the same"))
    before = client.until_text(running, "started")
    kernel.manager.interrupt_kernel()
    reply = client.reply(running)
    outcome = harness.Outcome(reply, before + client.until_idle(running))
    outcome.failed(kernel.cells.interrupted)
    client.outcome(queued).aborted()
    kept = client.run(kernel.cells.kept)
    assert kept.succeeded().result == "41", kept


def an_interrupt_of_an_idle_kernel_harms_nothing(kernel):
    client = kernel.client
    client.run(kernel.cells.keep(42)).succeeded()
    interrupt_and_wait(kernel)
    kept = client.run(kernel.cells.kept).succeeded()
    assert kept.result == "42", kept


def interrupt_and_wait(kernel):
    """Waits until the interrupt is complete: otherwise a cell on another channel could overtake it."""
    if kernel.manager.kernel_spec.interrupt_mode != "message":
        kernel.manager.interrupt_kernel()
        return
    channels = kernel.client.channels
    channels.control_channel.send(channels.session.msg("interrupt_request", {}))
    reply = channels.get_control_msg(timeout=harness.BOUND_S)
    assert reply["msg_type"] == "interrupt_reply", reply


if __name__ == "__main__":
    harness.main(
        a_spinning_cell_ends,
        a_sleeping_cell_ends,
        an_interrupt_of_an_idle_kernel_harms_nothing,
    )

"""A kernel that shares one processor with its client: it starts, compiles, replies and sends heartbeats."""

import zmq

import harness


def cells_run(kernel):
    client = kernel.client
    client.run(kernel.cells.keep(7)).succeeded()
    assert client.run(kernel.cells.kept).succeeded().result == "7"
    client.run(kernel.cells.fail).failed()


def the_heart_beats_while_a_cell_takes_the_processor(kernel):
    client = kernel.client
    spinning = client.send(kernel.cells.spin)
    before = client.until_text(spinning, "started")
    info = kernel.manager.get_connection_info()
    with zmq.Context() as context, context.socket(zmq.REQ) as heart:
        heart.linger = 0
        heart.connect(f"tcp://{info['ip']}:{info['hb_port']}")
        for beat in (b"one", b"two", b"three"):
            heart.send(beat)
            assert heart.poll(harness.BOUND_S * 1000), "no heartbeat"
            assert heart.recv() == beat
    kernel.manager.interrupt_kernel()
    reply = client.reply(spinning)
    harness.Outcome(reply, before + client.until_idle(spinning)).failed(kernel.cells.interrupted)


if __name__ == "__main__":
    harness.keep_to_one_cpu()
    harness.main(cells_run, the_heart_beats_while_a_cell_takes_the_processor)

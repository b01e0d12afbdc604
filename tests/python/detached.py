"""Output of a thread that outlives its cell: none is lost or repeated, and it belongs to the right cell."""

import harness

# This is more than the pipes between thread and kernel hold (64 KiB each). It reveals a kernel that reads only while a
# cell runs.
MANY = 100_000


def it_arrives_while_no_cell_runs(kernel):
    client = kernel.client
    go = kernel.file("go")
    cell = client.send(kernel.cells.detach(str(go), MANY))
    client.outcome(cell).succeeded()
    go.touch()
    text = client.late_text(cell, f"detached {MANY - 1}\n")
    assert text == lines(MANY), f"{len(text)} bytes instead of {len(lines(MANY))}"


def it_arrives_while_another_cell_runs(kernel):
    client = kernel.client
    go, enough = kernel.file("go"), kernel.file("enough")
    first = client.send(kernel.cells.detach(str(go), 100))
    client.outcome(first).succeeded()
    second = client.send(kernel.cells.wait_for(str(enough)))
    client.until_text(second, "started\n")
    go.touch()
    if kernel.cells.detached_belongs_to == "its own":
        text = client.late_text(first, "detached 99\n")
    else:
        text = harness.text_of(client.until_text(second, "detached 99\n"))
    assert text == lines(100), text
    enough.touch()
    client.reply(second)
    rest = client.until_idle(second)
    assert harness.text_of(rest + client.others) == "", harness.brief(rest + client.others)


def lines(count):
    return "".join(f"detached {n}\n" for n in range(count))


if __name__ == "__main__":
    harness.main(it_arrives_while_no_cell_runs, it_arrives_while_another_cell_runs)

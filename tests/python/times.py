"""Formats times with IPython's own function, one per line: seconds, then the text with 3 and with 5 digits."""

import random
import sys

from IPython.core.magics.execution import _format_time

sys.stdout.reconfigure(encoding="utf-8")

chosen = random.Random(1)
times = [0.0]
for power in range(-9, 6):
    for digit in (1, 2, 5, 9.994, 9.995, 9.996, 9.9999, 9.99999999):
        times.append(digit * 10.0**power)
        times.append(-(-(10.0**power) * (1 - 2**-53)))
times += [10 ** chosen.uniform(-9, 5) for _ in range(10_000)]
times += [chosen.randrange(1, 60_000_000) / 1e6 for _ in range(1_000)]
times += [float(chosen.randrange(59, 100_000)) for _ in range(500)]
for seconds in times:
    print(repr(seconds), _format_time(seconds), _format_time(seconds, 5), sep="\t")

"""How the threads that simulate one network agree: each has some of the neurons, and all take every step together.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`. There are two sets of the same functions: *alone* for
one thread, where there is nothing to agree on, and *across* for several. Sums are of integers and maxima of floats, so
that the result is the same for any number of threads.
"""

from __future__ import annotations

from stdp_pipeline.engines._intrinsics import give_way, observe, publish

PATIENCE = 2000  # looks at the others before giving way: some microseconds
APART = 8  # numbers of 8 bytes from one thread's to the next: a cache line


def sum_of_threads_alone(team, value):
    """Sum of the threads' values."""
    return value


def max_of_threads_alone(team, value):
    """Largest of the threads' values."""
    return value


def meet(team, value):
    """Show a value to the other threads and wait until all have shown theirs; return the row of values to read.

    Two rows take turns: a thread writes to a row again only after all have met in between, so have read it.
    """
    turn = observe(team.seen, team.me * APART) + 1
    row = turn & 1
    team.shown[row, team.me * APART] = value
    publish(team.seen, team.me * APART, turn)
    for other in range(team.n):
        looks = 0
        while observe(team.seen, other * APART) < turn:
            looks += 1
            if looks >= PATIENCE:
                give_way()
    return row


def sum_of_threads_across(team, value):
    """Sum of the threads' values, which are integers."""
    row = meet(team, value)
    result = 0
    for other in range(team.n):
        result += int(team.shown[row, other * APART])
    return result


def max_of_threads_across(team, value):
    """Largest of the threads' values."""
    row = meet(team, value)
    result = team.shown[row, 0]
    for other in range(1, team.n):
        result = max(result, team.shown[row, other * APART])
    return result

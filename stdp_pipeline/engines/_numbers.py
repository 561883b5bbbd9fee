"""The random numbers of synapses in the kernel, for single synapses and for all synapses of a neuron.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`. Of each slot one function is chosen: what a rule
draws (``chance``) is "none", "alike", "spike" or "device", and weights are rounded to levels (``dice``) by "nearest" or
"stochastic".
"""

from __future__ import annotations

from stdp_pipeline.random import chance_of, device_normals, synapse_chance, synapse_words


def fill(numbers, key, t, kind, j):
    """Draw the uniform numbers of all inputs of neuron j, four at a time.

    Without ``work``, so that its loop is a function of its own and becomes vector instructions.
    """
    for q in range(numbers.shape[0] // 4):
        words = synapse_words(key, t, kind, 4 * q, j)
        numbers[4 * q] = chance_of(words, 0)
        numbers[4 * q + 1] = chance_of(words, 1)
        numbers[4 * q + 2] = chance_of(words, 2)
        numbers[4 * q + 3] = chance_of(words, 3)


def choose(numbers, work, n_heard):
    """Move the numbers of the inputs that a neuron hears to the front, where they lie side by side for vectors."""
    if n_heard < work.pre.shape[0]:
        for h in range(n_heard):
            numbers[h] = numbers[work.heard[h]]


def chance_none(work, t, kind, i, j):
    """Return the number of one synapse at one spike, for a rule that draws none."""
    return 0.0


def draw_none(work, n_heard, t, kind, j):
    """Draw the numbers of all inputs of neuron j: none."""
    return


def drawn_none(work, h):
    """Return number h of those drawn last."""
    return 0.0


def chance_alike(work, t, kind, i, j):
    """Return the numbers of a device like all others."""
    return 0.0, 0.0, 0.0, 0.0


def draw_alike(work, n_heard, t, kind, j):
    """Draw the numbers of all inputs of neuron j: none."""
    return


def drawn_alike(work, h):
    """Return the numbers of a device like all others."""
    return 0.0, 0.0, 0.0, 0.0


def chance_spike(work, t, kind, i, j):
    """Return the uniform number of one synapse at one spike."""
    return synapse_chance(work.key, t, kind, i, j)


def draw_spike(work, n_heard, t, kind, j):
    """Draw the uniform numbers of all inputs of neuron j at one spike."""
    fill(work.chances[0], work.key, t, kind, j)
    choose(work.chances[0], work, n_heard)


def drawn_spike(work, h):
    """Return number h of those drawn last."""
    return work.chances[0, h]


def chance_device(work, t, kind, i, j):
    """Return the normal numbers of the device of one synapse."""
    return device_normals(work.key, i, j)


def draw_device(work, n_heard, t, kind, j):
    """Draw the normal numbers of the devices of all inputs of neuron j."""
    for i in range(work.pre.shape[0]):
        a, b, c, d = device_normals(work.key, i, j)
        work.chances[0, i], work.chances[1, i], work.chances[2, i], work.chances[3, i] = a, b, c, d
    for k in range(4):
        choose(work.chances[k], work, n_heard)


def drawn_device(work, h):
    """Return the numbers h of those drawn last."""
    return work.chances[0, h], work.chances[1, h], work.chances[2, h], work.chances[3, h]


def dice_nearest(work, t, kind, i, j):
    """Return what rounds a weight to the nearest level."""
    return 0.5


def roll_nearest(work, n_heard, t, kind, j):
    """Draw what rounds the weights of neuron j: nothing."""
    return


def rolled_nearest(work, h):
    """Return number h of those drawn last."""
    return 0.5


def dice_stochastic(work, t, kind, i, j):
    """Return what rounds a weight at random, so that the mean is kept."""
    return synapse_chance(work.key, t, kind, i, j)


def roll_stochastic(work, n_heard, t, kind, j):
    """Draw what rounds the weights of neuron j."""
    fill(work.rolls, work.key, t, kind, j)
    choose(work.rolls, work, n_heard)


def rolled_stochastic(work, h):
    """Return number h of those drawn last."""
    return work.rolls[h]

"""Counter-based randomness."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stdp_pipeline.random import (
    SPLIT_CODES,
    chances_of,
    device_normals,
    neuron_words,
    philox4x32,
    seed_words,
    shuffled,
    synapse_chance,
    synapse_words,
    uniforms,
)

_U = np.uint64


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0xA4093822, 0x299F31D0),
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(key, counter, expected):
    assert tuple(int(x) for x in philox4x32(*map(_U, key), *map(_U, counter))) == expected


def test_seed_words_keep_all_bits():
    low, high = seed_words(0x1234567_89ABCDEF)
    assert (int(low), int(high)) == (0x89ABCDEF, 0x1234567)


def test_uniforms_are_uniform(seed):
    x = uniforms(seed, "weights", 20_000)
    assert stats.kstest(x, "uniform").pvalue > 1e-6
    assert x.min() >= 0
    assert x.max() < 1


def test_uniforms_do_not_depend_on_how_many_are_drawn(seed):
    assert np.array_equal(uniforms(seed, "weights", 10), uniforms(seed, "weights", 1000)[:10])


def test_different_purposes_seeds_and_indices_differ(seed):
    base = uniforms(seed, "order", 50)
    for other in (uniforms(seed, "weights", 50), uniforms(seed + 1, "order", 50), uniforms(seed, "order", 50, 1)):
        assert not np.any(base == other)


def test_shuffled_is_a_permutation_that_changes_with_the_pass(seed):
    first, second = shuffled(seed, 500, 0), shuffled(seed, 500, 1)
    assert np.array_equal(np.sort(first), np.arange(500))
    assert not np.array_equal(first, second)


def chances(seed, t, kind, i, j):
    """Return the numbers of the synapses from inputs i to neurons j, of equal shape."""
    key = seed_words(seed)
    return np.array([synapse_chance(key, t, kind, a, b) for a, b in zip(i, j, strict=True)])


NUMBERS = np.arange(10_000)


@pytest.mark.parametrize(
    ("i", "j", "t", "kind"),
    [
        (NUMBERS, 0 * NUMBERS, 0, 0),
        (0 * NUMBERS + 65_535, NUMBERS, 12_345, 1),
        (NUMBERS % 100, NUMBERS // 100, 2**33 + 7, 1),
    ],
    ids=["over inputs", "over neurons", "over both"],
)
def test_synapse_chance_is_uniform_and_its_neighbours_are_independent(seed, i, j, t, kind):
    u = chances(seed, t, kind, i, j)
    assert stats.kstest(u, "uniform").pvalue > 1e-6
    assert u.min() > 0
    assert u.max() < 1
    # The correlation of n independent pairs has standard deviation 1 / sqrt(n). Four inputs share one call of the
    # generator, so distances of 1 to 4 look at numbers of one call and of the next.
    for distance in (1, 2, 3, 4):
        assert abs(np.corrcoef(u[distance:], u[:-distance])[0, 1]) < 5 / np.sqrt(len(u) - distance)


def test_synapse_chance_is_uniform_over_time(seed):
    key = seed_words(seed)
    u = np.array([synapse_chance(key, t, 0, 3, 7) for t in range(10_000)])
    assert stats.kstest(u, "uniform").pvalue > 1e-6
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 5 / np.sqrt(len(u) - 1)


@pytest.mark.parametrize(
    "other",
    [
        {"i": 5}, {"i": 0}, {"i": 4 + 2**14}, {"i": 65_535},
        {"j": 8}, {"j": 65_535},
        {"t": 1001}, {"t": 1000 + 2**32}, {"t": 1000 + 2**47},
        {"kind": 1},
        {"seed": 1}, {"seed": 2**32},
    ],
    ids=str,
)  # fmt: skip
def test_another_synapse_step_kind_or_seed_has_another_chance(seed, other):
    """Two sets of 20 numbers of 32 bits have one in common with a probability of 1e-7."""

    def numbers(**change):
        at = {"seed": 0, "t": 1000, "kind": 0, "i": 4, "j": 7} | change
        key = seed_words(seed + at["seed"])
        return [synapse_chance(key, at["t"] + 2 * k, at["kind"], at["i"], at["j"]) for k in range(20)]

    assert numbers() == numbers()
    assert not set(numbers()) & set(numbers(**other))


def test_synapse_chance_shares_no_number_with_input_spikes(seed):
    """Both draw from one generator; the last counter word, the split's code or 2, keeps them apart."""
    key = seed_words(seed)
    u = {synapse_chance(key, 0, 0, i, 0) for i in range(40)}
    for split in SPLIT_CODES.values():
        words = [w for c in range(10) for w in philox4x32(*key, _U(c), _U(0), _U(0), _U(split))]
        assert not u & {(w + 0.5) * 2.0**-32 for w in words}


def test_many_chances_at_once_are_the_single_ones(seed):
    key, inputs = seed_words(seed), np.arange(11)
    together = chances_of(synapse_words(key, 77, 1, inputs, 9), inputs)
    assert together.tolist() == [synapse_chance(key, 77, 1, i, 9) for i in range(11)]


def test_device_normals_are_normal_independent_and_never_change(seed):
    key, inputs = seed_words(seed), np.arange(5000)
    drawn = np.array(device_normals(key, inputs, 3))
    for numbers in drawn:
        assert stats.kstest(numbers, "norm").pvalue > 1e-6
    between = np.corrcoef(drawn) - np.eye(4)
    assert np.all(np.abs(between) < 5 / np.sqrt(drawn.shape[1]))
    assert np.array_equal(drawn, device_normals(key, inputs, 3))
    assert not np.any(drawn == device_normals(key, inputs, 4))


def test_neurons_have_other_chances_in_other_steps_presentations_and_for_other_purposes(seed):
    key = seed_words(seed)

    def numbers(image=5, turn=(1 << 16) | 2, split=0, purpose=4, k=7):
        neurons = np.arange(2000)
        occasion = np.array([image, turn, split], np.uint64)
        return chances_of(neuron_words(key, occasion, purpose, k, neurons), neurons)

    assert stats.kstest(numbers(), "uniform").pvalue > 1e-6
    for other in (numbers(image=6), numbers(turn=2), numbers(split=1), numbers(purpose=6), numbers(k=8)):
        assert abs(np.corrcoef(numbers(), other)[0, 1]) < 5 / np.sqrt(2000)

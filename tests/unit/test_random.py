"""Counter-based randomness."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stdp_pipeline.random import philox4x32, seed_words, shuffled, uniforms

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

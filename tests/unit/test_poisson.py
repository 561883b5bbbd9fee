"""The Poisson code: its law, and its independence of everything but its counters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stdp_pipeline.encoding import poisson
from stdp_pipeline.engines._contract import StoredEvents
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.random import seed_words


def raw_draw(levels, seed, attempt=0, n_steps=700, dt_ms=0.5, capacity=100_000, image=3, **params):
    """Call the code's own Python, not its compiled copy."""
    step, source = np.empty(capacity, np.uint16), np.empty(capacity, np.uint16)
    k0, k1 = seed_words(seed)
    words = (np.uint64(image), np.uint64(attempt), np.uint64(0))
    constants = poisson.constants(poisson.Params(**params))
    n = poisson.draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, *words, step, source)
    return (step[:n], source[:n]) if n >= 0 else None


def test_compiled_copy_equals_the_python_source(bars, make_model, make_inputs, seed):
    model, inputs = make_model(), make_inputs(bars, seed)
    step, source = draw_events(model, inputs, 3, 0, 0)
    slow_step, slow_source = raw_draw(bars[3], seed, rate_per_level_hz=0.5)
    order = np.lexsort((slow_source, slow_step))
    assert np.array_equal(step, slow_step[order])
    assert np.array_equal(source, slow_source[order])


def test_counts_follow_the_binomial_law(make_model, make_inputs, seed):
    levels = np.repeat(np.array([[8, 64, 255]], np.uint8), 400, axis=0)
    model, inputs = make_model(), make_inputs(levels, seed, rate_per_level_hz=0.125)
    counts = np.zeros((400, 3))
    for image in range(400):
        counts[image] = np.bincount(draw_events(model, inputs, image, 0, 0)[1], minlength=3)
    n_steps = model.n_image_steps
    p = poisson.rate_hz(poisson.Params(), 700, 0.5)[[8, 64, 255]] * 0.5e-3
    z = (counts.sum(axis=0) - 400 * n_steps * p) / np.sqrt(400 * n_steps * p * (1 - p))
    assert np.all(np.abs(z) < 5)  # 3e-7 per channel by the normal limit
    variance_ratio = counts.var(axis=0, ddof=1) / (n_steps * p * (1 - p))
    # The ratio times 399 is close to chi-squared with 399 degrees of freedom.
    assert np.all(stats.chi2.sf(399 * variance_ratio, 399) > 1e-6)
    assert np.all(stats.chi2.cdf(399 * variance_ratio, 399) > 1e-6)


def test_intervals_are_geometric_and_steps_uniform(seed):
    levels = np.full(40, 200, np.uint8)
    step, source = raw_draw(levels, seed, n_steps=20_000)
    p = 200 * 0.125 * 2 * 0.5e-3
    gaps = np.concatenate([np.diff(step[source == i].astype(int)) for i in range(40)])
    edges = np.arange(1, 121, 10)
    observed, _ = np.histogram(gaps, [*edges, np.inf])
    expected = np.append(-np.diff(stats.geom.sf(edges - 1, p)), stats.geom.sf(edges[-1] - 1, p))
    assert stats.chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > 1e-6
    assert stats.kstest(step / 20_000, "uniform").pvalue > 1e-6


def test_levels_of_zero_are_silent_and_certain_rates_fire_in_every_step(seed):
    step, source = raw_draw(np.array([0, 255], np.uint8), seed, rate_per_level_hz=1000.0, n_steps=50)
    assert np.array_equal(step, np.arange(50))
    assert np.all(source == 1)


def test_too_small_a_buffer_is_reported(seed):
    assert raw_draw(np.full(10, 255, np.uint8), seed, capacity=5) is None


@given(
    seed=st.integers(0, 2**63 - 1),
    level=st.integers(0, 255),
    attempt=st.integers(0, 30),
    n_steps=st.integers(1, 2000),
)
def test_any_draw_is_sorted_within_range_and_repeatable(seed, level, attempt, n_steps):
    levels = np.array([level, 255 - level], np.uint8)
    step, source = raw_draw(levels, seed, attempt, n_steps)
    again = raw_draw(levels, seed, attempt, n_steps)
    assert np.array_equal(step, again[0])
    assert np.all(step < n_steps)
    for i in range(2):
        assert np.all(np.diff(step[source == i].astype(int)) > 0)
        assert levels[i] > 0 or not np.any(source == i)


def test_spikes_depend_on_image_pass_attempt_split_and_seed_and_on_nothing_else(bars, make_model, make_inputs, seed):
    model = make_model()

    def events(levels=bars, image=5, pass_index=0, attempt=0, split="train", at=seed):
        return np.stack(draw_events(model, make_inputs(levels, at, split), image, pass_index, attempt))

    base = events()
    alone = np.zeros_like(bars)
    alone[5] = bars[5]
    assert np.array_equal(base, events(levels=alone))  # not on the other images
    others = [events(pass_index=1), events(attempt=1), events(split="test"), events(at=seed + 1)]
    for other in others:
        assert base.shape != other.shape or not np.array_equal(base, other)


def test_a_retry_is_brighter(make_model, make_inputs, seed):
    levels = np.full((1, 2000), 255, np.uint8)
    model, inputs = make_model(), make_inputs(levels, seed, rate_per_level_hz=0.125)
    first, second = (len(draw_events(model, inputs, 0, 0, attempt)[0]) for attempt in (0, 1))
    mean = 2000 * 700 * 255 * 0.125 * 0.5e-3
    assert abs(first - 2 * mean) < 5 * np.sqrt(2 * mean)
    assert abs(second - 3 * mean) < 5 * np.sqrt(3 * mean)


def test_stored_events_of_nothing_are_empty():
    assert len(StoredEvents.none().offsets) == 0


def test_rate_table_is_the_papers():
    assert poisson.rate_hz(poisson.Params(), 700, 0.5)[255] == pytest.approx(63.75)

"""Every code: what all must keep, and the law of each from its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from stdp_pipeline import registry
from stdp_pipeline.encoding import bernoulli, burst, latency, phase, population, rank_order, recorded, regular
from stdp_pipeline.engines._contract import Inputs, StoredEvents
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.random import seed_words

CODES = [name for name in registry.names("encoding") if name != "recorded"]
VARIANTS = [
    *((name, {}) for name in CODES),
    ("latency", {"law": "logarithmic"}),
    ("phase", {"scheme": "bits"}),
    ("population", {"spikes": "latency"}),
    ("regular", {"phase": "half"}),
]
N_STEPS, DT_MS = 700, 0.5


def drawn(module, levels, seed=0, attempt=0, n_steps=N_STEPS, dt_ms=DT_MS, capacity=200_000, image=3, **params):
    """Call the code's own Python, not its compiled copy; return the spikes as they are written."""
    step, source = np.empty((2, capacity), np.uint16)
    words = (np.uint64(image), np.uint64(attempt), np.uint64(0))
    constants = module.constants(module.Params(**params))
    n = module.draw(
        np.asarray(levels, np.uint8), attempt, n_steps, dt_ms, constants, *seed_words(seed), *words, step, source
    )
    return (step[:n], source[:n]) if n >= 0 else None


def times_of(module, level, **options):
    """Return the spike times of one input of a level, ms."""
    step, _ = drawn(module, [level], **options)
    return step * options.get("dt_ms", DT_MS)


@pytest.mark.parametrize(("name", "params"), VARIANTS)
class TestEveryCode:
    def test_has_what_the_contract_asks_for(self, name, params):
        module = registry.load("encoding", name)
        assert module.Params().name == name
        assert "doi" in module.__doc__
        assert all(isinstance(x, float) for x in module.constants(module.Params(**params)))

    def test_spikes_are_in_order_within_range_and_none_is_twice(self, name, params, seed, rng):
        module = registry.load("encoding", name)
        levels = rng.integers(0, 256, 60, dtype=np.uint8)
        for attempt in (0, 1, 7):
            for n_steps in (1, 33, N_STEPS):
                step, source = drawn(module, levels, seed, attempt, n_steps, **params)
                place = source.astype(np.int64) * n_steps + step
                assert np.all(np.diff(place) > 0)
                assert np.all(step < n_steps)

    def test_level_zero_is_silent_and_brightness_makes_spikes(self, name, params, seed):
        module = registry.load("encoding", name)
        step, _ = drawn(module, np.zeros(50, np.uint8), seed, **params)
        assert len(step) == 0
        step, source = drawn(module, np.full(50, 255, np.uint8), seed, **params)
        assert set(source) == set(range(50))

    def test_a_retry_has_more_spikes(self, name, params, seed):
        module = registry.load("encoding", name)
        levels = np.full(200, 200, np.uint8)
        counts = [len(drawn(module, levels, seed, attempt, **params)[0]) for attempt in (0, 1, 2)]
        assert counts[0] < counts[1] < counts[2]

    def test_the_same_call_gives_the_same_spikes(self, name, params, seed):
        module = registry.load("encoding", name)
        levels = np.arange(256, dtype=np.uint8)
        first, again = drawn(module, levels, seed, **params), drawn(module, levels, seed, **params)
        assert np.array_equal(first[0], again[0])
        assert np.array_equal(first[1], again[1])

    def test_too_small_a_buffer_is_reported(self, name, params, seed):
        module = registry.load("encoding", name)
        assert drawn(module, np.full(40, 255, np.uint8), seed, capacity=3, **params) is None

    def test_the_compiled_copy_equals_the_python_source(self, name, params, seed, make_model):
        module = registry.load("encoding", name)
        levels = np.arange(256, dtype=np.uint8)[None]
        inputs = Inputs(levels, module, module.Params(**params), seed, "train", StoredEvents.none())
        step, source = draw_events(make_model(), inputs, 0, 0, 2)
        slow_step, slow_source = drawn(module, levels[0], seed, attempt=2, image=0, **params)
        order = np.lexsort((slow_source, slow_step))
        assert np.array_equal(step, slow_step[order])
        assert np.array_equal(source, slow_source[order])

    def test_the_rate_table_is_that_of_the_spikes(self, name, params, seed):
        module = registry.load("encoding", name)
        rates = module.rate_hz(module.Params(**params), N_STEPS, DT_MS)
        assert rates.shape == (256,)
        assert rates[0] == 0
        expected = rates.sum() * N_STEPS * DT_MS * 1e-3
        counts = [len(drawn(module, np.arange(256), seed, image=k, **params)[0]) for k in range(20)]
        # At most Poisson's variance; the regular code's counts differ from the mean by less than one for each input.
        assert abs(np.mean(counts) - expected) < 5 * np.sqrt(expected / 20) + 1e-6


# ---- the laws --------------------------------------------------------------------------------------------------------


def test_bernoulli_fires_in_slots_with_the_given_probability(seed):
    n = 3000
    step, source = drawn(bernoulli, np.full(n, 128), seed, p_max=0.1, slot_ms=5.0, intensity=1.0)
    assert np.all(step % 10 == 0)
    p, n_slots = 0.1 * 128 / 255, 70
    counts = np.bincount(source, minlength=n)
    z = (counts.sum() - n * n_slots * p) / np.sqrt(n * n_slots * p * (1 - p))
    assert abs(z) < 5
    # Fano factor of a binomial count is 1 - p; (n - 1) times the ratio of variances is close to chi-squared.
    ratio = counts.var(ddof=1) / (n_slots * p * (1 - p))
    assert 1e-6 < stats.chi2.cdf((n - 1) * ratio, n - 1) < 1 - 1e-6


def test_regular_intervals_are_equal_and_phases_uniform(seed):
    step, source = drawn(regular, np.full(2000, 255), seed, rate_max_hz=20.0, intensity=1.0)
    gaps = np.concatenate([np.diff(step[source == i].astype(int)) for i in range(2000)])
    assert set(gaps) <= {100}  # 20 Hz and steps of 0.5 ms
    first = step[np.unique(source, return_index=True)[1]]
    assert stats.kstest((first + 0.5) / 100, "uniform").pvalue > 1e-6
    assert times_of(regular, 255, rate_max_hz=20.0, intensity=1.0, phase="half").tolist() == [
        25.0, 75.0, 125.0, 175.0, 225.0, 275.0, 325.0,
    ]  # fmt: skip


def test_regular_counts_have_almost_no_noise(seed):
    counts = [len(drawn(regular, [200], seed, image=k)[0]) for k in range(300)]
    expected = regular.rate_hz(regular.Params(), N_STEPS, DT_MS)[200] * 0.35
    assert set(counts) <= {int(np.floor(expected)), int(np.ceil(expected))}


@pytest.mark.parametrize(("level", "t_ms"), [(255, 0.0), (204, 10.0), (128, 25.0), (52, 40.0)])
def test_linear_latency(level, t_ms):
    found = times_of(latency, level, window_ms=50.0)
    assert found.tolist() == [pytest.approx(t_ms, abs=0.26)]


@pytest.mark.parametrize("level", [60, 100, 180, 255])
def test_logarithmic_latency_is_the_first_spike_of_a_leaky_integrator(level):
    tau_ms, theta, x = 20.0, 0.2, level / 255
    t_ms = np.arange(0, 200, 0.001)
    crossing = t_ms[np.argmax(x * (1 - np.exp(-t_ms / tau_ms)) > theta)]
    found = times_of(latency, level, law="logarithmic", tau_ms=tau_ms, threshold=theta, window_ms=200.0)
    assert found.tolist() == [pytest.approx(crossing, abs=0.26)]


@pytest.mark.parametrize("law", ["linear", "logarithmic"])
def test_inputs_up_to_the_threshold_do_not_fire(law):
    assert len(times_of(latency, 51, law=law, threshold=0.2)) == 0
    assert len(times_of(latency, 52, law=law, threshold=0.2)) == 1


def test_a_retried_latency_has_copies_in_the_steps_that_follow():
    assert times_of(latency, 255, attempt=2, copies_step=3).tolist() == [k * 0.5 for k in range(7)]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40))
def test_rank_order_keeps_the_order_and_only_that(values):
    images = np.array([values], np.uint8)
    params = rank_order.Params(threshold=0.0)
    levels = rank_order.to_levels(images, params)[0].astype(int)
    values = np.array(values)
    assert np.array_equal(levels == 0, values == 0)
    active = values > 0
    for a, b in zip(values[active], levels[active], strict=True):
        brighter = levels[active][values[active] > a]
        assert np.all(brighter > b) or len(brighter) == 0 or active.sum() > 200
        assert np.all(levels[active][values[active] == a] == b)
    doubled = rank_order.to_levels((images // 2).astype(np.uint8), params)[0].astype(int)
    if np.array_equal(stats.rankdata(values), stats.rankdata(values // 2)) and np.all((values // 2 > 0) == active):
        assert np.array_equal(levels, doubled)


def test_rank_order_spaces_spikes_equally():
    levels = rank_order.to_levels(np.array([[250, 130, 60, 200, 90]], np.uint8), rank_order.Params(threshold=0.0))[0]
    step, source = drawn(rank_order, levels, window_ms=40.0)
    assert dict(zip(source.tolist(), (step * DT_MS).tolist(), strict=True)) == {
        0: 0.0, 3: pytest.approx(10, abs=0.5), 1: pytest.approx(20, abs=0.5), 4: pytest.approx(30, abs=0.5), 2: 40.0,
    }  # fmt: skip


def test_phase_comes_once_in_each_cycle():
    found = times_of(phase, 204, cycle_ms=25.0)  # x = 0.8
    assert found.tolist() == [pytest.approx(25 * m + 5, abs=0.26) for m in range(14)]


def test_phase_bits_are_the_binary_digits():
    found = times_of(phase, 0b10110000, scheme="bits", cycle_ms=40.0, n_steps=80)
    assert found.tolist() == [0.0, 10.0, 15.0]


def test_bursts_are_longer_and_denser_the_brighter():
    bright = times_of(burst, 255, n_max=5, isi_min_ms=2.0, period_ms=100.0)
    assert bright.tolist() == [100 * m + 2 * k for m in range(4) for k in range(5) if 100 * m + 2 * k < 350]
    dim = times_of(burst, 102, n_max=5, isi_min_ms=2.0, period_ms=100.0)  # x = 0.4: 2 spikes, 20 - 18 * 0.4 = 12.8 ms
    assert dim[:2].tolist() == [0.0, pytest.approx(12.8, abs=0.26)]
    assert len(dim) == 8
    with pytest.raises(ValidationError, match=r"period_ms must be at least"):
        burst.Params(n_max=60)


def test_population_is_tuned_as_published():
    params = population.Params(n_fields=6, beta=1.5)
    levels = population.to_levels(np.array([[[0.0, 0.375]]], np.float32), params)
    assert levels.shape == (1, 2, 6)
    centres, sigma = (np.arange(6) - 0.5) / 4, 1 / (1.5 * 4)
    for row, value in zip(levels[0], (0.0, 0.375), strict=True):
        assert np.abs(row - 255 * np.exp(-((value - centres) ** 2) / (2 * sigma**2))).max() <= 0.5
    assert levels[0, 1].argmax() == 2
    assert levels[0, 1, 2] == 255


def test_population_of_pixels_and_of_reals_agree():
    pixels = np.array([[[0, 51, 255]]], np.uint8)
    params = population.Params()
    reals = population.to_levels((pixels / 255).astype(np.float32), params)
    assert np.abs(population.to_levels(pixels, params).astype(int) - reals).max() <= 1


def test_population_of_pictures_is_a_picture_for_each_centre(rng):
    images = rng.integers(0, 256, (3, 2, 5, 4), dtype=np.uint8)
    params = population.Params(n_fields=6)
    levels = population.to_levels(images, params)
    assert levels.shape == (3, 12, 5, 4)
    flat = population.to_levels(images.reshape(3, 1, 40), params)
    for k in range(6):
        assert np.array_equal(levels[:, 2 * k : 2 * k + 2].reshape(3, 40), flat[:, :, k])


def test_population_latency_is_early_for_active_inputs():
    step, _ = drawn(population, [255], spikes="latency", window_ms=10.0)
    assert step.tolist() == [0]
    step, _ = drawn(population, [25], spikes="latency", window_ms=10.0)
    assert len(step) == 0


def test_recordings_come_into_steps_once_each():
    time_us = np.array([0, 499, 500, 1999, 400_000, 10, 12], np.uint32)
    channel = np.array([1, 1, 1, 0, 2, 7, 7], np.uint16)
    step, source, offsets = recorded.in_steps(time_us, channel, np.array([0, 5, 5, 7]), N_STEPS, DT_MS)
    assert offsets.tolist() == [0, 3, 3, 4]
    assert step.tolist() == [3, 0, 1, 0]
    assert source.tolist() == [0, 1, 1, 7]


def a_recording(rng, n_images=12, n_input=144, n_events=300):
    time_us = np.concatenate([np.sort(rng.integers(0, 340_000, n_events)) for _ in range(n_images)]).astype(np.uint32)
    channel = rng.integers(0, n_input, n_images * n_events).astype(np.uint16)
    step, source, offsets = recorded.in_steps(time_us, channel, np.arange(n_images + 1) * n_events, N_STEPS, DT_MS)
    levels = np.stack([np.bincount(c, minlength=n_input) for c in channel.reshape(n_images, -1)]).astype(np.uint8)
    return levels, StoredEvents(step, source, offsets, recorded=True)


def test_a_replayed_recording_is_what_was_recorded_and_retries_repeat_its_events(rng, make_model):
    levels, stored = a_recording(rng)
    inputs = Inputs(levels, recorded, recorded.Params(copies_step=2), 0, "train", stored)
    model = make_model()
    step, source = draw_events(model, inputs, 4, 0, 0)
    span = slice(*stored.offsets[4:6])
    assert sorted(zip(step, source, strict=True)) == sorted(zip(stored.step[span], stored.source[span], strict=True))
    assert np.all(np.diff(step.astype(int)) >= 0)
    again, _ = draw_events(model, inputs, 4, 3, 0)
    assert np.array_equal(step, again)  # whatever the pass
    bright_step, bright_source = draw_events(model, inputs, 4, 0, 1)
    there = set(zip(bright_step.tolist(), bright_source.tolist(), strict=True))
    assert len(there) == len(bright_step)
    for s, i in zip(step.tolist(), source.tolist(), strict=True):
        assert (s, i) in there
    assert len(bright_step) > 2 * len(step)


@pytest.mark.parametrize("delays", [{}, {"delays": {"mode": "synaptic", "max_ms": 5.0}}])
def test_engines_agree_on_recordings(rng, make_model, delays, seed):
    from stdp_pipeline.engines._contract import start_state

    levels, stored = a_recording(rng)
    model = make_model(precision="float64", network=delays, min_spikes=40, max_attempts=3)
    inputs = Inputs(levels, recorded, recorded.Params(), seed, "train", stored)
    start = start_state(model, 144, seed)
    answers = {}
    for name in ("reference", "fast"):
        state, responses = registry.load("engine", name).train(model, start, inputs, np.arange(12), 0)
        answers[name] = state, responses
    slow, quick = answers["reference"], answers["fast"]
    assert len(slow[1].step) > 0
    assert slow[1].attempts.max() > 1
    for field in ("step", "neuron", "attempts", "n_input_spikes"):
        assert np.array_equal(getattr(slow[1], field), getattr(quick[1], field)), field
    assert np.allclose(slow[0].weights, quick[0].weights, atol=1e-9)

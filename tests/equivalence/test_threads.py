"""Threads that share one network give what one thread gives, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from stdp_pipeline.engines import _crew, fast
from stdp_pipeline.engines._crew import shares
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.state import initial_state


def assert_same(one, other):
    for name, value in vars(one[1]).items():
        assert np.array_equal(value, getattr(other[1], name)), name
    for name, value in one[0].arrays().items():
        assert np.array_equal(value, other[0].arrays()[name]), name
    assert one[0].step == other[0].step


# The kernel for several threads is one more to compile, so only one configuration is in the default run.
@pytest.mark.parametrize(
    ("delays", "rule"),
    [
        ("none", {}),
        ("axonal", {"trace": "add"}),
        pytest.param("synaptic", {}, marks=pytest.mark.slow),
        pytest.param("synaptic", {"norm_total": None}, marks=pytest.mark.slow),
    ],
)
def test_any_number_of_threads_gives_the_same_network_and_spikes(bars, make_model, make_inputs, seed, delays, rule):
    model = make_model(70, rule=rule, network={"delays": {"mode": delays}}, image_ms=100.0, rest_ms=50.0)
    inputs = make_inputs(bars, seed)
    start = initial_state(model.network, bars.shape[1], seed)
    images = np.arange(8)
    alone = fast.train(model, start, inputs, images, 0)
    assert len(alone[1].step) > 40
    assert len(np.unique(alone[1].neuron // 16)) > 2  # more than one thread's neurons fire
    for threads in (2, 3, 16):
        assert_same(alone, fast.train(model, start, inputs, images, 0, threads))


@pytest.mark.parametrize(
    ("fault", "network", "options"),
    [
        # Images are presented again, brighter, until there are 5 spikes, so one presentation exceeds the limit.
        ("more than 4 excitatory spikes", {}, {"spike_limit": 4}),
        ("not a finite number", {"w_inh_exc": 1e38}, {}),
    ],
)
def test_a_fault_stops_all_threads_with_the_same_message(bars, make_model, make_inputs, seed, fault, network, options):
    model = make_model(70, network=network, image_ms=100.0, rest_ms=50.0, **options)
    inputs = make_inputs(bars, seed)
    start = initial_state(model.network, bars.shape[1], seed)
    messages = []
    for threads in (1, 3):
        with pytest.raises(ActivityError, match=fault) as caught:
            fast.train(model, start, inputs, np.arange(20), 0, threads)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_for_input_spikes_grows_in_the_middle_of_a_call(
    bars, make_model, make_inputs, seed, monkeypatch, threads
):
    model = make_model(70, image_ms=100.0, rest_ms=50.0)  # dark at first: images are presented again
    inputs = make_inputs(bars, seed)
    start = initial_state(model.network, bars.shape[1], seed)
    expected = fast.train(model, start, inputs, np.arange(8), 0)
    assert expected[1].attempts.max() > 1
    monkeypatch.setattr(_crew, "EVENTS", 20)
    assert_same(expected, fast.train(model, start, inputs, np.arange(8), 0, threads))


@pytest.mark.parametrize(
    ("n_exc", "threads"), [(1, 1), (1, 4), (15, 2), (16, 2), (400, 3), (6400, 7), (70, 16), (15, 16), (31, 16)]
)
def test_shares_cover_all_neurons_once_in_whole_cache_lines(n_exc, threads):
    divided = shares(n_exc, threads)
    assert 1 <= len(divided) <= threads
    assert [j for first, end in divided for j in range(first, end)] == list(range(n_exc))
    assert divided[-1][1] == n_exc
    assert all(first % 16 == 0 for first, _ in divided)

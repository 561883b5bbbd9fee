"""Synapses that switch between a few states: probabilities by their laws, states, storage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stdp_pipeline import registry
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity import binary_multistep, binary_window, bistable_cells, long_short_term, rectangular
from stdp_pipeline.plasticity._base import number_that_switch
from stdp_pipeline.plasticity._storage import packed, storage_of, unpacked
from stdp_pipeline.random import chances_of, seed_words, synapse_words

SWITCHING = [name for name in registry.names("rule") if hasattr(registry.load("rule", name), "n_states")]
N = 20_000
RARE = 1e-7  # a right law is rejected so seldom, whatever the seed


@pytest.fixture
def chances(seed):
    """Return N uniform numbers as a postsynaptic spike draws them."""
    inputs = np.arange(N)
    return chances_of(synapse_words(seed_words(seed), 3, 1, inputs, 5), inputs)


def assert_share(happened, p):
    """Check that events of probability p happened as often as their binomial law allows."""
    assert stats.binomtest(int(np.sum(happened)), len(happened), p).pvalue > RARE


def after(module, state, x, u, **params):
    """Return the states after a postsynaptic spike."""
    c = module.constants(module.Params(**params), NetworkParams())
    return np.asarray(module.on_post(np.full(len(u), state), x, 0.0, 0.0, u, c)).astype(int)


# ---- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_pot", [0.004, 0.3])
def test_a_window_switches_on_what_fired_in_it_and_off_the_others(chances, p_pot):
    inside, outside = math.exp(-20 / 20), math.exp(-20.5 / 20)  # the window of 20 ms includes its end
    params = {"p_pot": p_pot, "p_dep": 0.1}
    assert_share(after(binary_window, 0, inside, chances, **params) == 1, p_pot)
    assert np.all(after(binary_window, 0, outside, chances, **params) == 0)
    assert np.all(after(binary_window, 1, inside, chances, **params) == 1)
    assert_share(after(binary_window, 1, outside, chances, **params) == 0, 0.1)


@pytest.mark.parametrize("age_ms", [0.0, 10.0, 60.0])
def test_the_exponential_form_depends_on_the_time_since_the_input_fired(chances, age_ms):
    module = registry.load("rule", "binary_exponential")
    x = math.exp(-age_ms / 20)
    assert_share(after(module, 0, x, chances, p_pot=0.2, p_dep=0.1) == 1, 0.2 * x)
    assert_share(after(module, 1, x, chances, p_pot=0.2, p_dep=0.1) == 0, 0.1 * (1 - x))


def test_the_hybrid_rule_also_depresses_at_presynaptic_spikes(chances):
    module = registry.load("rule", "binary_hybrid")
    c = module.constants(module.Params(p_anti=0.2, window_anti_ms=5), NetworkParams())
    soon, late = math.exp(-5 / 20), math.exp(-5.5 / 20)
    assert_share(module.on_pre(np.ones(N, int), 1.0, soon, 0.0, chances, c) == 0, 0.2)
    assert np.all(module.on_pre(np.ones(N, int), 1.0, late, 0.0, chances, c) == 1)
    assert np.all(module.on_pre(np.zeros(N, int), 1.0, soon, 0.0, chances, c) == 0)


@given(n=st.integers(0, 16), p=st.floats(0.001, 0.95), u=st.floats(1e-9, 1 - 1e-9))
def test_the_number_that_switch_is_the_binomial_quantile(n, p, u):
    found = number_that_switch(n, 1 - p, u, 16)
    # Where u is within rounding of a step of the distribution function, either side of it is right.
    assert found in {int(stats.binom.ppf(near, n, p)) for near in (u, u - 1e-9, min(u + 1e-9, 1))} or n == found == 0


@pytest.mark.parametrize("cells", [1, 3, 16])
def test_a_synapse_of_cells_is_the_sum_of_its_cells(rng, chances, cells):
    """Simulate every cell on its own and compare the numbers that are on."""
    for on, x, p in ((cells // 2, 1.0, 0.3), (cells - cells // 3, 0.0, 0.2)):
        found = after(bistable_cells, on, x, chances, cells=cells, p_pot=0.3, p_dep=0.2)
        each = np.zeros((N, cells), bool)
        each[:, :on] = True
        flips = (rng.random((N, cells)) < p) & (~each if x else each)
        expected = (each ^ flips).sum(axis=1)
        counts = np.array([np.bincount(a, minlength=cells + 1) for a in (found, expected)])
        counts = counts[:, counts.sum(axis=0) > 0]
        assert counts.shape[1] == 1 or stats.chi2_contingency(counts).pvalue > RARE


def test_one_cell_is_the_window_rule(chances):
    for state in (0, 1):
        for x in (0.0, 1.0):
            one = after(bistable_cells, state, x, chances, cells=1, p_pot=0.3, p_dep=0.2)
            two = after(binary_window, state, x, chances, p_pot=0.3, p_dep=0.2)
            assert np.mean(one == 1) == pytest.approx(np.mean(two == 1), abs=5 * math.sqrt(0.5 / N))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("n_trials", [1, 5, 12])
def test_several_steps_switch_with_a_probability_that_is_sigmoidal_in_the_trials(seed, k, n_trials):
    p, inputs = 0.15, np.arange(N)
    c = binary_multistep.constants(binary_multistep.Params(k=k, p_pot=p, p_dep=0.0), NetworkParams())
    state = np.zeros(N, int)
    for t in range(n_trials):
        u = chances_of(synapse_words(seed_words(seed), t, 1, inputs, 5), inputs)
        state = binary_multistep.on_post(state, 1.0, 0.0, 0.0, u, c)
    assert_share(binary_multistep.level(state, c) == 1, (1 - (1 - p) ** n_trials) ** k)


@pytest.mark.parametrize("resets", [True, False])
def test_a_confirming_trial_resets_the_hidden_devices_if_asked_for(resets):
    c = binary_multistep.constants(binary_multistep.Params(k=3, resets=resets), NetworkParams())
    for bit, confirming in ((0, 0.0), (1, 1.0)):
        assert binary_multistep.on_post(3 * bit + 2, confirming, 0.0, 0.0, 0.5, c) == 3 * bit + (0 if resets else 2)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_hidden_devices_need_no_more_states_than_they_have(k):
    params = binary_multistep.Params(k=k, resets=False)
    c, n = binary_multistep.constants(params, NetworkParams()), binary_multistep.n_states(params)
    reached = {
        int(binary_multistep.on_post(np.int64(s), x, 0.0, 0.0, u, c))
        for s in range(n)
        for x in (0.0, 1.0)
        for u in np.linspace(1e-6, 1 - 1e-9, 4001)
    }
    assert reached == set(range(n))
    assert [int(binary_multistep.level(s, c)) for s in range(n)] == [0] * k + [1] * k


def test_the_two_bits_of_a_long_short_term_synapse_switch_independently(chances):
    params = {"p_pot_long": 0.1, "p_pot_short": 0.4, "p_dep_long": 0.1, "p_dep_short": 0.4}
    state = after(long_short_term, 0, 0.5, chances, **params)
    assert_share(state >> 1 == 1, 0.05)
    assert_share(state & 1 == 1, 0.2)
    assert_share(state == 3, 0.05 * 0.2)
    state = after(long_short_term, 3, 0.0, chances, **params)
    assert_share(state >> 1 == 0, 0.1)
    assert_share(state & 1 == 0, 0.4)


@pytest.mark.parametrize("x", [0.0, 1e-4, 1e-3, 0.1, 0.999, 1.0])
@pytest.mark.parametrize("state", [0, 1, 2, 3])
def test_the_two_bits_follow_their_law_however_small_it_is(x, state):
    params = {"p_pot_long": 0.02, "p_pot_short": 0.4, "p_dep_long": 0.008, "p_dep_short": 1.0}
    n = 2**20
    u = (np.arange(n) + 0.5) / n  # every number once: shares are exact but for the ends of four intervals
    new = after(long_short_term, state, x, u, **params)
    long = params["p_dep_long"] * (1 - x) if state >> 1 else params["p_pot_long"] * x
    short = params["p_dep_short"] * (1 - x) if state & 1 else params["p_pot_short"] * x
    share = [np.mean((new >> 1 != state >> 1) == a) for a in (False, True)]
    assert share == pytest.approx([1 - long, long], abs=2 / n)
    both = np.mean((new >> 1 != state >> 1) & (new & 1 != state & 1))
    assert both == pytest.approx(long * short, abs=4 / n)
    assert np.mean(new & 1 != state & 1) == pytest.approx(short, abs=4 / n)


def test_devices_that_differ_spread_as_much_as_asked_for(rng):
    numbers = tuple(rng.standard_normal((4, N)))
    c = rectangular.constants(rectangular.Params(spread=0.2, alpha_pot=0.01, w_high=0.5), NetworkParams())
    step = rectangular.on_post(np.zeros(N), 1.0, 0.0, 0.0, numbers, c)
    assert step.mean() == pytest.approx(0.01, abs=5 * 0.002 / math.sqrt(N))
    assert step.std() == pytest.approx(0.002, rel=5 / math.sqrt(2 * N))
    full = rectangular.on_post(np.ones(N), 1.0, 0.0, 0.0, numbers, c)  # as much as each device can hold
    assert full.std() == pytest.approx(0.1, rel=5 / math.sqrt(2 * N))
    assert full.min() >= 0


# ---- states ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SWITCHING)
@given(data=st.data())
def test_states_never_leave_their_set(name, data):
    module = registry.load("rule", name)
    params = module.Params()
    n = module.n_states(params)
    c = module.constants(params, NetworkParams())
    state = data.draw(st.integers(0, n - 1))
    for _ in range(5):
        x, y, u = (data.draw(st.floats(0, 1)) for _ in range(3))
        u = min(max(u, 1e-10), 1 - 1e-10)
        for function in (module.on_pre, module.on_post):
            state = function(state, x, y, y, u, c)
            assert state == int(state)
            assert 0 <= state < n
            state = int(state)


@pytest.mark.parametrize("name", SWITCHING)
def test_levels_begin_at_0_and_end_at_the_largest(name):
    """The fast engine adds rows of state 0 where there is no spike."""
    module = registry.load("rule", name)
    storage = storage_of(module, module.Params(), NetworkParams(w_min=0.1, w_init_low=0.1, w_max=0.9))
    assert storage.level[0] == 0
    assert storage.level.max() == storage.n_levels - 1
    weights = storage.weights(np.arange(storage.n_states))
    assert (weights.min(), weights.max()) == (pytest.approx(0.1), pytest.approx(0.9))


@pytest.mark.parametrize("name", SWITCHING)
@pytest.mark.parametrize("wanted", [0.0, 0.13, 0.5, 1.0])
def test_initial_states_have_the_wanted_weight_on_average(name, wanted, seed):
    module = registry.load("rule", name)
    storage = storage_of(module, module.Params(), NetworkParams())
    weights = storage.weights(storage.drawn(np.full((100, 200), wanted), seed))
    assert abs(weights.mean() - wanted) <= 5 * 0.5 / math.sqrt(weights.size)
    if wanted in (0.0, 1.0):
        assert np.all(weights == wanted)


@given(data=st.data(), bits=st.integers(1, 8), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_packing_is_undone_by_unpacking_and_saves_what_it_should(data, bits, rows, columns):
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=rows * columns, max_size=rows * columns))
    states = np.array(values, np.uint8).reshape(rows, columns)
    small = packed(states, bits)
    assert np.array_equal(unpacked(small, bits, states.shape), states)
    per_byte = {1: 8, 2: 4, 3: 2, 4: 2}.get(bits, 1)
    assert small.nbytes == -(-states.size // per_byte)

"""The Brian2 engines against the reference engine and the fast one, spike by spike."""

from __future__ import annotations

import fcntl
import importlib
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.engines import brian2 as brian2_cython
from stdp_pipeline.engines import brian2_numpy, brian2_standalone, fast, reference
from stdp_pipeline.engines._brian2 import engine, environment, equations, folders
from stdp_pipeline.engines._contract import Frozen, Responses, start_state
from stdp_pipeline.errors import ActivityError, ConfigError, EngineError
from stdp_pipeline.network.state import NetworkState, initial_state

SHORT = {"precision": "float64", "image_ms": 80.0, "rest_ms": 20.0, "max_attempts": 3}
needs_compiler = pytest.mark.skipif(
    environment.compiler() is None or shutil.which("make") is None, reason="no C++ compiler or no make"
)


def assert_same_spikes(a, b):
    for name in vars(a):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def assert_same_state(a, b, atol=1e-9):
    for name, value in a.arrays().items():
        if name != "changed":
            assert np.allclose(value.astype(np.float64), getattr(b, name), rtol=0, atol=atol), name
    assert a.step == b.step


def no_progress(_):
    pass


def assert_trains_alike(engines, model, inputs, images, n_input, seed):
    """Train with all engines from one start and compare with the first; return its state and spikes."""
    start = start_state(model, n_input, seed)
    before = start.copy()
    (state, spikes), *others = [e.train(model, start, inputs, images, 0) for e in engines]
    for other_state, other_spikes in others:
        assert_same_spikes(spikes, other_spikes)
        assert_same_state(state, other_state)
    for name, value in before.arrays().items():
        assert np.array_equal(value, getattr(start, name)), name
    return state, spikes


# Rules of which Brian has all that they need.
RULES = [
    name for name in registry.names("rule") if name not in ("bistable_cells", "binary_multistep", "long_short_term")
]


# ---- equal spikes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "delays"),
    [
        # Every rule and every delay mode by default; their combinations with -m slow.
        pytest.param(rule, delays, marks=() if rule == "triplet" or delays == "none" else pytest.mark.slow)
        for rule in RULES
        for delays in ("none", "axonal", "synaptic")
    ],
)
def test_fifty_presentations_give_the_spikes_and_weights_of_the_reference(
    bars, make_model, make_inputs, seed, rule, delays
):
    options = SHORT | {"max_attempts": 1, "integrator": "euler"}
    model = make_model(10, rule_name=rule, network={"delays": {"mode": delays, "max_ms": 7.0}}, **options)
    # Kernels that other tests compile anyway.
    engines = [reference, brian2_numpy] + ([fast] if rule == "triplet" and delays != "synaptic" else [])
    _, spikes = assert_trains_alike(engines, model, make_inputs(bars, seed), np.arange(50), 144, seed)
    assert spikes.attempts.sum() >= 50
    assert len(spikes.step) > 50
    assert len(spikes.inh_step) > 50


@pytest.mark.slow
@pytest.mark.parametrize("integrator", ["euler", "exponential_euler"])
@pytest.mark.parametrize("delays", ["none", "axonal", "synaptic"])
@pytest.mark.parametrize("rule", RULES)
def test_fifty_presentations_give_the_spikes_and_weights_of_the_fast_engine(
    bars, make_model, make_inputs, seed, rule, delays, integrator
):
    model = make_model(rule_name=rule, integrator=integrator, network={"delays": {"mode": delays}}, **SHORT)
    assert_trains_alike([fast, reference, brian2_numpy], model, make_inputs(bars, seed), np.arange(50), 144, seed)


@pytest.mark.parametrize(
    "options",
    [
        {"integrator": "exponential_euler"},
        {"integrator": "euler", "exc": {"clamp_ms": 4.0}},
        {"integrator": "exponential_euler", "exc": {"clamp_ms": 5.0, "refractory_ms": 50.0}},
        {"integrator": "euler", "rest_spikes": "next"},
        {"integrator": "euler", "rule": {"trace": "add"}, "network": {"delays": {"mode": "synaptic", "max_ms": 7.0}}},
        {"integrator": "euler", "rule": {"norm_total": None}},
        {"integrator": "euler", "n_exc": 1},
        {"integrator": "euler", "dt_ms": 0.25},
    ],
    ids=["exponential", "clamp", "clamp-exponential", "rest", "add", "no-norm", "one", "dt"],
)
def test_options_of_the_model_mean_the_same(bars, make_model, make_inputs, seed, options):
    model = make_model(**({"n_exc": 10} | options), **SHORT)
    assert_trains_alike([reference, brian2_numpy], model, make_inputs(bars, seed), np.arange(3), 144, seed)


@pytest.mark.parametrize("frozen", [Frozen(), Frozen(carry_over=True), Frozen(theta_adapts=True)], ids=str)
def test_a_frozen_pass_gives_the_spikes_of_the_reference(bars, make_model, make_inputs, seed, frozen):
    model = make_model(10, integrator="euler", rest_spikes="next", **SHORT)
    inputs = make_inputs(bars, seed, "test")
    start = initial_state(model.network, 144, seed, "float64")
    before, seen = start.copy(), []
    expected = reference.respond(model, start, inputs, np.arange(5), 1, no_progress, frozen)
    assert_same_spikes(expected, brian2_numpy.respond(model, start, inputs, np.arange(5), 1, seen.append, frozen))
    assert seen == [1, 2, 3, 4, 5]
    for name, value in before.arrays().items():
        assert np.array_equal(value, getattr(start, name)), name


def assert_trains_alike_in_parts(trainer, model, inputs, seed, n_images, chunk):
    start = initial_state(model.network, inputs.levels.shape[1], seed, model.precision)
    whole, spikes = trainer.train(model, start, inputs, np.arange(n_images), 0)
    state, parts = start, []
    for begin in range(0, n_images, chunk):
        state, part = trainer.train(model, state, inputs, np.arange(begin, min(begin + chunk, n_images)), 0)
        state = NetworkState.from_arrays(state.copy().arrays(), state.step)
        parts.append(part)
    assert_same_spikes(spikes, Responses.concatenate(parts))
    assert_same_state(whole, state)
    return whole, spikes


@pytest.mark.parametrize("trace", ["set", "add"])
@pytest.mark.parametrize("delays", ["none", "axonal", "synaptic"])
def test_training_in_parts_gives_the_same(bars, make_model, make_inputs, seed, delays, trace):
    # Traces longer than a rest, so that they go over from one part to the next.
    rule = {"trace": trace, "tau_pre_ms": 60.0, "tau_post_fast_ms": 60.0, "tau_post_slow_ms": 90.0}
    model = make_model(10, rule=rule, integrator="euler", network={"delays": {"mode": delays}}, **SHORT)
    assert_trains_alike_in_parts(brian2_numpy, model, make_inputs(bars, seed), seed, 6, 2)


def test_brian_works_in_double_precision_so_that_parts_give_the_bits_of_the_whole(bars, make_model, make_inputs, seed):
    model = make_model(10, integrator="euler", **(SHORT | {"precision": "float32"}))
    start, inputs = initial_state(model.network, 144, seed), make_inputs(bars, seed)
    whole, _ = brian2_numpy.train(model, start, inputs, np.arange(4), 0)
    part, _ = brian2_numpy.train(model, start, inputs, np.arange(2), 0)
    part, _ = brian2_numpy.train(model, part, inputs, np.arange(2, 4), 0)
    assert whole.weights.dtype == np.float64
    assert_same_state(whole, part, atol=1e-12)


@needs_compiler
def test_the_standalone_program_runs_all_presentations_and_is_compiled_once(
    bars, make_model, make_inputs, seed, monkeypatch
):
    compiled = []
    standalone = sys.modules[engine.Standalone.__module__]
    real = standalone._compile
    monkeypatch.setattr(standalone, "_compile", lambda folder: (compiled.append(folder), real(folder)))
    model = make_model(
        12, integrator="euler", exc={"clamp_ms": 2.0}, network={"delays": {"mode": "synaptic", "max_ms": 7.0}}, **SHORT
    )
    inputs = make_inputs(bars, seed)
    state, spikes = assert_trains_alike([reference, brian2_standalone], model, inputs, np.arange(50), 144, seed)
    assert len(spikes.step) > 50
    assert_trains_alike_in_parts(brian2_standalone, model, inputs, seed, 20, 7)
    assert len(compiled) == 1
    # The other targets work beside it, before and after.
    expected = brian2_numpy.respond(model, state, inputs, np.arange(50, 56), 1, no_progress)
    assert_same_spikes(expected, brian2_standalone.respond(model, state, inputs, np.arange(50, 56), 1, no_progress))
    assert len(compiled) == 2
    # A program that dies in the middle is an error, and the next call builds another one.
    machine = next(m for m in engine._machines.values() if getattr(m, "folder", None) == compiled[0])
    machine.program.kill()
    with pytest.raises(EngineError, match="was killed by signal 9"):
        brian2_standalone.train(model, state, inputs, np.arange(1), 0)
    assert machine not in engine._machines.values()
    assert not compiled[0].exists()


@pytest.mark.slow
@needs_compiler
def test_cython_gives_the_spikes_of_the_reference(bars, make_model, make_inputs, seed):
    # One network only: compiling it takes minutes.
    model = make_model(integrator="euler", network={"delays": {"mode": "synaptic"}}, **SHORT)
    inputs = make_inputs(bars, seed)
    state, _ = assert_trains_alike([reference, brian2_cython], model, inputs, np.arange(50), 144, seed)
    expected = reference.respond(model, state, inputs, np.arange(50, 55), 1, no_progress)
    assert_same_spikes(expected, brian2_cython.respond(model, state, inputs, np.arange(50, 55), 1, no_progress))


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("delays", ["none", "synaptic"])
def test_standalone_gives_the_spikes_of_the_fast_engine_on_mnist(make_model, make_inputs, seed, delays):
    from stdp_pipeline.datasets import mnist

    levels = mnist.read(mnist.Params()).train_images[:20].reshape(20, -1)
    model = make_model(
        400,
        integrator="euler",
        precision="float64",
        rule={"norm_total": 78.0, "eta_post": 0.01},
        network={"delays": {"mode": delays}},
    )
    inputs = make_inputs(levels, seed, rate_per_level_hz=0.125)
    assert_trains_alike([fast, brian2_standalone], model, inputs, np.arange(20), 784, seed)


# ---- errors of the activity ------------------------------------------------------------------------------------------


def raised(trainer, model, inputs, n_input, seed):
    start = initial_state(model.network, n_input, seed, "float64")
    with pytest.raises(ActivityError) as caught:
        trainer.train(model, start, inputs, np.array([0]), 0)
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"exc": {"tau_mem_ms": 1.0}, "rule": {"norm_total": None}, "network": {"w_inh_exc": 500.0}},
        {"rule": {"norm_total": None}, "network": {"w_inh_exc": 0.0}, "spike_limit": 60},
    ],
    ids=["unstable", "too many"],
)
def test_activity_that_explodes_is_the_same_error(make_model, make_inputs, seed, options):
    model = make_model(10, integrator="euler", **options, **SHORT)
    inputs = make_inputs(np.full((1, 200), 255, np.uint8), seed)
    message = raised(brian2_numpy, model, inputs, 200, seed)
    assert message == raised(reference, model, inputs, 200, seed)
    assert "train image 0" in message


# ---- chance ----------------------------------------------------------------------------------------------------------

ENGINES = [
    pytest.param(brian2_numpy, id="numpy"),
    pytest.param(brian2_cython, id="cython", marks=[needs_compiler, pytest.mark.slow]),
    pytest.param(brian2_standalone, id="standalone", marks=[needs_compiler, pytest.mark.slow]),
]


@pytest.mark.parametrize("trainer", ENGINES)
@pytest.mark.parametrize("mode", ["exponential", "sigmoid", "mtj"])
def test_switching_synapses_and_escape_noise_draw_the_very_same_numbers(
    bars, make_model, make_inputs, seed, trainer, mode
):
    exc = {"escape": {"mode": mode, "width_mv": 1.0}}
    model = make_model(6, rule_name="binary_hybrid", rule={"p_anti": 0.05}, exc=exc, integrator="euler", **SHORT)
    inputs = make_inputs(bars, seed)
    state, spikes = assert_trains_alike([reference, trainer], model, inputs, np.arange(6), 144, seed)
    assert state.neuron_switches.sum() > 10
    assert len(spikes.step) > 10
    frozen = [e.respond(model, state, inputs, np.arange(6, 9), 1, no_progress) for e in (reference, trainer)]
    assert_same_spikes(*frozen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule_name": "binary_multistep"}, "hidden states"),
        ({"rule_name": "power_law", "rule": {"levels": 4}}, "levels"),
        ({"rule_name": "rectangular", "rule": {"spread": 0.1}}, "u\\[0\\]|devices that differ"),
        ({"exc": {"noise_mv": 0.5}}, "noise_mv must be 0 with a Brian2 engine, got 0.5"),
    ],
)
def test_what_brian_does_not_have_is_refused(bars, make_model, make_inputs, seed, options, message):
    model = make_model(3, **options, **SHORT)
    start = start_state(model, 144, seed)
    with pytest.raises(ConfigError, match=message) as caught:
        brian2_numpy.train(model, start, make_inputs(bars, seed), np.arange(1), 0)
    assert "'fast'" in str(caught.value)


# ---- translated rules ------------------------------------------------------------------------------------------------

RULE = '''
import math
import numpy as np
from stdp_pipeline.plasticity._base import normalise, power

HALF = 0.5

def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a spike."""
{body}
'''

RULE_NUMBERS = itertools.count()


def translated(tmp_path, monkeypatch, body):
    name = f"rule_{next(RULE_NUMBERS)}"  # Python remembers sources and modules by name
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    (tmp_path / f"{name}.py").write_text(RULE.format(body=lines), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)
    return equations.weight_change(module, "on_post")


@pytest.mark.parametrize(
    ("body", "lines", "result", "reads"),
    [
        ("return w", (), "w", {"w"}),
        ("return w - c.eta * y_fast", (), "(w - (c_eta * fast))", {"w", "fast"}),
        ("return w + c.a * (x_pre > c.b) * y_slow", (), "(w + ((c_a * int(x > c_b)) * slow))", {"w", "x", "slow"}),
        ("return w * (0 < x_pre <= 1)", (), "(w * (int(0.0 < x) * int(x <= 1.0)))", {"w", "x"}),
        ("return power(c.m - w, c.mu)", (), "((c_m - w) ** c_mu)", {"w"}),
        ("return math.exp(-w) + np.sqrt(w)", (), "(exp((-w)) + sqrt(w))", {"w"}),
        ("return w + HALF * u", (), "(w + (0.5 * u))", {"w", "u"}),
        ("d = c.a * x_pre\nd = d * d\nreturn w + d", ("local_1 = (c_a * x)", "local_2 = (local_1 * local_1)"),
         "(w + local_2)", {"w", "x"}),
    ],
)  # fmt: skip
def test_arithmetic_is_translated(tmp_path, monkeypatch, body, lines, result, reads):
    found = translated(tmp_path, monkeypatch, body)
    assert (found.lines, found.results, found.reads) == (lines, (result,), reads)


@pytest.mark.parametrize(
    ("body", "construct"),
    [
        ("for i in range(3):\n    w = w + 1\nreturn w", "for i in range"),
        ("if w > 1:\n    w = 1\nreturn w", "if w > 1"),
        ("return w if w > 1 else 0", "w if w > 1 else 0"),
        ("return np.tanh(w)", "np.tanh"),
        ("return min(w, 1.0)", "min"),
        ("return w + missing", "missing"),
        ("return w // 2", "w // 2"),
        ("w += 1\nreturn w", "w += 1"),
        ("return w, x_pre", "several values"),
    ],
)
def test_what_brian_has_no_word_for_is_refused(tmp_path, monkeypatch, body, construct):
    with pytest.raises(ConfigError, match=r"plasticity rule 'rule_\d+' cannot be run by Brian2.*'on_post'") as caught:
        translated(tmp_path, monkeypatch, body)
    assert construct in str(caught.value)
    assert "'fast' or 'reference'" in str(caught.value)


def test_divisive_normalisation_is_translated():
    from stdp_pipeline.plasticity import triplet

    assert equations.normalisation(triplet).results == ("(norm_total / sum_w)", "0.0")


# ---- what is missing -------------------------------------------------------------------------------------------------


@pytest.fixture
def one_image(bars, make_model, make_inputs, seed):
    model = make_model(3, integrator="euler", **SHORT)
    start = initial_state(model.network, 144, seed, "float64")
    return model, start, make_inputs(bars, seed), np.arange(1), 0


@pytest.mark.parametrize("engine_module", [brian2_cython, brian2_standalone], ids=["cython", "standalone"])
def test_without_a_compiler_compiled_engines_say_what_to_do(monkeypatch, tmp_path, one_image, engine_module):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(EngineError, match=r"needs C\+\+ compiler.*PATH.*apt install g\+\+.*brian2_numpy"):
        engine_module.train(*one_image)
    assert [need.what for need in environment.checks() if not need.ok] == ["C++ compiler", "make"]
    brian2_numpy.train(*one_image)
    monkeypatch.setenv("CXX", "no_such_compiler -O2")
    with pytest.raises(EngineError, match="CXX is 'no_such_compiler -O2', which is not found"):
        engine_module.train(*one_image)


def test_without_cython_the_message_names_it(monkeypatch, one_image):
    real = environment.importlib.util.find_spec
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None if name == "Cython" else real(name))
    with pytest.raises(EngineError, match=r"'brian2' needs Cython, but not installed: 'pip install cython'"):
        brian2_cython.train(*one_image)


def test_a_brian2_that_cannot_be_imported_is_explained(monkeypatch, one_image):
    monkeypatch.setitem(sys.modules, "brian2", None)  # 'import brian2' raises ImportError
    environment.load.cache_clear()
    with pytest.raises(EngineError, match=r"Brian2 cannot be imported: .*numpy < 2\.4.*make install.*'fast'"):
        brian2_numpy.train(*one_image)
    monkeypatch.undo()
    environment.load.cache_clear()


@needs_compiler
def test_cython_code_that_does_not_compile_is_one_error(monkeypatch, one_image):
    for name in ("CC", "CXX"):  # found, and of no use
        monkeypatch.setenv(name, "false")
    with pytest.raises(EngineError, match=r"cannot prepare the network for target 'cython'.*python3-dev.*brian2_numpy"):
        brian2_cython.train(*one_image)


@needs_compiler
def test_code_that_does_not_compile_is_one_error(monkeypatch, tmp_path, one_image):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(EngineError, match=r"cannot be compiled \('false' ended with status 1\)"):
        brian2_standalone.train(*one_image)


# ---- files -----------------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from stdp_pipeline.engines._brian2 import environment, folders
environment.load()
folder = folders.build_folder()
(folder / "left").touch()
print(folder, flush=True)
if sys.argv[1:] == ["wait"]:
    sys.stdin.read()
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen:
    environ = {**os.environ, "STDP_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_build_folders_are_removed_at_the_end_and_those_of_killed_processes_at_the_next_start(tmp_path):
    with started(tmp_path, "wait") as killed, started(tmp_path, "wait") as living:
        folder_killed, folder_living = (Path(p.stdout.readline().strip()) for p in (killed, living))
        assert folder_killed != folder_living
        assert folder_killed.parent == folder_living.parent
        killed.kill()
        killed.wait()
        assert (folder_killed / "left").exists()
        with started(tmp_path) as third:
            folder_third = Path(third.stdout.readline().strip())
            assert third.wait() == 0
        assert not folder_killed.exists()
        assert not folder_third.exists()
        assert (folder_living / "left").exists()
        living.stdin.close()
        assert living.wait() == 0
        assert not folder_living.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["cache"]  # nothing of Brian's in the temporary folder


def test_a_folder_is_not_abandoned_while_its_lock_is_held(tmp_path):
    lock = tmp_path / "lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not folders._abandoned(tmp_path)
    assert folders._abandoned(tmp_path)


def test_importing_brian2_leaves_python_as_it_was():
    code = (
        "import logging, sys, warnings\n"
        "hook, show = sys.excepthook, warnings.showwarning\n"
        "from stdp_pipeline.engines._brian2 import environment\n"
        "environment.load()\n"
        "assert sys.excepthook is hook\n"
        "assert warnings.showwarning is show\n"
        "assert logging._warnings_showwarning is None\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_preferences_of_brian_are_put_back():
    brian = environment.load()
    before = str(brian.prefs.as_file)
    with environment.preferences("cython"):
        assert brian.prefs["codegen.target"] == "cython"
    assert str(brian.prefs.as_file) == before


def test_networks_of_different_steps_do_not_disturb_each_other(bars, make_model, make_inputs, seed):
    inputs = make_inputs(bars, seed)
    coarse = make_model(5, integrator="euler", **SHORT)
    fine = replace(coarse, dt_ms=0.25)
    for model in (coarse, fine, coarse):
        assert_trains_alike([reference, brian2_numpy], model, inputs, np.arange(2), 144, seed)

"""The counter-based random numbers of synapses and neurons as functions of Brian, for all of its targets.

They are the functions of :mod:`stdp_pipeline.random`, so that Brian draws the very numbers that the other engines draw.
Arguments are doubles, which hold words of 32 bits exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.engines._brian2.environment import load
from stdp_pipeline.random import chances_of, neuron_words, synapse_words

__all__ = ["SHARED_NEURON", "SHARED_SYNAPSE", "neuron_chance", "synapse_chance"]

SHARED_SYNAPSE = ("seed_low", "seed_high", "first_step")
"""Shared variables of the plastic synapses that their random numbers need: the seed, and the step of time 0."""

SHARED_NEURON = ("key_low", "key_high", "image", "turn", "split")
"""Shared variables of the neurons that theirs need: the seed and the presentation."""

_PHILOX_CPP = """
static inline double _stdp_chance(double k0_, double k1_, double c0_, double c1_, double c2_, double c3_, int place) {
    uint64_t k0 = (uint64_t)k0_, k1 = (uint64_t)k1_;
    uint64_t c[4] = {(uint64_t)c0_, (uint64_t)c1_, (uint64_t)c2_, (uint64_t)c3_};
    const uint64_t low = 0xFFFFFFFFull;
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
        c[0] = (p1 >> 32) ^ c[1] ^ k0;
        c[1] = p1 & low;
        c[2] = (p0 >> 32) ^ c[3] ^ k1;
        c[3] = p0 & low;
        k0 = (k0 + 0x9E3779B9ull) & low;
        k1 = (k1 + 0xBB67AE85ull) & low;
    }
    return ((double)c[place] + 0.5) * 2.3283064365386963e-10;
}
"""
_SYNAPSE_CPP = """
static inline double _stdp_synapse(double k0, double k1, double t, double kind, double i_, double j_) {
    const uint64_t now = (uint64_t)(t + 0.5), i = (uint64_t)i_, j = (uint64_t)j_;
    const uint64_t when = ((now >> 32) & 0xFFFFull) | ((uint64_t)kind << 16);
    return _stdp_chance(k0, k1, (double)((i >> 2) | (j << 16)), (double)(now & 0xFFFFFFFFull), (double)when, 2.0,
                        (int)(i & 3));
}
"""
_NEURON_CPP = """
static inline double _stdp_neuron(double k0, double k1, double image, double turn, double last, double k_, double j_) {
    const uint64_t k = (uint64_t)(k_ + 0.5), j = (uint64_t)j_;
    return _stdp_chance(k0, k1, (double)((j >> 2) | (k << 16)), image, turn, last, (int)(j & 3));
}
"""
_INCLUDE = "#include <stdint.h>\n#ifndef STDP_{guard}\n#define STDP_{guard}\n{code}\n#endif\n"


def _function(name: str, n_arguments: int, code: str, inner: str, python: Any) -> Any:
    """Make a function of Brian from C++ and from NumPy."""
    b2 = load()
    guarded = _INCLUDE.format(guard="CHANCE", code=_PHILOX_CPP) + _INCLUDE.format(guard=name.upper(), code=code)
    arguments = ", ".join(f"double a{k}" for k in range(n_arguments))
    given = ", ".join(f"a{k}" for k in range(n_arguments))
    cpp = f"{guarded}\nstatic inline double {name}({arguments}) {{ return {inner}({given}); }}"
    cython = (
        f'cdef extern from *:\n    """\n{guarded}\n    """\n    double {inner}({arguments})\n'
        f"cdef double {name}({arguments}):\n    return {inner}({given})\n"
    )
    function = b2.Function(
        python, arg_units=[1] * n_arguments, return_unit=1, arg_types=["any"] * n_arguments, return_type="float",
        stateless=True, auto_vectorise=False,
    )  # fmt: skip
    function.implementations.add_implementation("cpp", cpp, name=name)
    function.implementations.add_implementation("cython", cython, name=name)
    function.implementations.add_numpy_implementation(python)
    return function


def _key(low: Any, high: Any) -> tuple[np.uint64, np.uint64]:
    return np.uint64(np.ravel(low)[0]), np.uint64(np.ravel(high)[0])


def _whole(x: Any) -> np.ndarray:
    return np.rint(np.asarray(x, np.float64)).astype(np.int64)


def synapse_chance() -> Any:
    """Return the function (key_low, key_high, step, kind, i, j) -> uniform number."""

    def chance(low: Any, high: Any, t: Any, kind: Any, i: Any, j: Any) -> np.ndarray:
        i, j = np.broadcast_arrays(_whole(i), _whole(j))
        words = synapse_words(_key(low, high), int(_whole(t).flat[0]), int(_whole(kind).flat[0]), i, j)
        return chances_of(words, i)

    return _function("stdp_synapse_chance", 6, _SYNAPSE_CPP, "_stdp_synapse", chance)


def neuron_chance() -> Any:
    """Return the function (key_low, key_high, image, turn, last word, step, neuron) -> uniform number."""

    def chance(low: Any, high: Any, image: Any, turn: Any, last: Any, k: Any, j: Any) -> np.ndarray:
        occasion = np.array([_whole(x).flat[0] for x in (image, turn, last)], np.uint64)
        j = _whole(j)
        return chances_of(neuron_words(_key(low, high), occasion, 0, int(_whole(k).flat[0]), j), j)

    return _function("stdp_neuron_chance", 7, _NEURON_CPP, "_stdp_neuron", chance)

"""Brian's C++ standalone mode as one program that is compiled once and shown one presentation after the other."""

from __future__ import annotations

import os
import shlex
import shutil
import struct
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.engines._brian2.environment import COMPILER_FLAGS, compiler, preferences, require
from stdp_pipeline.engines._brian2.folders import build_folder
from stdp_pipeline.engines._brian2.network import Parts, build
from stdp_pipeline.engines._brian2.program import COMMANDS, Array, Names, header
from stdp_pipeline.engines._brian2.simulator import Recorded
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.errors import EngineError

__all__ = ["Standalone"]

_VARIABLES = {
    "exc": ("v", "ge", "gi", "theta", "gain", "lastspike"), "inh": ("v", "ge", "lastspike"),
    "plastic": ("w", "switches"),
}  # fmt: skip
_TAIL = 2000  # characters of what a failed program or compiler said last


class Standalone:
    """A network in a program of its own; see :class:`stdp_pipeline.engines._brian2.simulator.Machine`.

    Parameters
    ----------
    model : Model
    n_input : int
    learn, adapt : bool
        Whether weights and thresholds change.

    Raises
    ------
    EngineError
        If Brian, the compiler or make is missing, or the program cannot be compiled or dies.
    """

    def __init__(self, model: Model, n_input: int, learn: bool, adapt: bool) -> None:
        require("cpp_standalone")
        self.dt_s = model.dt_ms * 1e-3
        self.folder = Path(tempfile.mkdtemp(prefix="program_", dir=build_folder()))
        try:
            names, self.traces, self.shared = _generate(model, n_input, learn, adapt, self.folder)
            _compile(self.folder)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.numbers = {key: number for number, key in enumerate(names.arrays)}
        self.said = (self.folder / "stderr.txt").open("w+", encoding="utf-8", errors="replace")
        self.program = subprocess.Popen(
            ["./main"], cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said
        )

    def get(self, group: str, name: str) -> np.ndarray:
        """Return a copy of one variable."""
        self._ask(COMMANDS["get"], struct.pack("=I", self.numbers[group, name]))
        return self._answer(np.float64)

    def set(self, group: str, name: str, values: np.ndarray) -> None:
        """Set one variable."""
        number = struct.pack("=I", self.numbers[group, name])
        self._ask(COMMANDS["set"], number, np.ascontiguousarray(values, np.float64).data.cast("B"))

    def set_delays(self, delay_s: np.ndarray) -> None:
        """Set the delay of each plastic synapse; nothing may be under way."""
        self.set("plastic", "delay", delay_s)
        self._ask(COMMANDS["delays"])

    def present(self, step: np.ndarray, source: np.ndarray) -> Recorded:
        """Simulate one presentation from its input spikes, ordered by step and source."""
        events = (np.ascontiguousarray(a, np.int32).tobytes() for a in (step, source))
        self._ask(COMMANDS["present"], struct.pack("=Q", len(step)), *events)
        t, neuron, v = (self._answer(kind) for kind in (np.float64, np.int32, np.float64))
        inh_t, inh_neuron = (self._answer(kind) for kind in (np.float64, np.int32))
        return Recorded(self._steps(t), neuron, v, self._steps(inh_t), inh_neuron)

    def _steps(self, t: np.ndarray) -> np.ndarray:
        return np.rint(t / self.dt_s).astype(np.int64)

    def _ask(self, *parts: Any) -> None:
        assert self.program.stdin is not None
        try:
            for part in parts:
                self.program.stdin.write(part)
            self.program.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def _answer(self, kind: type) -> np.ndarray:
        size = struct.unpack("=Q", self._read(8))[0]
        return np.frombuffer(self._read(size), kind)

    def _read(self, n: int) -> bytearray:
        assert self.program.stdout is not None
        found = bytearray(n)
        at = memoryview(found)
        while len(at):
            got = self.program.stdout.readinto(at)  # type: ignore[attr-defined]
            if not got:
                raise self._died()
            at = at[got:]
        return found

    def _died(self) -> EngineError:
        status = self.program.wait()
        self.said.seek(0)
        last = self.said.read()[-_TAIL:].strip()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return EngineError(
            f"Brian2's standalone program {how}. It said last: {last or 'nothing'}. If memory ran out, use a smaller "
            "network or simulation.engine 'fast'."
        )

    def close(self) -> None:
        """End the program and remove its files."""
        for pipe in (self.program.stdin, self.program.stdout):
            if pipe is not None:
                with suppress(OSError):  # it is dead, and what was not yet written to it is of no use
                    pipe.close()
        self.program.terminate()  # at the end of its input it ends by itself, but not in the middle of a presentation
        self.program.wait()
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _generate(
    model: Model, n_input: int, learn: bool, adapt: bool, folder: Path
) -> tuple[Names, tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Write the network's C++ program to a folder; return its names, traces and shared variables."""
    b2 = require("cpp_standalone")
    with preferences("cpp_standalone"):
        b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
        device = b2.get_device()
        try:
            device.reinit()
            device.activate(build_on_run=False, directory=str(folder))
            parts = build(model, n_input, learn, adapt)
            network = b2.Network(*parts.objects)
            device.insert_code("before_start", "stdp::open_channel();")
            device.insert_code("before_network_run", "for (;;) { stdp::serve();")
            device.insert_code("after_network_run", "}")
            network.run(parts.period, namespace={})
            names = _names(b2, parts, network)
            (folder / "serve.h").write_text(header(names), encoding="utf-8")
            device.build(directory=str(folder), compile=False, run=False)
        finally:
            device.reinit()
            b2.devices.reset_device()
    main = folder / "main.cpp"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("int main(", '#include "serve.h"\n\nint main(', 1), encoding="utf-8")
    return names, parts.traces, parts.shared


def _names(b2: Any, parts: Parts, network: Any) -> Names:
    """Collect what the loop in the program has to know."""
    device = b2.get_device()

    def array(group: Any, name: str) -> Array:
        variable = group.variables[name]
        dynamic = isinstance(variable, b2.core.variables.DynamicArrayVariable)
        return Array(device.get_array_name(variable, access_data=False), dynamic)

    variables = {**_VARIABLES, "plastic": (*_VARIABLES["plastic"], *parts.traces)}
    for group, shared in parts.shared.items():
        variables[group] += shared
    if parts.traces:
        variables["plastic"] += ("lastupdate",)
    arrays = {(g, name): array(getattr(parts, g), name) for g, names in variables.items() for name in names}
    arrays["plastic", "delay"] = array(parts.plastic.pre, "delay")
    monitors = (parts.exc_spikes, ("t", "i", "v")), (parts.inh_spikes, ("t", "i"))
    return Names(
        arrays=arrays,
        times=[found for (_, name), found in arrays.items() if name in ("lastspike", "lastupdate")],
        recorded=[array(monitor, name) for monitor, names in monitors for name in names],
        counts=[array(monitor, "N").name for monitor, _ in monitors],
        bins=array(parts.source, "_timebins").name,
        indices=array(parts.source, "neuron_index").name,
        last_index=array(parts.source, "_lastindex").name,
        network=network.name,
        clock_times=[array(clock, "t").name for clock in network._clocks],
        prepare=f"_before_run_{parts.plastic.pre._pushspikes_codeobj.name}();",
    )


def _compile(folder: Path) -> None:
    """Compile the program in a folder.

    Raises
    ------
    EngineError
        If that fails; the message has what the compiler said last.
    """
    command = [*shlex.split(compiler() or "g++"), *COMPILER_FLAGS]
    # All of its thirty-odd files include this header first of all; reading it once more than halves the time.
    _run([*command, "-I.", "-x", "c++-header", "objects.h", "-o", "objects.h.gch"], folder)
    (folder / "make.deps").touch()  # which file depends on which: of use only if some were compiled already
    together = shlex.join([*command, "-include", "objects.h"])
    _run(["make", f"-j{_n_cpus()}", f"CXX={together}", "main"], folder)


def _n_cpus() -> int:
    """Return how many compilers may run at once: few, since other jobs run beside this one."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, 4)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise EngineError(
            f"Brian2's standalone program cannot be compiled ('{command[0]}' ended with status {done.returncode}): "
            f"{(done.stderr or done.stdout)[-_TAIL:].strip()}"
        )

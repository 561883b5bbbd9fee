"""Find components by the name of their file.

A dataset, code, rule, engine, readout, imperfection of devices, kind of features or embedding is one module in the
package of its kind; the module's name is the component's name and the first line of its docstring is its description.
Modules that start with an underscore are shared helpers, not components.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from types import ModuleType

from stdp_pipeline.errors import ConfigError

__all__ = ["KINDS", "load", "names", "summary"]

KINDS = {
    "dataset": "stdp_pipeline.datasets",
    "encoding": "stdp_pipeline.encoding",
    "rule": "stdp_pipeline.plasticity",
    "engine": "stdp_pipeline.engines",
    "readout": "stdp_pipeline.readout",
    "imperfection": "stdp_pipeline.hardware.devices",
    "feature": "stdp_pipeline.analysis.features",
    "embedding": "stdp_pipeline.analysis.embed",
}
"""Kind of component -> package that holds its modules."""


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the sorted names of all components of one kind."""
    package = importlib.import_module(KINDS[kind])
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def load(kind: str, name: str) -> ModuleType:
    """Import one component.

    Raises
    ------
    ConfigError
        If there is no component of that name; the message lists those that exist and suggests the nearest.
    """
    known = names(kind)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"unknown {kind} '{name}'; known: {', '.join(known)}.{hint}")
    return importlib.import_module(f"{KINDS[kind]}.{name}")


def summary(kind: str, name: str) -> str:
    """Return the one-line description of a component: the first line of its docstring."""
    return (load(kind, name).__doc__ or "").strip().split("\n", 1)[0]

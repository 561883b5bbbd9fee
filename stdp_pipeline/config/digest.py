"""A digest of the code that a stage runs, so that editing it reruns the stage, and editing a comment does not.

The digest covers the stage's module, all modules of this package that it imports, directly or not, and the components
that its parameters name. It is taken over the syntax trees without docstrings: comments, blank lines and formatting
do not count.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.config._syntax import Facts, facts, keep, syntax_digest

__all__ = ["code_digest", "imported_modules", "modules_of_stage", "syntax_digest"]

_PACKAGE = "stdp_pipeline"
_ROOT = Path(__file__).resolve().parents[2]
# Where a stage's parameters name a component: key -> kind. Lists hold several.
_COMPONENTS = {
    "dataset": "dataset",
    "encoding": "encoding",
    "plasticity": "rule",
    "readouts": "readout",
    "baselines": "readout",
    "feature": "feature",
    "embedding": "embedding",
    "readout": "readout",
}


@cache
def _file(module: str) -> Path | None:
    """Return a module's file by its name alone: asking Python would import whatever the name leads through."""
    base = _ROOT.joinpath(*module.split("."))
    for file in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if file.is_file():
            return file
    return None


@cache
def _facts(module: str) -> Facts | None:
    file = _file(module)
    return None if file is None else facts(file.read_text(encoding="utf-8"))


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the modules of this package that a module imports itself, at the top or inside functions."""
    found = _facts(module)
    names = found.imports if found else ()
    return frozenset(m for m in names if m.split(".")[0] == _PACKAGE and _file(m) is not None)


def _named_modules(stage: str, spec: dict[str, Any]) -> frozenset[str]:
    """Return the stage's own module and those that its parameters name."""
    todo = [f"{_PACKAGE}.stages.{stage}"]
    for key, kind in _COMPONENTS.items():
        values = spec.get(key, [])
        for value in values if isinstance(values, list) else [values]:
            todo.append(f"{registry.KINDS[kind]}.{value['name']}")
    if stage == "portray":  # shows the curves of all rules
        todo += [f"{registry.KINDS['rule']}.{name}" for name in registry.names("rule")]
    if stage == "crossbar":  # its hardware may have any of them
        todo += [f"{registry.KINDS['imperfection']}.{name}" for name in registry.names("imperfection")]
    if "simulation" in spec:
        todo.append(f"{registry.KINDS['engine']}.{spec['simulation']['engine']}")
    return frozenset(todo)


def _with_imports(modules: frozenset[str]) -> frozenset[str]:
    todo, seen = list(modules), set[str]()
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imported_modules(module)
    return frozenset(seen)


def modules_of_stage(stage: str, spec: dict[str, Any]) -> frozenset[str]:
    """Return all modules whose code a job of this stage with these parameters may run."""
    return _with_imports(_named_modules(stage, spec))


@cache
def _module_digest(module: str) -> str:
    file, found = _file(module), _facts(module)
    if file is None or found is None:
        return ""
    text = found.digest
    # Templates beside a module are part of what it does.
    for template in sorted(p for p in file.parent.iterdir() if p.suffix in (".html", ".css", ".js")):
        text += hashlib.sha256(template.read_bytes()).hexdigest()
    return text


@cache
def _digest_of(modules: frozenset[str]) -> str:
    text = "\n".join(f"{m} {_module_digest(m)}" for m in sorted(_with_imports(modules)))
    keep()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_digest(stage: str, spec: dict[str, Any]) -> str:
    """Return the digest of the code behind a job, 16 hexadecimal digits."""
    # Thousands of jobs of a sweep name the same few sets of modules.
    return _digest_of(_named_modules(stage, spec))

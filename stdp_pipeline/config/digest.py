"""A digest of the code that a stage runs, so that editing it reruns the stage, and editing a comment does not.

The digest covers the stage's module, all modules of this package that it imports, directly or not, and the components
that its parameters name. It is taken over the syntax trees without docstrings: comments, blank lines and formatting
do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from stdp_pipeline import registry

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
def _tree(module: str) -> ast.Module | None:
    file = _file(module)
    return None if file is None else ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the modules of this package that a module imports itself, at the top or inside functions."""
    tree = _tree(module)
    if tree is None:
        return frozenset()
    found = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            # `from package import module` names a module, too.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(m for m in found if m.split(".")[0] == _PACKAGE and _file(m) is not None)


def _statements(node: Any) -> Iterator[Any]:
    """Yield a module and all of its statements, at any depth. Expressions, which are most of a tree, hold none."""
    yield node
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inside in getattr(node, part, ()):
            yield from _statements(inside)


def syntax_digest(source: str) -> str:
    """Return a digest of Python source that ignores comments, formatting and docstrings."""
    return _digest(ast.parse(source))


def _digest(tree: ast.Module) -> str:
    for node in list(_statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [s for s in node.body if not _is_text(s)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


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
    file, tree = _file(module), _tree(module)
    if file is None or tree is None:
        return ""
    text = _digest(tree)
    # Templates beside a module are part of what it does.
    for template in sorted(p for p in file.parent.iterdir() if p.suffix in (".html", ".css", ".js")):
        text += hashlib.sha256(template.read_bytes()).hexdigest()
    return text


@cache
def _digest_of(modules: frozenset[str]) -> str:
    text = "\n".join(f"{m} {_module_digest(m)}" for m in sorted(_with_imports(modules)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_digest(stage: str, spec: dict[str, Any]) -> str:
    """Return the digest of the code behind a job, 16 hexadecimal digits."""
    # Thousands of jobs of a sweep name the same few sets of modules.
    return _digest_of(_named_modules(stage, spec))

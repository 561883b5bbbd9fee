"""What the text of a module says about its code: a digest of its syntax, and what it imports.

Parsing all modules takes a second, and every job on a cluster plans anew, so what was found is kept in the user's cache
by the digest of the text.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import write_text

__all__ = ["Facts", "facts", "keep", "syntax_digest"]

_MOST = 5000
"""Texts to keep: some versions of all modules."""


class Facts(NamedTuple):
    """What the text of a module says.

    Attributes
    ----------
    digest : str
        See :func:`syntax_digest`.
    imports : tuple of str
        All names that are imported, at the top or inside functions: of modules, and of what is taken from them.
    """

    digest: str
    imports: tuple[str, ...]


def syntax_digest(source: str) -> str:
    """Return a digest of Python source that ignores comments, formatting and docstrings."""
    return _found(source).digest


def _found(source: str) -> Facts:
    tree = ast.parse(source)
    statements = list(_statements(tree))
    imports: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module, too.
            imports |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [s for s in node.body if not _is_text(s)] or [ast.Pass()]
    return Facts(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(sorted(imports)))


def _statements(node: Any) -> Iterator[Any]:
    """Yield a module and all of its statements, at any depth. Expressions, which are most of a tree, hold none."""
    yield node
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inside in getattr(node, part, ()):
            yield from _statements(inside)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def facts(source: str) -> Facts:
    """Return what a module's text says, from the cache if it was seen before."""
    key = hashlib.sha256(f"{_own_text()}\n{source}".encode()).hexdigest()
    known = _known()
    if key not in known:
        known[key] = _found(source)
        _new.add(key)
    return known[key]


def keep() -> None:
    """Keep for other processes what was found."""
    if _new:
        known = _known()
        texts = {key: known[key] for key in (known if len(known) <= _MOST else _new)}
        try:
            write_text(_file(), json.dumps(texts))
        except ResultsError:
            return  # then the next one parses anew
        _new.clear()


_new: set[str] = set()


@cache
def _own_text() -> str:
    """Return the text of this module: were it another, it might find something else."""
    return Path(__file__).read_text(encoding="utf-8")


@cache
def _known() -> dict[str, Facts]:
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        return {key: Facts(str(digest), tuple(imports)) for key, (digest, imports) in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # there is none yet, or it is damaged and will be written anew


def _file() -> Path:
    folder = os.environ.get("STDP_CACHE_DIR") or platformdirs.user_cache_dir("stdp_pipeline")
    # Syntax trees differ between versions of Python.
    return Path(folder).expanduser() / f"syntax-{sys.version_info[0]}.{sys.version_info[1]}.json"

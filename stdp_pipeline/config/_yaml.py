"""Read YAML strictly: each key once, numbers that are numbers, and messages that give the line and the key."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml

from stdp_pipeline.errors import ConfigError

__all__ = ["line_of", "parsed", "read_yaml"]

_ASIDE = "x-"
"""Keys of the file itself that begin so are no parameters: they hold anchors for others to use."""
_MOST_VALUES = 1_000_000
"""With all aliases written out. A few lines of aliases of aliases can stand for billions of values."""


class _Loader(yaml.SafeLoader):
    """A loader that reads dates as the text they are: they are no values of any parameter; and ``1e-3`` as a number."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as in the base class)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


# YAML 1.1 wants a point in it, which nobody knows who is not bitten by it.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parsed(text: str, where: str, lines: bool = True) -> Any:
    """Return the value of a YAML text.

    Parameters
    ----------
    text : str
    where : str
        Where it stands, for messages.
    lines : bool
        Whether messages give the line.

    Raises
    ------
    ConfigError
        If it is no YAML, gives a key twice, or holds what is no text, finite number, list or section.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check(loader, node)
        value = loader.construct_document(node)
        json.dumps(value)
    except _FaultError as fault:
        place, key = f", line {fault.line}" if lines else "", f"{fault.path}: " if fault.path else ""
        raise ConfigError(f"{where}{place}: {key}{fault}") from None
    except yaml.reader.ReaderError as error:
        place = f", line {text.count(chr(10), 0, error.position) + 1}" if lines else ""
        raise ConfigError(f"{where}{place}: the character {error.character:#x} is not allowed in YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark and lines else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        tab = " (YAML indents with blanks, never with tabs)" if "'\\t'" in problem else ""
        raise ConfigError(f"{where}{place}: {problem}{tab}") from error
    except RecursionError:
        raise ConfigError(f"{where} is nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} holds a value that is no text, number, list or section: {error}") from None
    return value


class _FaultError(Exception):
    def __init__(self, node: yaml.Node, path: str, what: str) -> None:
        super().__init__(what)
        self.line, self.path = node.start_mark.line + 1, path.strip(".")


def _check(loader: _Loader, root: yaml.Node) -> None:
    """Look at every part of a text once, before anchors and merge keys are resolved."""
    if _written_out(root, {}) > _MOST_VALUES:
        raise _FaultError(root, "", f"its aliases (*name) stand for more than {_MOST_VALUES:,} values")
    todo, seen = [(root, "")], set[int]()
    while todo:
        node, path = todo.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += [(value, f"{path}.{k}") for k, value in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            todo += _values(node, path)
        elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:float":
            number = loader.construct_yaml_float(node)
            if not math.isfinite(number):
                raise _FaultError(node, path, f"must be finite, got {node.value}")


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a part of a text stands for, each alias counted as all that it stands for."""
    if id(node) not in known:
        known[id(node)] = 1  # for what holds itself, which is refused later
        parts = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [value for _, value in node.value]
        known[id(node)] = 1 + sum(_written_out(part, known) for part in parts)
    return known[id(node)]


def _values(node: yaml.MappingNode, path: str) -> list[tuple[yaml.Node, str]]:
    """Return the values of a section, with their paths, if its keys are texts and differ."""
    keys: dict[str, int] = {}
    found = []
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            found.append((value, path))
            continue
        if key.tag != "tag:yaml.org,2002:str":
            given = key.value if isinstance(key, yaml.ScalarNode) else "a list or section"
            raise _FaultError(key, path, f"a key must be text, got {given}; if it is meant as text, put it in quotes")
        if key.value in keys:
            raise _FaultError(
                key, path, f"the key '{key.value}' is given twice, first in line {keys[key.value]}; keep one of them"
            )
        keys[key.value] = key.start_mark.line + 1
        found.append((value, f"{path}.{key.value}"))
    return found


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read '{path}': {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"'{path}', line {line}: not UTF-8 text ({error.reason} {data[error.start]:#04x}); save the file as UTF-8"
        ) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, less the keys that only hold anchors: those that begin with ``x-``.

    Raises
    ------
    ConfigError
        If the file cannot be read, is empty, or is not a mapping; the message gives the line.
    """
    value = parsed(_text(path), f"'{path}'")
    if value is None:
        raise ConfigError(f"'{path}' is empty; an experiment needs at least 'title: ...', all else has defaults")
    if not isinstance(value, dict):
        raise ConfigError(f"'{path}', line 1: must hold 'key: value' pairs, got {type(value).__name__}")
    return {key: part for key, part in value.items() if not key.startswith(_ASIDE)}


def line_of(path: Path, dotted: str) -> int | None:
    """Return the line of a key in a file that was read well, by the longest beginning of its dotted path that is there.

    Keys may have dots themselves. None if not even the beginning is there.
    """
    node, line = _Loader(_text(path)).get_single_node(), None
    rest = dotted
    while rest:
        parts = node.value if isinstance(node, yaml.MappingNode) else []
        if isinstance(node, yaml.SequenceNode):
            parts = [(yaml.ScalarNode("", str(k), value.start_mark), value) for k, value in enumerate(node.value)]
        fits = [pair for pair in parts if rest == pair[0].value or rest.startswith(f"{pair[0].value}.")]
        if not fits:
            break
        key, node = max(fits, key=lambda pair: len(pair[0].value))
        line, rest = key.start_mark.line + 1, rest[len(key.value) + 1 :]
    return line

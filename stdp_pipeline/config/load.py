"""Read an experiment's YAML, and say clearly what is wrong with it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stdp_pipeline.config._yaml import line_of, parsed, read_yaml
from stdp_pipeline.config.explain import explained, unknown
from stdp_pipeline.config.schema import Experiment, experiment_model
from stdp_pipeline.config.sweep import Sweep, rows
from stdp_pipeline.errors import ConfigError

__all__ = [
    "check_name",
    "combinations",
    "completed",
    "find_experiment",
    "load_experiment",
    "merged",
    "presets",
    "read_yaml",
    "validated",
    "with_overrides",
    "with_preset",
]

_IN_NAMES = " -_.+=,@()"
_LONGEST = 100
"""Bytes; files beside the folder have longer names."""


def find_experiment(name: str, folder: Path) -> Path:
    """Return the YAML file of an experiment, given by name or by path.

    Raises
    ------
    ConfigError
        If there is none; the message lists the experiments in ``folder``.
    """
    path = Path(name)
    check_name(path.stem if path.suffix in (".yaml", ".yml") else name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ConfigError(f"experiment file '{name}' does not exist")
        return path
    found = folder / f"{name}.yaml"
    if found.is_file():
        return found
    known = sorted(p.stem for p in folder.glob("*.yaml"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ConfigError(f"no experiment '{name}' in '{folder}'; known: {', '.join(known) or 'none'}.{hint}")


def check_name(name: str) -> None:
    """Refuse names that cannot be folders of the workflow everywhere, or that its commands would not take as names.

    Raises
    ------
    ConfigError
        If an experiment cannot be called so.
    """
    others = "".join(sorted({c for c in name if not (c.isalnum() or c in _IN_NAMES)})) or " " * (name != name.strip())
    if not name.strip("."):
        wrong = "it has no letter"
    elif others:
        path = "; the path of a file ends in .yaml" if "/" in others else ""
        wrong = f"besides letters and numbers it may have blanks inside and {_IN_NAMES[1:]}, got {others!r}{path}"
    elif name[0] in "-.":
        wrong = f"it must not begin with '{name[0]}'"
    elif len(name.encode()) > _LONGEST:
        wrong = f"it has {len(name.encode())} bytes, and {_LONGEST} is the most"
        name = f"{name[:20]}..."
    else:
        return
    raise ConfigError(f"an experiment cannot be called {name!r}, since its name becomes a folder: {wrong}")


def with_overrides(raw: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` with each ``dotted.path=value`` set; the value is read as YAML.

    Raises
    ------
    ConfigError
        If an override has no ``=`` or its path goes through something that is not a section.
    """
    raw = json.loads(json.dumps(raw))
    for item in overrides:
        path, separator, text = item.partition("=")
        if not separator or not path:
            raise ConfigError(f"--set takes key=value, for example network.n_exc=100, got '{item}'")
        _assign(raw, path, parsed(text, f"--set {path}", lines=False))
    return raw


def _assign(raw: dict[str, Any], path: str, value: Any) -> None:
    """Set one dotted path; a list's entries are addressed by their position."""
    *sections, last = path.split(".")
    at: Any = raw
    for depth, name in enumerate(sections):
        if isinstance(at, dict) and name.isdigit():
            missing = ".".join(sections[:depth])
            raise ConfigError(f"'{path}': there is no list '{missing}' yet; give all of it: --set '{missing}=[...]'")
        at = at[_position(at, name, path)] if isinstance(at, list) else at.setdefault(name, {})
        if not isinstance(at, dict | list):
            raise ConfigError(f"'{path}': '{'.'.join(sections[: depth + 1])}' is a value, not a section")
    if isinstance(at, list):
        at[_position(at, last, path)] = value
    else:
        at[last] = value


def _position(values: list[Any], name: str, path: str) -> int:
    if not name.isdigit() or int(name) >= len(values):
        raise ConfigError(f"'{path}': '{name}' must be a position in a list of {len(values)}, counted from 0")
    return int(name)


def validated(raw: dict[str, Any], where: str) -> Experiment:
    """Turn a raw mapping into an experiment.

    Raises
    ------
    ConfigError
        One line for each fault: its path, what was given, what is allowed.
    """
    try:
        return experiment_model().model_validate(raw)
    except ValidationError as error:
        lines = [explained(e, raw) for e in error.errors()]
        raise ConfigError(f"{where}:\n  " + "\n  ".join(lines)) from None


_PRESETS = Path(__file__).parent / "presets"


def presets() -> dict[str, Path]:
    """Return the presets by name: YAML files with the values that an experiment may build on."""
    return {path.stem: path for path in sorted(_PRESETS.glob("*.yaml"))}


def with_preset(raw: dict[str, Any]) -> dict[str, Any]:
    """Return ``raw`` with the values of the preset that it names, where it gives none itself.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    name = raw.get("preset")
    if name is None:
        return raw
    known = presets()
    if not isinstance(name, str) or name not in known:
        raise ConfigError(f"preset: {unknown(str(name), list(known))}")
    return merged(read_yaml(known[name]), raw)


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return both mappings as one, section by section; values of ``above`` win."""
    result = dict(below)
    for key, value in above.items():
        old = below.get(key)
        # Another component has other parameters: nothing of the preset's one stays.
        other = (
            isinstance(value, dict) and "name" in value and isinstance(old, dict) and old.get("name") != value["name"]
        )
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) and not other else value
    return result


def completed(raw: dict[str, Any], where: str) -> Experiment:
    """Complete a raw mapping by its preset, validate it, and keep it as it was given.

    Raises
    ------
    ConfigError
        See :func:`with_preset` and :func:`validated`.
    """
    experiment = validated(with_preset(raw), where)
    experiment.remember(raw)
    return experiment


def load_experiment(path: Path, overrides: Iterable[str] = ()) -> Experiment:
    """Read, override, complete by the preset, and validate an experiment's file.

    Raises
    ------
    ConfigError
        If any of that fails. What is wrong in the file is told with its line.
    """
    overrides = list(overrides)
    raw = read_yaml(path)
    changed = with_overrides(raw, overrides)
    try:
        experiment = completed(changed, f"'{path}'")
        _check_overrides(experiment, [item.partition("=")[0] for item in overrides])
        return experiment
    except ConfigError as error:
        raise ConfigError(_with_lines(str(error), path, [item.partition("=")[0] for item in overrides])) from None


def _check_overrides(experiment: Experiment, given: Iterable[str]) -> None:
    """Refuse what would change nothing, since the sweep chooses other values."""
    for path in given:
        for varied in experiment.paths():
            if f"{varied}.".startswith(f"{path}.") or f"{path}.".startswith(f"{varied}."):
                raise ConfigError(
                    f"--set {path}: the sweep varies '{varied}', so this would change nothing; change the sweep, as in "
                    f"--set 'grid={{{varied}: [...]}}', or --set grid={{}} for a single value"
                )


def _with_lines(message: str, path: Path, overridden: list[str]) -> str:
    """Put before each fault the line of the file that it is in, unless the value is from the command line."""
    lines = []
    for text in message.split("\n"):
        key = re.match(r"  ([\w-][\w.-]*)", text)
        found = None
        if key and not any(f"{key[1]}.".startswith(f"{given}.") for given in overridden):
            found = line_of(path, key[1])
        lines.append(text if found is None else f"  line {found}: {text.strip()}")
    return "\n".join(lines)


_NOT_VARIED = ("seeds", "variants", "title", "description", "published", "report", *Sweep.model_fields)


def combinations(experiment: Experiment) -> list[tuple[dict[str, Any], Experiment]]:
    """Return every variant with every combination of the sweep: what tells it from the others, and the experiment.

    Raises
    ------
    ConfigError
        If a path does not exist, is given twice, or one of its values is not allowed; or if nothing is left to run.
    """
    # Only what was given: defaults of one component, or what a preset says of it, must not stay when the sweep chooses
    # another.
    raw = json.loads(json.dumps(experiment.given))
    for section in ("published", "report", *Sweep.model_fields):
        raw.pop(section, None)
    variants = {name: _by_path(changes) for name, changes in (raw.pop("variants", {}) or {"": {}}).items()}
    swept = experiment.paths()
    of_variants = {f"variant '{name}'": list(changes) for name, changes in variants.items()}
    for where, paths in {"sweep": swept, **of_variants}.items():
        for path in paths:
            if path.split(".")[0] in _NOT_VARIED and (path != "seeds" or where == "sweep"):
                raise ConfigError(f"{where}: '{path}' cannot be varied; list seeds under 'seeds'")
            if where != "sweep" and path in swept:
                raise ConfigError(f"{where}: '{path}' is varied by the sweep, too; give it in one of them")
    result = []
    for variant, changes in variants.items():
        for chosen in rows(experiment, variant):
            varied = json.loads(json.dumps(raw))
            for path, value in (changes | chosen).items():
                _assign(varied, path, value)
            told = ({"variant": variant} if variant else {}) | {experiment.name(p): v for p, v in chosen.items()}
            where = ", ".join(f"{p}={v}" for p, v in told.items()) or "experiment"
            result.append((told, completed(varied, where)))
    if not result:
        raise ConfigError("drop: its conditions leave nothing to run")
    return result


def _by_path(changes: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested sections as dotted paths; a component with a name stays whole."""
    flat: dict[str, Any] = {}
    for key, value in changes.items():
        if isinstance(value, dict) and "name" not in value:
            flat |= _by_path(value, f"{above}{key}.")
        else:
            flat[f"{above}{key}"] = value
    return flat

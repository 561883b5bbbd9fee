"""Say in one line what is wrong with a configuration."""

from __future__ import annotations

import difflib
import json
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from stdp_pipeline import registry
from stdp_pipeline.config.schema import experiment_model

__all__ = ["explained", "unknown"]


def explained(error: Any, raw: dict[str, Any], model: type[BaseModel] | None = None) -> str:
    """Return one line for a fault that pydantic found: its path in the file, what was given, what is allowed.

    Parameters
    ----------
    error : dict
        One of pydantic's.
    raw : dict
        What was validated.
    model : type, optional
        Of it; by default that of an experiment.
    """
    # Discriminated unions put the component's name into the path; it is not a key of the file. A section without a
    # name means the default component, which is named in a copy here.
    raw = json.loads(json.dumps(raw, default=str))
    path: list[str] = []
    implied = ""
    at: Any = raw
    for part in error["loc"]:
        if isinstance(part, str) and part.startswith("("):
            continue  # which of several kinds of values it was taken for
        if isinstance(at, dict) and part not in at and part == at.get("name", part) and part in _component_names():
            if "name" not in at:
                at["name"] = part
                implied = f" ({'.'.join([*path, 'name'])} is not given, which means '{part}')"
            continue
        path.append(str(part))
        at = at.get(part) if isinstance(at, dict) else at[part] if isinstance(part, int) else None
    name = ".".join(path) or "experiment"
    given = error["input"]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1], raw, model or experiment_model())
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" Known here: {', '.join(known)}."
        if path[-1] == "levels" and path[0] == "plasticity":
            hint = " Levels are for rules with weights that are real numbers; this one's synapses have states." + hint
        return f"{name}: unknown key{implied}.{hint}"
    if kind == "union_tag_invalid":
        tags = [t.strip(" '") for t in context["expected_tags"].split(",")]
        return f"{name}.name: {unknown(context['tag'], tags)}"
    if kind == "literal_error":
        expected = context["expected"].replace(" or ", ", ")
        return f"{name}: {unknown(str(given), [t.strip(' ' + chr(39)) for t in expected.split(',')])}"
    if kind == "union_tag_not_found":
        return f"{name}: the key 'name' is missing; it says which one is meant"
    if kind == "value_error":
        return f"{name}: {context.get('error', error['msg'])!s}" if path else str(context.get("error"))
    if kind == "too_short":
        least = context["min_length"]
        return f"{name}: should have at least {least} item{'' if least == 1 else 's'}, got {given!r}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{name}: should be a section with keys of its own{implied}, got {given!r}"
    return f"{name}: {error['msg'].replace('Input should', 'should')}, got {given!r}{implied}"


@cache
def _component_names() -> frozenset[str]:
    return frozenset(name for kind in registry.KINDS for name in registry.names(kind))


_MOST_KNOWN = 40


def unknown(given: str, known: list[str]) -> str:
    """Return what to say of a value that is none of those known: which there are, and the nearest one."""
    near = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    more = f", and {len(known) - _MOST_KNOWN} more" if len(known) > _MOST_KNOWN else ""
    return f"unknown value '{given}'; known: {', '.join(known[:_MOST_KNOWN])}{more}.{hint}"


def _fields_at(path: list[str], raw: dict[str, Any], model: type[BaseModel]) -> list[str]:
    """Names that are allowed in the section at ``path``."""
    annotation: Any = model
    at: Any = raw
    for part in path:
        inside = _inside(annotation, type(at))
        annotation = _model(annotation, at).model_fields[part].annotation if inside is None else inside
        at = at[int(part)] if isinstance(at, list) else at.get(part, {})
    return list(_model(annotation, at).model_fields)


def _model(annotation: Any, at: Any) -> type[BaseModel]:
    """Return the model in an annotation; in a union, the one that the section at hand names."""
    models = [a for a in _flatten(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
    name = at.get("name") if isinstance(at, dict) else None
    named = [m for m in models if "name" in m.model_fields and m.model_fields["name"].default == name]
    return (named or models)[0]


def _inside(annotation: Any, kind: type) -> Any:
    """Return what the entries of a list are, or of a section whose keys the user chooses; None for a component."""
    if get_origin(annotation) is kind:
        return get_args(annotation)[-1]
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return next((found for part in get_args(annotation) if (found := _inside(part, kind)) is not None), None)
    return None


def _flatten(annotation: Any) -> list[Any]:
    parts = getattr(annotation, "__args__", None)
    return [annotation] if not parts else [x for part in parts for x in _flatten(part)]

"""A page that sets experiments side by side: what differs in them, and in what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stdp_pipeline.io import canonical_json
from stdp_pipeline.report.comparison import Comparison
from stdp_pipeline.report.differences import Differences, differences_context
from stdp_pipeline.report.page import data_uri, natural_pictures, templates
from stdp_pipeline.report.tidy import Columns

__all__ = ["Column", "comparison_page", "configuration_columns", "differing"]

_NOT_COMPARED = ("title", "description", "published", "report")


@dataclass(frozen=True)
class Column:
    """One of the experiments that stand side by side, or one combination of it.

    Attributes
    ----------
    name : str
    facts : dict of str to str
        What is told of it: all have the same keys.
    configuration : dict
        Resolved.
    groups : list of dict
        Its combinations, see :func:`stdp_pipeline.report.comparison.compare`; ``title`` tells each from those of the
        other experiments.
    shown : str
        Title of the combination that is shown in detail.
    of_classes : list of float or None
        Its accuracy on the images of each class, mean over seeds.
    fields : bytes
        Picture of receptive fields of its first seed, PNG.
    fields_of : str
        Of which run.
    tests : list of (str, int, str)
        Combination, seed and id of the test of all runs.
    """

    name: str
    facts: dict[str, str]
    configuration: dict[str, Any]
    groups: Comparison
    shown: str
    of_classes: list[float | None]
    fields: bytes
    fields_of: str
    tests: list[tuple[str, int, str]] = field(default_factory=list)


def differing(configurations: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the dotted paths whose values are not the same everywhere, with each one's; empty where there is none."""
    flat = [_flat({k: v for k, v in one.items() if k not in _NOT_COMPARED}) for one in configurations]
    paths = dict.fromkeys(path for one in flat for path in one)
    values = {path: [one.get(path, "") for one in flat] for path in paths}
    return {path: each for path, each in values.items() if len(set(each)) > 1}


def _flat(section: Mapping[str, Any], above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value if isinstance(value, str) else canonical_json(value)
    return found


def configuration_columns(names: Sequence[str], differences: Mapping[str, Sequence[str]]) -> Columns:
    """Return :func:`differing` as a table: a line for each path, a column for each experiment."""
    of_each = {name: [values[k] for values in differences.values()] for k, name in enumerate(names)}
    return {"parameter": list(differences), **of_each}


def comparison_page(
    columns: Sequence[Column],
    differences: Differences,
    pictures: Mapping[str, bytes],
    class_names: Sequence[str],
    notes: Sequence[str],
) -> str:
    """Return the page as HTML that refers to nothing outside itself.

    Parameters
    ----------
    columns : sequence of Column
        The first is the reference.
    differences : Differences
    pictures : mapping of str to bytes
        File name -> SVG.
    class_names : sequence of str
        Of the classes; empty if they are not the same for all, so that nothing is told of single ones.
    notes : sequence of str
        Sentences: what to know about what is compared.
    """
    groups = [group for column in columns for group in column.groups]
    return (
        templates()
        .get_template("side_by_side.html")
        .render(
            columns=columns,
            configuration=differing([column.configuration for column in columns]),
            groups=groups,
            readouts=list(dict.fromkeys(readout for group in groups for readout in group["readouts"])),
            pictures=natural_pictures(pictures),
            classes=list(enumerate(class_names)),
            fields=[(data_uri("fields.png", column.fields), column.fields_of) for column in columns],
            notes=notes,
            style=(Path(__file__).parent / "report.css").read_text(encoding="utf-8"),
            **differences_context(differences),
        )
    )

"""Set variants and readouts side by side, with what others published."""

from __future__ import annotations

from typing import Any

__all__ = ["Comparison", "compare", "markdown"]

Comparison = list[dict[str, Any]]
"""One record for each combination: ``name``, ``n_seeds``, ``published``, and ``readouts``: name -> record of means."""


def compare(averaged: list[dict[str, Any]]) -> Comparison:
    """Group the records of :func:`stdp_pipeline.report.means.means` by combination, in their order."""
    groups: dict[str, dict[str, Any]] = {}
    for mean in averaged:
        name = ", ".join(str(v) if k == "variant" else f"{k} = {v}" for k, v in mean["varied"].items())
        group = groups.setdefault(
            name, {"name": name, "n_seeds": mean["n_seeds"], "published": mean["published"], "readouts": {}}
        )
        group["readouts"][mean["readout"]] = mean
    return list(groups.values())


def markdown(comparison: Comparison, source: str | None) -> str:
    """Return the comparison as a Markdown table, accuracies in per cent: mean, and standard deviation over seeds.

    Parameters
    ----------
    comparison : list of dict
        See :func:`compare`.
    source : str or None
        Where the published values stand.
    """
    readouts = list(dict.fromkeys(name for group in comparison for name in group["readouts"]))
    supervised = {name for group in comparison for name, mean in group["readouts"].items() if mean["supervised"]}
    heads = ["combination", "seeds", "published"] + [f"{r} (supervised)" if r in supervised else r for r in readouts]
    if source is None:
        heads.remove("published")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for group in comparison:
        cells = [group["name"] or "as configured", str(group["n_seeds"])]
        if source is not None:
            cells.append("" if group["published"] is None else f"{100 * group['published']:.1f}")
        cells += [_cell(group["readouts"].get(readout)) for readout in readouts]
        lines.append("| " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    return text if source is None else f"{text}\nPublished: {source}\n"


def _cell(mean: dict[str, Any] | None) -> str:
    if mean is None:
        return ""
    spread = "" if mean["accuracy_sd"] is None else f" ± {100 * mean['accuracy_sd']:.2f}"
    return f"{100 * mean['accuracy']:.2f}{spread}"

"""Set variants and readouts side by side, with what others published."""

from __future__ import annotations

from typing import Any

from stdp_pipeline.config.plan import told

__all__ = ["Comparison", "compare", "markdown"]

Comparison = list[dict[str, Any]]
"""One record for each combination: ``name``, ``n_seeds``, ``published``, ``readouts``: name -> record of means, and
``baselines``: name -> accuracy by pixels alone."""


def compare(averaged: list[dict[str, Any]]) -> Comparison:
    """Group the records of :func:`stdp_pipeline.report.means.means` by combination, in their order."""
    groups: dict[str, dict[str, Any]] = {}
    for mean in averaged:
        name = told(mean["varied"])
        group = groups.setdefault(
            name,
            {
                "name": name,
                "n_seeds": mean["n_seeds"],
                "published": mean["published"],
                "readouts": {},
                "baselines": {k.removeprefix("baseline_"): v for k, v in mean.items() if k.startswith("baseline_")},
            },
        )
        group["readouts"][mean["readout"]] = mean
    return list(groups.values())


def markdown(comparison: Comparison, source: str | None) -> str:
    """Return two Markdown tables: accuracies in per cent, mean and standard deviation over seeds; effort and activity.

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
    baselines = list(dict.fromkeys(name for group in comparison for name in group["baselines"]))
    heads += [f"{name} without network" for name in baselines]
    if source is None:
        heads.remove("published")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for group in comparison:
        cells = [group["name"] or "as configured", str(group["n_seeds"])]
        if source is not None:
            cells.append("" if group["published"] is None else f"{100 * group['published']:.1f}")
        cells += [_cell(group["readouts"].get(readout)) for readout in readouts]
        cells += [f"{100 * group['baselines'][name]:.2f}" if name in group["baselines"] else "" for name in baselines]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *_activity(comparison)]
    text = "\n".join(lines) + "\n"
    return text if source is None else f"{text}\nPublished: {source}\n"


_ACTIVITY = (
    ("images shown", "train_images", 0),
    ("training, CPU s", "train_cpu_s", 0),
    ("input spikes", "test_input_spikes_per_image", 0),
    ("bits per input", "bits_per_input", 2),
    ("bits per input spike", "bits_per_spike", 2),
    ("presentations", "test_presentations_per_image", 2),
    ("decision, ms", "decision_ms", 0),
    ("spikes per test image", "test_spikes_per_image", 1),
    ("right: own", "spikes_right_own", 1),
    ("right: other", "spikes_right_other", 1),
    ("wrong: own", "spikes_wrong_own", 1),
    ("wrong: other", "spikes_wrong_other", 1),
)


def _activity(comparison: Comparison) -> list[str]:
    """Return what training took, what the code tells and how the trained networks fire, a line for each combination.

    Input spikes are those of a test image in the presentation that was accepted; "bits" is the information that an
    input's spikes have about its intensity; "decision" is when the answer no longer changes, the median over the test
    images. Right and wrong are the answers of the first readout; "own" are the spikes of neurons with the image's class
    as label, "other" those of all others.
    """
    heads = ["combination", *(head for head, _, _ in _ACTIVITY)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for group in comparison:
        mean = next(iter(group["readouts"].values()))
        each = mean["train_cpu_s_per_image"]
        values = {**mean, "train_cpu_s": each and each * mean["train_images"]}
        cells = [group["name"] or "as configured"]
        cells += ["" if values[key] is None else f"{values[key]:.{digits}f}" for _, key, digits in _ACTIVITY]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _cell(mean: dict[str, Any] | None) -> str:
    if mean is None:
        return ""
    spread = "" if mean["accuracy_sd"] is None else f" ± {100 * mean['accuracy_sd']:.2f}"
    return f"{100 * mean['accuracy']:.2f}{spread}"

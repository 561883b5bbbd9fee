"""What is told of combinations that were compared with another one: table, figure's numbers, and part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stdp_pipeline.analysis.intervals import Interval
from stdp_pipeline.analysis.paired import McNemar, Paired

__all__ = ["Difference", "Differences", "differences_context", "differences_table", "p_text"]

_HEADS = (
    "combination", "compared_with", "readout", "test", "seed", "n", "difference_points", "ci95_low", "ci95_high", "p",
    "p_holm", "hedges_g", "only_first", "only_second",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One combination against another, on the same test images.

    Attributes
    ----------
    name, other : str
    readout : str
        By which both answer; of both if they differ.
    paired : Paired
        Accuracy of the first minus that of the other, over the seeds that both have.
    p_holm : float or None
        By Holm's procedure for all comparisons made together.
    images : dict of int to McNemar
        By seed.
    images_holm : dict of int to float
        By seed: p-values of McNemar's tests, by Holm's procedure for all comparisons of networks of this seed.
    """

    name: str
    other: str
    readout: str
    paired: Paired
    p_holm: float | None
    images: dict[int, McNemar]
    images_holm: dict[int, float]

    @property
    def seed(self) -> int:
        """The first seed that both have."""
        return next(iter(self.images))

    @property
    def over_seeds(self) -> bool:
        """Whether there are several seeds, so that the paired t-test decides; else McNemar's does."""
        return self.paired.n > 1

    @property
    def interval(self) -> Interval:
        """Difference of accuracy and its interval: over seeds, or of a single seed over the test images."""
        return self.paired.difference if self.over_seeds else self.images[self.seed].difference

    @property
    def p(self) -> float | None:
        """Of the test that decides, corrected."""
        return self.p_holm if self.over_seeds else self.images_holm[self.seed]

    def told(self) -> str:
        """Return all of it in one line."""
        points = [None if x is None else 100 * x for x in (self.interval.mean, self.interval.low, self.interval.high)]
        text = f"{self.name} against {self.other}: {points[0]:+.2f} points"
        if points[1] is not None and points[2] is not None:
            text += f" (95 % interval {points[1]:+.2f} to {points[2]:+.2f})"
        if not self.over_seeds:
            one = self.images[self.seed]
            split = f"only one of both right on {one.only_a} and {one.only_b} of {one.n} images"
            return f"{text}, McNemar's test, seed {self.seed}: {split}, p = {p_text(one.p)}, Holm {p_text(self.p)}"
        text += f", paired t-test over {self.paired.n} seeds: "
        if self.paired.p is None:
            return text + "no p, since all differences are equal"
        effect = "" if self.paired.effect is None else f", Hedges' g = {self.paired.effect:.2f}"
        return f"{text}p = {p_text(self.paired.p)}, Holm {p_text(self.p)}{effect}"


@dataclass(frozen=True)
class Differences:
    """All comparisons that were made together.

    Attributes
    ----------
    found : list of Difference
    left_out : list of str
        Sentences: what could not be compared, and why.
    """

    found: list[Difference] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def p_text(p: float | None) -> str:
    """Return a p-value as it is printed."""
    return "" if p is None else "< 0.0001" if p < 1e-4 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def differences_table(found: Sequence[Difference]) -> str:
    """Return tab-separated text: a line for each comparison and test, differences in points of per cent.

    A line of the paired t-test has the number of pairs as ``n`` and no ``seed``. A line of McNemar's test has the
    number of images, and those that only one of both classified rightly.
    """
    lines = ["\t".join(_HEADS)]
    for one in found:
        who = [one.name, one.other, one.readout]
        if one.over_seeds:
            tested = [one.paired.p, one.p_holm, one.paired.effect]
            cells = [*_points(one.paired.difference), *map(_text, tested), "", ""]
            lines.append("\t".join([*who, "paired t, two-sided", "", str(one.paired.n), *cells]))
        for seed, images in one.images.items():
            split = [str(images.only_a), str(images.only_b)]
            cells = [*_points(images.difference), _text(images.p), _text(one.images_holm[seed]), "", *split]
            lines.append("\t".join([*who, "McNemar, exact, two-sided", str(seed), str(images.n), *cells]))
    return "\n".join(lines) + "\n"


def differences_context(differences: Differences) -> dict[str, Any]:
    """Return what ``differences.html`` is filled with."""
    found = differences.found
    return {
        "differences": found,
        "left_out": differences.left_out,
        "references": list(dict.fromkeys(one.other for one in found)),
        "several_readouts": len({one.readout for one in found}) > 1,
        "several_seeds": any(one.over_seeds for one in found),
    }


def _points(interval: Interval) -> list[str]:
    return [_text(None if x is None else 100 * x) for x in (interval.mean, interval.low, interval.high)]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"

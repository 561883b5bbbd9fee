"""Learning on devices against transferring weights to them: how much of the loss learning in place wins back."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

__all__ = ["Interval", "Recovery", "interval", "ratio_interval", "recovery", "recovery_table"]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval; the ends are None where there is none."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Recovery:
    """One kind of devices.

    Attributes
    ----------
    name : str
        Of the devices: that of the curve and of the variant.
    source : str
        The variant whose weights are transferred.
    n_seeds : int
    ideal, transferred, in_place : Interval
        Accuracies as fractions: of the source without devices, of its weights on devices, and of learning on devices.
    lost, gained : Interval
        Paired by seeds: ideal minus transferred, and learning in place minus transferred.
    share : Interval
        Share of the loss that learning in place wins back: the ratio of the two means.
    """

    name: str
    source: str
    n_seeds: int
    ideal: Interval
    transferred: Interval
    in_place: Interval
    lost: Interval
    gained: Interval
    share: Interval


def interval(x: np.ndarray) -> Interval:
    """Return the mean and Student's interval."""
    mean, n = float(np.mean(x)), len(x)
    if n < 2:
        return Interval(mean, None, None)
    half = _quantile(n) * float(np.std(x, ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def ratio_interval(top: np.ndarray, bottom: np.ndarray) -> Interval:
    """Return the ratio of the means of pairs, and Fieller's interval.

    Parameters
    ----------
    top, bottom : (n,) float64

    Returns
    -------
    Interval
        Without ends where the bottom may as well be zero: then no ratio is excluded; NaN where its mean is zero.

    References
    ----------
    .. [1] Fieller (1954), "Some problems in interval estimation", J. R. Stat. Soc. B 16:175.
    """
    n, a, b = len(top), float(np.mean(top)), float(np.mean(bottom))
    ratio = a / b if b else math.nan
    if n < 2 or not b:
        return Interval(ratio, None, None)
    spread = np.cov(top, bottom) * _quantile(n) ** 2 / n
    # (a - r b)² <= spread_aa - 2 r spread_ab + r² spread_bb, solved for r.
    square, linear, constant = b * b - spread[1, 1], a * b - spread[0, 1], a * a - spread[0, 0]
    if square <= 0:
        return Interval(ratio, None, None)
    root = math.sqrt(max(linear * linear - square * constant, 0.0))
    return Interval(ratio, float((linear - root) / square), float((linear + root) / square))


def _quantile(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))


def recovery(name: str, source: str, ideal: np.ndarray, transferred: np.ndarray, in_place: np.ndarray) -> Recovery:
    """Compare, seed by seed.

    Parameters
    ----------
    name, source : str
    ideal, transferred, in_place : (n_seeds,) float64
        Accuracies as fractions, in the same order of seeds.
    """
    lost, gained = ideal - transferred, in_place - transferred
    return Recovery(
        name,
        source,
        n_seeds=len(ideal),
        ideal=interval(ideal),
        transferred=interval(transferred),
        in_place=interval(in_place),
        lost=interval(lost),
        gained=interval(gained),
        share=ratio_interval(gained, lost),
    )


def recovery_table(found: list[Recovery]) -> str:
    """Return tab-separated text, a line for each kind of devices."""
    measures = [f.name for f in fields(Recovery) if f.name not in ("name", "source", "n_seeds")]
    heads = [f"{measure}{end}" for measure in measures for end in ("", "_low", "_high")]
    lines = ["\t".join(["devices", "source", "n_seeds", *heads])]
    for one in found:
        values = [v for m in measures for v in (getattr(one, m).mean, getattr(one, m).low, getattr(one, m).high)]
        told = ["" if v is None else f"{v:.6g}" for v in values]
        lines.append("\t".join([one.name, one.source, str(one.n_seeds), *told]))
    return "\n".join(lines) + "\n"

"""Learning on devices against transferring weights to them: how much of the loss learning in place wins back."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from stdp_pipeline.analysis.intervals import Interval, interval, ratio_interval

__all__ = ["Recovery", "recovery", "recovery_table"]


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
    """Return tab-separated text, a line for each kind of devices; no share where the loss may as well be zero."""
    measures = [f.name for f in fields(Recovery) if f.name not in ("name", "source", "n_seeds")]
    heads = [f"{measure}{end}" for measure in measures for end in ("", "_low", "_high")]
    lines = ["\t".join(["devices", "source", "n_seeds", *heads])]
    for one in found:
        known = {m: getattr(one, m) for m in measures if m != "share" or one.share.low is not None}
        values = [getattr(known.get(m), part, None) for m in measures for part in ("mean", "low", "high")]
        told = ["" if v is None else f"{v:.6g}" for v in values]
        lines.append("\t".join([one.name, one.source, str(one.n_seeds), *told]))
    return "\n".join(lines) + "\n"

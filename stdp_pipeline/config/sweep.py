"""Sweeps: how the sections ``grid``, ``zipped``, ``sampled`` and ``drop`` become combinations of values."""

from __future__ import annotations

import itertools
import zlib
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError

__all__ = ["Bounds", "Range", "Sampled", "Sweep", "rows"]

Values = Annotated[list[Any], Field(min_length=1)]

_DIGITS = 4
"""Significant digits of a sampled number: enough to sweep by, and short in tables and names."""


def _section_or(section: Any, other: Any) -> Any:
    """Return the type of what is either a section or something else, so that a fault is told of the one it is."""
    kinds = Annotated[section, Tag("(section)")] | Annotated[other, Tag("(value)")]
    return Annotated[kinds, Discriminator(lambda x: "(section)" if isinstance(x, dict | Strict) else "(value)")]


class Range(Strict):
    """Numbers to draw from, both ends included."""

    low: float
    """Smallest value."""
    high: float
    """Largest value."""
    log: bool = False
    """Whether each factor is as likely as any other, rather than each difference: for rates and strengths."""
    integer: bool = False
    """Whether to draw whole numbers."""

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low must be below high ({self.high:g}), got {self.low:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be positive where log is true, got {self.low:g}")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"low and high must be whole numbers where integer is true, got {self.low}, {self.high}")
        return self

    def at(self, share: np.ndarray) -> list[Any]:
        """Return the values at shares of the range, from 0 to below 1."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.integer else (self.low, self.high)
        values = low * (high / low) ** share if self.log else low + share * (high - low)
        if self.integer:
            return [int(v) for v in np.clip(np.rint(values), self.low, self.high)]
        return [min(max(float(f"{v:.{_DIGITS}g}"), self.low), self.high) for v in values]


class Sampled(Strict):
    """Combinations drawn at random, for more parameters than a grid can hold."""

    n: Annotated[int, Field(ge=1, le=100_000)]
    """How many combinations to draw."""
    values: Annotated[dict[str, _section_or(Range, Values)], Field(min_length=1)]  # type: ignore[valid-type]
    """What to draw, as dotted path -> {low, high, log, integer}, or a list to choose from."""
    method: Literal["latin_hypercube", "random"] = "latin_hypercube"
    """'latin_hypercube' spreads the values of each parameter evenly (McKay, Beckman & Conover 1979,
    doi:10.1080/00401706.1979.10489755); with 'random' a larger n only adds combinations."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the drawing; the networks' own seeds are under 'seeds'."""

    def drawn(self) -> list[dict[str, Any]]:
        """Return the combinations: dotted path -> value. A parameter more changes nothing about the others."""
        columns = {path: _values(choice, self._shares(path)) for path, choice in sorted(self.values.items())}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _shares(self, path: str) -> np.ndarray:
        rng = np.random.Generator(np.random.PCG64([self.seed, zlib.crc32(path.encode())]))
        if self.method == "random":
            return rng.random(self.n)
        return np.asarray((rng.permutation(self.n) + rng.random(self.n)) / self.n)


def _values(choice: Range | list[Any], share: np.ndarray) -> list[Any]:
    if isinstance(choice, Range):
        return choice.at(share)
    return [choice[int(k)] for k in share * len(choice)]


class Bounds(Strict):
    """A condition on a number: all bounds that are given must hold."""

    above: float | None = None
    """Greater than this."""
    below: float | None = None
    """Less than this."""
    at_least: float | None = None
    """This or greater."""
    at_most: float | None = None
    """This or less."""

    @model_validator(mode="after")
    def _some(self) -> Bounds:
        if not self.model_fields_set:
            raise ValueError("needs at least one of above, below, at_least, at_most")
        return self

    def hold(self, value: Any) -> bool:
        """Return whether a value is a number within the bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (
            (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
        )


class Sweep(Strict):
    """What an experiment varies."""

    grid: dict[str, Values] = {}  # noqa: RUF012 (pydantic copies it)
    """Parameters to vary, as dotted path -> list of values; all combinations are run, each with every seed."""
    zipped: list[Annotated[dict[str, Values], Field(min_length=1)]] = []  # noqa: RUF012
    """Parameters that vary together: in each entry, dotted path -> list of values, all of the same length, taken first
    with first, second with second. Entries are combined with each other and with the grid."""
    sampled: Sampled | None = None
    """Combinations drawn at random, each combined with the grid; null for none."""
    drop: list[Annotated[dict[str, _section_or(Bounds, Any)], Field(min_length=1)]] = []  # type: ignore[valid-type]  # noqa: RUF012
    """Combinations to leave out: in each entry, what is varied -> a value, a list of values, or bounds such as
    {above: 400}; a combination for which all of an entry holds is not run. 'variant' stands for the variant's name."""
    axes: dict[str, Annotated[str, Field(pattern=r"^[^\s.=,][^.=,]*$")]] = {}  # noqa: RUF012
    """Names for what is varied, as dotted path -> name, for tables and figures; else the path itself is the name."""

    @model_validator(mode="after")
    def _fits(self) -> Sweep:
        for together in self.zipped:
            lengths = {path: len(values) for path, values in together.items()}
            if len(set(lengths.values())) > 1:
                told = ", ".join(f"'{path}' {n}" for path, n in lengths.items())
                raise ValueError(f"zipped: lists that vary together must be of the same length, got {told}")
        known = self.paths()
        twice = {path for path in known if known.count(path) > 1}
        if twice:
            raise ValueError(f"'{min(twice)}' is varied twice; keep it in one of grid, zipped and sampled")
        for path, values in self.grid.items():
            if any(a == b for k, a in enumerate(values) for b in values[:k]):
                raise ValueError(f"grid: the values of '{path}' must differ from each other, got {values}")
        if unknown := set(self.axes) - set(known):
            raise ValueError(f"axes: '{min(unknown)}' is not varied; varied: {', '.join(known) or 'nothing'}")
        if len({*self.axes.values(), *known} - set(self.axes)) < len(known) or "variant" in self.axes.values():
            raise ValueError(f"axes: names must differ from each other, from paths and from 'variant', got {self.axes}")
        return self

    def paths(self) -> list[str]:
        """Return the dotted paths that are varied."""
        zipped = [path for together in self.zipped for path in sorted(together)]
        return [*self.grid, *zipped, *sorted(self.sampled.values if self.sampled else ())]

    def name(self, path: str) -> str:
        """Return what a path is called."""
        return self.axes.get(path, path)


def rows(sweep: Sweep, variant: str) -> list[dict[str, Any]]:
    """Return all combinations of values for one variant, less those that are dropped.

    Parameters
    ----------
    sweep : Sweep
    variant : str
        Its name; empty if there are none.

    Returns
    -------
    list of dict
        Dotted path -> value: those of the grid, then those that vary together, then the drawn ones.

    Raises
    ------
    ConfigError
        If a condition names something that is not varied.
    """
    axes = [[{path: value} for value in values] for path, values in sweep.grid.items()]
    axes += [
        [
            dict(zip(sorted(entry), values, strict=True))
            for values in zip(*(entry[p] for p in sorted(entry)), strict=True)
        ]
        for entry in sweep.zipped
    ]
    axes += [sweep.sampled.drawn()] if sweep.sampled else []
    combined = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*axes)]
    return [row for row in combined if not _dropped(sweep, row | ({"variant": variant} if variant else {}))]


def _dropped(sweep: Sweep, row: dict[str, Any]) -> bool:
    named = {sweep.name(path): value for path, value in row.items()} | row
    for condition in sweep.drop:
        for key in condition:
            if key not in named:
                known = ", ".join(dict.fromkeys(sweep.name(path) for path in row)) or "nothing"
                raise ConfigError(f"drop: '{key}' is not varied; varied: {known}")
        if all(_holds(wanted, named[key]) for key, wanted in condition.items()):
            return True
    return False


def _holds(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Bounds):
        return wanted.hold(value)
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)

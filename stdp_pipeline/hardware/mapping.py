"""From weights to conductances and back: which devices hold a weight, and what is subtracted.

A device can only conduct, so the zero of a weight lies at some conductance, which is subtracted again:

* "reference_column": each weight is one device, and one more column in each tile holds devices at the zero of the
  weights; its current is subtracted from that of every column of the tile. It is as imperfect as others, the same for
  all of them.
* "differential_pair": each weight is the difference of two devices, one of them at g_min_us.
* "offset": each weight is one device, and the current of the ideal zero is subtracted by arithmetic: the number of
  spikes times its conductance.

A weight may be cut into digits, each in a device of its own (bit slicing), and each device may be several in parallel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError

__all__ = ["Mapped", "MappingParams", "mapped"]


class MappingParams(Strict):
    """How weights become conductances."""

    scheme: Literal["reference_column", "differential_pair", "offset"] = "reference_column"
    """Where the zero of the weights is, and how it is subtracted."""
    g_min_us: Annotated[float, Field(ge=0)] = 1.0
    """Lowest conductance that is used, µS."""
    g_max_us: Annotated[float, Field(gt=0)] = 25.0
    """Highest conductance that is used, µS."""
    scale: Literal["array", "column"] = "array"
    """What the highest conductance stands for: the largest weight of the array, or that of each column, whose sum is
    then multiplied by a factor of its own."""
    quantile: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Weights above this quantile (of the array, or of each column) count as large as it: a few large ones then leave
    more of the range to the others."""
    slices: Annotated[int, Field(ge=1, le=8)] = 1
    """Devices that hold the digits of one weight; more than 1 needs slice_bits."""
    slice_bits: Annotated[int, Field(ge=1, le=8)] | None = None
    """Bits of each digit. The digits' currents are added with the factor 2**slice_bits from one to the next."""
    parallel: Annotated[int, Field(ge=1, le=64)] = 1
    """Devices that hold the same value in parallel, whose currents are added (Boybat et al. 2018, multi-memristive
    synapses, doi:10.1038/s41467-018-04933-y)."""

    @model_validator(mode="after")
    def _in_range(self) -> MappingParams:
        if self.g_min_us >= self.g_max_us:
            raise ValueError(f"g_min_us must be below g_max_us ({self.g_max_us:g}), got {self.g_min_us:g}")
        if (self.slices > 1) and self.slice_bits is None:
            raise ValueError(f"slices {self.slices} needs slice_bits, the number of bits of each")
        if self.slice_bits is not None and self.slices * self.slice_bits > 24:
            raise ValueError(f"slices * slice_bits must be at most 24, got {self.slices} * {self.slice_bits}")
        return self


@dataclass(frozen=True)
class Mapped:
    """Weights as devices.

    Attributes
    ----------
    weights : (n_rows, n_weight_columns) float64
        What ideal devices hold: the weights, but for those above the quantile and for the rounding of digits.
    target_us : (n_planes, n_rows, n_cols) float64
        Conductance that each device should have. The references, if there are any, come after the weights' columns.
    digit : (n_planes,) int
        Which digit of the weights each plane holds; the columns of one digit share a converter.
    share : (n_planes,) float64
        What the current of each plane is multiplied by before those of a digit are added.
    digit_factor : (n_digits,) float64
        What each digit is multiplied by before all are added.
    span_us : float
        Highest less lowest conductance that is used, µS.
    subtracted : float
        What is subtracted by arithmetic from each digit at each spike, in span_us.
    reference : (n_weight_columns,) int or None
        Column of each weight's reference; None if there are none.
    unit : (n_weight_columns,) float64
        Weight for each µS of the sum, a column at a time.
    """

    weights: np.ndarray
    target_us: np.ndarray
    digit: np.ndarray
    share: np.ndarray
    digit_factor: np.ndarray
    span_us: float
    subtracted: float
    reference: np.ndarray | None
    unit: np.ndarray

    @property
    def factor(self) -> np.ndarray:
        """What the current of each plane is multiplied by before all are added, (n_planes,)."""
        return self.share * self.digit_factor[self.digit]

    def seen(self, seen_us: np.ndarray) -> np.ndarray:
        """Return the weights that conductances amount to, (n_rows, n_weight_columns) float64.

        Exactly those of ideal devices where they have their targets.

        Parameters
        ----------
        seen_us : (n_planes, n_rows, n_cols)
            Conductances as the periphery sees them.
        """
        error = np.tensordot(self.factor, seen_us - self.target_us, axes=1)
        if self.reference is not None:
            error = error[:, : len(self.unit)] - error[:, self.reference]
        return self.weights + error * self.unit

    @property
    def n_references(self) -> int:
        """Number of reference columns."""
        return int(self.target_us.shape[2]) - len(self.unit)

    def tiles(self) -> list[np.ndarray]:
        """Return the columns of each tile that has a reference, this one last; or all columns, if there are none."""
        if self.reference is None:
            return [np.arange(len(self.unit))]
        return [np.append(np.flatnonzero(self.reference == column), column) for column in np.unique(self.reference)]

    def sums(self, seen_us: np.ndarray) -> np.ndarray:
        """Return what all planes together conduct, references left out, (n_rows, n_weight_columns) in µS."""
        return np.tensordot(self.factor, seen_us[:, :, : len(self.unit)], axes=1)

    def currents(self, seen_us: np.ndarray) -> np.ndarray:
        """Return what a spike adds to the current of each digit's column, (n_digits, n_rows, n_weight_columns).

        In those of the largest weight: span_us.
        """
        return self._by_digit(self.share, seen_us, -1.0) / self.span_us

    def variances(self, sd_us: np.ndarray) -> np.ndarray:
        """Return the variance of these currents at one reading, from deviations of devices in µS.

        A reference column's noise is counted with that of each column, although it is the same for all of them.
        """
        return self._by_digit(self.share**2, sd_us**2, 1.0) / self.span_us**2

    def _by_digit(self, shares: np.ndarray, values: np.ndarray, reference: float) -> np.ndarray:
        """Add up planes of each digit, and the reference column's value times a factor to every column."""
        members = shares * (self.digit == np.arange(len(self.digit_factor))[:, None])
        total = np.tensordot(members, values, axes=1)
        if self.reference is not None:
            total = total[:, :, : len(self.unit)] + reference * total[:, :, self.reference]
        return total

    @property
    def scale(self) -> np.ndarray:
        """Weight of a unit of each digit's current, (n_digits, n_weight_columns)."""
        return self.digit_factor[:, None] * self.span_us * self.unit


def mapped(weights: np.ndarray, params: MappingParams, tile_cols: int | None = None) -> Mapped:
    """Turn weights into conductances.

    Parameters
    ----------
    weights : (n_rows, n_cols)
        May be negative with any of the schemes.
    params : MappingParams
    tile_cols : int, optional
        Columns of a tile, its reference counted; all by default.

    Returns
    -------
    Mapped
        Ideal devices give the weights back, but for those above the quantile and for the rounding of digits.

    Raises
    ------
    ConfigError
        If a weight is infinite or not a number, or the quantile leaves no range.
    """
    w = np.asarray(weights, np.float64)
    if not np.isfinite(w).all():
        raise ConfigError(f"weights must be finite, got {np.count_nonzero(~np.isfinite(w))} that are not")
    low, span = params.g_min_us, params.g_max_us - params.g_min_us
    pair = params.scheme == "differential_pair"
    most = np.quantile(np.abs(w), params.quantile, axis=0 if params.scale == "column" else None, keepdims=True)
    if np.any((most == 0) & np.any(w != 0, axis=0, keepdims=True)):
        raise ConfigError(
            f"mapping.quantile must leave a range: {params.quantile:g} of the weights' magnitudes are 0, so that all "
            "weights would be; choose a larger one"
        )
    share = np.clip(w / np.where(most > 0, most, 1.0), -1.0, 1.0)
    # The zero of the weights is at one place for all columns, so that one reference serves them.
    least = 0.0 if pair else min(float(share.min()), 0.0)
    place, zero = (share - least) / (1.0 - least), -least / (1.0 - least)
    planes, digit, digit_factor = _planes(np.abs(place), params)
    share = np.full(len(planes), 1.0 / params.parallel)
    if pair:
        positive, negative = (np.where(sign * place > 0, planes, 0.0) for sign in (1, -1))
        planes, digit, share = (np.concatenate(two) for two in ((positive, negative), (digit, digit), (share, -share)))
    reference = None
    if params.scheme == "reference_column":
        group = max(tile_cols - 1, 1) if tile_cols is not None else w.shape[1]
        reference = w.shape[1] + np.arange(w.shape[1]) // group
        columns = _planes(np.full((len(w), int(reference[-1]) + 1 - w.shape[1]), zero), params)[0]
        planes = np.concatenate([planes, columns], axis=2)
    unit = np.broadcast_to(np.ravel(most) * (1.0 - least) / span, w.shape[1:])
    held = np.clip(w, -most, most)
    if params.slice_bits is not None:
        held = np.tensordot(share * digit_factor[digit], span * planes, axes=1)
        zeros = zero * span * (not pair) if reference is None else held[:, reference]
        held = unit * (held[:, : w.shape[1]] - zeros)
    # In the digits of a zero that is not 0, too; each digit's current has the lowest conductance in it.
    subtracted = (low / span + zero) if params.scheme == "offset" else 0.0
    return Mapped(held, low + span * planes, digit, share, digit_factor, span, subtracted, reference, unit)


def _planes(place: np.ndarray, params: MappingParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places in the range, 0 to 1, of each plane's devices, the planes' digits, and the digits' factors."""
    if params.slice_bits is None:
        digits, factor = place[None], np.ones(1)
    else:
        base, n = 2**params.slice_bits, params.slices
        whole = np.rint(place * (base**n - 1)).astype(np.int64)
        powers = base ** np.arange(n)
        digits = (whole // powers[:, None, None]) % base / (base - 1)
        factor = powers * ((base - 1) / (base**n - 1))
    return np.repeat(digits, params.parallel, axis=0), np.repeat(np.arange(len(factor)), params.parallel), factor

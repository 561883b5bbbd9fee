"""Pack numbers and pictures for a page: as typed arrays and PNG sheets in base64, equal data once."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np

from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._style import brief

__all__ = ["MISSING", "Store", "line", "number", "quantised"]

MISSING = 65_535
"""Coordinate of a row that was left out; all others are smaller."""
_MOST_PIXELS = 16_384  # side of the largest picture that every current browser draws


class Store:
    """Binary data as base64, equal data once."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def add(self, content: bytes) -> int:
        """Return the data's number."""
        return self.texts.setdefault(base64.b64encode(content).decode(), len(self.texts))

    def array(self, values: np.ndarray) -> dict[str, Any]:
        """Store numbers in the smallest of the types that the page reads."""
        values = np.asarray(values)
        if values.dtype != np.uint16:
            integer = values.dtype.kind in "iub"
            kind = next((k for k in (np.int8, np.int16, np.int32) if integer and _fits(values, k)), np.float32)
            values = values.astype(kind)
        little = values.astype(values.dtype.newbyteorder("<"))
        return {"blob": self.add(little.tobytes()), "type": values.dtype.name}

    def sheet(self, pictures: np.ndarray, coarse: bool = False) -> dict[str, Any]:
        """Store pictures, (n, height, width) uint8, row after row in one PNG; coarse ones have 16 levels of grey."""
        from PIL import Image

        n, height, width = pictures.shape
        columns = max(1, math.ceil(math.sqrt(n * height / width)))  # so that the whole is about a square
        rows = math.ceil(n / columns)
        if max(rows * height, columns * width) > _MOST_PIXELS:
            raise DataError(
                f"{n} pictures of {height} x {width} pixels are more than a browser draws ({_MOST_PIXELS} pixels a "
                "side); show fewer images or smaller ones"
            )
        sheet = np.zeros((rows * columns, height, width), np.uint8)
        sheet[:n] = pictures
        sheet = sheet.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
        image, buffer = Image.fromarray(sheet), io.BytesIO()
        if coarse:
            image = Image.fromarray(np.rint(sheet / 17).astype(np.uint8), mode="P")
            image.putpalette([level for k in range(16) for level in (17 * k,) * 3])
        image.save(buffer, format="PNG", bits=4 if coarse else 8)
        about = {"n": n, "columns": columns, "height": height, "width": width}
        return about | {"blob": self.add(buffer.getvalue())}


def _fits(values: np.ndarray, kind: type[np.signedinteger[Any]]) -> bool:
    limits = np.iinfo(kind)
    return not len(values) or bool(limits.min <= values.min() and values.max() <= limits.max)


def quantised(coordinates: np.ndarray) -> np.ndarray:
    """Return coordinates in steps of the longer side's 65 534th part, from the lowest; 65 535 for rows of NaN.

    A map has no unit and no origin, so that is all of it: half a step is a tenth of a pixel where a map of
    240 pixels is enlarged fifty times.
    """
    coordinates = np.asarray(coordinates, np.float64)
    known = ~np.isnan(coordinates).any(axis=-1)
    if not known.any() or not np.isfinite(coordinates[known]).all():
        raise DataError("coordinates of a map must be finite, or NaN for rows left out, and not all NaN")
    low = coordinates[known].min(axis=0)
    side = max(float((coordinates[known].max(axis=0) - low).max()), 1e-300)
    steps = np.full(coordinates.shape, MISSING, np.uint16)
    steps[known] = np.rint((coordinates[known] - low) / side * (MISSING - 1))
    return steps


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def line(info: dict[str, Any]) -> str:
    """Return what a method found out as a short line."""
    parts = []
    for key, value in brief(info).items():
        if value is None or value is False:
            continue
        name = key.replace("_", " ")
        text = ", ".join(_short(v) for v in (value if isinstance(value, list | tuple) else [value]))
        parts.append(name if value is True else f"{name} {text}")
    return ", ".join(parts)


def number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)

"""The interactive page: linked maps of all methods, with the image and the receptive field under the pointer.

One HTML file that refers to nothing outside itself. Pixels travel as PNG sheets, numbers as typed arrays in base64, and
whatever several networks share (images, labels, maps of the same pixels) travels once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stdp_pipeline.analysis.measures import MEASURES, TRAJECTORY_MEASURES
from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.figures._style import GREY, NONE_COLOUR, class_colour
from stdp_pipeline.report._packing import MISSING, Store, line, number, quantised
from stdp_pipeline.report.page import templates

__all__ = ["Explore", "Map", "Network", "TrajectoryMap", "explore_page"]

_KNOWN = MEASURES | TRAJECTORY_MEASURES
_WRONG = "#d55e00"  # vermilion of Okabe and Ito's scheme (https://jfly.uni-koeln.de/color/), apart from any blue
_RIGHT = "#6f9cc4"


@dataclass(frozen=True)
class Map:
    """One method's map of one kind of features.

    Attributes
    ----------
    features : str
        Of what the rows are: "counts", "pixels" and so on. Maps of the same features stand side by side.
    method : str
    rows : {"images", "neurons"}
        What a point is; the same for all maps of the same features.
    coordinates : (n_images or n_exc, 2) float
        NaN for rows that were left out.
    info : dict
        What the method found out; shown as a line below its name. A graph in several parts (``graph_components``) is
        set apart from the rest.
    skipped : str or None
        Why there is no map; ``coordinates`` is not looked at then.
    """

    features: str
    method: str
    rows: Literal["images", "neurons"]
    coordinates: np.ndarray
    info: dict[str, Any]
    skipped: str | None = None


@dataclass(frozen=True)
class TrajectoryMap:
    """One method's map of the same neurons at several times of training.

    Attributes
    ----------
    method : str
    images_seen : (n_times,) int
        Training images seen until each time; the same for all of a network's trajectories.
    coordinates : (n_times, n, 2) float
        Finite.
    neurons : (n,) int
        Which neurons; the same for all of a network's trajectories.
    labels : (n,) int
        Their classes at the end, -1 for none.
    info : dict
        As in :class:`Map`.
    """

    method: str
    images_seen: np.ndarray
    coordinates: np.ndarray
    neurons: np.ndarray
    labels: np.ndarray
    info: dict[str, Any]


@dataclass(frozen=True)
class Network:
    """One trained network and what it made of the test images.

    Attributes
    ----------
    name : str
    images : (n_images, height, width) uint8
    labels : (n_images,) int
        True classes.
    predictions : (n_images,) int
        -1 for none.
    class_names : sequence of str
    n_spikes : (n_images,) int
        Spikes of the excitatory layer.
    first_spike_ms : (n_images,) float
        From the image's onset; NaN where no neuron fired.
    winner : (n_images,) int
        The neuron with the most spikes, -1 where none fired.
    fields : (n_exc, height, width) float
        Receptive fields.
    field_labels : (n_exc,) int
        Class of each neuron, -1 for none.
    maps : sequence of Map
    trajectories : sequence of TrajectoryMap
    readout : str
        What made the predictions.
    caution : str
        What must be borne in mind of the trajectories; empty for nothing.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    class_names: Sequence[str]
    predictions: np.ndarray
    n_spikes: np.ndarray
    first_spike_ms: np.ndarray
    winner: np.ndarray
    fields: np.ndarray
    field_labels: np.ndarray
    maps: Sequence[Map]
    trajectories: Sequence[TrajectoryMap] = ()
    readout: str = ""
    caution: str = ""

    def check(self) -> None:
        """Raise DataError if lengths, classes or neurons do not fit together."""
        n_images, n_exc, n_classes = len(self.images), len(self.fields), len(self.class_names)
        for name in ("labels", "predictions", "n_spikes", "first_spike_ms", "winner"):
            self._length(name, getattr(self, name), n_images, "images")
        self._length("field_labels", self.field_labels, n_exc, "neurons")
        self._below("winner", self.winner, n_exc, "neurons")
        self._below("labels", self.labels, n_classes, "class names", least=0)
        for name in ("predictions", "field_labels"):
            self._below(name, getattr(self, name), n_classes, "class names")
        if not self.maps:
            raise DataError(f"{self.name}: the interactive page needs at least one map of each network, got none")
        kinds: dict[str, str] = {}
        for one in self.maps:
            if kinds.setdefault(one.features, one.rows) != one.rows:
                raise DataError(f"{self.name}: maps of {one.features!r} are of images and of neurons; give two names")
            if one.skipped is None:
                n = n_images if one.rows == "images" else n_exc
                self._length(f"{one.method} of {one.features}", one.coordinates, n, one.rows)
        for path in self.trajectories:
            self._length(f"{path.method}, times", path.coordinates, len(path.images_seen), "times")
            self._length(f"{path.method}, labels", path.labels, len(path.neurons), "neurons")
            self._below(f"{path.method}, neurons", path.neurons, n_exc, "neurons", least=0)
            self._below(f"{path.method}, labels", path.labels, n_classes, "class names")
            if path.coordinates.shape[1] != len(path.neurons) or not np.isfinite(path.coordinates).all():
                raise DataError(f"{self.name}: {path.method} must place all {len(path.neurons)} neurons at all times")
            first = self.trajectories[0]
            for name in ("images_seen", "neurons", "labels"):
                if not np.array_equal(getattr(path, name), getattr(first, name)):
                    raise DataError(f"{self.name}: {name} of {path.method} are not those of {first.method}")

    def _length(self, name: str, values: np.ndarray, n: int, what: str) -> None:
        if len(values) != n:
            raise DataError(f"{self.name}: {name} must have one entry for each of the {n} {what}, got {len(values)}")

    def _below(self, name: str, values: np.ndarray, n: int, what: str, least: int = -1) -> None:
        if len(values) and not (least <= values.min() and values.max() < n):
            raise DataError(
                f"{self.name}: {name} must lie between {least} and {n - 1}, as there are {n} {what}, got "
                f"{values.min()} to {values.max()}"
            )


@dataclass(frozen=True)
class Explore:
    """All that the page shows.

    Attributes
    ----------
    title : str
    networks : sequence of Network
    measures : sequence of dict
        Records ``network``, ``features``, ``method``, ``measure`` (a name of
        :data:`~stdp_pipeline.analysis.measures.MEASURES`), ``mean``, ``low``, ``high``; the last three are float, and
        None or NaN where unknown. Methods in brackets stand for no map and are not compared.
    notes : sequence of str
        Paragraphs at the end.
    coarse : bool
        Show images in 16 levels of grey, which halves the page.
    paths : sequence of dict
        The same of trajectories, without ``features``; measures are those of
        :data:`~stdp_pipeline.analysis.measures.TRAJECTORY_MEASURES`.
    """

    title: str
    networks: Sequence[Network]
    measures: Sequence[dict[str, Any]]
    notes: Sequence[str]
    coarse: bool = False
    paths: Sequence[dict[str, Any]] = ()


def explore_page(page: Explore) -> str:
    """Return the page as HTML that refers to nothing outside itself.

    Raises
    ------
    DataError
        If there is no network, if its arrays do not fit together, or if a measure is not known.
    """
    if not page.networks:
        raise DataError("the interactive page needs at least one network, got none")
    store = Store()
    networks = [_packed(network, store, page.coarse) for network in page.networks]
    data = {
        "networks": networks,
        "measures": [_packed_row(row) for row in page.measures],
        "paths": [_packed_row(row) for row in page.paths],
        "about": {
            measure.title: {
                "description": measure.description,
                "more": measure.higher_is_better,
                "chance": measure.chance,
            }
            for measure in _KNOWN.values()
        },
        "colours": {"none": NONE_COLOUR, "right": _RIGHT, "wrong": _WRONG, "silent": GREY, "scale": _scale()},
        "blobs": list(store.texts),
    }
    folder = Path(__file__).parent
    return (
        templates()
        .get_template("explore.html")
        .render(
            title=page.title,
            notes=page.notes,
            style="".join((folder / name).read_text(encoding="utf-8") for name in ("report.css", "explore.css")),
            script=(folder / "explore.js").read_text(encoding="utf-8"),
            # No text of the data can end the script element.
            data=json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"),
        )
    )


def _packed_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a measure with names as they are read; a reference is no rival of the maps."""
    if row["measure"] not in _KNOWN:
        raise DataError(f"measure {row['measure']!r} is not known; known are {', '.join(_KNOWN)}")
    names = {"method": method_title(row["method"]), "measure": _KNOWN[row["measure"]].title}
    numbers = {key: number(row[key]) for key in ("mean", "low", "high")}
    return row | names | numbers | {"reference": row["method"].startswith("(")}


def _packed(network: Network, store: Store, coarse: bool) -> dict[str, Any]:
    """Return a network as the page's script reads it."""
    network.check()
    # The grey scale of the report's mosaic: from 0 to the 99.9th percentile, the same for all fields.
    most = max(float(np.percentile(network.fields, 99.9)), 1e-12)
    features: dict[str, dict[str, Any]] = {}
    for one in network.maps:
        group = features.setdefault(one.features, {"name": one.features, "rows": one.rows, "maps": []})
        group["maps"].append(_packed_map(one, store))
    training = None
    if network.trajectories:
        first = network.trajectories[0]
        training = {
            "images_seen": [int(n) for n in first.images_seen],
            "neurons": store.array(first.neurons),
            "labels": store.array(first.labels),
            "caution": network.caution,
            "maps": [
                {
                    "method": method_title(t.method),
                    **_told(t.info),
                    "coordinates": store.array(quantised(t.coordinates)),
                }
                for t in network.trajectories
            ],
        }
    names = ("labels", "predictions", "n_spikes", "first_spike_ms", "winner", "field_labels")
    return {
        "name": network.name,
        "readout": network.readout,
        "classes": [{"name": str(name), "colour": class_colour(c)} for c, name in enumerate(network.class_names)],
        "images": store.sheet(np.asarray(network.images, np.uint8), coarse),
        "fields": store.sheet(np.rint(255 * np.clip(network.fields / most, 0, 1)).astype(np.uint8)),
        **{name: store.array(getattr(network, name)) for name in names},
        "features": list(features.values()),
        "training": training,
    }


def _packed_map(one: Map, store: Store) -> dict[str, Any]:
    if one.skipped is not None:
        return {"method": method_title(one.method), **_told({}), "skipped": one.skipped, "coordinates": None}
    steps = quantised(one.coordinates)
    left_out = int((steps[:, 0] == MISSING).sum())
    told = _told(one.info, f"{left_out} left out" if left_out else "")
    return {"method": method_title(one.method), **told, "skipped": None, "coordinates": store.array(steps)}


def _told(info: dict[str, Any], more: str = "") -> dict[str, Any]:
    """Return in how many parts a graph is, 1 where that is not known, and the line on all else."""
    parts = info.get("graph_components", 1)
    others = {key: value for key, value in info.items() if key != "graph_components" or parts == 1}
    return {"parts": parts, "info": ", ".join(filter(None, [line(others), more]))}


def _scale() -> list[str]:
    """Return a sequential scale from light to dark: viridis, less its palest end, which white paper swallows."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](x)) for x in np.linspace(0.93, 0.0, 32)]

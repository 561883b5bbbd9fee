"""Look through a folder of images and write an experiment for it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stdp_pipeline.datasets._folder import Found, listed
from stdp_pipeline.datasets.images import SUFFIXES, load_grey
from stdp_pipeline.errors import DataError

__all__ = ["Survey", "experiment_yaml", "survey"]

_FEW = 20  # images of a class below which its accuracy says little
_LARGEST = 32  # side up to which images are left as they are
_SHOWN = 5
_PRESENTATIONS = 60_000  # what the presets were tuned with is 40 000 to 180 000; a minute with 400 neurons
_ENOUGH_FOR_400 = 4000  # training images
_FILLED = 0.2  # mean brightness above which images are surfaces rather than strokes (MNIST 0.13, Fashion-MNIST 0.29)
_ON_OFF_SIDE = 12  # side from which on there is room for the blurs


@dataclass(frozen=True)
class Survey:
    """What a folder of images holds.

    Attributes
    ----------
    folder : Path
    found : Found
        Its files.
    sizes : Counter
        (height, width) -> number of readable images.
    bright_background : bool
        Whether most images' borders are brighter than their middle value, so that dark is what counts.
    brightness : float
        Mean over the images, 0 to 1, of what counts.
    """

    folder: Path
    found: Found
    sizes: Counter[tuple[int, int]]
    bright_background: bool
    brightness: float

    @property
    def n_images(self) -> int:
        """Number of readable images."""
        return sum(self.sizes.values())

    @property
    def per_class(self) -> dict[str, int]:
        """Number of image files of each class."""
        numbers = Counter(number for part in self.found.files.values() for _, number in part)
        return {name: numbers[k] for k, name in enumerate(self.found.class_names)}

    @property
    def is_split(self) -> bool:
        """Whether the folder divides the images into training and test."""
        return "all" not in self.found.files

    def report(self) -> list[str]:
        """Return what there is to say about the folder, line by line."""
        counts = self.per_class
        fewest = min(counts, key=lambda name: counts[name])
        few = {name: n for name, n in counts.items() if n < _FEW}
        told = ", ".join(f"{h} x {w} ({n})" for (h, w), n in self.sizes.most_common(_SHOWN))
        told += ", ..." if len(self.sizes) > _SHOWN else ""
        if size := _size(self.sizes):
            told += f"; will be scaled to {size[0]} x {size[1]}"
        lines = [
            f"{self.n_images} images of {len(counts)} classes: "
            + ", ".join(f"{name} ({n})" for name, n in list(counts.items())[:12])
            + (", ..." if len(counts) > 12 else ""),
            f"sizes (height x width): {told}",
            f"background: {'bright, will be inverted' if self.bright_background else 'dark'}",
            "training and test: " + ("as the folders say" if self.is_split else "20 % of each class will be held out"),
        ]
        if few:
            lines.append(
                f"warning: fewer than {_FEW} images of {len(few)} classes, the fewest of '{fewest}' "
                f"({counts[fewest]}): expect accuracies that chance decides"
            )
        if self.found.ignored:
            shown = ", ".join(f"'{path.name}'" for path in self.found.ignored[:_SHOWN])
            more = ", ..." if len(self.found.ignored) > _SHOWN else ""
            lines.append(f"left out, not images by their names: {len(self.found.ignored)} files ({shown}{more})")
        return lines


def survey(folder: Path) -> Survey:
    """Open every image of a folder.

    Raises
    ------
    DataError
        If the folder holds no images, files that cannot be read, one class only, or a class with too few images to be
        divided.
    """
    found = listed(folder, SUFFIXES, "--images")
    sizes: Counter[tuple[int, int]] = Counter()
    unreadable, bright, brightness = [], 0, []
    for part in found.files.values():
        for path, _ in part:
            try:
                image = load_grey(path)
            except (OSError, ValueError, SyntaxError) as error:
                unreadable.append(f"'{path}' ({error})")
                continue
            sizes[image.shape] += 1
            brightness.append(float(image.mean()) / 255)
            border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
            bright += float(np.median(border)) > (int(image.min()) + int(image.max())) / 2
    if unreadable:
        more = f" and {len(unreadable) - _SHOWN} more" if len(unreadable) > _SHOWN else ""
        raise DataError(
            f"{len(unreadable)} files in '{folder}' cannot be read: {', '.join(unreadable[:_SHOWN])}{more}; mend or "
            "remove them"
        )
    inverted, mean = bright > len(brightness) / 2, sum(brightness) / len(brightness)
    looked = Survey(folder, found, sizes, inverted, 1 - mean if inverted else mean)
    counts = looked.per_class
    if len(counts) < 2:
        raise DataError(
            f"'{folder}' has one class only, '{next(iter(counts))}'; each class needs a folder of its own, FOLDER/CLASS"
        )
    if not looked.is_split and (short := [name for name, n in counts.items() if n < 2]):
        raise DataError(
            f"'{folder}': each class needs at least 2 images, one for training and one for testing; too few of "
            f"{', '.join(short)}"
        )
    for split, part in found.files.items():
        if missing := sorted(set(range(len(counts))) - {number for _, number in part}):
            names = ", ".join(found.class_names[number] for number in missing)
            raise DataError(f"'{folder / split}' has no images of {names}; 'train' and 'test' need the same classes")
    return looked


def experiment_yaml(looked: Survey, title: str) -> str:
    """Return the text of an experiment for a folder.

    Parameters
    ----------
    looked : Survey
    title : str

    Returns
    -------
    str
        YAML, with a comment for each choice.
    """
    size = _size(looked.sizes)
    height, width = size or next(iter(looked.sizes))
    n_input = height * width
    share = 1.0 if looked.is_split else 0.8
    n_train = len(looked.found.files["train"]) if looked.is_split else round(share * looked.n_images)
    n_exc = 400 if n_train >= _ENOUGH_FOR_400 else 100
    passes = min(max(math.ceil(_PRESENTATIONS / n_train), 1), 50)
    image: dict[str, Any] = {"normalise": "total", "total": round(26_000 * n_input / 784)}
    comment = "Brightness like MNIST's, for which the constants were tuned."
    if looked.brightness > _FILLED and min(height, width) >= _ON_OFF_SIDE:
        image["on_off"] = {"sigma_center_px": 0.7, "sigma_surround_px": 3.0}
        comment += (
            "\n# Surfaces rather than strokes: on and off cells see their edges, as in the preset fashion_mnist_400."
        )
    if size:
        image["size"] = list(size)
    if looked.bright_background:
        image["invert"] = True
    sections = [
        ({"title": title}, ""),
        (
            {"dataset": {"name": "images", "folder": str(looked.folder.resolve()), "image": image}
             | ({} if looked.is_split else {"split": {"method": "held_out", "test_share": 0.2}})},
            comment,
        ),
        ({"preset": f"diehl_cook_2015_power_law_{n_exc}"}, "stdp list presets shows others."),
        (
            {"network": {"n_exc": n_exc}, "plasticity": {"norm_total": round(0.1 * n_input, 1)}},
            "Total weight of a neuron: 0.1 for each pixel, as with MNIST.",
        ),
        (
            {"training": {"passes": passes, "order": "shuffled", "rate_factors": None, "theta_factors": None}},
            f"{passes} x {n_train} presentations.",
        ),
        ({"readouts": [{"name": name} for name in ("all_activity", "proportion", "knn", "logistic")]},
         "'logistic' is trained with class labels, the others only name neurons by them."),
        ({"baselines": [{"name": name} for name in ("knn", "logistic")]}, "The pixels without a network, to compare."),
        ({"embeddings": []}, "Maps of the answers: [{name: phate}, {name: umap}]"),
        ({"seeds": [0]}, ""),
    ]  # fmt: skip
    parts = []
    for section, comment in sections:
        text = yaml.dump(section, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
        parts.append((f"# {comment}\n" if comment else "") + text)
    return "".join(parts)


class _Dumper(yaml.SafeDumper):
    """Sections below each other, lists in one line."""


_Dumper.add_representer(list, lambda dumper, v: dumper.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))


def _size(sizes: Counter[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the size to which all images are scaled, or None if they can stay as they are."""
    (height, width), _ = sizes.most_common(1)[0]
    if len(sizes) == 1 and max(height, width) <= _LARGEST:
        return None
    scale = min(28 / max(height, width), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1)

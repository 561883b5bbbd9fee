"""Your own images: a folder with one folder of image files for each class.

Either ``FOLDER/CLASS/*.png``, to be divided by ``split``, or ``FOLDER/train/CLASS/*.png`` and
``FOLDER/test/CLASS/*.png``. Classes are numbered in the order of their names. Colour becomes luminance (ITU-R 601-2, as
Pillow computes it); transparency is left out of account.

References
----------
.. [1] Pillow's documentation, "Image file formats", lists what can be read (doi:10.5281/zenodo.596518).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._digest import digest_of
from stdp_pipeline.datasets._folder import listed
from stdp_pipeline.datasets._image import ImageDatasetParams, ImageOptions
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["SUFFIXES", "Params", "fingerprint", "load_grey", "read"]

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""File names that are taken for images."""
_SHOWN = 5


class Params(ImageDatasetParams):
    """Where the images are."""

    name: Literal["images"] = "images"
    """Name of the data set."""
    folder: Annotated[str, Field(min_length=1)] = "images"
    """Folder with a folder of images for each class, or with ``train`` and ``test``, which hold these."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return a digest of all image files."""
    folder = Path(params.folder)
    found = listed(folder, SUFFIXES, "dataset.folder")
    return {"images": digest_of((path for part in found.files.values() for path, _ in part), folder)}


def read(params: Params) -> Dataset:
    """Read all images.

    Raises
    ------
    DataError
        If files cannot be read, or differ in size and ``dataset.image.size`` is not given.
    ConfigError
        If the folder does not divide the images into training and test, and ``dataset.split`` does not either.
    """
    found = listed(Path(params.folder), SUFFIXES, "dataset.folder")
    if "all" in found.files and params.split.method == "given" and not params.validation:
        raise ConfigError(
            f"dataset.split: '{params.folder}' has no folders 'train' and 'test', so say how to divide the images: "
            "dataset.split.method must be 'held_out' or 'k_fold'"
        )
    loaded = {split: _load(files, params.image) for split, files in found.files.items()}
    sizes = Counter(image.shape for images, _ in loaded.values() for image in images)
    if len(sizes) > 1:
        told = ", ".join(f"{h} x {w} ({n})" for (h, w), n in sizes.most_common(_SHOWN))
        raise DataError(
            f"the images in '{params.folder}' differ in size: {told}{', ...' if len(sizes) > _SHOWN else ''}; set "
            "dataset.image.size to [height, width], to which all are scaled"
        )
    shape = next(iter(sizes))

    def stacked(split: str) -> tuple[np.ndarray, np.ndarray]:
        images, labels = loaded.get(split, ([], []))
        return np.array(images, np.uint8).reshape(-1, *shape), np.array(labels, np.uint8)

    train = stacked("all" if "all" in loaded else "train")
    return Dataset(*train, *stacked("test"), class_names=found.class_names)


def _load(files: list[tuple[Path, int]], options: ImageOptions) -> tuple[list[np.ndarray], list[int]]:
    images, faults = [], []
    for path, _ in files:
        try:
            # Scaled here, so that images of all sizes fit into one array.
            images.append(load_grey(path, options.size if options.crop is None else None))
        except (OSError, ValueError, SyntaxError) as error:  # Pillow's errors for damaged files
            faults.append(f"'{path}' ({error})")
    if faults:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise DataError(f"cannot read {', '.join(faults[:_SHOWN])}{more}; mend or remove these files")
    return images, [number for _, number in files]


def load_grey(path: Path, size: list[int] | None = None) -> np.ndarray:
    """Load one image as (height, width) uint8, scaled to ``size`` if that is given.

    Raises
    ------
    OSError, ValueError, SyntaxError
        If Pillow cannot read it.
    """
    from PIL import Image

    with Image.open(path) as image:
        if image.mode.startswith("I"):  # 16 bits
            grey = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
        else:
            grey = image.convert("L")
    if size is not None:
        grey = grey.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(grey)

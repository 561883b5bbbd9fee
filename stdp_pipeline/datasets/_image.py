"""Options of data sets of images: crop, size, intensity, on and off cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.datasets._base import Count, Dataset, DatasetParams
from stdp_pipeline.errors import ConfigError

__all__ = ["ImageDatasetParams", "ImageOptions", "OnOff", "prepared"]

_BATCH = 5000


class OnOff(Strict):
    """On and off cells of the retina: the positive and the negative part of a difference of two Gaussian blurs."""

    sigma_center_px: Annotated[float, Field(gt=0)] = 1.0
    """Width of the narrow Gaussian, pixels (Kheradpisheh et al. 2018, doi:10.1016/j.neunet.2017.12.005)."""
    sigma_surround_px: Annotated[float, Field(gt=0)] = 2.0
    """Width of the wide Gaussian, pixels (same)."""
    gain: Annotated[float, Field(gt=0)] = 2.0
    """Factor on the difference, which is then cut off at 255."""

    @model_validator(mode="after")
    def _center_is_narrower(self) -> OnOff:
        if self.sigma_center_px >= self.sigma_surround_px:
            raise ValueError(
                f"sigma_center_px must be below sigma_surround_px ({self.sigma_surround_px:g}), got "
                f"{self.sigma_center_px:g}"
            )
        return self


class ImageOptions(Strict):
    """What is done to each image, in this order: crop, size, invert, on_off, normalise."""

    crop: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = None
    """Height and width of the middle part that is kept; null for all."""
    size: Annotated[list[Count], Field(min_length=2, max_length=2)] | None = None
    """Height and width to which the image is scaled (bilinear, with antialiasing); null to leave it."""
    invert: bool = False
    """Whether dark is what counts: 255 less the value. For dark strokes on white paper."""
    on_off: OnOff | None = None
    """Two channels, off and on cells, in the place of the image; null for the image itself."""
    normalise: Literal["none", "max", "total"] = "none"
    """'max': the brightest value of each image becomes 255. 'total': each image's values are scaled to sum to
    ``total``, those above 255 are cut off. 'none': values stay."""
    total: Annotated[float, Field(gt=0)] = 26_000.0
    """Sum of an image's values with 'total' (MNIST's images have 26 121 on average)."""


class ImageDatasetParams(DatasetParams):
    """Fields of every data set of images."""

    image: ImageOptions = ImageOptions()
    """What is done to each image."""


def prepared(data: Dataset, options: ImageOptions) -> Dataset:
    """Apply the options to all images.

    Parameters
    ----------
    data : Dataset
        Its images are (n, height, width) uint8.
    options : ImageOptions

    Returns
    -------
    Dataset
        Images (n, height, width) or, with ``on_off``, (n, 2, height, width), off cells first, as with events; uint8.

    Raises
    ------
    ConfigError
        If the crop is larger than the images.
    """
    if options == ImageOptions():
        return data
    return replace(
        data,
        train_images=_in_batches(data.train_images, options),
        test_images=_in_batches(data.test_images, options),
    )


def _in_batches(images: np.ndarray, options: ImageOptions) -> np.ndarray:
    """Blurs need real numbers: a batch at a time keeps the memory small."""
    parts = [_of_batch(images[start : start + _BATCH], options) for start in range(0, len(images), _BATCH)]
    return np.concatenate(parts)


def _of_batch(images: np.ndarray, options: ImageOptions) -> np.ndarray:
    if options.crop is not None:
        images = _cropped(images, *options.crop)
    if options.size is not None and tuple(options.size) != images.shape[1:]:
        images = _resized(images, *options.size)
    if options.invert:
        images = 255 - images
    if options.on_off is not None:
        images = _on_off(images, options.on_off)
    if options.normalise != "none":
        images = _normalised(images, options)
    return np.ascontiguousarray(images)


def _cropped(images: np.ndarray, height: int, width: int) -> np.ndarray:
    if height > images.shape[1] or width > images.shape[2]:
        raise ConfigError(
            f"dataset.image.crop must be at most {list(images.shape[1:])}, the size of the images, got "
            f"{[height, width]}"
        )
    top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
    return images[:, top : top + height, left : left + width]


def _resized(images: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    def one(image: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))

    return np.stack([one(np.ascontiguousarray(image)) for image in images])


def _on_off(images: np.ndarray, options: OnOff) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    values = images.astype(np.float32)
    center, surround = (
        gaussian_filter(values, (0, sigma, sigma), mode="nearest")
        for sigma in (options.sigma_center_px, options.sigma_surround_px)
    )
    difference = options.gain * (center - surround)
    return np.stack([_rounded(np.maximum(-difference, 0)), _rounded(np.maximum(difference, 0))], axis=1)


def _normalised(images: np.ndarray, options: ImageOptions) -> np.ndarray:
    axes = tuple(range(1, images.ndim))
    values = images.astype(np.float32)
    measure = values.max(axes, keepdims=True) if options.normalise == "max" else values.sum(axes, keepdims=True)
    target = 255.0 if options.normalise == "max" else options.total
    # An empty image stays empty.
    return _rounded(values * (target / np.maximum(measure, 1.0)))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)

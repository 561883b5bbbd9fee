"""What features are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stdp_pipeline.engines._contract import Responses

__all__ = ["Need", "Source", "without_silent"]

Need = Literal["responses", "network", "pixels"]


@dataclass(frozen=True)
class Source:
    """A network and its answers; only what a kind of features needs is there.

    Attributes
    ----------
    responses : Responses or None
        To the test images.
    n_exc : int
        Excitatory neurons; 0 without a network.
    dt_ms, image_ms : float
        Time step, and how long an image is shown.
    weights : (n_input, n_exc) float32 or None
    pixels : (n_images, ...) uint8 or float32, or None
        The test images.
    """

    responses: Responses | None = None
    n_exc: int = 0
    dt_ms: float = 0.5
    image_ms: float = 350.0
    weights: np.ndarray | None = None
    pixels: np.ndarray | None = None

    @property
    def answers(self) -> Responses:
        """The responses of features that need them."""
        assert self.responses is not None
        return self.responses


def without_silent(features: np.ndarray, responses: Responses) -> np.ndarray:
    """Return features with NaN for images without a spike: these are all alike, so they have no place of their own."""
    features = np.array(features, np.float32)
    features[responses.n_spikes == 0] = np.nan
    return features

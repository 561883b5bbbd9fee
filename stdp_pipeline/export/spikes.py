"""The input spikes of a run, presentation by presentation, and where they lie on a sensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from stdp_pipeline.config.plan import Run
from stdp_pipeline.datasets._formats.recording import Recording
from stdp_pipeline.datasets._read import read
from stdp_pipeline.engines._contract import Inputs, Model
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.random import FROZEN_PASS
from stdp_pipeline.stages._inputs import input_model, inputs_of
from stdp_pipeline.stages._job import component
from stdp_pipeline.stages.encode import encoded
from stdp_pipeline.stages.prepare import arrays_of

__all__ = ["Presentation", "Sensor", "Spikes", "spikes_of", "times_us"]

_LEAST_STEP_MS = 1e-3


@dataclass(frozen=True)
class Presentation:
    """The spikes of one image's first presentation.

    Attributes
    ----------
    split : {"train", "test"}
    image : int
    label : int
    step, source : (n_spikes,) uint16
        Ordered by step and within a step by source.
    """

    split: str
    image: int
    label: int
    step: np.ndarray
    source: np.ndarray


@dataclass(frozen=True)
class Sensor:
    """The event camera as which the input channels are described.

    Attributes
    ----------
    width, height : int
        In pixels.
    two_polarities : bool
        Whether the first half of the channels are OFF events and the second ON events; otherwise all are ON events.
    """

    width: int
    height: int
    two_polarities: bool

    @classmethod
    def of_shape(cls, shape: tuple[int, ...]) -> Sensor:
        """Return the sensor for images of a shape: two channels become polarities, more stand below each other."""
        *channels, height, width = shape
        n_channels = int(np.prod(channels, dtype=np.int64))
        if n_channels == 2:
            return cls(width, height, True)
        return cls(width, n_channels * height, False)

    def recording(self, time_us: np.ndarray, source: np.ndarray, width: int = 0, height: int = 0) -> Recording:
        """Return spikes as a recording of this sensor, or of the upper left corner of a larger one.

        Parameters
        ----------
        time_us : (n,) int64
        source : (n,) uint16
        width, height : int, optional
            Size of the larger sensor.
        """
        polarity, pixel = np.divmod(source.astype(np.int64), self.width * self.height)
        y, x = np.divmod(pixel, self.width)
        on = polarity == 1 if self.two_polarities else np.ones(len(source), np.bool_)
        return Recording(
            time_us, x.astype(np.uint16), y.astype(np.uint16), on, width or self.width, height or self.height
        )


@dataclass(frozen=True)
class Spikes:
    """What a run's network is shown.

    Attributes
    ----------
    name : str
        Of data set and code.
    seed : int
    model : Model
        Time step and duration.
    inputs : dict of str to Inputs
        By split.
    labels : dict of str to (n,) uint8
        By split.
    shape : tuple of int
        Of the input channels: (height, width) or (channels, height, width).
    n_classes : int
    class_names : list of str
        Empty if classes have none.
    pass_index : int
        Pass over the training images, or that of the frozen network.
    """

    name: str
    seed: int
    model: Model
    inputs: dict[str, Inputs]
    labels: dict[str, np.ndarray]
    shape: tuple[int, ...]
    n_classes: int
    class_names: list[str]
    pass_index: int

    @property
    def sensor(self) -> Sensor:
        """The sensor that the channels make up."""
        return Sensor.of_shape(self.shape)

    @property
    def n_presentations(self) -> int:
        """Number of images of all splits."""
        return sum(map(len, self.labels.values()))

    def presentations(self) -> Iterator[Presentation]:
        """Draw the first presentation of each image, in order."""
        for split, inputs in self.inputs.items():
            pass_index = self.pass_index if split == "train" else FROZEN_PASS
            for image, label in enumerate(self.labels[split].tolist()):
                step, source = draw_events(self.model, inputs, image, pass_index, 0)
                yield Presentation(split, image, label, step, source)


def spikes_of(run: Run, splits: tuple[str, ...], n_images: int | None = None, pass_index: int | None = None) -> Spikes:
    """Encode the images of a run.

    Parameters
    ----------
    run : Run
    splits : tuple of str
        Of "train" and "test".
    n_images : int, optional
        Only the first so many images of each split.
    pass_index : int, optional
        Pass over the training images whose spikes are wanted; without it, those of the frozen network, which labelling
        and testing see.

    Raises
    ------
    DataError, ConfigError
        If the data cannot be read or do not fit.
    """
    config = run.experiment.model_dump(mode="json")
    protocol = {key: config["simulation"][key] for key in ("dt_ms", "image_ms", "rest_ms")}
    if protocol["dt_ms"] < _LEAST_STEP_MS:
        raise ConfigError(
            f"simulation.dt_ms must be at least {_LEAST_STEP_MS:g} ms to be told in microseconds, got "
            f"{protocol['dt_ms']:g}"
        )
    passes = run.experiment.training.passes
    if pass_index is not None and not 0 <= pass_index < passes:
        raise ConfigError(f"--pass must be 'frozen' or one of the {passes} passes, 0 to {passes - 1}, got {pass_index}")
    data = arrays_of(*read(*component("dataset", config["dataset"])))
    encoding, params = component("encoding", config["encoding"])
    spec: dict[str, Any] = {"encoding": config["encoding"], "protocol": protocol}
    model = input_model(spec)
    arrays = encoded(data, encoding, params, model)
    return Spikes(
        f"{config['dataset']['name']}, {params.name}",
        run.seed,
        model,
        {split: inputs_of(spec, arrays, split, run.seed) for split in splits},
        {split: data[f"{split}_labels"][:n_images] for split in splits},
        tuple(arrays["image_shape"].tolist()),
        int(data["n_classes"]),
        data["class_names"].tolist(),
        FROZEN_PASS if pass_index is None else pass_index,
    )


def times_us(step: np.ndarray, dt_ms: float) -> np.ndarray:
    """Return the first whole microsecond of each step, (n,) int64, from which the same step is read back.

    Parameters
    ----------
    step : (n,) int
    dt_ms : float
        At least 0.001.
    """
    per_step_us = dt_ms * 1e3
    time = np.ceil(step.astype(np.float64) * per_step_us).astype(np.int64)
    # The product may be rounded down, and then the division that reads it back gives the step before.
    return time + ((time / per_step_us).astype(np.int64) < step)

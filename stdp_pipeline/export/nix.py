"""Presentations as one session of spike trains of Neo in a NIX file, for Elephant and other tools of neurophysiology.

One ``Block``; a ``Segment`` for each split, in which the images are shown one after the other, each for ``image_ms``
and followed by ``rest_ms`` of silence. It has a ``SpikeTrain`` for each input, in ms, annotated with its channel and
place (x, y, and polarity where there are two), and an ``Epoch`` for the presentations: when each begins, how long it
lasts, its class as label, and the number of the image.

References
----------
.. [1] Garcia et al. (2014), "Neo: an object model for handling electrophysiology data in multiple formats", Front.
   Neuroinform. 8:10, doi:10.3389/fninf.2014.00010.
.. [2] The NIX project, https://github.com/G-Node/nix.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.export.spikes import Presentation, Spikes

__all__ = ["write"]


def write(path: Path, spikes: Spikes, progress: Callable[[int], None]) -> int:
    """Write the file and return the number of spikes.

    Raises
    ------
    ConfigError
        If neo or nixio are not installed.
    ResultsError
        If the file cannot be written.
    """
    try:
        import neo
        import nixio  # noqa: F401 (neo imports it only when it opens a file)
    except ImportError as error:
        raise ConfigError(
            f"--format nix needs the packages neo and nixio ({error}); install them with pip install "
            "'stdp_pipeline[neo]', or 'pip install neo nixio'"
        ) from None
    shown: dict[str, list[Presentation]] = {split: [] for split in spikes.inputs}
    for k, one in enumerate(spikes.presentations()):
        shown[one.split].append(one)
        progress(k + 1)
    block = neo.Block(name=spikes.name, seed=spikes.seed, dt_ms=spikes.model.dt_ms, shape=list(spikes.shape))
    for split, own in shown.items():
        block.segments.append(_segment(neo, split, own, spikes))
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.nix")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with neo.io.NixIO(str(part), mode="ow") as file:
            file.write_block(block)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        raise ResultsError(f"cannot write '{path}': {getattr(error, 'strerror', None) or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return sum(len(one.step) for own in shown.values() for one in own)


def _segment(neo: Any, split: str, shown: list[Presentation], spikes: Spikes) -> Any:
    model, sensor = spikes.model, spikes.sensor
    turn_steps = model.n_image_steps + model.n_rest_steps
    starts = np.arange(len(shown)) * (turn_steps * model.dt_ms)
    names = spikes.class_names or [str(c) for c in range(spikes.n_classes)]
    segment = neo.Segment(name=split)
    segment.epochs.append(
        neo.Epoch(
            starts,
            durations=np.full(len(shown), model.n_image_steps * model.dt_ms),
            labels=np.array([names[one.label] for one in shown]),
            units="ms",
            name="presentations",
            array_annotations={"image": np.array([one.image for one in shown])},
        )
    )
    # Presentations follow each other, so a stable sort by source leaves each train in the order of time.
    step = np.concatenate([k * turn_steps + one.step.astype(np.int64) for k, one in enumerate(shown)])
    source = np.concatenate([one.source for one in shown])
    order = np.argsort(source, kind="stable")
    bounds = np.searchsorted(source[order], np.arange(int(np.prod(spikes.shape)) + 1))
    for channel, (begin, end) in enumerate(itertools.pairwise(bounds)):
        polarity, pixel = divmod(channel, sensor.width * sensor.height)
        train = neo.SpikeTrain(
            step[order[begin:end]] * model.dt_ms,
            units="ms",
            t_stop=len(shown) * turn_steps * model.dt_ms,
            name=f"input {channel}",
            channel=channel,
            x=pixel % sensor.width,
            y=pixel // sensor.width,
        )
        if sensor.two_polarities:
            train.annotate(polarity=("off", "on")[polarity])
        segment.spiketrains.append(train)
    return segment

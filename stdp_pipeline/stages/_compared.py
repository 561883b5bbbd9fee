"""Which combinations of an experiment, or of several, are better than others: paired by seeds and by test images."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stdp_pipeline.analysis.paired import holm, mcnemar, paired
from stdp_pipeline.config.plan import Plan, Run, plain
from stdp_pipeline.io import canonical_json, read_arrays, read_json
from stdp_pipeline.report.differences import Difference, Differences

__all__ = ["Combination", "against", "combinations_of", "listed", "within"]

_MOST_NAMED = 6


@dataclass(frozen=True)
class Combination:
    """The runs of one combination of parameters, by seed.

    Attributes
    ----------
    name : str
        What tells it from the others of its experiment.
    readout : str
    test_images : frozenset
        What stands for the test images and their classes: the same have the same.
    experiment : str
        Its name, where combinations of several are compared.
    accuracy : dict of int to float
        By seed, as fractions.
    right : dict of int to (n_test,) bool
        Whether each test image was classified rightly, by seed.
    tests : dict of int to str
        Ids of the tests, by seed.
    """

    name: str
    readout: str
    test_images: frozenset[tuple[str, int, int]]
    experiment: str = ""
    accuracy: dict[int, float] = field(default_factory=dict)
    right: dict[int, np.ndarray] = field(default_factory=dict)
    tests: dict[int, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is called in tables."""
        return ": ".join(filter(None, [self.experiment, self.name])) or "as configured"


def combinations_of(root: Path, runs: Sequence[Run], experiment: str = "") -> list[Combination]:
    """Read what became of each combination of parameters and its first readout.

    Parameters
    ----------
    root : Path
        Of the results.
    runs : sequence of Run
        All must be done.
    experiment : str
        Name to be told with each.
    """
    found: dict[str, Combination] = {}
    known: dict[str, tuple[np.ndarray, frozenset[tuple[str, int, int]]]] = {}
    for one in runs:
        data, test = one.ids["prepare"], root / "test" / one.ids["test"]
        scores = read_json(test / "metrics.json")["readouts"]
        readout = next(iter(scores))
        if data not in known:
            known[data] = _test_data(root / "prepare" / data / "data.npz")
        labels, test_images = known[data]
        new = Combination(one.told, readout, test_images, experiment)
        combination = found.setdefault(canonical_json(one.varied), new)
        combination.accuracy[one.seed] = scores[readout]["accuracy"]
        predicted = read_arrays(test / "predictions.npz", readout, also=())[readout]
        combination.right[one.seed] = predicted == labels.astype(predicted.dtype)
        combination.tests[one.seed] = one.ids["test"]
    return list(found.values())


def _test_data(path: Path) -> tuple[np.ndarray, frozenset[tuple[str, int, int]]]:
    """Return the classes of the test images, and checksums of all that belongs to these.

    Other training images give the data another id, so that does not tell whether the test images are the same.
    """
    labels = read_arrays(path, "test_labels", also=())["test_labels"]
    with zipfile.ZipFile(path) as archive:  # its directory has checksums: nothing large is read
        members = [one for one in archive.infolist() if one.filename.startswith("test_")]
    return labels, frozenset((one.filename, one.CRC, one.file_size) for one in members)


def within(root: Path, planned: Plan, runs: Sequence[Run]) -> Differences:
    """Compare the combinations of an experiment with its reference: ``report.reference``, or the first one."""
    found = combinations_of(root, runs)
    if len(found) < 2:
        return Differences()
    name = planned.experiment.report.reference
    reference = next((one for one in found if plain(one.name) == plain(name)), None) if name is not None else found[0]
    if reference is None:
        return Differences([], [f"No run of the reference, '{name}', is done, so nothing is compared with it."])
    return against([(one, reference) for one in found if one is not reference])


def against(pairs: Sequence[tuple[Combination, Combination]]) -> Differences:
    """Compare pairs of combinations that share seeds and test images.

    Parameters
    ----------
    pairs : sequence of (Combination, Combination)
        All comparisons that are made together: p-values are corrected for their number, those of the paired t-tests
        together, and those of McNemar's tests for each seed.
    """
    made, reasons = [], dict[tuple[str, str], list[str]]()
    for one, other in pairs:
        seeds = [seed for seed in one.accuracy if seed in other.accuracy]
        if one.test_images != other.test_images:
            reasons.setdefault((other.title, "their test images are others"), []).append(one.title)
        elif not seeds:
            reasons.setdefault((other.title, "they have no seed in common"), []).append(one.title)
        else:
            values = (np.array([each.accuracy[seed] for seed in seeds]) for each in (one, other))
            images = {seed: mcnemar(one.right[seed], other.right[seed]) for seed in seeds}
            made.append((one, other, paired(*values), images))
    corrected = holm([tested.p for _, _, tested, _ in made])
    by_seed: dict[int, list[float | None]] = {
        seed: holm([images[seed].p if seed in images else None for *_, images in made])
        for seed in dict.fromkeys(seed for *_, images in made for seed in images)
    }
    found = []
    for k, (one, other, tested, images) in enumerate(made):
        readout = " / ".join(dict.fromkeys([one.readout, other.readout]))
        of_images = {seed: p for seed in images if (p := by_seed[seed][k]) is not None}
        found.append(Difference(one.title, other.title, readout, tested, corrected[k], images, of_images))
    return Differences(
        found,
        [f"Not compared with {other}, since {reason}: {listed(names)}." for (other, reason), names in reasons.items()],
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: the first ones, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more

"""What the report shows of the studies on hardware: curves, tables, and pictures of a specimen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.analysis.recovery import Recovery, recovery
from stdp_pipeline.config.job import Job
from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures import crossbars, fields
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.io import canonical_json, read_arrays, read_json
from stdp_pipeline.report.crossbars import CrossbarStudy, summarise

__all__ = ["hardware_pictures", "hardware_table", "recoveries", "studies"]

_MOST_PANELS = 6  # histograms of one curve


def studies(root: Path, runs: list[Run]) -> list[CrossbarStudy]:
    """Summarise all curves of all networks, curve by curve, each network's seeds together."""
    grouped: dict[tuple[str, str], list[Job]] = {}
    for one in runs:
        for name, job in one.crossbars.items():
            grouped.setdefault((name, canonical_json(one.varied)), []).append(job)
    told = {canonical_json(one.varied): one.told for one in runs}
    found = []
    names = _names(runs)
    for (name, varied), jobs in sorted(grouped.items(), key=lambda item: names.index(item[0][0])):
        folders = [root / "crossbar" / job.id for job in jobs]
        points = [read_json(folder / "points.json") for folder in folders]
        found.append(summarise(name, told[varied], points, [_table(folder / "draws.tsv") for folder in folders]))
    return found


def recoveries(root: Path, runs: list[Run], rows: list[dict[str, Any]]) -> list[Recovery]:
    """Compare curves with the variants of the same name, which learned on the devices to which the curves transfer.

    Parameters
    ----------
    root : Path
        Of the results.
    runs : list of Run
    rows : list of dict
        Records of all runs and readouts, as in ``metrics.json``.

    Returns
    -------
    list of Recovery
        In the order of the curves. Curves that vary something are compared with nothing.
    """
    in_place: dict[str, dict[int, float]] = {}
    for row in rows:
        if row["readout"] == rows[0]["readout"] and "variant" in row["varied"]:
            in_place.setdefault(row["varied"]["variant"], {})[row["seed"]] = row["test_accuracy"]
    pairs: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for one in runs:
        for name, job in one.crossbars.items():
            point = read_json(root / "crossbar" / job.id / "points.json")
            if point["vary"] or one.seed not in in_place.get(name, {}):
                continue
            transferred = float(_table(root / "crossbar" / job.id / "draws.tsv")["accuracy_assigned"].mean())
            pair = (point["ideal_accuracy"], transferred, in_place[name][one.seed])
            pairs.setdefault((name, one.told), []).append(pair)
    return [recovery(*key, *np.array(found).T) for key, found in pairs.items()]


def _names(runs: list[Run]) -> list[str]:
    """Return the names of all curves, in the order in which they are first named."""
    return list(dict.fromkeys(name for one in runs for name in one.crossbars))


def _table(path: Path) -> dict[str, np.ndarray]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    values = np.array([[float(x) for x in line.split("\t")] for line in lines])
    return dict(zip(header.split("\t"), values.T, strict=True))


def hardware_pictures(root: Path, runs: list[Run], found: list[CrossbarStudy]) -> dict[str, bytes]:
    """Draw each curve, all networks together, and a specimen of the first network: file name -> content."""
    pictures = {}
    for name in _names(runs):
        job = next(one.crossbars[name] for one in runs if name in one.crossbars)
        lines = [_line(study) for study in found if study.name == name]
        first = next(study for study in found if study.name == name)
        pictures[f"hardware_{name}.svg"] = crossbars.accuracy_curves(first.vary, first.values, lines)
        pictures |= _specimen(root, name, job, first)
    return pictures


def _line(study: CrossbarStudy) -> dict[str, Any]:
    def of(labels: str) -> dict[str, Any]:
        column = f"accuracy_{labels}"
        return {
            "mean": [row[column] for row in study.rows],
            **{
                end: [np.nan if row[f"{column}_{end}"] is None else row[f"{column}_{end}"] for row in study.rows]
                for end in ("low", "high")
            },
        }

    return {
        "network": study.network,
        "ideal_accuracy": study.ideal_accuracy,
        "kept": of("kept"),
        "assigned": of("assigned"),
    }


def _specimen(root: Path, name: str, job: Job, study: CrossbarStudy) -> dict[str, bytes]:
    """Draw conductances at some points, and losses in wires and receptive fields at the last one."""
    folder = root / "crossbar" / job.id
    arrays = read_arrays(folder / "specimens.npz")
    hardware = [HardwareParams.model_validate(section) for section in read_json(folder / "points.json")["hardware"]]
    n = len(hardware)
    shown = sorted({round(k) for k in np.linspace(0, n - 1, min(n, _MOST_PANELS))})
    panels = [
        {
            "title": "" if study.values[k] is None else f"{study.values[k]}",
            "target_us": arrays[f"target_us_{k}"],
            "device_us": arrays[f"device_us_{k}"],
        }
        for k in shown
    ]
    pictures = {f"hardware_{name}_conductances.svg": crossbars.conductances(panels)}
    with_wires = [k for k in range(n) if hardware[k].circuit is not None]
    if with_wires:
        k = with_wires[-1]
        device, seen, circuit = arrays[f"device_us_{k}"], arrays[f"seen_us_{k}"], hardware[k].circuit
        share = np.divide(seen, device, out=np.ones_like(seen), where=device > 0)
        tile = circuit.tile(device.shape) if circuit else device.shape
        pictures[f"hardware_{name}_wires.png"] = crossbars.wire_losses(np.minimum(share, 1.0), tile)
    levels = read_arrays(root / "encode" / job.parents["encode"].id / "levels.npz", "image_shape", also=())
    shape = tuple(levels["image_shape"])
    weights = arrays[f"weights_{n - 1}"]
    failed = np.unpackbits(arrays[f"failed_{n - 1}"], count=weights.size).astype(bool).reshape(weights.shape)
    pictures[f"hardware_{name}_fields.png"] = fields.receptive_fields(
        np.maximum(weights, 0.0), arrays["label"], shape, failed
    )
    return pictures


def hardware_table(found: list[CrossbarStudy]) -> str:
    """Return all points of all curves as tab-separated text."""
    columns = ["curve", "network", "vary", "ideal_accuracy", *found[0].rows[0]]
    lines = ["\t".join(columns)]
    for study in found:
        for row in study.rows:
            told = [study.name, study.network, ",".join(study.vary), f"{study.ideal_accuracy:.6g}"]
            lines.append(
                "\t".join(
                    [
                        *told,
                        *("" if v is None else f"{v:.6g}" if isinstance(v, float) else str(v) for v in row.values()),
                    ]
                )
            )
    return "\n".join(lines) + "\n"

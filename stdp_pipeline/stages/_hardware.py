"""What the report shows of the studies on hardware: curves, tables, and pictures of a specimen."""

from __future__ import annotations

from functools import partial
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
from stdp_pipeline.stages._drawings import Drawings
from stdp_pipeline.stages._reading import reading

__all__ = ["curves", "hardware_table", "recoveries", "specimens", "studies"]

_MOST_PANELS = 6  # histograms of one curve
_MOST_FIELDS = 100  # receptive fields of a specimen


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
        with reading(*folders):
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


def curves(runs: list[Run], found: list[CrossbarStudy], won_back: list[Recovery]) -> Drawings:
    """Return what draws each curve, all networks together, and learning in place against transferring weights."""
    drawings: Drawings = {}
    for name in _names(runs):
        mine = [study for study in found if study.name == name]
        lines = [_line(study) for study in mine]
        drawings[f"hardware_{name}.svg"] = partial(crossbars.accuracy_curves, mine[0].vary, mine[0].values, lines)
    return drawings | ({"recovery.svg": partial(crossbars.recovered, won_back)} if won_back else {})


def specimens(root: Path, runs: list[Run], found: list[CrossbarStudy]) -> Drawings:
    """Return what draws a specimen of the first network, for each curve."""
    drawings: Drawings = {}
    for name in _names(runs):
        job = next(one.crossbars[name] for one in runs if name in one.crossbars)
        drawings |= _specimen(root, name, job, next(study for study in found if study.name == name))
    return drawings


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


def _specimen(root: Path, name: str, job: Job, study: CrossbarStudy) -> Drawings:
    """Return what draws conductances at some points, and losses in wires and failed devices at the last one.

    There may be many curves, so each figure reads its arrays when it is drawn, and forgets them.
    """
    folder = root / "crossbar" / job.id
    hardware = [HardwareParams.model_validate(section) for section in read_json(folder / "points.json")["hardware"]]
    n = len(hardware)

    def arrays(*names: str) -> list[np.ndarray]:
        found = read_arrays(folder / "specimens.npz", *names, also=())
        return [found[name] for name in names]

    def conductances() -> bytes:
        panels = []
        for k in sorted({round(k) for k in np.linspace(0, n - 1, min(n, _MOST_PANELS))}):
            target_us, device_us = arrays(f"target_us_{k}", f"device_us_{k}")
            title = "" if study.values[k] is None else f"{study.values[k]}"
            panels.append({"title": title, "target_us": target_us, "device_us": device_us})
        return crossbars.conductances(panels)

    def receptive_fields() -> bytes:
        weights, label = arrays(f"weights_{n - 1}", "label")
        levels = read_arrays(root / "encode" / job.parents["encode"].id / "levels.npz", "image_shape", also=())
        marked = np.unpackbits(failed, count=weights.size).astype(bool).reshape(weights.shape)
        # Noise does not compress, and a page may have many curves: some neurons are enough to see what failed.
        some = np.linspace(0, len(label) - 1, min(len(label), _MOST_FIELDS)).round().astype(int)
        shape = tuple(levels["image_shape"])
        return fields.receptive_fields(np.maximum(weights[:, some], 0.0), label[some], shape, marked[:, some])

    drawings: Drawings = {f"hardware_{name}_conductances.svg": conductances}
    with_wires = [(k, one.circuit) for k, one in enumerate(hardware) if one.circuit is not None]
    if with_wires:
        k, circuit = with_wires[-1]

        def wire_losses() -> bytes:
            device_us, seen_us = arrays(f"device_us_{k}", f"seen_us_{k}")
            share = np.divide(seen_us, device_us, out=np.ones_like(seen_us), where=device_us > 0)
            return crossbars.wire_losses(np.minimum(share, 1.0), circuit.tile(share.shape))

        drawings[f"hardware_{name}_wires.png"] = wire_losses
    (failed,) = arrays(f"failed_{n - 1}")
    return drawings | ({f"hardware_{name}_fields.png": receptive_fields} if failed.any() else {})


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

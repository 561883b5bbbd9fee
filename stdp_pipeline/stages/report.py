"""Gather all runs of an experiment: metrics, summary table, figures, and one page that holds everything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.analysis.recovery import recovery_table
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import Run, plan
from stdp_pipeline.figures import crossbars, fields, learning, results
from stdp_pipeline.hardware.energy import costs_of, dense_writes
from stdp_pipeline.io import canonical_json, read_arrays, read_json, write_bytes, write_json, write_text
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.report.comparison import compare, markdown
from stdp_pipeline.report.means import means
from stdp_pipeline.report.page import MODEL_PICTURES, RunView, page
from stdp_pipeline.stages._hardware import hardware_pictures, hardware_table, recoveries, studies
from stdp_pipeline.stages._history import read_history
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._learned import FILES, learned
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages._overviews import overviews
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]

_DETAILED = 16
"""Runs that are shown with all figures, the first seed of each combination before others; the rest are in the table."""

_SOMETIMES = (*FILES, "recovery.tsv", "hardware.tsv")
"""Files that not every experiment has."""

_SUMMARY = (
    "run", "dataset", "split", "rule", "n_exc", "passes", "seed", "readout",
    "test_accuracy", "ci95_low", "ci95_high", "n_test",
    "train_cpu_s_per_image", "train_spikes_per_image", "test_spikes_per_image", "presentations_per_image",
    "test_input_spikes_per_image", "test_presentations_per_image", "bits_per_input", "bits_per_spike", "decision_ms",
    "bits_per_synapse", "writes_per_image", "switches_per_synapse", "most_switches", "train_sops_per_image",
    "test_sops_per_image", "train_energy_nj", "test_energy_nj",
    "theta_mean_mv", "n_silent_neurons", "n_silent_test_images", "train_id",
)  # fmt: skip


def run(job: StageJob) -> None:
    """Write ``report.html``, ``summary.tsv``, ``means.tsv``, ``table.md``, ``metrics.json`` and ``figures/``.

    ``figures/`` holds the pictures of the first run, and those of the whole experiment if it has several runs; the
    pictures of run 2 are in ``figures/run002/``, and so on.
    """
    root = job.output.parent.parent
    name = job.parameter("name")
    raw = dict(job.parameter("experiment"))
    for section, keys in job.parameter("order").items():
        if keys:
            raw[section] = {key: raw[section][key] for key in keys}
    planned = plan(name, completed(raw, "report"))
    published = planned.experiment.published
    rows: list[dict[str, Any]] = []
    views: list[RunView] = []
    figures = _Figures(job.output / "figures")
    detailed = _detailed(planned.runs)
    for index, one in enumerate(planned.runs):
        rows += [{"run": index + 1, **row} for row in _rows(root, one)]
        if index in detailed:
            pictures = _pictures(root, one)
            if index == 0:
                portrait = root / "portray" / planned.portrait.id
                pictures |= {file: (portrait / file).read_bytes() for file in MODEL_PICTURES}
            figures.write(pictures, "" if index == 0 else f"run{index + 1:03d}")
            row = next(r for r in rows if r["run"] == index + 1)
            views.append(RunView(row, one.varied, pictures, _costs(root, one)))
    averaged = means(rows, published.accuracy if published else None)
    compared = compare(averaged)
    pictures_of_all = overviews(root, planned.runs, rows, compared) if len(planned.runs) > 1 else {}
    figures.write(pictures_of_all)
    on_hardware = studies(root, planned.runs)
    hardware = hardware_pictures(root, planned.runs, on_hardware)
    won_back = recoveries(root, planned.runs, rows)
    if won_back:
        hardware["recovery.svg"] = crossbars.recovered(won_back)
    figures.write(hardware)
    known = learned(root, planned.experiment.title, planned.runs)
    figures.write(known.pictures)
    figures.remove_others()
    tables = dict(known.files)
    if won_back:
        tables["recovery.tsv"] = recovery_table(won_back)
    if on_hardware:
        tables["hardware.tsv"] = hardware_table(on_hardware)
    for file in _SOMETIMES:
        if file in tables:
            write_text(job.output / file, tables[file])
        else:  # of an earlier version of the experiment
            (job.output / file).unlink(missing_ok=True)
    baselines = dict.fromkeys(key for row in rows for key in row if key.startswith("baseline_"))
    columns = (*_SUMMARY, *baselines, *dict.fromkeys(key for row in rows for key in row["varied"]))
    write_json(job.output / "metrics.json", {"schema_version": SCHEMA_VERSION, "experiment": name, "runs": rows})
    write_text(job.output / "summary.tsv", _table(rows, columns))
    varied = dict.fromkeys(key for row in averaged for key in row["varied"])
    averages = dict.fromkeys(key for mean in averaged for key in mean if key != "varied")
    write_text(job.output / "means.tsv", _table(averaged, (*varied, *averages)))
    write_text(job.output / "table.md", markdown(compared, published.source if published else None))
    provenance = read_json(root / "train" / planned.runs[0].ids["train"] / "provenance.json")
    configuration = planned.experiment.model_dump(mode="json")
    write_text(
        job.output / "report.html",
        page(
            name,
            configuration,
            rows,
            averaged,
            compared,
            views,
            pictures_of_all,
            len(planned.runs),
            provenance,
            on_hardware,
            hardware,
            won_back,
            known,
        ),
    )


class _Figures:
    """The folder of pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[Path] = set()

    def write(self, pictures: Mapping[str, bytes], subfolder: str = "") -> None:
        """Write pictures by their file names."""
        for file, content in pictures.items():
            write_bytes(self._folder / subfolder / file, content)
            self._written.add(self._folder / subfolder / file)

    def remove_others(self) -> None:
        """Delete pictures of an earlier version of the experiment."""
        for old in self._folder.rglob("*.*"):
            if old not in self._written and old.suffix in (".png", ".svg"):
                old.unlink()


def _detailed(runs: list[Run]) -> set[int]:
    """Choose the runs that are shown with all figures."""
    first = {canonical_json(one.varied): index for index, one in reversed(list(enumerate(runs)))}.values()
    others = (index for index in range(len(runs)) if index not in first)
    return set([*sorted(first), *others][:_DETAILED])


def _rows(root: Path, one: Run) -> list[dict[str, Any]]:
    """Return one record for each readout of a run."""
    ids = one.ids
    test = read_json(root / "test" / ids["test"] / "metrics.json")
    label = read_json(root / "label" / ids["label"] / "metrics.json")
    record = read_json(root / "train" / ids["train"] / "provenance.json")
    prepare = read_json(root / "prepare" / ids["prepare"] / "provenance.json")["spec"]["dataset"]
    encode = read_json(root / "encode" / ids["encode"] / "statistics.json")
    network = read_arrays(root / "train" / ids["train"] / "network.npz", "theta_mv", also=())
    pixels = read_json(root / "baseline" / one.baseline.id / "metrics.json")["baselines"] if one.baseline else {}
    spec, done = record["spec"], record["training"]
    common = {
        "dataset": prepare["name"],
        "split": "validation" if prepare["validation"] else "test",
        "rule": spec["plasticity"]["name"],
        "engine": spec["simulation"]["engine"],
        "n_exc": spec["network"]["n_exc"],
        "passes": spec["training"]["passes"],
        "seed": one.seed,
        "varied": one.varied,
        "label_split": label["split"],
        "theta_adapts_in_test": one.experiment.frozen.theta_adapts_in_test,
        "n_test": test["n_test"],
        "train_cpu_s_per_image": done["cpu_s_per_image"],
        "train_wall_s": record["wall_s"],
        "train_images": done["images"],
        "train_spikes_per_image": done["spikes_per_image"],
        "train_input_spikes_per_image": done["input_spikes_per_image"],
        "test_input_spikes_per_image": test["input_spikes_per_image"],
        "test_presentations_per_image": test["presentations_per_image"],
        "presentations_per_image": done["presentations_per_image"],
        "retries": done["retries"],
        "given_up": done["given_up"],
        "test_spikes_per_image": test["spikes_per_image"],
        "decision_ms": decision["median"] * spec["simulation"]["dt_ms"]
        if (decision := test["decision_steps"])
        else None,
        "bits_per_input": encode["information"]["bits_per_input"],
        "bits_per_spike": encode["information"]["bits_per_spike"],
        **_synapses(one, done, test),
        "theta_mean_mv": float(network["theta_mv"].mean()),
        "theta_sd_mv": float(network["theta_mv"].std()),
        "n_silent_neurons": label["n_silent_neurons"],
        "n_silent_training_images": label["n_silent_images"],
        "n_silent_test_images": test["n_silent_images"],
        "train_id": ids["train"],
        **{f"baseline_{name}": found["accuracy"] for name, found in pixels.items()},
    }
    return [
        {
            **common,
            "readout": readout,
            "supervised": found["supervised"],
            "test_accuracy": found["accuracy"],
            "test_accuracy_ci95": found["accuracy_ci95"],
            "ci95_low": found["accuracy_ci95"][0],
            "ci95_high": found["accuracy_ci95"][1],
            "n_without_prediction": found["n_without_prediction"],
            **{f"spikes_{name}": value for name, value in found["spikes"].items()},
            "confusion": found["confusion"],
        }
        for readout, found in test["readouts"].items()
    ]


def _synapses(one: Run, done: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """Return what a run's synapses store, how often they are written, and the energy by convention."""
    rule, n_exc = registry.load("rule", one.experiment.plasticity.name), one.experiment.network.n_exc
    stored = done.get("bits_per_synapse")
    quantised = one.experiment.quantisation
    on_devices = getattr(one.experiment.plasticity, "device", None) is not None
    costs = costs_of(stored is not None or quantised is not None or on_devices)
    training = costs_of(stored is not None or on_devices)
    writes = done.get("switches_per_image")
    if writes is None:
        spikes = done["input_spikes_per_image"], done["spikes_per_image"]
        writes = dense_writes(*spikes, done["n_input"], n_exc, bool(rule.ON_PRE_READS))
    of_one = done.get("switches_of_one_synapse") or {}
    return {
        "bits_per_synapse": stored or (max(quantised.levels - 1, 1).bit_length() if quantised else 32),
        "writes_per_image": writes,
        "switches_per_synapse": done.get("switches_per_synapse"),
        "most_switches": of_one.get("most"),
        "train_sops_per_image": done["sops_per_image"],
        "test_sops_per_image": test["sops_per_image"],
        "train_energy_nj": training.energy_nj(done["sops_per_image"], writes),
        "test_energy_nj": costs.energy_nj(test["sops_per_image"]),
        "energy_convention": training.convention,
    }


def _pictures(root: Path, one: Run) -> dict[str, bytes]:
    """Draw all figures of one run: file name -> content."""
    ids = one.ids
    data = read_arrays(
        root / "prepare" / ids["prepare"] / "data.npz", "test_labels", "n_classes", "class_names", also=()
    )
    stage = "quantise" if "quantise" in ids else "train"
    network = read_network(root / stage / ids[stage] / "network.npz")
    model = model_of(read_json(root / "train" / ids["train"] / "model.json"))
    weights = weights_in(network, model)
    labels = read_arrays(root / "label" / ids["label"] / "labels.npz")
    test = read_json(root / "test" / ids["test"] / "metrics.json")
    responses, _ = read_responses(root / "respond" / ids["respond_test"] / "responses.npz")
    best = next(iter(test["readouts"].values()))
    shape = read_arrays(root / "encode" / ids["encode"] / "levels.npz", "image_shape", also=())["image_shape"]
    pictures = {
        "learning_curve.svg": learning.learning_curve(
            read_history(root / "train" / ids["train"] / "history.tsv"), best["accuracy"]
        ),
        "confusion.svg": results.confusion(np.array(best["confusion"]), data["class_names"].tolist()),
        "receptive_fields.png": fields.receptive_fields(weights, labels["label"], tuple(shape)),
        "theta_histogram.svg": learning.theta_histogram(network.theta_mv),
        "weight_histogram.svg": learning.weight_histogram(weights),
        "spikes_per_image.svg": learning.spikes_per_image(responses.n_spikes),
        "neurons_per_label.svg": learning.neurons_per_label(labels["label"], int(data["n_classes"])),
        "raster.png": (root / "encode" / ids["encode"] / "raster.png").read_bytes(),
    }
    for embedding in one.analysis.of_first_features():
        rows = registry.load("feature", embedding.parents["features"].spec["feature"]["name"]).ROWS
        classes = labels["label"] if rows == "neurons" else data["test_labels"]
        folder = root / "embed" / embedding.id
        info = read_json(folder / "info.json")
        method = info.pop("method")
        points = read_arrays(folder / "embedding.npz")["coordinates"]
        if info.pop("skipped", None) is None:
            left_out = info.pop("n_left_out")
            del info["n_points"]
            info |= {"left_out": left_out} if left_out else {}
            pictures[f"map_{method}.png"] = results.response_map(points, classes, method, info)
    return pictures


def _costs(root: Path, one: Run) -> list[dict[str, Any]]:
    """Return time and memory of each job of a run."""
    jobs = [(role.split("_")[0], role.replace("_", " ("), job) for role, job in one.ids.items()]
    jobs += [("baseline", "baseline", one.baseline.id)] if one.baseline else []
    for job in one.analysis.all():
        about = [job.parents[role].spec["feature"]["name"] for role in ("features",) if role in job.parents]
        about += [job.spec["embedding"]["name"]] if "embedding" in job.spec else []
        jobs.append((job.stage, f"{job.stage} ({', '.join(about)}" if about else job.stage, job.id))
    costs = []
    for stage, what, job_id in jobs:
        record = read_json(root / stage / job_id / "provenance.json")
        title = f"{what})" if "(" in what else what
        costs.append(
            {"stage": title, **{k: record[k] for k in ("wall_s", "cpu_s", "peak_rss_mb", "threads", "started")}}
        )
    return sorted(costs, key=lambda cost: cost["started"])


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    def text(row: dict[str, Any], column: str) -> str:
        value = row["varied"].get(column) if column in row["varied"] else row.get(column)
        return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)

    lines = ["\t".join(columns)] + ["\t".join(text(row, c) for c in columns) for row in rows]
    return "\n".join(lines) + "\n"

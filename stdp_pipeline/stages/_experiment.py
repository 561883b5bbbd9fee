"""An experiment as the stages see it that look at all of its runs: its plan, and the records of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import Plan, Run, plan
from stdp_pipeline.hardware.energy import costs_of, dense_writes
from stdp_pipeline.io import read_arrays, read_json
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._reading import reading

__all__ = ["plan_of", "planned_again", "records"]


def planned_again(job: StageJob) -> Plan:
    """Lay out the experiment that a stage was given: ``name``, ``experiment`` as written, and ``order`` of its keys."""
    return plan_of({key: job.parameter(key) for key in ("name", "experiment", "order")}, job.stage)


def plan_of(spec: dict[str, Any], where: str) -> Plan:
    """Lay out the experiment that a report was made of, from the report's specification.

    Parameters
    ----------
    spec : dict
        ``name``, ``experiment`` and ``order``, see :func:`planned_again`.
    where : str
        Where it stands, for errors.
    """
    raw = dict(spec["experiment"])
    for section, keys in spec["order"].items():
        if keys:
            raw[section] = {key: raw[section][key] for key in keys}
    return plan(spec["name"], completed(raw, where))


def records(root: Path, runs: list[Run]) -> list[dict[str, Any]]:
    """Return a record for each run and readout; ``run`` counts from 1.

    Raises
    ------
    ResultsError
        If a result is missing or damaged, or lacks what this version writes.
    """
    found = []
    for k, one in enumerate(runs):
        with reading(*(root / stage / one.ids[stage] for stage in ("train", "label", "test", "prepare", "encode"))):
            found += [{"run": k + 1, **row} for row in _records(root, one)]
    return found


def _records(root: Path, one: Run) -> list[dict[str, Any]]:
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
        "ids": ids,
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

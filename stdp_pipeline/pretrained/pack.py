"""Make a pretrained network out of the results of an experiment: ``python -m stdp_pipeline.pretrained.pack --help``."""

from __future__ import annotations

import argparse
import datetime
import sys
from dataclasses import replace
from pathlib import Path

from stdp_pipeline.errors import StdpError
from stdp_pipeline.io import read_arrays, read_json, write_text
from stdp_pipeline.pretrained.evaluate import evaluate
from stdp_pipeline.pretrained.store import FOLDER, Pretrained, read, write
from stdp_pipeline.provenance import environment
from stdp_pipeline.readout._labels import NeuronLabels
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._network import read_network, weights_in

__all__ = ["main", "pack"]

_READOUT = "all_activity"

_CARD = """# {name}

{n_exc} excitatory neurons, {rule} rule, trained without labels on {images} presentations of the training images of
{dataset}; neurons labelled by the training images.

| | |
|---|---|
| Test accuracy, {n_test} images, {readout} vote | {accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}) |
| The same network before its weights were rounded to 8 bits | {unrounded:.2%} |
| Excitatory spikes per test image | {spikes:.1f} |
| Trained by | `{command}`, seed {seed} |
| Packed | {date}, version {version}, commit {commit} |

**Use**: `stdp test --pretrained {name}`.
For research on unsupervised learning and on what devices do to it, not for
reading digits: a small convolutional network reads them better.

**How it was chosen**: rule and parameters on held-out training images only, its seed as the first of the experiment,
not the best.

**Limits**: made for 28 x 28 images as MNIST has them, centred and dark outside; nothing is known of its errors on other
handwriting. Test accuracies of several seeds are in `results/reproductions`.

**Licences**: the network that of the package (MIT); MNIST is by Y. LeCun, C. Cortes and C. J. C. Burges (CC BY-SA 3.0).
Model: P. U. Diehl and M. Cook (2015), doi:10.3389/fncom.2015.00099.
"""


def pack(name: str, test: Path, command: str, folder: Path = FOLDER, threads: int = 1) -> Pretrained:
    """Write ``NAME.npz`` and ``NAME.md`` from the results of one run, after testing the rounded network.

    Parameters
    ----------
    name : str
    test : Path
        ``results/test/ID`` of the run; the folders of its training and labels are found from there.
    command : str
        What trained it, for the card.
    folder : Path
    threads : int
    """
    record = read_json(test / "provenance.json")
    inputs = {role: (test / path).resolve() for role, path in record["inputs"].items()}
    trained = (
        inputs["responses"].parent / read_json(inputs["responses"].parent / "provenance.json")["inputs"]["network"]
    ).resolve()
    spec = read_json(trained.parent / "model.json")
    spec["dataset"] = read_json(inputs["data"].parent / "provenance.json")["spec"]["dataset"]
    state = read_network(trained)
    labels = NeuronLabels(**read_arrays(inputs["labels"], "label", "mean_counts"))
    path = folder / f"{name}.npz"
    network = Pretrained(spec, weights_in(state, model_of(spec)), state.theta_mv, labels)
    write(path, network)
    found = evaluate(read(path), _READOUT, threads=threads)
    measured = {key: found[key] for key in ("accuracy", "n_right", "n_test", "spikes_per_image")}
    network = replace(network, measured=measured | {"readout": _READOUT})
    write(path, network)
    unrounded = read_json(test / "metrics.json")["readouts"][_READOUT]["accuracy"]
    made = environment()
    images = read_json(trained.parent / "provenance.json")["training"]["images"]
    write_text(
        path.with_suffix(".md"),
        _CARD.format(
            name=name,
            n_exc=spec["network"]["n_exc"],
            rule=spec["plasticity"]["name"],
            images=f"{images:,}".replace(",", " "),
            dataset=spec["dataset"]["name"].upper(),
            n_test=found["n_test"],
            readout=_READOUT,
            accuracy=found["accuracy"],
            low=found["accuracy_ci95"][0],
            high=found["accuracy_ci95"][1],
            unrounded=unrounded,
            spikes=found["spikes_per_image"],
            command=command,
            seed=spec["seed"],
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            version=made["stdp_pipeline"],
            commit=(made["commit"] or "unknown")[:12],
        ),
    )
    return network


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m stdp_pipeline.pretrained.pack", description=__doc__)
    parser.add_argument("name", help="name of the new network")
    parser.add_argument("test", type=Path, help="results/test/ID of the run")
    parser.add_argument("--command", required=True, help="what trained it, for the card")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(argv)
    try:
        network = pack(options.name, options.test, options.command, threads=options.threads)
    except StdpError as error:
        print(f"pack: error: {error}", file=sys.stderr)
        return 1
    print(f"{options.name}: {(network.measured or {})['accuracy']:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

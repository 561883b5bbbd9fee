"""The whole chain under Snakemake, on a copy of the project whose code may be edited."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow.parquet import read_table

from stdp_pipeline.locking import Lock

ROOT = Path(__file__).parents[2]
CHAIN = [
    "prepare", "encode", "train", "respond", "label", "test", "features", "embed", "measure", "represent", "revisit",
    "trajectory", "crossbar", "portray", "experiment", "illustrate",
]  # fmt: skip


class Project:
    """A copy of the project that runs its own code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("stdp_pipeline", "config"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Snakefile", folder)
        self.env = os.environ | {
            "PYTHONPATH": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def stdp(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "stdp_pipeline", *arguments],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def planned(self, *arguments: str) -> list[str]:
        """Return the rules that a run would execute."""
        done = self.stdp("run", "tiny", *arguments, "--", "--dry-run", "--quiet", "host")
        text = done.stdout + done.stderr
        table = re.search(r"job +count\n-+ +-+\n(.*?)\ntotal", text, re.DOTALL)
        if table is None:
            assert "Nothing to be done" in text, text[-3000:]
            return []
        rules = [line.split()[0] for line in table[1].splitlines() for _ in range(int(line.split()[1]))]
        return sorted(r for r in rules if r != "all")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "stdp_pipeline" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def report(self, name: str) -> Path:
        return self.folder / "results" / "experiments" / "tiny" / name


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    one = Project(tmp_path_factory.mktemp("project"))
    one.first = one.stdp("run", "tiny", "--cores", "2")  # type: ignore[attr-defined]
    return one


def test_the_chain_ends_in_a_report_and_a_summary(project):
    printed = project.first.stdout
    assert "test accuracy" in printed
    assert "report.html" in printed
    index = project.folder / "results" / "index.html"
    assert printed.endswith(f"  all experiments: {index}\n")
    assert "Tiny run on 8 x 8 digits" in index.read_text()
    metrics = json.loads(project.report("metrics.json").read_text())
    (run,) = metrics["runs"]
    wanted = {
        "dataset": "digits", "rule": "triplet", "n_exc": 25, "passes": 1, "seed": 0, "readout": "all_activity",
        "n_test": 200,
    }  # fmt: skip
    assert wanted.items() <= run.items()
    assert run["train_cpu_s_per_image"] > 0
    # Chance is 10 %; with 200 images a network that learned nothing stays below 25 % but for one case in 10^8.
    assert run["test_accuracy"] > 0.25
    # Both are far above 90 %; with 200 images, 80 % is more than four standard errors below that.
    assert min(run["baseline_knn"], run["baseline_logistic"]) > 0.8
    assert "| knn without network | logistic without network |" in project.report("table.md").read_text()
    header, line = project.report("summary.tsv").read_text().splitlines()
    assert header.split("\t").index("test_accuracy") == 8
    assert float(line.split("\t")[8]) == pytest.approx(run["test_accuracy"])
    table = read_table(project.report("runs.parquet")).to_pydict()
    assert list(table) == header.split("\t")
    assert table["test_accuracy"] == [run["test_accuracy"]]
    assert {p.suffix for p in project.report("figures").iterdir()} == {".png", ".svg"}


def test_the_report_stands_alone(project):
    html = project.report("report.html").read_text()
    references = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html)
    assert len(references) >= 9
    assert all(r.startswith("data:") or r in ("explore.html", "print/") for r in references)
    assert "<script" not in html
    for text in (
        "confused",
        "without network",
        "Maps of the test responses",
        "Full resolved configuration",
        "95 % interval",
    ):
        assert text in html


def test_what_was_learned_is_told_in_tables_and_on_a_page_of_its_own(project):
    def table(name):
        header, *lines = (line.split("\t") for line in project.report(name).read_text().splitlines())
        return [dict(zip(header, line, strict=True)) for line in lines]

    measures = {(row["method"], row["measure"]): row["mean"] for row in table("measures.tsv")}
    assert 0.5 < float(measures["pca", "trustworthiness"]) <= 1
    assert float(measures["(no map)", "trustworthiness"]) > float(measures["pca", "trustworthiness"])
    activity = {row["measure"]: float(row["mean"] or "nan") for row in table("representation.tsv")}
    assert activity["n_neurons"] == 25
    assert activity["used_neurons"] + activity["dead_neurons"] <= 25
    paths = {(row["method"], row["measure"]): float(row["mean"]) for row in table("trajectories.tsv")}
    assert paths["(no map)", "path_correlation"] == 1
    assert -1 <= paths["m_phate", "path_correlation"] <= 1
    header, *lines = (line.split("\t") for line in project.report("through_training_cka.tsv").read_text().splitlines())
    assert header[1:] == [line[0] for line in lines] == ["0", "100", "250", "500"]
    assert all(float(line[k + 1]) == 1 for k, line in enumerate(lines))
    page = project.report("explore.html").read_text()
    assert "M-PHATE" in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", page)
    html = project.report("report.html").read_text()
    assert "How the neurons share the work" in html
    for file in ("maps_counts.svg", "measures.svg", "trajectories.svg", "through_training.svg", "neurons.svg"):
        assert project.report(f"figures/{file}").exists()


def test_figures_for_print_are_there_with_a_page_that_shows_them(project):
    folder = project.report("print")
    index = json.loads((folder / "figures.json").read_text())
    names = [figure["name"] for figure in index["figures"]]
    assert len(names) == len(set(names))
    assert set(names) >= {
        "receptive_fields", "receptive_fields_by_similarity", "confusion", "raster", "theta_histogram",
        "weight_histogram", "learning_curve", "spikes_per_image", "neurons_per_label", "map_pca", "maps_counts",
        "measures", "trajectories", "neurons", "through_training", "hardware_stuck_off", "network", "presentation",
        "stdp_curves", "lif_response",
    }  # fmt: skip
    for figure in index["figures"]:
        columns = ["two_columns"] if figure["name"] == "network" else ["one_column", "two_columns"]
        wanted = {f"{figure['name']}_{one}.{kind}" for one in columns for kind in ("svg", "png")}
        assert set(figure["files"]) == wanted
        assert {file: (folder / file).stat().st_size for file in wanted} == figure["files"]
    page = (folder / "README.md").read_text()
    assert all(f"### {figure['title']}\n" in page for figure in index["figures"])
    assert all(
        (folder / link).is_file() for link in re.findall(r'src="([^"]*)"|\]\(([^)]*)\)', page) for link in link if link
    )
    record = json.loads((folder / "provenance.json").read_text())
    assert record["stage"] == "illustrate"
    assert record["figures"]["figures"] == len(names)
    # The same spikes as in the picture of the encode stage.
    titles = [
        re.search(r">(poisson: \d+ input spikes)<", (folder / f"raster_{one}.svg").read_text())[1]  # type: ignore[index]
        for one in ("one_column", "two_columns")
    ]
    assert titles[0] == titles[1]


def test_the_gallery_is_made_if_it_is_asked_for(project):
    gallery = project.folder / "docs" / "gallery"
    assert not gallery.exists()
    gallery.mkdir(parents=True)
    (gallery / "old_one_column.svg").write_text("of an earlier version")
    project.stdp("run", "tiny", "--", "gallery")
    page = (gallery / "README.md").read_text()
    pictures = {p.name for p in gallery.iterdir()} - {"README.md"}
    assert pictures == set(re.findall(r'src="([^"]*)"', page))
    assert {"confusion_one_column.svg", "network_two_columns.svg"} <= pictures
    assert (gallery / "confusion_one_column.svg").read_bytes() == project.report(
        "print/confusion_one_column.svg"
    ).read_bytes()
    assert project.planned() == []


def test_every_result_has_its_provenance(project):
    for folder in (project.folder / "results").glob("*/*/"):
        if folder.parent.name in ("logs", "benchmarks", "checkpoints", "experiments"):
            continue
        record = json.loads((folder / "provenance.json").read_text())
        assert record["id"] == folder.name
        assert record["code"]
        assert record["wall_s"] > 0
        assert record["peak_rss_mb"] > 10
        assert record["environment"]["packages"]["numpy"]


def test_devices_without_faults_change_nothing_and_faults_cost_accuracy(project):
    (run,) = json.loads(project.report("metrics.json").read_text())["runs"]
    header, *lines = (line.split("\t") for line in project.report("hardware.tsv").read_text().splitlines())
    perfect, half_stuck = (dict(zip(header, line, strict=True)) for line in lines)
    assert float(perfect["accuracy_kept"]) == pytest.approx(run["test_accuracy"], abs=1e-6)
    assert float(perfect["weight_share"]) == 1
    # Half of the weights: their share is 0.5 with the standard error sqrt(0.25 / (2 x 64 x 25)), here times 2 for
    # weights that differ.
    assert abs(float(half_stuck["weight_share"]) - 0.5) < 6 * 0.018
    assert half_stuck["n"] == "2"
    assert "On hardware" in project.report("report.html").read_text()
    names = {p.name for p in project.report("figures").iterdir()}
    assert {"hardware_stuck_off.svg", "hardware_stuck_off_conductances.svg", "hardware_stuck_off_fields.png"} <= names


def test_nothing_is_done_twice(project):
    assert project.planned() == []


def test_a_new_seed_adds_only_its_own_jobs(project):
    assert project.planned("--set", "seeds=[0,1]") == sorted([*(set(CHAIN[2:]) - {"portray"}), "respond"])


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ("embeddings=[]", ["experiment", "illustrate"]),
        ("embeddings=[{name: pca}, {name: umap}]", ["embed", "experiment", "illustrate", "measure"]),
        ("features=[{name: fields}]", ["embed", "experiment", "features", "illustrate", "measure"]),
        ("title=Other", ["experiment", "illustrate"]),
        (
            "labelling.n_images=300",
            ["crossbar", "experiment", "illustrate", "label", "represent", "respond", "test", "trajectory"],
        ),
        ("plasticity.eta_post=0.06", sorted([*CHAIN[2:], "respond"])),
        ("encoding.intensity=2.5", sorted([*CHAIN[1:], "respond"])),
    ],
)
def test_a_changed_parameter_reruns_what_depends_on_it(project, override, rules):
    assert project.planned("--set", override) == rules


def test_a_comment_reruns_nothing_and_code_reruns_its_stage_and_what_follows(project):
    project.edit("readout/_labels.py", "import numpy as np", "import numpy as np  # a comment")
    assert project.planned() == []
    project.edit("analysis/embed/pca.py", "if n >= d", "if n > d - 1")
    assert project.planned() == ["embed", "experiment", "illustrate", "measure"]
    project.edit("analysis/embed/pca.py", "if n > d - 1", "if n >= d")
    project.edit("engines/_kernel.py", "kept = 0", "kept = 0 + 0")
    assert project.planned() == sorted([*CHAIN[2:], "respond"])
    project.edit("engines/_kernel.py", "kept = 0 + 0", "kept = 0")
    project.edit("report/report.css", "--ink: #22262d", "--ink: #22262e")
    assert project.planned() == ["experiment", "illustrate"]
    project.edit("report/report.css", "--ink: #22262e", "--ink: #22262d")
    assert project.planned() == []


def test_a_deleted_result_is_made_again(project):
    # Before the next test, which leaves the report of other settings behind.
    made_by = {
        "metrics.json": "experiment",
        "figures/confusion.svg": "experiment",
        "print/confusion_two_columns.svg": "illustrate",
    }
    for name, rule in made_by.items():
        path = project.report(name)
        kept = path.read_bytes()
        path.unlink()
        assert project.planned() == [rule]
        path.write_bytes(kept)


def test_a_deleted_result_of_a_step_is_made_again_under_a_finished_report(project):
    (folder,) = (project.folder / "results" / "test").iterdir()
    before = (folder / "metrics.json").read_bytes()
    shutil.rmtree(folder)
    told = project.stdp("status", "tiny", "--report", check=False)
    assert "0 of 1 runs done" in told.stdout
    assert project.report("partial.html").exists()
    project.stdp("run", "tiny", "--cores", "2")
    assert (folder / "metrics.json").read_bytes() == before
    assert not project.report("partial.html").exists()
    assert project.planned() == []


def test_stored_events_give_the_same_network_through_the_stages(project):
    project.stdp("run", "tiny", "--set", "encoding.materialize=true", "--set", "title=stored")
    networks = sorted((project.folder / "results" / "train").glob("*/network.npz"))
    assert len(networks) == 2
    first, second = (np.load(path) for path in networks)
    assert all(np.array_equal(first[name], second[name]) for name in first.files)
    responses = sorted((project.folder / "results" / "respond").glob("*test*/responses.npz"))
    assert responses[0].read_bytes() == responses[1].read_bytes()
    assert len(list((project.folder / "results" / "events").iterdir())) == 3  # one training pass, two frozen ones


def test_events_of_another_protocol_are_refused(project, tmp_path):
    results = project.folder / "results"
    command = train_command(project, tmp_path / "a", tmp_path / "c", 1)
    levels = np.load(next(results.glob("encode/*/levels.npz")))["train_levels"]
    n = len(levels)
    wrong = {
        "later": {"step": np.full(n, 5000, np.uint16), "source": np.zeros(n, np.uint16), "offsets": np.arange(n + 1)},
        "wider": {"step": np.zeros(n, np.uint16), "source": np.full(n, 64, np.uint16), "offsets": np.arange(n + 1)},
        "fewer": {"step": np.zeros(3, np.uint16), "source": np.zeros(3, np.uint16), "offsets": np.arange(4)},
        "torn": {"step": np.zeros(3, np.uint16), "source": np.zeros(3, np.uint16), "offsets": np.arange(n + 1)},
    }
    for name, arrays in wrong.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, **arrays)
        at = command.index("--output")
        one = [*command[:at], f"events_0={path}", *command[at:]]
        done = subprocess.run(one, env=project.env, cwd=project.folder, capture_output=True, text=True)
        assert done.returncode == 1, name
        assert f"{name}.npz' " in done.stderr
        assert "Traceback" not in done.stderr


def test_a_second_experiment_under_the_same_name_replaces_the_first_one_whole(project):
    printed = project.stdp("run", "tiny", "--set", "seeds=[0,1]", "--set", "embeddings=[]").stdout
    assert "seed 1" in printed
    assert project.report("figures/run002").is_dir()
    assert not project.report("figures/map_pca.png").exists()
    assert not project.report("print/map_pca_one_column.svg").exists()
    assert project.report("print/accuracies_one_column.svg").exists()
    assert not project.report("measures.tsv").exists()
    assert "Each run" in project.report("report.html").read_text()
    project.stdp("run", "tiny")
    assert project.report("figures/map_pca.png").exists()
    assert project.report("print/map_pca_one_column.svg").exists()
    assert not project.report("print/accuracies_one_column.svg").exists()
    assert not list(project.report("figures").glob("run002/*"))


def test_a_killed_job_is_named_and_snakemakes_lock_can_be_removed(project):
    passes = ("--set", "training.passes=200")
    command = [sys.executable, "-m", "stdp_pipeline", "run", "tiny", *passes]
    log = project.folder / "results" / "logs" / "train"
    before = set(log.iterdir())
    process = subprocess.Popen(
        command, cwd=project.folder, env=project.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    children = _wait_for_training(process.pid, project.folder)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "did not finish" in errors
    assert "train digits-25-triplet-s0-" in errors[errors.rindex("did not finish") :]
    assert set(log.iterdir()) != before


def _wait_for_training(parent: int, folder: Path) -> list[int]:
    """Return the processes of the training that a run started, once there are any."""
    for _ in range(600):
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    here = os.readlink(entry / "cwd") == str(folder)
                except OSError:
                    continue
                if here and b"train" in words and any(w.endswith(b"stdp") for w in words):
                    found.append(int(entry.name))
        if found:
            time.sleep(0.5)
            return found
        time.sleep(0.05)
    raise AssertionError("no training process appeared")


def test_snakemakes_own_report(project):
    project.stdp("run", "tiny", "--", "--report", "report.zip")
    with zipfile.ZipFile(project.folder / "report.zip") as archive:
        html = archive.read("report/report.html").decode()
        files = {Path(name).name: archive.read(name) for name in archive.namelist() if "/data/" in name}

    def told(name: str) -> Any:
        return json.JSONDecoder().raw_decode(html, html.index(f"var {name} = {{") + len(f"var {name} = "))[0]

    categories = {name: [*chain(*parts.values())] for name, parts in told("categories").items()}
    assert set(categories) == {"Report", "Tables", "Network", "Results", "Input", "Model", "Maps", "Hardware"}
    assert {Path(file).name for file in categories["Tables"]} == {"summary.tsv", "means.tsv"}
    assert {Path(file).name for file in categories["Report"]} == {"report.html", "explore.html"}
    results = told("results")
    assert sorted(results) == sorted(file for listed in categories.values() for file in listed)
    for file, result in results.items():
        assert result["labels"]["experiment"] == "tiny"
        assert len(result["labels"]) == 2
        assert result["caption"].startswith("<p>"), file
        assert files[Path(file).name] == (project.folder / file).read_bytes()
    assert (
        "neuron labels from the window before"
        in results["results/experiments/tiny/figures/learning_curve.svg"]["caption"]
    )
    assert "Tiny run on 8 x 8 digits</h1>" in html
    assert "<strong>tiny</strong>: 1 runs" in html
    assert not re.findall(r"""<(?:script|link|img)[^>]*(?:src|href)=["']?http""", html)


def test_a_failing_job_shows_its_message_and_a_non_zero_status(project, tmp_path):
    done = project.stdp("run", "tiny", "--set", "plasticity.norm_total=1000", check=False)
    assert done.returncode != 0
    summary = done.stderr[done.stderr.rindex("stdp run: error:") :]
    assert "norm_total must be at most inputs x w_max = 64" in summary
    assert "train digits-25-triplet-s0-" in summary
    assert "run the same command again" in done.stderr
    partial, index = project.report("partial.html"), project.folder / "results" / "index.html"
    assert f"0 of 1 runs are done: {partial}" in summary
    assert f"all experiments: {index}" in summary
    page = partial.read_text()
    assert "norm_total must be at most" in page
    assert "stdp run tiny --set plasticity.norm_total=1000" in page
    assert "1 failed" in index.read_text()
    project.stdp("run", "tiny")
    assert not partial.exists()
    assert "1 failed" not in index.read_text()


def test_the_linter_is_content():
    done = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- kill and resume -------------------------------------------------------------------------------------------------


def train_command(project: Project, output: Path, checkpoint: Path, passes: int) -> list[str]:
    """Return the command of the tiny experiment's training, with more passes."""
    folder = next((project.folder / "results" / "train").iterdir())
    spec = json.loads((folder / "model.json").read_text())
    spec["training"]["passes"] = passes
    results = project.folder / "results"
    levels, data = next(results.glob("encode/*/levels.npz")), next(results.glob("prepare/*/data.npz"))
    return [
        *(sys.executable, "-m", "stdp_pipeline", "train", "--spec", json.dumps(spec)),
        *("--input", f"levels={levels}", f"data={data}", "--output", str(output), "--checkpoint", str(checkpoint)),
    ]


def test_a_killed_training_goes_on_to_the_same_bits(project, tmp_path):
    env = project.env | {"STDP_CHECKPOINT_S": "0"}
    plain = subprocess.run(
        train_command(project, tmp_path / "a", tmp_path / "ca", 8), env=env, cwd=project.folder, capture_output=True
    )
    assert plain.returncode == 0, plain.stderr
    command = train_command(project, tmp_path / "b", tmp_path / "cb", 8)
    kills = 0
    for _ in range(40):
        with subprocess.Popen(command, env=env, cwd=project.folder, stderr=subprocess.PIPE, text=True) as process:
            before = _stamp(tmp_path / "cb")
            while process.poll() is None and (kills >= 3 or _stamp(tmp_path / "cb") == before):
                time.sleep(0.002)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            errors = process.stderr.read() if process.stderr else ""
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        assert not (tmp_path / "b" / "network.npz").exists()
    assert kills >= 1
    assert "going on from" in errors
    assert (tmp_path / "a" / "network.npz").read_bytes() == (tmp_path / "b" / "network.npz").read_bytes()
    assert (tmp_path / "a" / "history.tsv").read_text() == (tmp_path / "b" / "history.tsv").read_text()
    assert not (tmp_path / "cb").exists()


def _stamp(folder: Path) -> float:
    try:
        return (folder / "checkpoint.npz").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def test_two_trainings_of_the_same_thing_do_not_get_in_each_others_way(project, tmp_path):
    folder = tmp_path / "checkpoint"
    with Lock(folder / "lock") as lock:
        lock.acquire("the same training")
        done = subprocess.run(
            train_command(project, tmp_path / "a", folder, 1), env=project.env, cwd=project.folder,
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"another process (pid {os.getpid()} on " in done.stderr
    assert "is still working" in done.stderr


def test_a_checkpoint_of_something_else_is_not_taken_up(project, tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    np.savez(folder / "checkpoint.npz", identity=np.array("other"), done=100)
    done = subprocess.run(
        train_command(project, tmp_path / "a", folder, 1), env=project.env, cwd=project.folder,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert "starting over" in done.stderr


def test_dead_activity_stops_the_training_with_the_first_image(project, tmp_path):
    command = train_command(project, tmp_path / "a", tmp_path / "c", 1)
    spec = json.loads(command[5])
    spec["network"]["exc"]["theta_init_mv"] = 70.0
    spec["simulation"]["max_attempts"] = 2
    command[5] = json.dumps(spec)
    done = subprocess.run(command, env=project.env, cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "activity died at train image 0: 50 images in a row" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "a" / "network.npz").exists()

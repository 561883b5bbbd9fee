"""Input spikes for other tools: every format gives back the spikes that the network sees."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.cli import main
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.datasets._formats import aedat2, aedat3, nmnist, store
from stdp_pipeline.encoding import recorded
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.export.run import FORMATS, export
from stdp_pipeline.export.spikes import Sensor, spikes_of, times_us

EXPERIMENT = """
dataset: {name: digits, n_train: 6, n_test: 4}
encoding: {name: poisson, rate_per_level_hz: 0.5}
network: {n_exc: 4}
training: {passes: 2}
seeds: [3, 4]
"""
DT_MS, N_STEPS = 0.5, 700


@pytest.fixture
def planned(tmp_path):
    return planned_from(tmp_path, EXPERIMENT)


def planned_from(folder, text):
    (folder / "small.yaml").write_text(text)
    return plan("small", load_experiment(folder / "small.yaml"))


def expected(planned, n_images=None, pass_index=None, run=0):
    return list(spikes_of(planned.runs[run], ("train", "test"), n_images, pass_index).presentations())


def read_back(path, **options):
    """Return the inputs that the data set 'recordings' with the code 'recorded' makes of what was exported."""
    module = registry.load("dataset", "recordings")
    from stdp_pipeline.datasets._read import read

    data, _ = read(module, module.Params(path=str(path), **options))
    found = []
    for split in ("train", "test"):
        events = getattr(data, f"{split}_events")
        step, source, offsets = recorded.in_steps(events.time_us, events.channel, events.offsets, N_STEPS, DT_MS)
        labels = getattr(data, f"{split}_labels").tolist()
        found += [
            (split, label, step[a:b], source[a:b])
            for label, a, b in zip(labels, offsets[:-1], offsets[1:], strict=True)
        ]
    return found


def same_spikes(one, step, source):
    order = np.lexsort((one.step, one.source))  # recordings are ordered by source
    return np.array_equal(one.step[order], step) and np.array_equal(one.source[order], source)


def test_a_store_gives_the_network_the_same_spikes(planned, tmp_path):
    done = export(planned, tmp_path / "spikes.h5")
    wanted, found = expected(planned), read_back(tmp_path / "spikes.h5", events={"polarity": "on"})
    assert done["presentations"] == len(wanted) == len(found) == 10
    assert done["spikes"] == sum(len(one.step) for one in wanted) > 1000
    for one, (split, label, step, source) in zip(wanted, found, strict=True):
        assert (one.split, one.label) == (split, label)
        assert same_spikes(one, step, source)


def test_off_and_on_cells_become_polarities(tmp_path):
    planned = planned_from(tmp_path, EXPERIMENT.replace("n_test: 4", "n_test: 4, image: {on_off: {gain: 4.0}}"))
    export(planned, tmp_path / "spikes.h5")
    for one, (*_, step, source) in zip(expected(planned), read_back(tmp_path / "spikes.h5"), strict=True):
        assert same_spikes(one, step, source)


def test_run_split_images_and_pass_are_chosen(planned, tmp_path):
    done = export(planned, tmp_path / "a.h5", split="train", n_images=2, pass_index=1, run_number=2)
    assert done["presentations"] == 2
    wanted = expected(planned, pass_index=1, run=1)
    found = store.read(tmp_path / "a.h5", "train")
    assert np.diff(found.offsets).tolist() == [len(one.step) for one in wanted[:2]]
    assert np.array_equal(found.time_us[: found.offsets[1]], wanted[0].step.astype(np.uint32) * 500)
    assert len(store.read(tmp_path / "a.h5", "test")) == 0
    assert not np.array_equal(wanted[0].step, expected(planned)[0].step)


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("aedat2", lambda path: aedat2.read(path, "dvs128")),
        ("aedat3", lambda path: aedat3.read(path, 128, 128)),
        ("nmnist", nmnist.read),
    ],
)
def test_files_have_the_spikes_in_the_upper_left_corner(planned, tmp_path, kind, read):
    export(planned, tmp_path / "files", kind=kind)
    seen: dict[tuple[str, int], int] = {}
    wanted = expected(planned)
    assert len([p for p in (tmp_path / "files").rglob("*") if p.is_file()]) == len(wanted)
    for one in wanted:
        number = seen[one.split, one.label] = seen.get((one.split, one.label), -1) + 1
        (path,) = (tmp_path / "files" / one.split / str(one.label)).glob(f"{number:05d}.*")
        recording = read(path)
        assert np.array_equal(recording.time_us, one.step.astype(np.int64) * 500)
        assert np.array_equal(recording.y.astype(int) * 8 + recording.x, one.source)
        assert recording.polarity.all()


@pytest.mark.parametrize("kind", ["aedat2", "aedat3", "nmnist"])
def test_files_that_are_read_back_give_the_same_times(planned, tmp_path, kind):
    export(planned, tmp_path / "files", kind=kind)
    options = {"events": {"polarity": "on"}} | ({} if kind == "nmnist" else {"time_zero": "clock"})
    found = {split: [] for split in ("train", "test")}
    for split, label, step, source in read_back(tmp_path / "files", **options):
        found[split].append((label, step, source))
    side = 34 if kind == "nmnist" else 128
    for split, own in found.items():
        wanted = sorted((one for one in expected(planned) if one.split == split), key=lambda one: one.label)
        for one, (label, step, source) in zip(wanted, own, strict=True):
            assert one.label == label
            y, x = np.divmod(source.astype(int), side)
            assert same_spikes(one, step, (y * 8 + x).astype(np.uint16))


def test_neo_reads_the_session_back(planned, tmp_path):
    neo = pytest.importorskip("neo")
    pytest.importorskip("nixio")
    export(planned, tmp_path / "spikes.nix", n_images=3)
    with neo.io.NixIO(str(tmp_path / "spikes.nix"), mode="ro") as file:
        block = file.read_block()
    assert block.annotations["seed"] == 3
    wanted = expected(planned, n_images=3)
    for segment in block.segments:
        own = [one for one in wanted if one.split == segment.name]
        (epoch,) = segment.epochs
        assert epoch.times.rescale("ms").magnitude.tolist() == [0.0, 500.0, 1000.0]
        assert epoch.labels.tolist() == [str(one.label) for one in own]
        assert epoch.array_annotations["image"].tolist() == [0, 1, 2]
        assert len(segment.spiketrains) == 64
        for train in segment.spiketrains:
            channel = train.annotations["channel"]
            assert (train.annotations["y"], train.annotations["x"]) == divmod(channel, 8)
            times = [k * 500.0 + one.step[one.source == channel] * DT_MS for k, one in enumerate(own)]
            assert np.array_equal(train.rescale("ms").magnitude, np.concatenate(times))


def test_a_missing_package_is_named(planned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(ConfigError, match=r"pip install 'stdp_pipeline\[neo\]'"):
        export(planned, tmp_path / "spikes.nix")
    assert not list(tmp_path.glob("*.nix"))


@given(dt_ms=st.floats(1e-3, 10.0), step=st.lists(st.integers(0, 65535), max_size=50))
def test_microseconds_lead_back_to_the_step(dt_ms, step):
    time = times_us(np.array(step, np.uint16), dt_ms)
    assert np.array_equal((time.astype(np.uint32) / (dt_ms * 1e3)).astype(np.int64), step)
    assert np.all(time <= np.array(step) * dt_ms * 1e3 + 2)


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (2, 5, 7), (4, 5, 7)])
def test_every_channel_has_a_place_of_its_own(shape):
    sensor = Sensor.of_shape(shape)
    source = np.arange(np.prod(shape), dtype=np.uint16)
    recording = sensor.recording(np.zeros(len(source), np.int64), source)
    places = set(zip(recording.x.tolist(), recording.y.tolist(), recording.polarity.tolist(), strict=True))
    assert len(places) == len(source)
    assert (recording.x.max() + 1, recording.y.max() + 1) == (sensor.width, sensor.height)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output": "a.csv"}, r"must end in \.h5"),
        ({"output": "a.h5", "kind": "aedat2"}, r"--format aedat2 writes a folder"),
        ({"output": "folder", "kind": "nix"}, r"--format nix writes a file ending in \.nix"),
        ({"output": "a.h5", "kind": "nix"}, r"does not fit the ending"),
        ({"output": "a.h5", "run_number": 3}, r"--run must be 1 to 2"),
        ({"output": "a.h5", "n_images": 0}, r"--images must be at least 1"),
        ({"output": "a.h5", "pass_index": 2}, r"--pass must be 'frozen' or one of the 2 passes"),
    ],
)
def test_wrong_arguments_are_explained(planned, tmp_path, arguments, message):
    with pytest.raises(ConfigError, match=message):
        export(planned, **{**arguments, "output": tmp_path / arguments["output"]})


def test_nothing_is_overwritten_and_nothing_half_written(planned, tmp_path):
    (tmp_path / "a.h5").write_text("mine")
    with pytest.raises(ResultsError, match=r"exists"):
        export(planned, tmp_path / "a.h5")
    large = planned_from(tmp_path, EXPERIMENT.replace("n_test: 4", "n_test: 4, image: {size: [40, 40]}"))
    with pytest.raises(ConfigError, match=r"40 x 40 pixels, at most 34 x 34 fit"):
        export(large, tmp_path / "files", kind="nmnist")
    assert {p.name for p in tmp_path.iterdir()} == {"small.yaml", "a.h5"}


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(EXPERIMENT)
    arguments = ["export-events", str(tmp_path / "small.yaml"), "--output", str(tmp_path / "a.h5")]
    assert main(arguments) == 0
    assert "10 presentations" in capsys.readouterr().out
    assert main([*arguments, "--pass", "first"]) == 1
    assert "--pass must be 'frozen' or a number" in capsys.readouterr().err


def test_the_command_line_knows_all_formats():
    from stdp_pipeline.cli import _parser

    parser = _parser()
    for kind in FORMATS:
        given = parser.parse_args(["export-events", "x", "--output", "y", "--format", kind])
        assert given.format == kind

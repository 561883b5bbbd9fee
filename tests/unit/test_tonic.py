"""The data set ``tonic``: its errors with a small library in tonic's place, and the real one where it is installed."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from stdp_pipeline.datasets import nmnist, tonic
from stdp_pipeline.datasets._formats import nmnist as nmnist_format
from stdp_pipeline.datasets._formats.recording import Recording
from stdp_pipeline.datasets._read import read
from stdp_pipeline.errors import ConfigError, DataError

CAMERA = [("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.int8)]
HELD_OUT = {"method": "held_out", "test_share": 0.5}


def events(*rows, fields=CAMERA):
    return np.array(list(rows), fields)


@pytest.fixture
def library(monkeypatch):
    """Return a function that puts a library with one data set, Things, in the place of tonic."""

    def put(samples, sensor_size=(6, 5, 2), **attributes):
        class Things:
            def __init__(self, save_to, wanted=1):
                self.location_on_system = f"{save_to}/Things"
                self.wanted = wanted

            def __len__(self):
                return len(samples)

            def __getitem__(self, k):
                return samples[k]

            def download(self):
                raise OSError("no route to host")

        for name, value in {"sensor_size": sensor_size, **attributes}.items():
            setattr(Things, name, value)
        datasets = SimpleNamespace(Things=Things)
        monkeypatch.setitem(sys.modules, "tonic", SimpleNamespace(datasets=datasets))
        return Things

    return put


def params(**more):
    return tonic.Params.model_validate({"dataset": "Things", "data_dir": "files", "split": HELD_OUT} | more)


def test_events_become_recordings_of_both_polarities(library):
    library([(events((100, 5, 4, 1), (103, 0, 0, 0)), 1), (events((7, 1, 0, 1)), 0)], classes=["no", "yes"])
    data = tonic.read(params())
    assert data.train_images.shape == (2, 2, 5, 6)
    assert data.train_events.time_us.tolist() == [0, 3, 0]
    assert data.train_events.channel.tolist() == [30 + 4 * 6 + 5, 0, 31]
    assert data.train_labels.tolist() == [1, 0]
    assert data.class_names == ("no", "yes")
    assert len(data.test_images) == 0
    assert tonic.read(params(time_zero="clock")).train_events.time_us.tolist() == [100, 103, 7]
    assert tonic.fingerprint(params()) == {}


def test_events_of_sounds_have_a_height_of_one(library):
    fields = [("t", np.float64), ("x", np.uint16), ("p", np.int64)]
    sample = events((5.0, 3, 1), (2.5, 1, 1), fields=fields)
    library([(sample, np.int64(2))] * 4, sensor_size=(4, 1, 1), classes={"a": 0, "b": 1, "c": 2})
    data, n_classes = read(tonic, params(events={"polarity": "on"}))
    assert data.train_images.shape == (2, 1, 1, 4)
    assert data.train_events.channel.tolist() == [1, 3] * 2  # in the order of time
    assert data.class_names == ("a", "b", "c")
    assert n_classes == 3


def test_recordings_of_different_size_have_the_largest(library):
    library([(events((0, 8, 1, 1)), "cat"), (events((0, 2, 6, 0)), "dog"), (events(), "dog")], sensor_size=None)
    data = tonic.read(params())
    assert data.train_images.shape == (3, 2, 7, 9)
    assert data.train_labels.tolist() == [0, 1, 1]
    assert data.class_names == ("cat", "dog")


def test_only_events_in_the_window_are_kept_in_memory(library):
    library([(events(*((1000 * k, 1, 1, 1) for k in range(10))), k % 2) for k in range(4)])
    window = {"start_ms": 2, "duration_ms": 3}
    assert tonic.read(params(events=window)).train_events.time_us.tolist() == [2000, 3000, 4000] * 4
    data, _ = read(tonic, params(events=window))
    assert data.train_events.time_us.tolist() == [0, 1000, 2000] * 2


@pytest.mark.parametrize(
    ("samples", "more", "error", "message"),
    [
        ([], {}, DataError, "has no recordings in 'files/Things'"),
        ([(np.zeros((3, 4)), 0)], {}, DataError, "recording 0: found ndarray with the fields none, expected events"),
        ([(events(), [1, 2])], {}, DataError, r"recording 0: found the label \[1, 2\], expected the number or name"),
        ([(events((0, -1, 0, 1)), 0)], {}, DataError, "found x from -1 to -1, expected 0 to 65535"),
        ([(events((0, 0, 5, 1)), 0)], {}, DataError, "has events at 1 x 6 pixels, its sensor 6 x 5"),
        ([(events((-1, 0, 0, 1)), 0)], {"time_zero": "clock"}, DataError, "set dataset.time_zero to 'first_event'"),
        ([(events((0, 0, 0, 1), (2**32, 0, 0, 1)), 0)], {}, DataError, "lasts longer than 4294967295 microseconds"),
        ([None], {}, DataError, "cannot be read from 'files/Things': TypeError"),
        ([], {"split": {}}, ConfigError, "must be 'held_out' or 'k_fold'"),
        ([], {"options": {"dt": 1}}, ConfigError, "takes no dt; known: wanted"),
        ([], {"dataset": "Thing"}, ConfigError, "tonic has no 'Thing'; it has Things. Did you mean 'Things'"),
    ],
)
def test_what_cannot_be_used_is_refused(library, samples, more, error, message):
    library(samples)
    with pytest.raises(error, match=message):
        tonic.read(params(**more))


def test_arguments_that_the_data_set_sets_are_refused():
    with pytest.raises(ValidationError, match="save_to cannot be given here"):
        params(options={"save_to": "x"})


def test_nothing_is_downloaded_offline(library, monkeypatch):
    things = library([])
    monkeypatch.setattr(things, "__len__", lambda self: self.download())
    with pytest.raises(DataError, match=r"OSError: no route to host. Delete damaged files"):
        tonic.read(params())
    monkeypatch.setenv("STDP_OFFLINE", "1")
    with pytest.raises(DataError, match="tonic's Things lacks files in 'files/Things', and STDP_OFFLINE is set"):
        tonic.read(params())


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic", None)
    with pytest.raises(ConfigError, match=r"needs the library tonic .*pip install 'stdp_pipeline\[tonic\]'"):
        tonic.read(params())


def test_files_are_looked_for_where_the_user_says(library, monkeypatch, tmp_path):
    library([])
    monkeypatch.setenv("STDP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STDP_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=str(tmp_path / "cache/datasets/tonic/Things")):
        tonic.read(params(data_dir=None))
    (tmp_path / "tonic").mkdir()
    with pytest.raises(DataError, match=str(tmp_path / "tonic/Things")):
        tonic.read(params(data_dir=None))


# ---- the real library ------------------------------------------------------------------------------------------------


@pytest.fixture
def real(monkeypatch):
    """Return the library's data sets; they take archives for unpacked if they have any files."""
    library = pytest.importorskip("tonic", reason="needs the extra tonic")
    monkeypatch.setenv("STDP_OFFLINE", "1")
    return library.datasets


def a_recording(rng, n_events=30):
    x, y = rng.integers(0, 34, (2, n_events)).astype(np.uint16)
    return Recording(np.sort(rng.integers(0, 300_000, n_events)), x, y, rng.random(n_events) < 0.5, 34, 34)


def test_real_nmnist_is_ours(real, tmp_path, rng, monkeypatch):
    import zipfile

    monkeypatch.setattr(real.NMNIST, "_check_exists", lambda self: True)
    for split in ("Train", "Test"):
        with zipfile.ZipFile(tmp_path / f"{split}.zip", "w") as archive:
            for k in range(10):
                name = f"{split}/{k // 4}/{k:05}.bin"
                path = tmp_path / "NMNIST" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                nmnist_format.write(path, a_recording(rng))
                archive.write(path, name)
    found = tonic.read(tonic.Params(dataset="NMNIST", data_dir=str(tmp_path), time_zero="clock"))
    for split in ("train", "test"):
        images, labels, expected = nmnist.read_archive(tmp_path / f"{split.title()}.zip")
        assert np.array_equal(getattr(found, f"{split}_images"), images)
        assert np.array_equal(getattr(found, f"{split}_labels"), labels)
        own = getattr(found, f"{split}_events")
        assert all(np.array_equal(a, b) for a, b in zip(vars(own).values(), vars(expected).values(), strict=True))
    options = {"first_saccade_only": True}
    first = tonic.read(tonic.Params(dataset="NMNIST", data_dir=str(tmp_path), time_zero="clock", options=options))
    assert 0 < len(first.train_events.time_us) < len(found.train_events.time_us)
    assert first.train_events.time_us.max() < 100_000


def test_real_spoken_digits(real, tmp_path, rng):
    folder = tmp_path / "SHD"
    folder.mkdir()
    expected = {}
    for split in ("train", "test"):
        (folder / f"shd_{split}.h5.zip").touch()
        spikes = [(np.sort(rng.random(n)).astype(np.float16), rng.integers(0, 700, n)) for n in (5, 0, 9, 7)]
        expected[split] = spikes
        with h5py.File(folder / f"shd_{split}.h5", "w") as file:
            for name, kind, column in (("times", np.float16, 0), ("units", np.uint16, 1)):
                array = file.create_dataset(f"spikes/{name}", (4,), h5py.vlen_dtype(np.dtype(kind)))
                for k, one in enumerate(spikes):
                    array[k] = one[column]
            file["labels"] = np.array([0, 1, 1, 2], np.uint16)
            file["extra/keys"] = [b"zero", b"one", b"two"]
            file["extra/speaker"] = np.zeros(4, np.uint16)
    data, n_classes = read(
        tonic, tonic.Params(dataset="SHD", data_dir=str(tmp_path), time_zero="clock", events={"polarity": "on"})
    )
    assert data.train_images.shape == (4, 1, 1, 700)
    assert data.test_labels.tolist() == [0, 1, 1, 2]
    assert data.class_names == ("zero", "one", "two")
    assert n_classes == 3
    for split in ("train", "test"):
        own = getattr(data, f"{split}_events")
        assert own.channel.tolist() == [int(unit) for _, units in expected[split] for unit in units]
        times = [int(float(t) * 1e6) for times, _ in expected[split] for t in times]
        assert own.time_us.tolist() == times


def test_real_gestures(real, tmp_path, rng):
    for split, n in (("Train", 110), ("Test", 100)):
        folder = tmp_path / "DVSGesture" / f"ibmGesture{split}"
        (folder.parent / f"ibmGesture{split}.tar.gz").parent.mkdir(exist_ok=True)
        (folder.parent / f"ibmGesture{split}.tar.gz").touch()
        for k in range(n):
            path = folder / f"user{k // 11:02}_led" / f"{k % 11}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.array([[3, 127, 1, 5], [0, 0, 0, 6 + k]], np.float64))
    data, n_classes = read(tonic, tonic.Params(data_dir=str(tmp_path)))
    assert data.train_images.shape == (110, 2, 128, 128)
    assert n_classes == 11
    assert data.class_names[0] == "Hand clapping"
    one = data.train_events.take(np.array([0]))
    assert one.channel.tolist() == [128 * 128 + 127 * 128 + 3, 0]
    assert one.time_us[0] == 0
    assert one.time_us[1] % 1000 == 0


def test_real_recordings_of_different_size(real, tmp_path, rng, monkeypatch):
    monkeypatch.setattr(real.NCALTECH101, "_check_exists", lambda self: True)
    for name in ("ant", "bee"):
        for k in range(3):
            path = tmp_path / "NCALTECH101" / "Caltech101" / name / f"{k}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            nmnist_format.write(path, a_recording(rng))
    data, _ = read(tonic, tonic.Params(dataset="NCALTECH101", data_dir=str(tmp_path), split=HELD_OUT))
    assert data.class_names == ("ant", "bee")
    assert sorted(data.train_labels.tolist() + data.test_labels.tolist()) == [0] * 3 + [1] * 3
    assert max(data.train_images.shape[2:]) <= 34


def test_real_archives_that_are_not_there_are_not_downloaded(real, tmp_path):
    with pytest.raises(DataError, match=r"tonic's NMNIST lacks files in '.*NMNIST', and STDP_OFFLINE is set"):
        tonic.read(tonic.Params(dataset="NMNIST", data_dir=str(tmp_path)))
    with pytest.raises(ConfigError, match=r"tonic has no 'NMINST'.*Did you mean 'NMNIST'"):
        tonic.read(tonic.Params(dataset="NMINST", data_dir=str(tmp_path)))

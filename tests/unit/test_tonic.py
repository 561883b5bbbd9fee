"""Data sets of the library tonic: a stand-in for the library, and the library itself where it is installed."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.datasets._read import read
from stdp_pipeline.errors import ConfigError, DataError

MODULE = registry.load("dataset", "tonic")
FIELDS = np.dtype([("x", np.int16), ("y", np.int16), ("p", bool), ("t", np.int64)])


@pytest.fixture
def library(monkeypatch):
    """Return a function that makes a class tonic's data set 'Some'."""

    def install(some):
        datasets = ModuleType("tonic.datasets")
        datasets.Some = some
        monkeypatch.setitem(sys.modules, "tonic", ModuleType("tonic"))
        monkeypatch.setitem(sys.modules, "tonic.datasets", datasets)

    return install


def events(*rows):
    return np.array(list(rows), FIELDS)


def data_set(recordings, size=(4, 3, 2)):
    class Some:
        sensor_size = size

        def __init__(self, save_to):
            pass

        def __len__(self):
            return len(recordings)

        def __getitem__(self, k):
            return recordings[k]

    return Some


def test_events_become_channels_in_the_order_of_time(library):
    pair = (events((3, 2, True, 700), (0, 1, False, 20)), "b")
    library(data_set([pair, (events((1, 0, True, 5)), "a"), pair, pair]))
    data = MODULE.read(MODULE.Params(dataset="Some", split={"method": "held_out"}))
    assert data.train_events.time_us.tolist() == [20, 700, 5, 20, 700, 20, 700]
    assert data.train_events.channel[:3].tolist() == [4, 12 + 11, 12 + 1]
    assert data.train_labels.tolist() == [1, 0, 1, 1]
    assert data.class_names == ("a", "b")
    assert data.train_images.shape == (4, 2, 3, 4)
    assert data.train_images[0].sum() == 2


def test_sensors_without_y_polarity_or_size(library):
    sound = np.array([(3, 10), (9, 20)], [("x", np.int64), ("t", np.int64)])
    library(data_set([(sound, 0), (sound, 1)] * 4, size=None))
    params = MODULE.Params(dataset="Some", split={"method": "held_out"}, events={"polarity": "on"})
    data, n_classes = read(MODULE, params)
    assert n_classes == 2
    assert data.train_images.shape[1:] == (1, 1, 10)
    assert np.array_equal(np.unique(data.train_events.channel), [3, 9])


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (events((4, 0, True, 1)), r"recording 0, event 0: found x 4, y 0, time 1 us, expected a pixel of 4 x 3"),
        (events((0, 0, True, 1), (0, 0, True, 2**32)), r"recording 0, event 1"),
        (np.zeros(3, [("t", np.int64)]), r"no events with x and t"),
        (np.zeros((3, 4)), r"no events with x and t"),
    ],
)
def test_events_that_no_sensor_gives_are_refused(library, recording, message):
    library(data_set([(recording, 0)]))
    with pytest.raises(DataError, match=message):
        MODULE.read(MODULE.Params(dataset="Some", split={"method": "held_out"}))


def test_a_data_set_without_a_test_split_needs_one(library):
    library(data_set([(events(), 0)]))
    with pytest.raises(ConfigError, match=r"'held_out' or 'k_fold'"):
        MODULE.read(MODULE.Params(dataset="Some"))


def test_unknown_data_sets_and_a_missing_library_are_named(library, monkeypatch):
    library(data_set([]))
    with pytest.raises(ConfigError, match=r"one of tonic's data sets, Some; got 'Other'"):
        MODULE.read(MODULE.Params(dataset="Other"))
    monkeypatch.setitem(sys.modules, "tonic.datasets", None)
    with pytest.raises(ConfigError, match=r"pip install 'stdp_pipeline\[tonic\]'"):
        MODULE.read(MODULE.Params())


def test_nothing_is_downloaded_offline(library, monkeypatch, tmp_path):
    class Some:
        def __init__(self, save_to, train=True):
            self.download()

        def download(self):
            raise AssertionError("downloaded")

    library(Some)
    monkeypatch.setenv("STDP_OFFLINE", "1")
    with pytest.raises(DataError, match=r"STDP_OFFLINE is set.*put the files there"):
        MODULE.read(MODULE.Params(dataset="Some", data_dir=str(tmp_path)))


@pytest.mark.filterwarnings("ignore")  # those of the library's own dependencies
def test_the_library_itself(tmp_path, rng):
    pytest.importorskip("tonic")
    for split in ("train", "test"):
        folder = tmp_path / "POKERDVS" / f"pips_{split}"
        for suit in ("cl", "he", "di", "sp"):
            (folder / suit).mkdir(parents=True)
            for k in range(6):
                t = np.sort(rng.integers(0, 10_000, 30))
                rows = [t, rng.integers(0, 35, 30), rng.integers(0, 35, 30), rng.integers(0, 2, 30)]
                np.save(folder / suit / f"{k}.npy", np.stack(rows, axis=1))
        (tmp_path / "POKERDVS" / f"pips_{split}.tar.gz").touch()  # it only looks whether it is there
    data, n_classes = read(MODULE, MODULE.Params(dataset="POKERDVS", data_dir=str(tmp_path)))
    assert n_classes == 4
    assert data.class_names == ("cl", "he", "di", "sp")
    assert len(data.train_events) == len(data.test_events) == 24
    assert data.train_images.shape == (24, 2, 35, 35)
    assert data.train_images.sum() == 24 * 30

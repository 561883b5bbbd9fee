"""Data sets: the embedded ones are right, damaged ones are refused with a message that says what to do."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.datasets import digits, mnist
from stdp_pipeline.datasets._base import Dataset, checked, selected
from stdp_pipeline.datasets._idx import read as read_idx
from stdp_pipeline.errors import ConfigError, DataError


def idx(values: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture
def own_files(tmp_path, rng):
    """Write a small data set of our own in IDX format; return its folder."""
    for split, n in (("train", 6), ("t10k", 4)):
        images = rng.integers(0, 256, (n, 5, 4), dtype=np.uint8)
        (tmp_path / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.arange(n, dtype=np.uint8)))
    return tmp_path


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_every_data_set_keeps_the_contract(name):
    module = registry.load("dataset", name)
    data = checked(module.read(module.Params()), name)
    for split in ("train", "test"):
        images, labels = getattr(data, f"{split}_images"), getattr(data, f"{split}_labels")
        assert images.dtype == labels.dtype == np.uint8
        assert images.ndim == 3
        assert images.max() == 255
        assert set(np.unique(labels)) == set(range(10))
    assert "doi" in (module.__doc__ or "")


def test_mnist_is_all_there():
    data = mnist.read(mnist.Params())
    assert data.train_images.shape == (60_000, 28, 28)
    assert data.test_images.shape == (10_000, 28, 28)
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.train_images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_own_files_are_read_gzipped_or_not(own_files):
    data = mnist.read(mnist.Params(data_dir=str(own_files), check_sha256=False))
    assert data.train_images.shape == (6, 5, 4)
    assert data.test_labels.tolist() == [0, 1, 2, 3]


def test_the_environment_names_the_folder(own_files, monkeypatch):
    monkeypatch.setenv("STDP_DATA_DIR", str(own_files))
    assert len(mnist.read(mnist.Params(check_sha256=False)).train_images) == 6


def test_other_content_is_refused_unless_asked_for(own_files):
    with pytest.raises(DataError, match=r"wrong checksum.*check_sha256"):
        mnist.read(mnist.Params(data_dir=str(own_files)))


def test_missing_folder_and_file_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere' does not exist.*data_dir"):
        mnist.read(mnist.Params(data_dir=str(tmp_path / "nowhere")))
    with pytest.raises(DataError, match=r"no 'train-images-idx3-ubyte.gz'"):
        mnist.read(mnist.Params(data_dir=str(tmp_path)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-3], "truncated"),
        (lambda raw: raw + b"x", "too long"),
        (lambda raw: raw[:9], r"truncated: its header ends after 9 of 16 bytes"),
        (lambda raw: b"PK" + raw[2:], "not an IDX file"),
        (lambda raw: raw[:2] + b"\x0d" + raw[3:], "type 13"),
        (lambda raw: raw[:3] + b"\x01" + raw[4:], "1 dimensions, expected 3"),
        (lambda raw: b"", "not an IDX file"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_content_is_refused(tmp_path, damage, message, zipped):
    raw = damage(idx(np.zeros((3, 4, 4), np.uint8)))
    path = tmp_path / ("images.gz" if zipped else "images")
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3, None)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("cut", "message"), [(slice(0, -9), "truncated"), (slice(3, None), "damaged")])
def test_damaged_compression_is_refused(tmp_path, cut, message):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(np.arange(48, dtype=np.uint8).reshape(3, 4, 4)))[cut])
    with pytest.raises(DataError, match=message):
        read_idx(path, 3, None)


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    source = mnist.files(mnist.Params())["test_labels"]
    raw = bytearray(gzip.decompress(source.read_bytes()))
    raw[5000] ^= 1
    path = tmp_path / "t10k-labels-idx1-ubyte"
    path.write_bytes(bytes(raw))
    with pytest.raises(DataError, match="wrong checksum"):
        read_idx(path, 1, mnist.FILES["test_labels"][1])


def a_dataset(n_train=10, n_labels=10, n_test=4, side=3):
    return Dataset(
        np.arange(n_train * 9, dtype=np.uint8).reshape(-1, 3, 3),
        np.arange(n_labels, dtype=np.uint8),
        np.zeros((n_test, side, side), np.uint8),
        np.zeros(n_test, np.uint8),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_labels": 9}, "10 train images but 9 train labels"),
        ({"n_test": 0}, "no test images"),
        ({"side": 2}, "pixels"),
    ],
)
def test_inconsistent_data_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        checked(a_dataset(**arguments), "mine")


def test_selection_takes_the_first_images_and_validation_the_last():
    one = selected(a_dataset(), digits.Params(n_train=3, n_test=2))
    assert one.train_labels.tolist() == [0, 1, 2]
    assert len(one.test_labels) == 2
    held = selected(a_dataset(), digits.Params(validation=4))
    assert held.train_labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert held.test_labels.tolist() == [6, 7, 8, 9]


@pytest.mark.parametrize("wrong", [{"n_train": 11}, {"n_test": 5}, {"validation": 10}])
def test_more_than_there_is_cannot_be_selected(wrong):
    with pytest.raises(ConfigError, match=f"dataset.{next(iter(wrong))}"):
        selected(a_dataset(), digits.Params(**wrong))

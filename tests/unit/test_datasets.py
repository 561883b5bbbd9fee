"""Data sets: the contract, the selection, and damaged files, which are refused with a message that says what to do."""

from __future__ import annotations

import gzip
import struct
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from stdp_pipeline import registry
from stdp_pipeline.datasets import digits, emnist, idx, images, iris, mnist, npz, table, usps
from stdp_pipeline.datasets._base import Dataset, Recordings, checked
from stdp_pipeline.datasets._events import EventOptions, filtered
from stdp_pipeline.datasets._folder import listed
from stdp_pipeline.datasets._idx import read as read_idx
from stdp_pipeline.datasets._image import ImageOptions, OnOff, prepared
from stdp_pipeline.datasets._labels import numbered
from stdp_pipeline.datasets._read import read
from stdp_pipeline.datasets._selection import selected
from stdp_pipeline.errors import ConfigError, DataError


def idx_bytes(values: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


# ---- every data set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_every_data_set_keeps_the_contract(name, tiny_dataset):
    module, params = tiny_dataset(name)
    assert params.name == name
    assert "doi" in (module.__doc__ or "")
    data, n_classes = read(module, params)  # which checks it
    labels = np.concatenate([data.train_labels, data.test_labels])
    assert set(np.unique(labels)) <= set(range(n_classes))
    assert len(np.unique(labels)) > 1
    assert not data.class_names or len(data.class_names) == n_classes
    assert data.train_images.ndim in (3, 4)
    again, _ = read(module, params)
    for field in fields(Dataset):
        one, other = getattr(data, field.name), getattr(again, field.name)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else type(one) is type(other)


@pytest.mark.parametrize("name", registry.names("dataset"))
def test_selection_works_on_every_data_set(name, tiny_dataset):
    module, params = tiny_dataset(name, classes=[0, 2], n_test=2, shuffle_seed=1)
    data, n_classes = read(module, params)
    assert set(np.unique(data.train_labels)) == {0, 2}
    assert len(data.test_labels) == 2
    assert n_classes >= 3
    if data.train_events is not None:
        assert len(data.train_events) == len(data.train_labels)


@pytest.mark.parametrize("name", ["idx", "images", "npz", "table", "recordings"])
def test_the_users_own_data_are_identified_by_their_content(name, tiny_dataset, tmp_path):
    module, params = tiny_dataset(name)
    before = module.fingerprint(params)
    assert before
    assert before == module.fingerprint(params)
    path = max((tmp_path / name).rglob("*"), key=lambda p: p.is_file() and p.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))
    assert before != module.fingerprint(params)


def test_mnist_is_all_there():
    data = mnist.read(mnist.Params())
    assert data.train_images.shape == (60_000, 28, 28)
    assert data.test_images.shape == (10_000, 28, 28)
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.train_images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_mnist_refuses_other_images(tiny_dataset):
    _, own = tiny_dataset("idx")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte"):
        mnist.read(mnist.Params(data_dir=own.folder))


@pytest.mark.parametrize(("part", "n_classes"), [("balanced", 20), ("letters", 20), ("digits", 10)])
def test_emnist_is_upright_and_counts_from_zero(tiny_dataset, part, n_classes):
    module, params = tiny_dataset("emnist", part=part)
    data = module.read(params)
    assert set(np.unique(data.train_labels)) == set(range(n_classes))
    assert len(emnist.CLASS_NAMES[part]) == {"balanced": 47, "letters": 26, "digits": 10}[part]
    import zipfile

    with zipfile.ZipFile(f"{params.data_dir}/gzip.zip") as archive:
        raw = gzip.decompress(archive.read(f"gzip/emnist-{part}-train-images-idx3-ubyte.gz"))
    assert np.array_equal(data.train_images[3].T, np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[3])


def test_usps_values_become_levels(tmp_path):
    path = tmp_path / "usps"
    path.write_text("1 " + " ".join(f"{i}:{v}" for i, v in enumerate([-1, 1, 0.5, 0] * 64, start=1)) + "\n10 1:0\n")
    pixels, labels = usps.read_libsvm(path)
    assert labels.tolist() == [0, 9]
    assert pixels[0, 0, :4].tolist() == [0, 255, 191, 128]
    path.write_text("11 1:0\n")
    with pytest.raises(DataError, match=r"labels in 1 to 10"):
        usps.read_libsvm(path)
    path.write_text("what is this\n")
    with pytest.raises(DataError, match=r"cannot be read as LIBSVM data"):
        usps.read_libsvm(path)


# ---- IDX -------------------------------------------------------------------------------------------------------------


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
    raw = damage(idx_bytes(np.zeros((3, 4, 4), np.uint8)))
    path = tmp_path / ("images.gz" if zipped else "images")
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("cut", "message"), [(slice(0, -9), "truncated"), (slice(3, None), "damaged")])
def test_damaged_compression_is_refused(tmp_path, cut, message):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.arange(48, dtype=np.uint8).reshape(3, 4, 4)))[cut])
    with pytest.raises(DataError, match=message):
        read_idx(path, 3)


def test_missing_idx_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere' does not exist.*dataset.folder"):
        idx.read(idx.Params(folder=str(tmp_path / "nowhere")))
    with pytest.raises(DataError, match=r"no 'train-images-idx3-ubyte.gz'.*dataset.train_images"):
        idx.read(idx.Params(folder=str(tmp_path)))


# ---- consistency and selection ---------------------------------------------------------------------------------------


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


def labelled(labels, n_test=0):
    labels = np.asarray(labels, np.uint8)
    pixels = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    cut = len(labels) - n_test
    return Dataset(pixels[:cut], labels[:cut], pixels[cut:], labels[cut:])


def seen(data, split):
    """Return which of the images of ``labelled`` are in a split."""
    return getattr(data, f"{split}_images")[:, 0, 0].tolist()


@given(
    labels=st.lists(st.integers(0, 3), min_size=20, max_size=60),
    share=st.floats(0.2, 0.6),
    seed=st.integers(0, 2**40),
)
def test_a_held_out_split_divides_the_images(labels, share, seed):
    labels = [0, 1, 2, 3] * 3 + labels
    data = labelled(labels, n_test=8)
    params = digits.Params(split={"method": "held_out", "test_share": share, "seed": seed})
    found = selected(data, params)
    assert sorted(seen(found, "train") + seen(found, "test")) == list(range(len(labels)))
    assert set(found.train_labels) == set(labels)
    assert abs(len(found.test_labels) - share * len(labels)) <= 4 + 1
    again = selected(data, params)
    assert seen(found, "test") == seen(again, "test")


@given(labels=st.lists(st.integers(0, 2), min_size=10, max_size=50), folds=st.integers(2, 5), seed=st.integers(0, 9))
def test_the_folds_cover_every_image_once(labels, folds, seed):
    labels = [0, 1, 2] * folds + labels
    data = labelled(labels, n_test=5)
    tested = []
    for fold in range(folds):
        split = {"method": "k_fold", "folds": folds, "fold": fold, "seed": seed}
        found = selected(data, digits.Params(split=split))
        assert sorted(seen(found, "train") + seen(found, "test")) == list(range(len(labels)))
        tested += seen(found, "test")
    assert sorted(tested) == list(range(len(labels)))


def test_too_few_images_of_a_class_cannot_be_divided():
    with pytest.raises(ConfigError, match=r"dataset.split: each class needs at least 2 images.*class 1 has 1"):
        selected(labelled([0, 0, 0, 1], 1), digits.Params(split={"method": "held_out"}))
    with pytest.raises(ValidationError, match=r"fold must be below folds"):
        digits.Params(split={"method": "k_fold", "folds": 3, "fold": 3})


def test_classes_are_chosen_and_counted():
    data = labelled([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], n_test=3)
    found = selected(data, digits.Params(classes=[0, 2], n_per_class=1))
    assert found.train_labels.tolist() == [0, 2]
    assert found.test_labels.tolist() == [2, 0]
    with pytest.raises(ConfigError, match=r"dataset.classes: no training image has class 7; known: 0, 1, 2"):
        selected(data, digits.Params(classes=[0, 7]))
    with pytest.raises(ConfigError, match=r"dataset.n_per_class must be at most"):
        selected(data, digits.Params(n_per_class=5))


def test_shuffling_is_a_permutation_that_the_seed_decides():
    data = labelled([*range(40), 0], n_test=1)
    orders = [seen(selected(data, digits.Params(shuffle_seed=seed)), "train") for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(40))


# ---- options of images -----------------------------------------------------------------------------------------------


def of_images(pixels, **options):
    pixels = np.asarray(pixels, np.uint8)
    labels = np.zeros(len(pixels), np.uint8)
    return prepared(Dataset(pixels, labels, pixels, labels), ImageOptions(**options)).train_images


def test_crop_keeps_the_middle(rng):
    pixels = rng.integers(0, 256, (3, 6, 8), dtype=np.uint8)
    assert np.array_equal(of_images(pixels, crop=[2, 4]), pixels[:, 2:4, 2:6])
    with pytest.raises(ConfigError, match=r"dataset.image.crop must be at most \[6, 8\]"):
        of_images(pixels, crop=[7, 2])


def test_scaling_keeps_flat_images_and_means(rng):
    assert np.all(of_images(np.full((2, 8, 8), 77), size=[5, 3]) == 77)
    pixels = rng.integers(0, 256, (4, 16, 16), dtype=np.uint8)
    small = of_images(pixels, size=[8, 8])
    assert small.shape == (4, 8, 8)
    assert np.abs(small.mean(axis=(1, 2)) - pixels.mean(axis=(1, 2))).max() < 3


def test_normalisation(rng):
    pixels = rng.integers(0, 100, (5, 9, 9), dtype=np.uint8)
    pixels[4] = 0
    brightest = of_images(pixels, normalise="max")
    assert brightest.max(axis=(1, 2)).tolist() == [255, 255, 255, 255, 0]
    total = of_images(pixels, normalise="total", total=2000.0)
    assert np.abs(total[:4].sum(axis=(1, 2), dtype=int) - 2000).max() <= 81 / 2
    assert np.all(total[4] == 0)


def test_on_and_off_cells_see_bright_and_dark_spots():
    pixels = np.zeros((2, 15, 15), np.uint8)
    pixels[0, 7, 7] = 255
    pixels[1] = 255
    pixels[1, 7, 7] = 0
    cells = of_images(pixels, on_off={"gain": 4.0})
    assert cells.shape == (2, 2, 15, 15)
    off, on = 0, 1
    assert cells[0, on].argmax() == cells[1, off].argmax() == 7 * 15 + 7
    assert cells[0, on, 7, 7] > cells[0, off].max()
    assert np.array_equal(cells[0, on], cells[1, off])  # a dark spot is a bright one inverted
    assert np.all(of_images(np.full((1, 9, 9), 90), on_off={}) == 0)
    with pytest.raises(ValidationError, match=r"sigma_center_px must be below"):
        OnOff(sigma_center_px=2.0, sigma_surround_px=1.0)


def test_inverting():
    assert of_images(np.full((1, 2, 2), 250), invert=True).tolist() == [[[5, 5], [5, 5]]]


# ---- your own images -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, rng):
    """Write 2 x 6 images of 5 x 4 pixels into a folder that does not divide them."""
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for k in range(6):
            Image.fromarray(rng.integers(0, 256, (5, 4), dtype=np.uint8)).save(tmp_path / name / f"{k}.png")
    return tmp_path


HELD_OUT = {"method": "held_out", "test_share": 0.5}


def test_a_folder_of_images(folder):
    (folder / "cats" / ".DS_Store").write_text("x")
    (folder / "cats" / "notes.txt").write_text("x")
    data, n_classes = read(images, images.Params(folder=str(folder), split=HELD_OUT))
    assert n_classes == 2
    assert data.class_names == ("cats", "dogs")
    assert data.train_images.shape == data.test_images.shape == (6, 5, 4)
    assert [path.name for path in listed(folder, images.SUFFIXES, "dataset.folder").ignored] == ["notes.txt"]


def test_a_folder_that_divides_nothing_needs_a_split(folder):
    with pytest.raises(ConfigError, match=r"dataset.split: .*held_out"):
        images.read(images.Params(folder=str(folder)))


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no files of the right kind"):
        listed(tmp_path, images.SUFFIXES, "dataset.folder")
    with pytest.raises(DataError, match=r"does not exist; check dataset.folder"):
        listed(tmp_path / "nowhere", images.SUFFIXES, "dataset.folder")


def test_images_of_different_sizes_need_a_common_one(folder):
    Image.new("L", (9, 9)).save(folder / "dogs" / "large.png")
    with pytest.raises(DataError, match=r"differ in size: 5 x 4 \(12\), 9 x 9 \(1\); set dataset.image.size"):
        images.read(images.Params(folder=str(folder), split=HELD_OUT))
    data, _ = read(images, images.Params(folder=str(folder), split=HELD_OUT, image={"size": [6, 6]}))
    assert data.train_images.shape[1:] == (6, 6)


def test_damaged_images_are_named(folder):
    (folder / "dogs" / "0.png").write_bytes(b"no image")
    whole = (folder / "cats" / "1.png").read_bytes()
    (folder / "cats" / "1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*1\.png.*0\.png.*mend or remove"):
        images.read(images.Params(folder=str(folder), split=HELD_OUT))


def test_colour_and_depth_become_grey(tmp_path):
    Image.new("RGB", (3, 3), (255, 0, 0)).save(tmp_path / "red.png")
    Image.fromarray(np.full((3, 3), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (3, 3), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert images.load_grey(tmp_path / "red.png")[0, 0] == 76  # 299/1000 of 255
    assert images.load_grey(tmp_path / "deep.png")[0, 0] == 128
    assert images.load_grey(tmp_path / "clear.png")[0, 0] == 255


# ---- npz and tables --------------------------------------------------------------------------------------------------


def test_an_npz_file_with_keras_names_and_real_numbers(tmp_path, rng):
    values = rng.random((6, 3, 3))
    np.savez(tmp_path / "a.npz", x_train=values, y_train=list("aabbcc"), x_test=values[:2], y_test=list("ab"))
    data, n_classes = read(npz, npz.Params(file=str(tmp_path / "a.npz")))
    assert n_classes == 3
    assert data.class_names == ("a", "b", "c")
    assert np.array_equal(data.train_images, np.rint(values * 255))


def test_an_npz_file_with_one_pool(tmp_path, rng):
    np.savez(tmp_path / "a.npz", X=rng.integers(0, 256, (20, 3, 3, 3)), y=np.arange(20) % 2)
    with pytest.raises(ConfigError, match=r"held_out"):
        npz.read(npz.Params(file=str(tmp_path / "a.npz")))
    data, _ = read(npz, npz.Params(file=str(tmp_path / "a.npz"), split=HELD_OUT))
    assert data.train_images.shape == (10, 3, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": [1]}, "holds a; its arrays must be named"),
        ({"X": np.zeros((3, 2)), "y": [0, 1, 0]}, r"images must be \(n, height, width\)"),
        ({"X": np.full((3, 2, 2), 300), "y": [0, 1, 0]}, "whole numbers from 0 to 255"),
        ({"X": np.full((3, 2, 2), -0.5), "y": [0, 1, 0]}, "real numbers from 0 to 1"),
        ({"X": np.zeros((3, 2, 2)), "y": [[0], [1], [0]]}, "labels must be one for each image"),
    ],
)
def test_other_npz_files_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        npz.read(npz.Params(file=str(tmp_path / "a.npz"), split=HELD_OUT))


@pytest.mark.parametrize("content", [b"", b"PK nonsense", b"\x93NUMPY"])
def test_damaged_npz_files_are_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .* as a .npz file"):
        npz.read(npz.Params(file=str(tmp_path / "a.npz")))


def test_labels_are_numbered():
    assert numbered(np.array([3.0, 0.0]), "x")[0].tolist() == [3, 0]
    labels, names = numbered(np.array([1000, 7, 1000]), "x")
    assert (labels.tolist(), names) == ([0, 1, 0], ("1000", "7"))
    with pytest.raises(DataError, match=r"1 labels are missing"):
        numbered(np.array([0.0, np.nan]), "x")
    with pytest.raises(DataError, match=r"at most 256 classes"):
        numbered(np.array([f"c{k}" for k in range(300)]), "x")


def test_features_are_scaled_by_the_training_data_alone():
    data, n_classes = read(iris, iris.Params())
    assert n_classes == 3
    assert data.class_names == ("setosa", "versicolor", "virginica")
    assert data.train_images.shape == (105, 1, 4)
    assert np.all(data.train_images.min(axis=0) == 0)
    assert np.all(data.train_images.max(axis=0) == 1)
    assert data.test_images.min() >= 0
    assert data.test_images.max() <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,x,0\n2,y,1\n", "column 'b' holds text, for example 'x'"),
        ("a,b,c\n1,,0\n2,3,1\n", "feature 1 of row 0 is missing"),
        ("a,b,c\n1,2,\n2,3,1\n", "row 2 has no class"),
        ("a\n1\n", "needs a header"),
        ("", "cannot read .* as a table"),
    ],
)
def test_faulty_tables_are_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        table.read(table.Params(file=str(tmp_path / "t.csv"), split=HELD_OUT))


def test_the_class_may_be_any_column_of_a_table(tmp_path):
    (tmp_path / "t.tsv").write_text("kind\twidth\nx\t1\ny\t2\n")
    params = table.Params(file=str(tmp_path / "t.tsv"), label="kind", split=HELD_OUT)
    assert table.read(params).class_names == ("x", "y")
    with pytest.raises(ConfigError, match=r"has no column 'kin'; known: kind, width"):
        table.read(params.model_copy(update={"label": "kin"}))


# ---- options of events -----------------------------------------------------------------------------------------------


def of_events(time_ms, x, y, on, **options):
    """Return the events of one recording of 4 x 4 pixels after the options, as (time in ms, channel), and the image."""
    channel = np.array(on) * 16 + np.array(y) * 4 + np.array(x)
    events = Recordings((np.array(time_ms) * 1000).astype(np.uint32), channel.astype(np.uint16), np.array([0, len(x)]))
    pixels, labels = np.zeros((1, 2, 4, 4), np.uint8), np.zeros(1, np.uint8)
    data = filtered(Dataset(pixels, labels, pixels, labels, (), events, events), EventOptions(**options))
    kept = data.train_events
    return list(zip((kept.time_us / 1000).tolist(), kept.channel.tolist(), strict=True)), data.train_images[0]


EVENTS = ([1, 2, 3, 10], [0, 1, 3, 0], [0, 0, 3, 0], [0, 1, 1, 0])


def test_a_time_window_is_cut_out_and_times_counted_from_it():
    kept, counts = of_events(*EVENTS, start_ms=2.0, duration_ms=5.0)
    assert kept == [(0.0, 16 + 1), (1.0, 16 + 15)]
    assert counts.shape == (2, 4, 4)
    assert counts.sum() == 2


@pytest.mark.parametrize(("polarity", "channels"), [("merged", [0, 1, 15, 0]), ("on", [1, 15]), ("off", [0, 0])])
def test_polarities(polarity, channels):
    kept, counts = of_events(*EVENTS, polarity=polarity)
    assert [channel for _, channel in kept] == channels
    assert counts.shape == (1, 4, 4)
    assert counts.ravel()[0] == channels.count(0)


def test_downsampling_joins_squares_of_pixels():
    kept, counts = of_events(*EVENTS, downsample=2, polarity="merged")
    assert [channel for _, channel in kept] == [0, 0, 3, 0]
    assert counts.tolist() == [[[3, 0], [0, 1]]]
    assert of_events(*EVENTS, downsample=3)[1].shape == (2, 2, 2)


def test_a_refractory_period_leaves_out_what_comes_too_soon():
    times = [1, 2, 4, 5, 5]
    kept, _ = of_events(times, [0, 0, 0, 0, 1], [0] * 5, [1] * 5, refractory_ms=3.0)
    assert kept == [(1.0, 16), (4.0, 16), (5.0, 17)]


def test_recordings_are_taken_in_any_order():
    events = Recordings(np.arange(6, dtype=np.uint32), np.arange(6).astype(np.uint16), np.array([0, 2, 2, 6]))
    taken = events.take(np.array([2, 0, 2]))
    assert taken.offsets.tolist() == [0, 4, 6, 10]
    assert taken.time_us.tolist() == [2, 3, 4, 5, 0, 1, 2, 3, 4, 5]

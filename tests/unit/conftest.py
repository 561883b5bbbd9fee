"""Tiny copies of every data set, in the formats of the real ones."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from stdp_pipeline import registry

N_TRAIN, N_TEST = 40, 20
FILE_NAMES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


def idx(values: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def sums(path: Path) -> dict[str, Any]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return {
        "checksum": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        "content_sha256": hashlib.sha256(content).hexdigest() if path.suffix == ".gz" else None,
    }


def arrays(n_classes: int, side: int, rng: np.random.Generator, first_class: int = 0) -> dict[str, np.ndarray]:
    made = {}
    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        made[f"{split}_labels"] = (np.arange(n) % n_classes + first_class).astype(np.uint8)
        made[f"{split}_images"] = rng.integers(0, 256, (n, side, side), dtype=np.uint8)
    return made


def make_mnist_like(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    made, files = arrays(10, 28, rng), {}
    for role, name in FILE_NAMES.items():
        (folder / name).write_bytes(gzip.compress(idx(made[role])))
        files[role] = replace(module.FILES[role], **sums(folder / name))
    patch.setattr(module, "FILES", files)
    return {"data_dir": str(folder)}


def make_emnist(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for part, n_classes, first in (("balanced", 20, 0), ("letters", 20, 1), ("digits", 10, 0)):
            for name, values in arrays(n_classes, 28, rng, first).items():
                split, kind = name.split("_")
                member = f"gzip/emnist-{part}-{split}-{kind}-idx{values.ndim}-ubyte.gz"
                archive.writestr(member, gzip.compress(idx(values)))
    patch.setattr(module, "FILE", replace(module.FILE, **sums(folder / "gzip.zip")))
    return {"data_dir": str(folder)}


def make_usps(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    files = {}
    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        rows = []
        for k in range(n):
            values = rng.uniform(-1, 1, 256).round(4)
            rows.append(f"{k % 10 + 1} " + " ".join(f"{i + 1}:{v}" for i, v in enumerate(values)))
        path = folder / module.FILES[split].name
        path.write_bytes(bz2.compress(("\n".join(rows) + "\n").encode()))
        files[split] = replace(module.FILES[split], **sums(path))
    patch.setattr(module, "FILES", files)
    return {"data_dir": str(folder)}


def a_recording(rng: np.random.Generator, n_events: int = 50) -> Any:
    from stdp_pipeline.datasets._formats.recording import Recording

    return Recording(
        np.sort(rng.integers(0, 300_000, n_events)),
        rng.integers(0, 34, n_events).astype(np.uint16),
        rng.integers(0, 34, n_events).astype(np.uint16),
        rng.random(n_events) < 0.5,
        34,
        34,
    )


def make_nmnist(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    from stdp_pipeline.datasets._formats import nmnist

    files = {}
    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        path = folder / module.FILES[split].name
        with zipfile.ZipFile(path, "w") as archive:
            for k in range(n):
                nmnist.write(folder / "one.bin", a_recording(rng))
                archive.write(folder / "one.bin", f"{split.title()}/{k % 10}/{k + 1:05}.bin")
        (folder / "one.bin").unlink()
        files[split] = replace(module.FILES[split], **sums(path))
    patch.setattr(module, "FILES", files)
    return {"data_dir": str(folder)}


def make_recordings(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    from stdp_pipeline.datasets._formats import nmnist

    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        for k in range(n):
            path = folder / split / f"class{k % 4}" / f"{k:03}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            nmnist.write(path, a_recording(rng))
    return {"path": str(folder)}


def make_images(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    from PIL import Image

    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        for k in range(n):
            path = folder / split / "abcd"[k % 4] / f"{k:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (9, 7), dtype=np.uint8)).save(path)
    return {"folder": str(folder)}


def make_npz(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    np.savez(folder / "data.npz", **arrays(4, 8, rng))
    return {"file": str(folder / "data.npz")}


def make_idx(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    for role, values in arrays(4, 8, rng).items():
        (folder / FILE_NAMES[role].removesuffix(".gz")).write_bytes(idx(values))
    return {"folder": str(folder)}


def make_table(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    rows = [f"{a:.3f},{b:.3f},{'xyz'[k % 3]}" for k, (a, b) in enumerate(rng.normal(size=(60, 2)))]
    (folder / "table.csv").write_text("width,height,kind\n" + "\n".join(rows) + "\n")
    return {"file": str(folder / "table.csv"), "split": {"method": "held_out"}}


def make_tonic(module: ModuleType, folder: Path, rng: np.random.Generator, patch: Any) -> dict[str, Any]:
    """Put a small library in the place of tonic, which the tests do without; test_tonic.py reads with the real one."""
    made = {split: [a_recording(rng) for _ in range(n)] for split, n in (("train", N_TRAIN), ("test", N_TEST))}
    fields = [("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", bool)]

    class DVSGesture:
        sensor_size = (34, 34, 2)
        classes: ClassVar = ["clap", "wave", "roll", "drum"]

        def __init__(self, save_to: str, train: bool = True) -> None:
            assert save_to == str(folder)
            self.own = made["train" if train else "test"]

        def __len__(self) -> int:
            return len(self.own)

        def __getitem__(self, k: int) -> tuple[np.ndarray, int]:
            one = self.own[k]
            events = np.empty(len(one), fields)
            events["x"], events["y"], events["t"], events["p"] = one.x, one.y, one.time_us + 10**15, one.polarity
            return events, k % 4

    library, datasets = ModuleType("tonic"), ModuleType("tonic.datasets")
    datasets.DVSGesture = DVSGesture  # type: ignore[attr-defined]
    library.datasets = datasets  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "tonic", library)
    patch.setitem(sys.modules, "tonic.datasets", datasets)
    return {"data_dir": str(folder)}


MAKERS: dict[str, Callable[..., dict[str, Any]] | None] = {
    "digits": None,
    "emnist": make_emnist,
    "fashion_mnist": make_mnist_like,
    "idx": make_idx,
    "images": make_images,
    "iris": None,
    "kmnist": make_mnist_like,
    "mnist": None,
    "nmnist": make_nmnist,
    "npz": make_npz,
    "recordings": make_recordings,
    "table": make_table,
    "tonic": make_tonic,
    "usps": make_usps,
}
"""What makes a tiny copy of each data set; None where the real one is at hand."""


@pytest.fixture
def tiny_dataset(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[ModuleType, Any]]:
    """Return a function: name of a data set -> its module, and parameters that read a tiny copy of it."""

    def make(name: str, **more: Any) -> tuple[ModuleType, Any]:
        module = registry.load("dataset", name)
        folder = tmp_path / name
        folder.mkdir()
        maker = MAKERS.get(name)
        given = maker(module, folder, rng, monkeypatch) if maker else {}
        return module, module.Params.model_validate(given | more)

    return make

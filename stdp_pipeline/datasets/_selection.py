"""Choose images from a data set: by class, by split, by number."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.datasets._base import Dataset, DatasetParams, Recordings, Split
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.random import shuffled

__all__ = ["selected"]


def selected(data: Dataset, params: DatasetParams) -> Dataset:
    """Apply ``classes``, ``split``, ``shuffle_seed``, ``validation``, ``n_per_class``, ``n_train`` and ``n_test``.

    Raises
    ------
    ConfigError
        If more is asked for than there is.
    """
    n_train, n_test = data.n_images("train"), data.n_images("test")
    labels = np.concatenate([data.train_labels, data.test_labels])
    # Numbers of images, those of the test split after those of the training split.
    train, test = np.arange(n_train), np.arange(n_train, n_train + n_test)
    if params.classes is not None:
        if missing := sorted(set(params.classes) - set(np.unique(labels[train]).tolist())):
            there = ", ".join(map(str, np.unique(labels[train])))
            raise ConfigError(
                f"dataset.classes: no training image has class {', '.join(map(str, missing))}; known: {there}"
            )
        train, test = (chosen[np.isin(labels[chosen], params.classes)] for chosen in (train, test))
    train, test = _split(params.split, train, test, labels)
    if params.shuffle_seed is not None:
        train = train[shuffled(params.shuffle_seed, len(train), 0)]
    if params.validation:
        if params.validation >= len(train):
            raise ConfigError(
                f"dataset.validation must be below the number of training images ({len(train)}), "
                f"got {params.validation}"
            )
        train, test = np.split(train, [len(train) - params.validation])
    if params.n_per_class is not None:
        train = _first_of_each_class(train, labels, params.n_per_class)
    for split, wanted, available in (("train", params.n_train, len(train)), ("test", params.n_test, len(test))):
        if wanted is not None and wanted > available:
            raise ConfigError(f"dataset.n_{split} must be at most {available}, got {wanted}")
    return _taken(data, train[: params.n_train], test[: params.n_test])


def _split(split: Split, train: np.ndarray, test: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if split.method == "given":
        return train, test
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

    pool = np.concatenate([train, test])
    counts = np.bincount(labels[pool])
    fewest = int(counts[counts > 0].min())
    needed = split.folds if split.method == "k_fold" else 2
    if fewest < needed:
        raise ConfigError(
            f"dataset.split: each class needs at least {needed} images for '{split.method}', class "
            f"{int(np.flatnonzero(counts == fewest)[0])} has {fewest}"
        )
    # scikit-learn takes 32-bit seeds.
    seed = split.seed % 2**32
    if split.method == "k_fold":
        parts = list(StratifiedKFold(split.folds, shuffle=True, random_state=seed).split(pool, labels[pool]))
        chosen = parts[split.fold]
    else:
        halves = StratifiedShuffleSplit(1, test_size=split.test_share, random_state=seed)
        chosen = next(halves.split(pool, labels[pool]))
    # In the order of the files: a new order is another option's matter.
    return pool[np.sort(chosen[0])], pool[np.sort(chosen[1])]


def _first_of_each_class(chosen: np.ndarray, labels: np.ndarray, n_per_class: int) -> np.ndarray:
    keep = np.zeros(len(chosen), bool)
    for c in np.unique(labels[chosen]):
        members = np.flatnonzero(labels[chosen] == c)
        if len(members) < n_per_class:
            raise ConfigError(
                f"dataset.n_per_class must be at most {len(members)}, the training images of class {c}, "
                f"got {n_per_class}"
            )
        keep[members[:n_per_class]] = True
    return chosen[keep]


def _taken(data: Dataset, train: np.ndarray, test: np.ndarray) -> Dataset:
    n_train = data.n_images("train")

    def images(kind: str, chosen: np.ndarray) -> np.ndarray:
        own, other = getattr(data, f"train_{kind}"), getattr(data, f"test_{kind}")
        # Without a copy of everything where one split is enough.
        if np.all(chosen < n_train):
            return own[chosen]
        if np.all(chosen >= n_train):
            return other[chosen - n_train]
        return np.concatenate([own, other])[chosen]

    def events(chosen: np.ndarray) -> Recordings | None:
        own, other = data.train_events, data.test_events
        if own is None or other is None:
            return None
        if np.all(chosen < n_train):
            return own.take(chosen)
        if np.all(chosen >= n_train):
            return other.take(chosen - n_train)
        both = Recordings(
            np.concatenate([own.time_us, other.time_us]),
            np.concatenate([own.channel, other.channel]),
            np.concatenate([own.offsets, other.offsets[1:] + own.offsets[-1]]),
        )
        return both.take(chosen)

    return Dataset(
        images("images", train),
        images("labels", train),
        images("images", test),
        images("labels", test),
        data.class_names,
        events(train),
        events(test),
    )

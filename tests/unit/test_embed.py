"""Methods of embedding: one contract for all, and each against brute force, another library or a known answer."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform

from stdp_pipeline import registry
from stdp_pipeline.analysis.embed import (
    _graph,
    diffusion_map,
    isomap,
    m_phate,
    pacmap,
    pca,
    phate,
    principal_tree,
    umap,
)
from stdp_pipeline.analysis.embed._kernel import THRESHOLD, alpha_decay_kernel
from stdp_pipeline.analysis.points import Points, Trajectories, points_of
from stdp_pipeline.errors import DataError

METHODS = [name for name in registry.names("embedding") if hasattr(registry.load("embedding", name), "embed")]


def method(name):
    """Load a method, or skip the test where its package is missing."""
    module = registry.load("embedding", name)
    for package in module.PACKAGES:
        pytest.importorskip(package)
    return module


def blobs(rng, n_each=50, n_classes=3, d=30):
    """Return spike counts of clear clusters, (n_classes * n_each, d) float32, and their classes."""
    classes = np.repeat(np.arange(n_classes), n_each)
    rates = np.full((n_classes, d), 0.2)
    per_class = d // n_classes
    for c in range(n_classes):
        rates[c, per_class * c : per_class * (c + 1)] = 6.0
    return rng.poisson(rates[classes]).astype(np.float32), classes


def agreement(coordinates, classes):
    """Return the share of points whose nearest other point is of their class."""
    index, _ = points_of(coordinates, classes, 0).nearest(2)
    return np.mean(classes[index[:, 1]] == classes)


@pytest.fixture
def clusters(rng, seed) -> Points:
    features, classes = blobs(rng)
    return points_of(features, classes, seed)


@pytest.fixture
def trajectories(rng, seed) -> Trajectories:
    """Units that begin alike and become those of two groups."""
    groups = np.repeat([0, 1], 20)
    aims = rng.normal(0, 1, (2, 50))
    start, progress = rng.normal(0, 1, (40, 50)), np.linspace(0, 1, 6)[:, None, None]
    values = (1 - progress) * start + 4 * progress * aims[groups] + rng.normal(0, 0.1, (6, 40, 50))
    return Trajectories(values.astype(np.float32), groups, np.arange(6) * 100, seed)


def check_found(found):
    for value in found.values():
        for one in value if isinstance(value, list) else [value]:
            assert type(one) in (int, float, str)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_contract_and_repeats_itself(name, clusters, capfd, caplog):
    module = method(name)
    before = [a.copy() for a in (clusters.features, clusters.index, clusters.distance, clusters.labels)]
    with caplog.at_level(logging.DEBUG, logger="pacmap"):
        coordinates, found = module.embed(module.Params(), clusters)
    again, found_again = module.embed(module.Params(), clusters)
    assert coordinates.shape == (150, 2)
    assert coordinates.dtype == np.float64
    assert np.isfinite(coordinates).all()
    assert np.array_equal(coordinates, again)
    assert found == found_again
    check_found(found)
    after = (clusters.features, clusters.index, clusters.distance, clusters.labels)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert capfd.readouterr() == ("", "")
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert agreement(coordinates, clusters.labels) > 0.9


@pytest.mark.parametrize("name", registry.names("embedding"))
def test_every_method_says_what_it_is(name):
    module = registry.load("embedding", name)
    assert module.Params().name == name
    assert isinstance(module.PACKAGES, tuple)
    assert "Limit:" in module.__doc__
    assert "References\n----------" in module.__doc__
    assert "doi:" in module.__doc__


@pytest.mark.parametrize("name", [m for m in METHODS if m != "pca"])
def test_too_few_points_are_refused_with_the_parameter_to_change(name):
    module = method(name)
    three = points_of(np.eye(3), np.arange(3), 0)
    with pytest.raises(DataError, match=rf"^{name}[. ].*needs at least \d+.*, got 3"):
        module.embed(module.Params(), three)


def test_three_points_are_enough_for_pca():
    coordinates, _ = pca.embed(pca.Params(), points_of(np.eye(3), np.arange(3), 0))
    assert np.allclose(pdist(coordinates), np.sqrt(2))


@pytest.mark.parametrize("copies", [7, 40, 120])  # more than the neighbours of most methods; more than all known ones
@pytest.mark.parametrize("name", METHODS)
def test_equal_points_break_no_method(name, copies, rng, seed):
    module = method(name)
    features, _ = blobs(rng, n_each=20)
    rows = np.concatenate([features, np.repeat(features[:1], copies, axis=0), np.zeros((copies, 30), np.float32)])
    points = points_of(rng.permutation(rows), np.full(len(rows), -1), seed)
    coordinates, found = module.embed(module.Params(), points)
    assert coordinates.shape == (len(rows), 2)
    assert np.isfinite(coordinates).all()
    check_found(found)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("name", METHODS)
def test_few_features_break_no_method(name, d, rng, seed):
    module = method(name)
    coordinates, _ = module.embed(module.Params(), points_of(rng.normal(size=(60, d)), np.full(60, -1), seed))
    assert coordinates.shape == (60, 2)
    assert np.isfinite(coordinates).all()


# ---- the neighbour graph and the kernel ------------------------------------------------------------------------------


def test_neighbours_are_those_of_brute_force_with_the_point_itself_first(rng):
    features = rng.integers(0, 3, (40, 4)).astype(np.float32)  # many equal rows
    index, distance = points_of(features, np.zeros(40), 0).nearest(6)
    assert np.array_equal(index[:, 0], np.arange(40))
    squared = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    for i in range(40):
        assert len(set(index[i])) == 6
        assert np.allclose(np.sort(distance[i]), np.sqrt(np.sort(squared[i])[:6]), atol=1e-3)


def test_neighbours_are_raised_until_the_graph_is_connected(rng):
    apart = np.concatenate([rng.normal(0, 1, (20, 2)), rng.normal(1000, 1, (20, 2))])
    points = points_of(apart, np.zeros(40), 0)
    assert _graph.n_components(points.nearest(6)[0]) >= 2
    part = _graph.components(points.nearest(16)[0])
    assert len(set(part[:20])) == len(set(part[20:])) == 1
    assert part[0] != part[20]
    assert _graph.connected_knn(points, 5, 19) == (19, 2)
    assert _graph.connected_knn(points, 5, 60) == (20, 1)
    assert _graph.connected_knn(points, 25, 20) == (25, 1)


@pytest.mark.parametrize("decay", [40.0, 5.0])
def test_the_kernel_is_that_of_graphtools(decay, rng):
    import graphtools

    points = points_of(rng.normal(size=(80, 6)), np.zeros(80), 0)  # all others are known neighbours
    kernel = alpha_decay_kernel(points.index, points.distance, 5, decay)
    features = points.features.astype(np.float64)
    theirs = graphtools.Graph(features, knn=5, decay=decay, graphtype="exact", verbose=0).K
    # One half of an affinity may be cut by one and, by rounding, not by the other.
    assert np.allclose(kernel.toarray(), theirs, atol=0.6 * THRESHOLD)
    assert np.array_equal(kernel.diagonal(), np.ones(80))


def test_the_kernel_keeps_copies_linked_to_others(rng):
    features = np.concatenate([np.zeros((10, 3)), rng.normal(size=(30, 3))])
    points = points_of(features, np.zeros(40), 0)
    kernel = alpha_decay_kernel(points.index, points.distance, 5, 40.0).toarray()
    assert np.isfinite(kernel).all()
    assert np.array_equal(kernel, kernel.T)
    assert np.array_equal(kernel[:10, :10], np.ones((10, 10)))
    assert (kernel[:10, 10:].sum(axis=1) > 0).all()


# ---- each method -----------------------------------------------------------------------------------------------------


def test_pca_keeps_the_plane_of_largest_variance(rng):
    features = rng.normal(size=(100, 5)) * [10, 5, 1, 1, 1]
    coordinates, found = pca.embed(pca.Params(), points_of(features, np.zeros(100), 0))
    centred = features.astype(np.float32) - features.astype(np.float32).mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    assert np.allclose(np.linalg.norm(coordinates, axis=0), singular[:2], rtol=1e-4)
    assert np.allclose(found["explained_variance"], singular[:2] ** 2 / (singular**2).sum(), rtol=1e-4)


def test_phate_on_our_kernel_is_that_of_the_package(rng, seed):
    import phate as package

    angle = np.sort(rng.uniform(0, 3, 80))
    features = np.stack([np.cos(angle), np.sin(angle), angle], axis=1) + rng.normal(0, 0.02, (80, 3))
    points = points_of(features, np.zeros(80), seed)
    coordinates, found = phate.embed(phate.Params(), points)
    operator = package.PHATE(
        knn=found["knn"], knn_dist="precomputed_distance", mds_solver="smacof", random_state=seed, verbose=0
    )
    theirs = operator.fit_transform(squareform(pdist(points.features.astype(np.float64))))
    assert found["diffusion_time"] == operator.optimal_t
    assert np.corrcoef(pdist(coordinates), pdist(theirs))[0, 1] > 0.999


def test_phate_with_landmarks_keeps_clusters_and_counts_the_parts_of_the_graph(rng, seed):
    features, classes = blobs(rng)
    features[classes == 2] += 1000
    coordinates, found = phate.embed(phate.Params(n_landmark=60), points_of(features, classes, seed))
    assert found["graph_components"] >= 2
    assert found["knn"] == 30
    assert agreement(coordinates, classes) > 0.9


def test_diffusion_map_is_that_of_dense_eigenvectors(rng, seed):
    line = np.sort(rng.uniform(0, 10, 80))
    points = points_of(np.stack([line, np.sin(line)], axis=1), np.zeros(80), seed)
    coordinates, found = diffusion_map.embed(diffusion_map.Params(t=3), points)
    kernel = alpha_decay_kernel(points.index, points.distance, found["knn"], 40.0).toarray()
    degree = kernel.sum(axis=1)
    value, vector = np.linalg.eigh(kernel / np.sqrt(np.outer(degree, degree)))
    value, vector = value[::-1], vector[:, ::-1]
    assert found["graph_components"] == 1
    assert np.allclose(found["eigenvalues"], value[1:3], atol=1e-8)
    expected = vector[:, 1:3] / vector[:, :1] * value[1:3] ** 3
    for k in range(2):
        assert min(abs(expected[:, k] - s * coordinates[:, k]).max() for s in (1, -1)) < 1e-4 * abs(expected).max()
        assert coordinates[abs(coordinates[:, k]).argmax(), k] > 0


def test_isomap_is_that_of_scikit_learn(rng, seed):
    from sklearn.manifold import Isomap

    features = rng.uniform(0, 1, (100, 3)) * [20, 8, 1]
    points = points_of(features, np.zeros(100), seed)
    coordinates, found = isomap.embed(isomap.Params(knn=8), points)
    assert found["graph_components"] == 1
    theirs = Isomap(n_neighbors=found["knn"]).fit_transform(points.features.astype(np.float64))
    assert np.allclose(pdist(coordinates), pdist(theirs), atol=1e-3)


def test_isomap_joins_parts_of_the_graph_as_scikit_learn_does(rng, seed):
    from sklearn.manifold import Isomap

    features = rng.uniform(0, 1, (90, 3)) * [8, 4, 1] + np.repeat([[0, 0, 0], [60, 0, 0], [0, 70, 0]], 30, axis=0)
    points = points_of(features, np.zeros(90), seed)
    coordinates, found = isomap.embed(isomap.Params(knn=8, knn_most=8), points)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the graph is in parts, and how it is mended
        theirs = Isomap(n_neighbors=8).fit_transform(points.features.astype(np.float64))
    assert found["graph_components"] >= 3
    assert np.allclose(pdist(coordinates), pdist(theirs), atol=1e-3)


def test_isomap_from_landmarks_is_near_that_from_all_points(rng, seed):
    points = points_of(rng.uniform(0, 1, (200, 3)) * [20, 8, 1], np.zeros(200), seed)
    full, _ = isomap.embed(isomap.Params(knn=8), points)
    few, found = isomap.embed(isomap.Params(knn=8, n_landmark=50), points)
    assert found["n_landmark"] == 50
    assert np.corrcoef(pdist(full), pdist(few))[0, 1] > 0.95


def test_tsne_lowers_its_perplexity_for_few_points(rng, seed):
    tsne = method("tsne")
    features, classes = blobs(rng, n_each=20)
    _, found = tsne.embed(tsne.Params(), points_of(features, classes, seed))
    assert found["perplexity"] == pytest.approx(59 / 3)


def test_umap_keeps_densities_and_uses_classes_when_asked(rng, seed):
    noise = points_of(rng.normal(size=(120, 10)), rng.integers(0, 3, 120), seed)
    plain, found = umap.embed(umap.Params(), noise)
    assert found["initialisation"] == "spectral"
    dense, _ = umap.embed(umap.Params(densmap=True), noise)
    assert not np.allclose(plain, dense)
    supervised, _ = umap.embed(umap.Params(supervised=True), noise)
    assert agreement(supervised, noise.labels) > agreement(plain, noise.labels) + 0.2
    unknown = Points(noise.features, noise.index, noise.distance, np.full(120, -1), seed)
    with pytest.raises(DataError, match=r"umap\.supervised"):
        umap.embed(umap.Params(supervised=True), unknown)


def test_pacmap_chooses_its_near_pairs_as_the_package_does(rng):
    package = pytest.importorskip("pacmap.pacmap")
    points = points_of(rng.normal(size=(200, 5)), np.zeros(200), 0)
    pairs = pacmap.near_pairs(points, 10)
    theirs, *_ = package.generate_pair(points.features, 10, 5, 20, verbose=False)
    same = [len(set(pairs[10 * i : 10 * i + 10, 1]) & set(theirs[10 * i : 10 * i + 10, 1])) for i in range(200)]
    assert np.array_equal(pairs[:, 0], theirs[:, 0])
    assert np.mean(same) > 9.9  # rounding may swap two neighbours


def test_localmap_is_another_map_and_repeats_itself(clusters):
    pytest.importorskip("pacmap")
    plain, _ = pacmap.embed(pacmap.Params(), clusters)
    local, _ = pacmap.embed(pacmap.Params(local=True), clusters)
    again, _ = pacmap.embed(pacmap.Params(local=True), clusters)
    assert np.array_equal(local, again)
    assert not np.allclose(local, plain)
    assert agreement(local, clusters.labels) > 0.9


@pytest.mark.parametrize(("n", "nodes"), [(50, 50), (500, 115), (2000, 125), (10_000, 133)])
def test_the_tree_has_as_many_nodes_as_in_monocle(n, nodes):
    assert principal_tree.n_nodes(n) == nodes


def test_the_principal_tree_is_a_tree_and_finds_the_branches(rng, seed):
    tree = method("principal_tree")
    arms = np.repeat(np.arange(3), 60)
    along = rng.uniform(0.2, 1, 180)
    features = along[:, None] * np.eye(5)[arms] * 10 + rng.normal(0, 0.1, (180, 5))
    coordinates, found = tree.embed(tree.Params(), points_of(features, arms, seed))
    n = len(found["tree_x"])
    assert n == principal_tree.n_nodes(180)
    assert len(found["tree_from"]) == len(found["tree_to"]) == n - 1
    linked = coo_matrix((np.ones(n - 1), (found["tree_from"], found["tree_to"])), shape=(n, n))
    assert connected_components(linked, directed=False, return_labels=False) == 1
    assert agreement(coordinates, arms) > 0.9


# ---- trajectories ----------------------------------------------------------------------------------------------------


def dense_multislice(values, intraslice_knn, interslice_knn, decay):
    """The kernel by its definition, unit by unit and time by time."""
    n_times, n_units, _ = values.shape
    x = (values - values.mean(axis=2, keepdims=True)) / values.std(axis=2, keepdims=True)
    kernel = np.zeros((n_times, n_units, n_times, n_units))
    for t in range(n_times):
        d = squareform(pdist(x[t]))
        width = np.sort(d, axis=1)[:, intraslice_knn]
        half = np.exp(-((d / width[:, None]) ** decay))
        kernel[t, :, t, :] = (half + half.T) / 2
    widths = []
    for i in range(n_units):
        d = squareform(pdist(x[:, i]))
        widths.append(np.median(np.sort(d, axis=1)[:, interslice_knn]))
    for i in range(n_units):
        d = squareform(pdist(x[:, i]))
        kernel[:, i, :, i] = np.exp(-((d / np.mean(widths)) ** 2))
    return kernel.reshape((n_times * n_units,) * 2), np.mean(widths)


def test_the_multislice_kernel_is_that_of_the_definition(rng):
    values = rng.normal(size=(7, 12, 9)).cumsum(axis=0)
    kernel, sigma = m_phate.multislice_kernel(values, 2, 4, 5.0)
    expected, expected_sigma = dense_multislice(values, 2, 4, 5.0)
    assert sigma == pytest.approx(expected_sigma)
    assert np.allclose(kernel.toarray(), expected, atol=THRESHOLD)
    assert np.array_equal(kernel.toarray(), kernel.toarray().T)


def test_m_phate_keeps_the_contract_and_shows_the_groups(trajectories, capfd):
    coordinates, found = m_phate.embed_trajectories(m_phate.Params(), trajectories)
    again, _ = m_phate.embed_trajectories(m_phate.Params(), trajectories)
    assert coordinates.shape == (6, 40, 2)
    assert coordinates.dtype == np.float64
    assert np.isfinite(coordinates).all()
    assert np.array_equal(coordinates, again)
    assert found["interslice_knn"] == 5
    check_found(found)
    assert capfd.readouterr() == ("", "")
    assert agreement(coordinates[-1], trajectories.labels) > 0.9
    # A unit at one time is nearer to itself at the next than units are to each other.
    steps = np.linalg.norm(np.diff(coordinates, axis=0), axis=2)
    assert np.median(steps) < np.median(pdist(coordinates.reshape(-1, 2)))


def test_m_phate_takes_units_that_never_change_and_rows_without_variance(rng, seed):
    values = np.repeat(rng.random((1, 15, 20)), 4, axis=0).astype(np.float32)
    values[:, :2] = 0.5
    coordinates, found = m_phate.embed_trajectories(
        m_phate.Params(), Trajectories(values, np.zeros(15, int), np.arange(4), seed)
    )
    assert found["sigma"] == 0
    assert np.isfinite(coordinates).all()


def test_m_phate_refuses_too_few_times_and_units(trajectories, seed):
    values = trajectories.values
    with pytest.raises(DataError, match="at least 2 times, got 1"):
        m_phate.embed_trajectories(m_phate.Params(), Trajectories(values[:1], trajectories.labels, np.arange(1), seed))
    with pytest.raises(DataError, match=r"m_phate\.intraslice_knn = 2 .* got 2"):
        m_phate.embed_trajectories(
            m_phate.Params(), Trajectories(values[:, :2], trajectories.labels[:2], np.arange(6), seed)
        )

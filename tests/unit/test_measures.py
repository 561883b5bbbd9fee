"""Measures of maps: definitions by brute force, perfect and random maps, and what has no value."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import cdist, pdist

from stdp_pipeline.analysis import measures as public
from stdp_pipeline.analysis.measures import (
    MEASURES,
    TRAJECTORY_MEASURES,
    class_measures,
    demap,
    measures,
    space_of,
    trajectory_measures,
)
from stdp_pipeline.analysis.measures._ranks import neighbour_ranks, spearman
from stdp_pipeline.analysis.measures._space import geodesics
from stdp_pipeline.analysis.measures.classes import knn_accuracy
from stdp_pipeline.analysis.measures.global_structure import (
    TRIPLETS_PER_POINT,
    centroid_distances,
    geodesics_kept,
    random_triplets,
)
from stdp_pipeline.analysis.measures.local import local_measures, neighbours_kept, rnx_auc
from stdp_pipeline.analysis.measures.trajectories import largest_jump, long_steps, path_correlation, time_neighbours
from stdp_pipeline.errors import DataError


@pytest.fixture
def clusters(rng):
    """Return features of four clusters, (160, 12), and their classes."""
    classes = np.repeat(np.arange(4), 40)
    return (rng.normal(0, 4, (4, 12))[classes] + rng.normal(0, 1, (160, 12))).astype(np.float32), classes


@pytest.fixture
def noise_map(rng):
    """Return a poor, but not random map, of features (60, 6) onto (60, 2), and its ranks."""
    features = rng.normal(size=(60, 6)).astype(np.float32)
    coordinates = features[:, :2] + 0.5 * rng.normal(size=(60, 2))
    return features, coordinates, brute_ranks(features), brute_ranks(coordinates)


def brute_ranks(points):
    """Rank by sorting a row at a time; no two distances may be equal."""
    distance = cdist(points, points)
    rank = np.empty(distance.shape, np.int32)
    for i, row in enumerate(distance):
        rank[i, np.argsort(row)] = np.arange(len(row))
    return rank


def beyond_chance(value, chance, least=8.0):
    """Return whether repeated values differ from chance: Student's t of 20 exceeds 8 once in ten million times."""
    error = np.std(value, ddof=1) / np.sqrt(len(value))
    return abs(np.mean(value) - chance) > least * error + 1e-12


# ---- ranks and geodesics ---------------------------------------------------------------------------------------------


def test_ranks_follow_distances_with_the_row_itself_first(rng):
    points = rng.integers(0, 3, (40, 2))  # many at the same place
    distance = cdist(points, points)
    rank = neighbour_ranks(distance, rng)
    assert np.array_equal(np.diagonal(rank), np.zeros(40))
    for i in range(40):
        assert sorted(rank[i]) == list(range(40))
        in_order = distance[i, np.argsort(rank[i])]
        assert np.array_equal(in_order, np.sort(distance[i]))


def test_two_spaces_without_order_agree_by_chance_only(rng):
    nothing = np.zeros((50, 50))
    kept = np.array([neighbours_kept(neighbour_ranks(nothing, rng), neighbour_ranks(nothing, rng)) for _ in range(20)])
    assert not beyond_chance(kept[:, 9], 10 / 49)


@given(st.integers(3, 12).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 6), min_size=n, max_size=n)] * 2)))
def test_spearman_is_that_of_scipy(both):
    a, b = (np.array(x, float) for x in both)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert np.isnan(spearman(a, b))
    else:
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    assert np.isnan(spearman(a[:2], b[:2]))


def test_geodesics_are_the_shortest_paths_of_brute_force(rng):
    points = np.concatenate([rng.normal(size=(25, 2)), rng.normal(size=(3, 2)) + 100])
    points = np.concatenate([points, points[:3]])  # edges of length zero
    n, k = len(points), 2
    distance = cdist(points, points)
    length = np.full((n, n), np.inf)
    for i in range(n):
        near = [j for j in np.argsort(distance[i] - (np.arange(n) == i)) if j != i][:k]
        length[i, near] = distance[i, near]
    length = np.minimum(length, length.T)
    np.fill_diagonal(length, 0)
    for via in range(n):
        length = np.minimum(length, length[:, via, None] + length[via])
    found = geodesics(points, k)
    assert np.array_equal(np.isfinite(found), np.isfinite(length))
    joined = np.isfinite(length)
    assert np.allclose(found[joined], length[joined], atol=1e-6)
    assert not joined.all()


# ---- the space -------------------------------------------------------------------------------------------------------


def test_a_space_is_a_subsample_in_which_all_belongs_together(clusters, rng):
    features, classes = clusters
    space = space_of(features, classes, rng, n_rows=90, n_neighbors=10)
    assert len(np.unique(space.rows)) == len(space.rows) == 90
    assert np.array_equal(space.features, features[space.rows])
    assert np.array_equal(space.labels, classes[space.rows])
    assert np.allclose(space.distance, cdist(space.features, space.features), atol=1e-3)
    assert space.rank.shape == space.geodesic.shape == (90, 90)
    assert np.array_equal(np.sort(space_of(features, classes, rng).rows), np.arange(160))


def test_the_share_of_unreachable_pairs_is_told(rng):
    features = rng.normal(size=(80, 3))
    features[60:] += 1000
    space = space_of(features, np.zeros(80, int), rng, n_neighbors=12)
    assert space.unreachable == pytest.approx(2 * 60 * 20 / 80**2)


def test_features_without_structure_are_refused(clusters, rng):
    features, classes = clusters
    with pytest.raises(DataError, match="more than 30 points, got 30"):
        space_of(features[:30], classes[:30], rng)
    with pytest.raises(DataError, match="all 160 points are equal"):
        space_of(np.ones((160, 4)), classes, rng)
    with pytest.raises(DataError, match="159 labels"):
        space_of(features, classes[1:], rng)
    features[7, 3] = np.nan
    with pytest.raises(DataError, match="not finite"):
        space_of(features, classes, rng)


# ---- local -----------------------------------------------------------------------------------------------------------


def brute_trustworthiness(rank, map_rank, k):
    n, total = len(rank), 0
    for i, j in itertools.product(range(n), repeat=2):
        if 1 <= map_rank[i, j] <= k and rank[i, j] > k:
            total += int(rank[i, j]) - k
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))


def test_local_measures_are_those_of_their_definitions(noise_map, rng):
    features, coordinates, rank, map_rank = noise_map
    n, k = 60, 7
    space = space_of(features, np.zeros(n, int), rng, n_neighbors=k)
    coordinates, rank, map_rank = (
        coordinates[space.rows],
        *(r[np.ix_(space.rows, space.rows)] for r in (rank, map_rank)),
    )
    assert np.array_equal(space.rank, rank)
    found = local_measures(space, coordinates, map_rank)
    assert found["trustworthiness"] == pytest.approx(brute_trustworthiness(rank, map_rank, k))
    assert found["continuity"] == pytest.approx(brute_trustworthiness(map_rank, rank, k))
    curve = []
    for size in range(1, n):
        common = [
            len({j for j in range(n) if 1 <= rank[i, j] <= size} & {j for j in range(n) if 1 <= map_rank[i, j] <= size})
            for i in range(n)
        ]
        curve.append(np.mean(common) / size)
    assert np.allclose(neighbours_kept(rank, map_rank), curve)
    assert found["neighbours_kept"] == pytest.approx(curve[k - 1])
    sizes = range(1, n - 1)
    rnx = [((n - 1) * curve[size - 1] - size) / (n - 1 - size) for size in sizes]
    assert found["rnx_auc"] == pytest.approx(np.average(rnx, weights=[1 / size for size in sizes]))


def test_local_measures_are_those_of_zadu(noise_map, rng):
    pytest.importorskip("zadu")
    from zadu.measures import local_continuity_meta_criteria, neighborhood_hit, trustworthiness_continuity

    features, coordinates, *_ = noise_map
    k = 10
    labels = rng.integers(0, 3, 60)
    space = space_of(features, labels, rng, n_neighbors=k)
    found = local_measures(space, coordinates[space.rows], neighbour_ranks(cdist(*2 * [coordinates[space.rows]]), rng))
    theirs = trustworthiness_continuity.measure(features.astype(float), coordinates, k)
    assert found["trustworthiness"] == pytest.approx(theirs["trustworthiness"])
    assert found["continuity"] == pytest.approx(theirs["continuity"])
    beyond = local_continuity_meta_criteria.measure(features.astype(float), coordinates, k)["lcmc"]
    assert found["neighbours_kept"] == pytest.approx(beyond + k / 59)
    # With one vote, the share of neighbours of the same class is the accuracy.
    hit = neighborhood_hit.measure(coordinates, labels, 1)["neighborhood_hit"]
    assert knn_accuracy(coordinates, labels, 1) == pytest.approx(hit)


def test_the_area_is_one_if_all_is_kept_and_falls_with_lost_neighbours_most_for_the_nearest():
    kept = np.ones(40)
    assert rnx_auc(kept) == pytest.approx(1)
    near, far = kept.copy(), kept.copy()
    near[:5] -= 0.2
    far[20:25] -= 0.2
    assert rnx_auc(near) < rnx_auc(far) < 1


# ---- global ----------------------------------------------------------------------------------------------------------


def test_random_triplets_estimate_the_share_of_all_triplets(rng):
    n = 20
    distance, map_distance = (cdist(x, x) for x in rng.integers(0, 5, (2, n, 2)))  # many equal distances
    told = []
    for i, j, k in itertools.permutations(range(n), 3):
        order = np.sign(distance[i, j] - distance[i, k])
        if order:
            told.append(1 if np.sign(map_distance[i, j] - map_distance[i, k]) == order else 0)
            told[-1] = 0.5 if map_distance[i, j] == map_distance[i, k] else told[-1]
    draws = 30 * n * TRIPLETS_PER_POINT * len(told) / (n * (n - 1) * (n - 2))
    found = np.mean([random_triplets(distance, map_distance, rng) for _ in range(30)])
    assert abs(found - np.mean(told)) < 6 * 0.5 / np.sqrt(draws)


def test_triplets_are_of_three_different_points(rng):
    alike = 1.0 - np.eye(9)  # all others equally far, so only a point with itself has another distance
    assert np.isnan(random_triplets(alike, rng.random((9, 9)), rng))


def test_centroid_distances_are_those_of_brute_force(clusters, rng):
    features, classes = clusters
    coordinates = rng.normal(size=(160, 2))
    means = np.array([features[classes == c].mean(axis=0) for c in range(4)])
    map_means = np.array([coordinates[classes == c].mean(axis=0) for c in range(4)])
    expected = stats.spearmanr(pdist(means), pdist(map_means)).statistic
    assert centroid_distances(features, coordinates, classes) == pytest.approx(expected)
    unlabelled = np.where(np.arange(160) % 5, classes, -1)
    told = unlabelled >= 0
    assert centroid_distances(features, coordinates, unlabelled) == pytest.approx(
        centroid_distances(features[told], coordinates[told], classes[told])
    )
    assert np.isnan(centroid_distances(features, coordinates, classes % 2))


def test_geodesics_leave_out_pairs_without_a_path(rng):
    coordinates = rng.normal(size=(30, 2))
    apart = cdist(coordinates, coordinates)
    far = apart.copy()
    far[:10, 10:] = far[10:, :10] = np.inf
    assert geodesics_kept(apart, apart) == pytest.approx(1)
    assert geodesics_kept(far, apart) == pytest.approx(1)


# ---- classes ---------------------------------------------------------------------------------------------------------


def test_knn_accuracy_is_that_of_leaving_one_out(clusters, rng):
    from sklearn.neighbors import KNeighborsClassifier

    features, classes = clusters
    coordinates = features[:60, :2] + rng.normal(0, 4, (60, 2))
    labels = rng.permutation(classes)[:60]
    right = []
    for i in range(60):
        others = np.arange(60) != i
        model = KNeighborsClassifier(10).fit(coordinates[others], labels[others])
        right.append(model.predict(coordinates[[i]])[0] == labels[i])
    assert knn_accuracy(coordinates, labels) == pytest.approx(np.mean(right))
    assert np.isnan(knn_accuracy(coordinates[:10], labels[:10]))


def test_classes_apart_are_found_and_points_without_class_do_not_count(rng):
    classes = np.repeat(np.arange(3), 30)
    places = np.array([[0, 0], [100, 0], [0, 100]])[classes] + rng.normal(0, 1, (90, 2))
    found = class_measures(places, classes, np.random.default_rng(1))
    assert found["knn_accuracy"] == 1
    assert found["silhouette"] > 0.9
    # A restart may put two first centres into one class; then it finds less, but not nothing.
    assert 0.5 < found["ari"] <= 1
    assert 0.5 < found["nmi"] <= 1
    more = np.concatenate([places, rng.normal(50, 50, (40, 2))])
    assert class_measures(more, np.concatenate([classes, np.full(40, -1)]), np.random.default_rng(1)) == found


# ---- all of them -----------------------------------------------------------------------------------------------------


def test_a_map_that_keeps_all_has_the_best_of_everything(rng):
    classes = np.repeat(np.arange(4), 30)
    flat = rng.normal(0, 5, (4, 2))[classes] + rng.normal(0, 1, (120, 2))
    turn = np.linalg.qr(rng.normal(size=(9, 9)))[0][:2]
    space = space_of(flat @ turn, classes, rng, n_neighbors=12)
    found = measures(space, 7.0 * flat[space.rows] + 3.0, rng)
    assert list(found) == list(MEASURES)
    assert all(isinstance(value, float) for value in found.values())
    # Rounding of the features to 32 bits may exchange neighbours that are equally far.
    for name in (
        "trustworthiness",
        "continuity",
        "neighbours_kept",
        "rnx_auc",
        "random_triplets",
        "centroid_distances",
    ):
        assert found[name] > 0.995, name
    assert found["geodesics_kept"] == pytest.approx(
        stats.spearmanr(space.geodesic[np.triu_indices(120, 1)], pdist(flat[space.rows])).statistic
        if not space.unreachable
        else found["geodesics_kept"],
        abs=1e-6,
    )


def test_a_shuffled_map_has_chance(clusters, rng):
    features, classes = clusters
    space = space_of(features, classes, rng)
    n, k = 160, space.n_neighbors
    maps = [features[rng.permutation(n), :2] for _ in range(20)]
    found = [measures(space, one, rng) for one in maps]
    # The mean of how far down the order k random neighbours are.
    trust = 1 - (n - 1 - k) * (n - k) / ((n - 1) * (2 * n - 3 * k - 1))
    expected = {name: about.chance for name, about in MEASURES.items() if about.chance is not None}
    expected |= {"trustworthiness": trust, "continuity": trust, "neighbours_kept": k / (n - 1)}
    assert set(expected) == set(MEASURES) - {"knn_accuracy", "silhouette", "nmi"}
    for name, chance in expected.items():
        assert not beyond_chance([one[name] for one in found], chance), name
    assert abs(trust - MEASURES["trustworthiness"].chance) < 0.03
    # The features' own score is far from it, so the test could have failed.
    own = measures(space, space.features, rng)
    for name in expected:
        assert beyond_chance([one[name] for one in found], own[name], least=4), name


def test_one_class_or_none_leaves_class_measures_without_value(clusters, rng):
    features = clusters[0]
    for labels in (np.zeros(160, int), np.full(160, -1)):
        space = space_of(features, labels, rng)
        found = measures(space, features[space.rows, :2], rng)
        missing = {name for name, value in found.items() if np.isnan(value)}
        assert missing == {"centroid_distances", "knn_accuracy", "silhouette", "ari", "nmi"}


def test_a_map_of_one_place_and_of_two_is_judged(clusters, rng):
    features, classes = clusters
    space = space_of(features, classes, rng)
    found = measures(space, np.zeros((160, 2)), rng)
    assert {name for name, value in found.items() if np.isnan(value)} == {"centroid_distances", "geodesics_kept"}
    assert found["random_triplets"] == 0.5
    assert found["ari"] == 0
    halves = np.repeat((space.labels < 2)[:, None], 2, axis=1)  # fewer places than classes
    assert measures(space, halves, rng)["ari"] > 0.3


def test_maps_that_do_not_fit_are_refused(clusters, rng):
    features, classes = clusters
    space = space_of(features, classes, rng, n_rows=100)
    with pytest.raises(DataError, match=r"each of the 100 rows.*\(160, 12\)"):
        measures(space, features, rng)
    places = features[space.rows, :2]
    places[0, 0] = np.nan
    with pytest.raises(DataError, match="without a place"):
        measures(space, places, rng)


def test_every_measure_says_what_it_means():
    for about in (*MEASURES.values(), *TRAJECTORY_MEASURES.values()):
        assert about.title
        assert about.description.endswith(".")
    assert set(public.__all__) <= set(vars(public))


# ---- DEMaP -----------------------------------------------------------------------------------------------------------


def tree(sigma, seed):
    from phate.tree import gen_dla

    # The noise is drawn last, so without it the same seed gives the truth behind the noisy data.
    return gen_dla(n_dim=60, n_branch=6, branch_length=60, sigma=sigma, seed=seed)[0]


def test_demap_is_that_of_the_authors_definition(seed, rng):
    import graphtools

    truth = tree(0, seed)
    coordinates = rng.normal(size=(360, 2))
    geodesic = graphtools.Graph(truth, knn=7, decay=None).shortest_path(distance="data")
    expected = stats.spearmanr(geodesic[np.triu_indices(360, 1)], pdist(coordinates)).statistic
    assert demap(truth, coordinates, 7) == pytest.approx(expected, abs=1e-4)
    some = rng.permutation(360)[:100]
    expected = stats.spearmanr(
        geodesic[np.ix_(some, some)][np.triu_indices(100, 1)], pdist(coordinates[some])
    ).statistic
    assert demap(truth, coordinates[some], 7, some) == pytest.approx(expected, abs=1e-4)


def test_phate_denoises_trees_better_than_principal_components(seed):
    import phate
    from sklearn.decomposition import PCA

    scores = []
    for one in range(3 * seed, 3 * seed + 3):
        truth, noisy = tree(0, one), tree(5, one)
        curved = phate.PHATE(knn=5, mds_solver="smacof", random_state=one, verbose=0, n_jobs=1).fit_transform(noisy)
        flat = PCA(2, random_state=one).fit_transform(noisy)
        placed = np.random.default_rng(one).permutation(curved)
        scores.append([demap(truth, coordinates, 5) for coordinates in (curved, flat, placed)])
    curved, flat, placed = np.mean(scores, axis=0)
    # Of 130 trees, PHATE had 0.63 or more, and more than principal components with each: by 0.11 on average.
    assert curved > 0.6
    assert curved > flat
    assert abs(placed) < 0.2


def test_demap_needs_one_connected_truth(rng):
    truth = rng.normal(size=(60, 3))
    truth[30:] += 1000
    with pytest.raises(DataError, match="falls apart"):
        demap(truth, rng.normal(size=(60, 2)), 5)
    with pytest.raises(DataError, match="60 of them in the map, and 50 rows"):
        demap(truth, rng.normal(size=(50, 2)))
    with pytest.raises(DataError, match="more than n_neighbors = 30"):
        demap(truth[:30], rng.normal(size=(30, 2)))
    with pytest.raises(DataError, match="not finite"):
        demap(truth, np.full((60, 2), np.inf))


# ---- trajectories ----------------------------------------------------------------------------------------------------


def straight(n_times, n_units):
    """Return units that move steadily along parallel lines far from each other, (n_times, n_units, 2)."""
    starts = np.stack([np.zeros(n_units), 10.0 * np.arange(n_units)], axis=1)
    return starts + np.arange(n_times)[:, None, None] * np.array([1.0, 0.0])


def test_straight_paths_have_known_values():
    paths = straight(8, 30)
    found = trajectory_measures(np.pad(paths, [(0, 0), (0, 0), (2, 1)]).astype(np.float32), 3 * paths)
    assert list(found) == list(TRAJECTORY_MEASURES)
    assert found["path_correlation"] == pytest.approx(1)
    assert found["largest_jump"] == pytest.approx(1 / 7)
    assert found["long_steps"] == 0
    assert found["time_neighbours"] == 1


def test_a_jump_is_the_share_of_its_path():
    paths = np.zeros((5, 3, 2))
    paths[3:, 0, 0] = 7.0  # a single jump
    paths[:, 1, 1] = [0, 1, 2, 3, 9]  # 6 of 9
    assert largest_jump(paths) == pytest.approx((1 + 6 / 9) / 2)  # the third unit never moves
    assert np.isnan(largest_jump(paths[:, 2:]))


def test_shattered_paths_have_long_steps(rng):
    n_times, n_units = 10, 60
    paths = straight(n_times, n_units)
    # Each unit spends two times on an island far away: less than half of all pairs of points lie across.
    away = rng.permuted(np.tile((np.arange(n_times) < 2)[:, None], n_units), axis=0)
    crossings = np.diff(away, axis=0)
    pieces = paths + 1e5 * away[:, :, None]
    assert long_steps(pieces, rng) == pytest.approx(crossings.mean())
    assert long_steps(paths, rng) == 0
    assert largest_jump(pieces) == pytest.approx((1 / crossings.sum(axis=0)).mean(), rel=0.01)


def test_places_drawn_at_random_have_chance(rng):
    n_times, n_units = 6, 400
    values = np.cumsum(rng.normal(size=(n_times, n_units, 8)), axis=0)
    places = rng.normal(size=(n_times, n_units, 2))
    found = trajectory_measures(values, places)
    # Hoeffding: a mean of 400 independent values within -1 to 1 and of mean 0 exceeds 0.3 once in 10 million times.
    assert abs(found["path_correlation"]) < 0.3
    # Steps of a unit share points, so two of five are independent; six standard errors.
    assert abs(found["long_steps"] - TRAJECTORY_MEASURES["long_steps"].chance) < 6 * 0.5 / np.sqrt(2 * n_units)
    chance = 2 * (n_times - 1) / (n_times * (n_times * n_units - 1))
    assert found["time_neighbours"] <= chance + 6 * np.sqrt(chance / (n_times * n_units)) + 6 / (n_times * n_units)
    own = trajectory_measures(values, values)
    assert own["path_correlation"] == pytest.approx(1)
    assert own["long_steps"] < 0.45


def test_path_correlation_is_the_mean_over_units(rng):
    values, places = rng.normal(size=(7, 5, 4)), rng.normal(size=(7, 5, 2))
    expected = [stats.spearmanr(pdist(values[:, u]), pdist(places[:, u])).statistic for u in range(5)]
    assert path_correlation(values, places) == pytest.approx(np.mean(expected))
    values[:, 2] = 1.0  # a unit that never moves is left out
    assert path_correlation(values, places) == pytest.approx(np.mean(np.delete(expected, 2)))
    assert np.isnan(path_correlation(values[:, 2:3], places[:, 2:3]))


@given(arrays(np.int64, (4, 5, 2), elements=st.integers(0, 5)))
def test_time_neighbours_are_those_of_brute_force(places):
    points = places.reshape(20, 2)
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    hits = 0
    for time, unit in itertools.product(range(4), range(5)):
        own = [distance[5 * time + unit, 5 * t + unit] for t in (time - 1, time + 1) if 0 <= t < 4]
        hits += min(own) <= distance[5 * time + unit].min()
    assert time_neighbours(places.astype(float)) == pytest.approx(hits / 20)


def test_paths_that_do_not_fit_are_refused(rng):
    values = rng.normal(size=(5, 4, 3))
    with pytest.raises(DataError, match="same times and units"):
        trajectory_measures(values, values[:, :3, :2])
    with pytest.raises(DataError, match="at least 3 times and 2 units, got 2 and 4"):
        trajectory_measures(values[:2], values[:2])
    broken = values.copy()
    broken[1, 1] = np.nan
    with pytest.raises(DataError, match="not finite"):
        trajectory_measures(values, broken)

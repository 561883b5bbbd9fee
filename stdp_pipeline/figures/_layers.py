"""Lay out a graph without cycles in layers, so that every edge goes to the right and few of them cross.

The steps are those of Sugiyama, Tagawa & Toda 1981 (doi:10.1109/TSMC.1981.4308636): layers by the longest way from a
source, a place in each layer for the edges of a node that only pass it, an order in each layer by the mean place of the
neighbours, and places as near to them as the order allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Layers", "layered"]

_SWEEPS = 24
_PASSING = 0.45
"""Room for an edge that passes, in terms of that for a node."""


@dataclass(frozen=True)
class Layers:
    """Places of nodes, and ways of edges.

    Attributes
    ----------
    places : (n, 2) array
        Layer, from 0, and height of each node; nodes of a layer are at least 1 apart.
    ways : list of (m, 2) array
        For each edge the places that it goes through, both ends included. Edges from one node share a way as long as
        they go the same.
    """

    places: np.ndarray
    ways: list[np.ndarray]


def layered(n: int, edges: Sequence[tuple[int, int]]) -> Layers:
    """Lay out a graph.

    Parameters
    ----------
    n : int
        Nodes, numbered so that every edge goes from a lower to a higher number.
    edges : sequence of (int, int)

    Returns
    -------
    Layers
    """
    layer = [0] * n
    for a, b in sorted(edges, key=lambda edge: edge[1]):
        layer[b] = max(layer[b], layer[a] + 1)
    chains, lanes = [], {}
    for a, b in edges:
        passed = []
        for k in range(layer[a] + 1, layer[b]):
            if (a, k) not in lanes:
                lanes[a, k] = len(layer)
                layer.append(k)
            passed.append(lanes[a, k])
        chains.append([a, *passed, b])
    links = sorted({(a, b) for chain in chains for a, b in itertools.pairwise(chain)})
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node, k in enumerate(layer):
        rows[k].append(node)
    near: list[list[list[int]]] = [[[] for _ in layer] for _ in range(2)]  # those before, and those behind
    for a, b in links:
        near[0][b].append(a)
        near[1][a].append(b)
    rows = _ordered(rows, near, links)
    height = _heights(rows, near, n)
    at = np.column_stack([layer, height]) if layer else np.zeros((0, 2))
    return Layers(at[:n], [at[chain] for chain in chains])


def _ordered(rows: list[list[int]], near: list[list[list[int]]], links: list[tuple[int, int]]) -> list[list[int]]:
    """Return the rows in the order, of those tried, in which fewest links cross."""
    best, fewest = rows, _crossings(rows, links)
    for sweep in range(_SWEEPS):
        behind = sweep % 2
        rows = [list(row) for row in rows]
        order = range(len(rows) - 2, -1, -1) if behind else range(1, len(rows))
        for k in order:
            place = {node: i for i, node in enumerate(rows[k + 1 if behind else k - 1])}
            mean = {
                node: float(np.mean([place[other] for other in near[behind][node]])) if near[behind][node] else float(i)
                for i, node in enumerate(rows[k])
            }
            rows[k].sort(key=mean.__getitem__)
        if (found := _crossings(rows, links)) < fewest:
            best, fewest = rows, found
    return best


def _crossings(rows: list[list[int]], links: list[tuple[int, int]]) -> int:
    place = {node: i for row in rows for i, node in enumerate(row)}
    layer = {node: k for k, row in enumerate(rows) for node in row}
    count = 0
    for k in range(len(rows) - 1):
        ends = np.array([(place[a], place[b]) for a, b in links if layer[a] == k]).reshape(-1, 2)
        ahead = (ends[:, None] - ends[None]).prod(axis=2)
        count += int((ahead < 0).sum()) // 2
    return count


def _heights(rows: list[list[int]], near: list[list[list[int]]], n: int) -> np.ndarray:
    """Return a height for each node near the mean of its neighbours, in the order of the rows."""
    from scipy.optimize import isotonic_regression

    height = np.zeros(sum(map(len, rows)))
    apart = []
    for row in rows:
        room = np.array([1.0 if node < n else _PASSING for node in row])
        apart.append(np.cumsum((room + np.concatenate([room[:1], room[:-1]])) / 2))
        height[row] = apart[-1] - apart[-1].mean()
    for sweep in range(_SWEEPS):
        ways = (near[sweep % 2],) if sweep < _SWEEPS - 4 else near
        for k in range(len(rows)) if sweep % 2 == 0 else range(len(rows) - 1, -1, -1):
            wanted = []
            for node in rows[k]:
                others = [other for way in ways for other in way[node]]
                wanted.append(height[others].mean() if others else height[node])
            # The nearest heights that keep the distances.
            weights = [1.0 if node < n else 2.0 for node in rows[k]]  # a straight way is worth more than a middle
            height[rows[k]] = isotonic_regression(np.array(wanted) - apart[k], weights=weights).x + apart[k]
    return height - height.min() if height.size else height

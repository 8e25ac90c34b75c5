"""Asks a trained filter: which artists fit these owned ones, and which of them say so."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.music import Mbid
from brainarr.errors import StorageError
from brainarr.similarity.artifact import REMEDY, Artifact

Floats = NDArray[np.float64]
RRF_K = 60
"""Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion …", SIGIR 2009."""
CONTRIBUTIONS = 5


class Owned(NamedTuple):
    """An artist of the library; its weight is how much it stands for the taste, on any scale."""

    mbid: Mbid | None
    name: str
    weight: float = 1.0


class Contribution(NamedTuple):
    """How much an owned artist speaks for a candidate: its share of the score."""

    mbid: Mbid | None
    name: str
    share: float


class Ranked(NamedTuple):
    """A candidate. `score` is the fused one, highest first, comparable within one ranking only."""

    column: int
    """Its place in the filter."""
    mbid: Mbid | None
    name: str
    score: float
    contributions: tuple[Contribution, ...]
    """The owned artists that speak most for it, strongest first, at most five."""


def rank(artifact: Artifact, owned: Sequence[Owned], most: int) -> list[Ranked]:
    """The `most` best artists that are not owned, by reciprocal rank fusion over the models of the filter.

    Owned artists that it does not know count for nothing. Raises StorageError where the arrays are damaged.
    """
    known = find(artifact, owned)
    columns, weights = known.columns, known.weights
    if not len(columns) or most < 1:
        return []
    fused = np.zeros(len(artifact))
    votes: list[_Vote] = []
    for model in artifact.header.models:
        neighbours = artifact.arrays[f"{model.name}_artists"][columns]
        if not 0 <= neighbours.min() <= neighbours.max() < len(artifact):
            where = artifact.folder / artifact.header.generation / f"{model.name}_artists.npy"
            raise StorageError(f"{where}: names artists that do not exist.", remedy=REMEDY)
        entries = artifact.arrays[f"{model.name}_weights"][columns] * weights[:, None]
        scores = np.bincount(neighbours.ravel(), entries.ravel(), minlength=len(artifact))
        scores[known.hidden] = 0.0
        places = np.flatnonzero(scores > 0.0)
        # Stable: of equal scores, the lower column.
        places = places[np.argsort(-scores[places], kind="stable")]
        points = np.zeros(len(artifact))
        points[places] = model.weight / (RRF_K + 1.0 + np.arange(len(places)))
        fused += points
        votes.append(_Vote(points, neighbours, entries))
    best = np.flatnonzero(fused)
    best = best[np.argsort(-fused[best], kind="stable")][:most]
    shares = _shares(votes, best, len(columns), len(artifact)) / fused[best, None]
    return [
        Ranked(
            column,
            artifact.mbid(column),
            artifact.name(column),
            float(fused[column]),
            tuple(_contributions(artifact, columns, row)),
        )
        for column, row in zip(best.tolist(), shares, strict=True)
    ]


class _Vote(NamedTuple):
    """What one model says: points of each artist, and the neighbours (owned × keep) that they come from."""

    points: Floats
    neighbours: NDArray[np.int32]
    entries: Floats


def _shares(votes: Sequence[_Vote], best: NDArray[np.intp], seeds: int, artists: int) -> Floats:
    """Best × owned: a model's points for a candidate, split among those that speak for it by entry."""
    shares = np.zeros(len(best) * seeds)
    place_of = np.full(artists, -1)
    place_of[best] = np.arange(len(best))
    for points, neighbours, entries in votes:
        candidates, weights = neighbours.ravel(), entries.ravel()
        spoken = np.flatnonzero((place_of[candidates] >= 0) & (weights > 0.0))
        candidates, weights = candidates[spoken], weights[spoken]
        total = np.bincount(candidates, weights, minlength=artists)
        cells = place_of[candidates] * seeds + spoken // neighbours.shape[1]
        shares += np.bincount(cells, points[candidates] * weights / total[candidates], minlength=len(shares))
    return shares.reshape(len(best), seeds)


def _contributions(artifact: Artifact, columns: NDArray[np.int64], row: Floats) -> Iterable[Contribution]:
    speaking = np.flatnonzero(row)
    for seed in speaking[np.argsort(-row[speaking], kind="stable")][:CONTRIBUTIONS].tolist():
        column = int(columns[seed])
        yield Contribution(artifact.mbid(column), artifact.name(column), float(row[seed]))


class Known(NamedTuple):
    """The owned artists that the filter knows, each once, and every artist that must not be recommended."""

    columns: NDArray[np.int64]
    weights: Floats
    hidden: NDArray[np.bool_]


def find(artifact: Artifact, owned: Sequence[Owned]) -> Known:
    """By MBID, else by name. Where several have the name, all are hidden and none says anything."""
    weights = np.zeros(len(artifact))
    hidden = np.zeros(len(artifact), np.bool_)
    identified = [artist for artist in owned if artist.mbid]
    columns = artifact.columns_of_mbids([artist.mbid for artist in identified if artist.mbid])
    given = np.array([artist.weight for artist in identified], np.float64)
    np.add.at(weights, columns[columns >= 0], given[columns >= 0])
    hidden[columns[columns >= 0]] = True
    rest = [artist for artist, column in zip(identified, columns.tolist(), strict=True) if column < 0]
    for artist in (*rest, *(artist for artist in owned if not artist.mbid)):
        same = artifact.columns_of_name(artist.name)
        if artist.mbid:
            # Another MBID of that name is another artist.
            same = same[[artifact.mbid(column) is None for column in same.tolist()]] if len(same) else same
        hidden[same] = True
        if len(same) == 1:
            weights[same[0]] += artist.weight
    # A namesake without MBID may be the owned one: which of them is meant, nobody can say.
    hashes = artifact.arrays["name_hashes"]
    unidentified = np.ones(len(artifact), np.bool_)
    unidentified[artifact.arrays["mbid_columns"]] = False
    hidden |= unidentified & np.isin(hashes, hashes[hidden]) & (hashes != 0)
    found = np.flatnonzero(weights > 0.0)
    return Known(found, weights[found], hidden)

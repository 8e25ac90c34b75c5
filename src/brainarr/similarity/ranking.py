"""Asks a trained filter: which artists fit these owned ones, and which of them say so."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.music import Mbid
from brainarr.errors import StorageError
from brainarr.similarity.artifact import REMEDY, Artifact, ModelHeader

Floats = NDArray[np.float64]
CONTRIBUTIONS = 5


class Owned(NamedTuple):
    """An artist of the library; its weight is how much it stands for the taste, on any scale."""

    mbid: Mbid | None
    name: str
    weight: float = 1.0


class Contribution(NamedTuple):
    """How much an owned artist speaks for a candidate: its share of all that is said for it."""

    mbid: Mbid | None
    name: str
    share: float


class Ranked(NamedTuple):
    """A candidate."""

    column: int
    """Its place in the filter."""
    mbid: Mbid | None
    name: str
    listeners: int
    """Of the people that the filter was trained on."""
    score: float
    """How far it stands above the best artist that is not listed any more, in standard deviations; 0 or more,
    highest first, comparable within one ranking only."""
    contributions: tuple[Contribution, ...]
    """The owned artists that speak most for it, strongest first, at most five."""


def rank(artifact: Artifact, owned: Sequence[Owned], most: int) -> list[Ranked]:
    """The `most` best artists that are not owned, by the sum of the models' standardised scores.

    Standard scores keep how far apart candidates are, which ranks forget: `blend`. Owned artists that the
    filter does not know count for nothing. Raises StorageError where the arrays are damaged.
    """
    known = find(artifact, owned)
    if not len(known.columns) or most < 1:
        return []
    votes = [vote for model in artifact.header.models if (vote := _vote(artifact, model, known)) is not None]
    fused = np.zeros(len(artifact))
    for vote in votes:
        fused += vote.scores
    # Above 0: better than an artist of whom no model says anything.
    best = np.flatnonzero(fused > 0.0)
    # Stable: of equal scores, the lower column.
    best = best[np.argsort(-fused[best], kind="stable")]
    floor = float(fused[best[most]]) if len(best) > most else 0.0
    best = best[:most]
    shares = _shares(votes, best, len(known.columns), len(artifact))
    return [
        Ranked(
            column,
            artifact.mbid(column),
            artifact.name(column),
            int(artifact.arrays["listeners"][column]),
            float(fused[column]) - floor,
            tuple(_contributions(artifact, known.columns, row)),
        )
        for column, row in zip(best.tolist(), shares, strict=True)
    ]


class Known(NamedTuple):
    """The owned artists that the filter knows, each once, and every artist that must not be recommended."""

    columns: NDArray[np.int64]
    weights: Floats
    hidden: NDArray[np.bool_]


class _Vote(NamedTuple):
    """What one model says, in its weight over the deviation of its scores."""

    scores: Floats
    """Of each artist; 0 where it is hidden or nothing is said of it."""
    neighbours: NDArray[np.int32]
    """Owned × keep: the artists that the scores come from."""
    entries: Floats
    """Owned × keep: what each owned artist adds to their scores."""


def _vote(artifact: Artifact, model: ModelHeader, known: Known) -> _Vote | None:
    """None where the model puts no candidate above another.

    The mean that a standard score takes off is the same for every candidate, so it is left out.
    """
    neighbours = artifact.arrays[f"{model.name}_artists"][known.columns]
    if not 0 <= neighbours.min() <= neighbours.max() < len(artifact):
        where = artifact.folder / artifact.header.generation / f"{model.name}_artists.npy"
        raise StorageError(f"{where}: names artists that do not exist.", remedy=REMEDY)
    entries = artifact.arrays[f"{model.name}_weights"][known.columns] * known.weights[:, None]
    scores = np.bincount(neighbours.ravel(), entries.ravel(), minlength=len(artifact))
    scores[known.hidden] = 0.0
    candidates = scores[~known.hidden]
    deviation = float(candidates.std()) if len(candidates) else 0.0
    if not deviation > 0.0:
        return None
    scale = model.weight / deviation
    return _Vote(np.asarray(scores * scale, np.float64), neighbours, entries * scale)


def _shares(votes: Sequence[_Vote], best: NDArray[np.intp], seeds: int, artists: int) -> Floats:
    """Best × owned: how much of what is said for a candidate each owned artist says, over all models."""
    said = np.zeros(len(best) * seeds)
    place_of = np.full(artists, -1)
    place_of[best] = np.arange(len(best))
    for vote in votes:
        places = place_of[vote.neighbours.ravel()]
        spoken = np.flatnonzero(places >= 0)
        cells = places[spoken] * seeds + spoken // vote.neighbours.shape[1]
        said += np.bincount(cells, vote.entries.ravel()[spoken], minlength=len(said))
    # Who speaks against it, in sum, is no reason for it.
    spoken_for = np.maximum(said.reshape(len(best), seeds), 0.0)
    total = spoken_for.sum(axis=1, keepdims=True)
    return np.divide(spoken_for, total, out=spoken_for, where=total > 0.0)


def _contributions(artifact: Artifact, columns: NDArray[np.int64], row: Floats) -> Iterable[Contribution]:
    speaking = np.flatnonzero(row)
    for seed in speaking[np.argsort(-row[speaking], kind="stable")][:CONTRIBUTIONS].tolist():
        column = int(columns[seed])
        yield Contribution(artifact.mbid(column), artifact.name(column), float(row[seed]))


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

"""Which artists stand for a library best when only some fit (SCIENCE §4: measured information retention)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.genres import lineage
from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.domain.taste import Profile

# Beyond this the lightest artists of a huge library are not looked at: they stand for nothing but themselves.
POOL = 4000
# Below this share of known neighbour lists, tags describe the library better than the few lists do.
_ENOUGH_LISTS = 0.2
_PLAYED_ENOUGH = 0.2

# Tuned on libraries 4, 10, 16 and 20 of the Last.fm data; the others, and how to measure: docs/benchmarks.md.
_RANK_DAMPING = 20
"""A neighbour at rank r (from 0) counts 20 / (20 + r)."""
_FAME_DAMPING = 0.75
"""A neighbour that stands in n of the lists counts n^-0.75: co-listening counts favour the famous."""
_LOVE = 2
"""The power of an artist's weight in the library's sum: what is played most says most of the rest."""

Floats = NDArray[np.float64]


def rank_exemplars(
    library: Library, profile: Profile, neighbours: Mapping[Mbid, Sequence[Mbid]], most: int
) -> list[OwnedArtist]:
    """At most `most` artists, the most telling first, every prefix a good selection of its length.

    By neighbour lists where enough are known, else top-played, else herding on genres.
    """
    by_id = {artist.id: artist for artist in library.artists}
    pool = [by_id[number] for number, _ in zip(profile.weights, range(POOL), strict=False) if number in by_id]
    if not pool:
        return []
    weights = np.array([profile.weights[artist.id] for artist in pool])
    listed = sum(artist.mbid in neighbours for artist in pool)
    if listed and listed >= _ENOUGH_LISTS * len(pool):
        order = _by_direction(pool, weights, neighbours, most)
    elif len(pool) > 1 and sum(artist.plays > 0 for artist in pool) >= _PLAYED_ENOUGH * len(pool):
        return sorted(pool, key=lambda artist: (-artist.plays, artist.id))[:most]
    else:
        order = _herding(pool, weights, most)
    return [pool[index] for index in order]


class _Rows(NamedTuple):
    """Sparse rows of unit length, one for each artist, none of them empty."""

    columns: NDArray[np.intp]
    values: Floats
    starts: NDArray[np.intp]
    """Where each row begins in the other two."""
    width: int

    @property
    def lengths(self) -> NDArray[np.intp]:
        return np.diff(np.append(self.starts, len(self.columns)))

    def span(self, row: int) -> slice:
        end = self.starts[row + 1] if row + 1 < len(self.starts) else len(self.columns)
        return slice(int(self.starts[row]), int(end))

    def total(self, weights: Floats) -> Floats:
        """The weighted sum of the rows."""
        spread = self.values * np.repeat(weights, self.lengths)
        return np.bincount(self.columns, weights=spread, minlength=self.width).astype(np.float64)

    def dot(self, vector: Floats) -> Floats:
        """The inner product of each row with `vector`."""
        return np.add.reduceat(vector[self.columns] * self.values, self.starts)


def _unit_rows(rows: Sequence[Mapping[int, float]], fame_damping: float = 0.0) -> _Rows:
    """`fame_damping`: each column is divided by this power of the number of rows that have an entry in it."""
    columns = np.fromiter((column for row in rows for column in row), dtype=np.intp)
    values = np.fromiter((value for row in rows for value in row.values()), dtype=np.float64)
    lengths = np.array([len(row) for row in rows], dtype=np.intp)
    starts = np.cumsum(lengths) - lengths
    values /= np.bincount(columns)[columns] ** fame_damping
    values /= np.repeat(np.sqrt(np.add.reduceat(values**2, starts)), lengths)
    return _Rows(columns, values, starts, int(columns.max()) + 1)


def _herding(pool: Sequence[OwnedArtist], weights: Floats, most: int) -> list[int]:
    """Kernel herding (Welling 2009): each pick moves the picks' mean towards the library's weighted genre
    mean."""
    numbers: dict[str, int] = {}
    table: list[dict[int, float]] = []
    for artist in pool:
        row: dict[int, float] = {}
        for name in artist.genres[:10]:
            for genre, step in lineage(name):
                column = numbers.setdefault(genre, len(numbers))
                row[column] = max(step, row.get(column, 0.0))
        # An artist without genres still needs an entry: reduceat gives a neighbour's value for an empty row.
        table.append(row or {numbers.setdefault("", len(numbers)): 1.0})
    rows = _unit_rows(table)
    mean = rows.total(weights / weights.sum())
    # Heavier artists come first among equals; small enough never to outweigh a genre.
    tie = 1e-3 * weights / weights.max()
    goal = mean.copy()
    free = np.ones(len(pool), dtype=bool)
    order: list[int] = []
    for _ in range(min(most, len(pool))):
        best = int(np.where(free, rows.dot(goal) + tie, -np.inf).argmax())
        order.append(best)
        free[best] = False
        span = rows.span(best)
        goal += mean
        goal[rows.columns[span]] -= rows.values[span]
    return order


def _by_direction(
    pool: Sequence[OwnedArtist], weights: Floats, neighbours: Mapping[Mbid, Sequence[Mbid]], most: int
) -> list[int]:
    """The picks whose neighbour lists, summed, point where those of the whole library do: greedily, each pick
    brings that sum as close as one artist can, by cosine.

    Whoever reads the names adds up what each is close to, and only the direction of that sum decides what
    comes out; so the direction is kept, and not who is covered, as facility location would.
    """
    rows = _unit_rows(_neighbourhoods(pool, neighbours), _FAME_DAMPING)
    fit = rows.dot(rows.total(weights**_LOVE))
    picked = np.zeros(rows.width)
    overlap = np.zeros(len(pool))
    fitted, square = 0.0, 0.0
    free = np.ones(len(pool), dtype=bool)
    order: list[int] = []
    for _ in range(min(most, len(pool))):
        closeness = (fitted + fit) / np.sqrt(square + 2 * overlap + 1)
        best = int(np.where(free, closeness, -np.inf).argmax())
        order.append(best)
        free[best] = False
        fitted += float(fit[best])
        square += 2 * float(overlap[best]) + 1
        span = rows.span(best)
        picked[rows.columns[span]] += rows.values[span]
        overlap = rows.dot(picked)
    return order


def _neighbourhoods(
    pool: Sequence[OwnedArtist], neighbours: Mapping[Mbid, Sequence[Mbid]]
) -> list[dict[int, float]]:
    """Each artist's closeness to itself and to others. Where nobody fetched an artist's own list yet, those
    that list it stand in for it."""
    # An artist's own column is its place in the pool, that of anybody else comes after.
    columns = {artist.mbid: index for index, artist in enumerate(pool) if artist.mbid is not None}
    rows: list[dict[int, float]] = [{index: 1.0} for index in range(len(pool))]
    after = len(pool)
    for index, artist in enumerate(pool):
        for rank, mbid in enumerate(neighbours.get(artist.mbid, ()) if artist.mbid is not None else ()):
            column = columns.get(mbid)
            if column is None:
                column = columns[mbid] = after
                after += 1
            closeness = _RANK_DAMPING / (_RANK_DAMPING + rank)
            rows[index].setdefault(column, closeness)
            if column < len(pool) and pool[column].mbid not in neighbours:
                rows[column][index] = max(closeness, rows[column].get(index, 0.0))
    return rows

"""Which artists stand for a library best when only some fit (SCIENCE §4: measured information retention)."""

import heapq
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainarr.domain.genres import lineage
from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.domain.taste import Profile

# Beyond this the lightest artists of a huge library are not looked at: they stand for nothing but themselves.
POOL = 4000
# Below this share of known neighbour lists, tags describe the library better than the few lists do.
_ENOUGH_LISTS = 0.5
_PLAYED_ENOUGH = 0.2


def rank_exemplars(
    library: Library, profile: Profile, neighbours: Mapping[Mbid, Sequence[Mbid]], most: int
) -> list[OwnedArtist]:
    """At most `most` artists, the most telling first, every prefix a good selection of its length.

    Top-played where plays are known, else facility location on neighbour lists, else herding on genres.
    """
    by_id = {artist.id: artist for artist in library.artists}
    pool = [by_id[number] for number, _ in zip(profile.weights, range(POOL), strict=False) if number in by_id]
    if len(pool) > 1 and sum(artist.plays > 0 for artist in pool) >= _PLAYED_ENOUGH * len(pool):
        return sorted(pool, key=lambda artist: (-artist.plays, artist.id))[:most]
    weights = np.array([profile.weights[artist.id] for artist in pool])
    listed = sum(artist.mbid in neighbours for artist in pool)
    if listed and listed >= _ENOUGH_LISTS * len(pool):
        order = _facility_location(pool, weights, neighbours, most)
    else:
        order = _herding(pool, weights, most)
    return [pool[index] for index in order]


def _herding(pool: Sequence[OwnedArtist], weights: NDArray[np.float64], most: int) -> list[int]:
    """Kernel herding (Welling 2009): each pick moves the picks' mean towards the library's weighted genre
    mean."""
    columns: dict[str, int] = {}
    indices: list[int] = []
    values: list[float] = []
    starts: list[int] = []
    for artist in pool:
        starts.append(len(indices))
        row: dict[int, float] = {}
        for name in artist.genres[:10]:
            for genre, step in lineage(name):
                column = columns.setdefault(genre, len(columns))
                row[column] = max(step, row.get(column, 0.0))
        # An artist without genres still needs an entry: reduceat gives a neighbour's value for an empty
        # slice.
        row = row or {columns.setdefault("", len(columns)): 1.0}
        norm = sum(value * value for value in row.values()) ** 0.5
        indices.extend(row)
        values.extend(value / norm for value in row.values())
    if not pool:
        return []
    index, value, start = np.array(indices), np.array(values), np.array(starts)
    lengths = np.diff(np.append(start, len(index)))
    mean = np.bincount(
        index, weights=value * np.repeat(weights / weights.sum(), lengths), minlength=len(columns)
    )
    # Heavier artists come first among equals; small enough never to outweigh a genre.
    tie = 1e-3 * weights / weights.max()
    goal = mean.copy()
    free = np.ones(len(pool), dtype=bool)
    order: list[int] = []
    for _ in range(min(most, len(pool))):
        fit = np.add.reduceat(goal[index] * value, start) + tie
        fit[~free] = -np.inf
        best = int(fit.argmax())
        order.append(best)
        free[best] = False
        span = slice(int(start[best]), int(start[best] + lengths[best]))
        goal += mean
        goal[index[span]] -= value[span]
    return order


def _facility_location(
    pool: Sequence[OwnedArtist],
    weights: NDArray[np.float64],
    neighbours: Mapping[Mbid, Sequence[Mbid]],
    most: int,
) -> list[int]:
    """Greedy facility location: each pick covers what is close to it in the neighbour lists. Lazy evaluation
    is exact, because the gain of an artist can only shrink as others are picked (Minoux 1978)."""
    place = {artist.mbid: index for index, artist in enumerate(pool) if artist.mbid is not None}
    near: list[dict[int, float]] = [{index: 1.0} for index in range(len(pool))]
    for index, artist in enumerate(pool):
        listed = neighbours.get(artist.mbid, ()) if artist.mbid is not None else ()
        for rank, mbid in enumerate(listed):
            if (other := place.get(mbid)) is not None:
                closeness = 20 / (20 + rank)
                near[index][other] = max(closeness, near[index].get(other, 0.0))
                near[other][index] = max(closeness, near[other].get(index, 0.0))
    covered = np.zeros(len(pool))

    def gain(index: int) -> float:
        return sum(
            float(weights[other]) * max(0.0, closeness - float(covered[other]))
            for other, closeness in near[index].items()
        )

    queue = [(-gain(index), index) for index in range(len(pool))]
    heapq.heapify(queue)
    order: list[int] = []
    while queue and len(order) < most:
        _, index = heapq.heappop(queue)
        fresh = -gain(index)
        if queue and fresh > queue[0][0]:
            heapq.heappush(queue, (fresh, index))
            continue
        order.append(index)
        for other, closeness in near[index].items():
            covered[other] = max(covered[other], closeness)
    return order

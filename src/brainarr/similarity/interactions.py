"""Who listens to what: as it was read, merged into one column for each artist, and thinned for training.

`Listening` is everything that was read, so that a later file can be added to it; `Core` is what the models
see. Both are in canonical order (people by hash, artists by identity): the same listens give the same arrays,
whatever file they came from and in whatever order.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from brainarr.domain.music import SPECIAL_PURPOSE_ARTISTS
from brainarr.similarity.heard import NAMED, PLAYS_LIMIT, Heard, hash64, identity, name_key
from brainarr.similarity.models import Interactions
from brainarr.similarity.recipe import Recipe

NOBODY = frozenset(map(name_key, ("Various Artists", "Unknown Artist", "[unknown]")))
CORE_ROUNDS = 8
"""Each round of thinning removes far fewer than the one before; what an endless loop would gain is nothing.
"""
_PENDING = 4_000_000


@dataclass(frozen=True)
class Listening:
    """All that was read. `plays` is people × artists."""

    people: NDArray[np.uint64]
    """`hash64` of each, sorted: no name of a person lies in the artefact."""
    identities: tuple[str, ...]
    """Sorted; one for each column."""
    names: tuple[str, ...]
    """The spelling with most listens; empty where only an MBID was ever given."""
    plays: sp.csr_array


@dataclass(frozen=True)
class Core:
    """What the models see: at least so many artists a person and listeners an artist, as 0 and 1."""

    people: NDArray[np.uint64]
    identities: tuple[str, ...]
    names: tuple[str, ...]
    interactions: Interactions


class Collector:
    """Takes lines in any order and number, adds up the plays of the same person and artist."""

    def __init__(self) -> None:
        self._people: dict[str, int] = {}
        self._artists: dict[str, int] = {}
        self._spellings: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._pending = (array("q"), array("q"))
        self._cells: NDArray[np.int64] = np.empty(0, np.int64)
        self._plays: NDArray[np.int64] = np.empty(0, np.int64)

    def add(self, heard: Heard) -> None:
        artist = self._artists.setdefault(identity(heard.name, heard.mbid), len(self._artists))
        person = self._people.setdefault(heard.person, len(self._people))
        if heard.name:
            votes = self._spellings[artist]
            # A spelling is counted while there is room: a hostile file may spell one artist in a million
            # ways.
            if heard.name in votes or len(votes) < 20:
                votes[heard.name] = votes.get(heard.name, 0) + heard.plays
        cells, plays = self._pending
        cells.append(person << 32 | artist)
        plays.append(heard.plays)
        if len(cells) >= _PENDING:
            self._add_up()

    def _add_up(self) -> None:
        cells = np.concatenate((self._cells, np.frombuffer(self._pending[0], np.int64)))
        plays = np.concatenate((self._plays, np.frombuffer(self._pending[1], np.int64)))
        self._cells, places = np.unique(cells, return_inverse=True)
        self._plays = np.minimum(np.bincount(places, plays), PLAYS_LIMIT).astype(np.int64)
        self._pending = (array("q"), array("q"))

    def listening(self) -> Listening:
        self._add_up()
        names = [
            max(votes.items(), key=lambda vote: (vote[1], vote[0]))[0] if votes else ""
            for votes in (self._spellings.get(artist, {}) for artist in range(len(self._artists)))
        ]
        hashes = np.fromiter(map(hash64, self._people), np.uint64, len(self._people))
        rows, columns = self._cells >> 32, self._cells & 0xFFFFFFFF
        return arrange(hashes, list(self._artists), names, rows, columns, self._plays)


def arrange(
    people: NDArray[np.uint64],
    identities: Sequence[str],
    names: Sequence[str],
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    plays: NDArray[np.integer],
) -> Listening:
    """In canonical order; rows and columns count into `people` and `identities`, each pair at most once."""
    hashes, row_of = np.unique(people, return_inverse=True)
    order = sorted(range(len(identities)), key=identities.__getitem__)
    column_of = np.empty(len(order), np.int64)
    column_of[order] = np.arange(len(order))
    matrix = sp.csr_array(
        (plays.astype(np.int64), (row_of[rows], column_of[columns])), shape=(len(hashes), len(order))
    )
    matrix.sum_duplicates()
    matrix.sort_indices()
    return Listening(
        hashes, tuple(identities[place] for place in order), tuple(names[place] for place in order), matrix
    )


def merge(old: Listening, new: Listening) -> Listening:
    """`old`, with the people of `new` as they are there: a person in both is replaced, not added up."""
    kept = np.flatnonzero(~np.isin(old.people, new.people))
    place = {name: number for number, name in enumerate(new.identities)}
    names = list(new.names)
    identities = list(new.identities)
    remaining = sp.coo_array(old.plays[kept])
    columns_of = np.zeros(len(old.identities), np.int64)
    heard: list[int] = np.unique(remaining.col).tolist()
    for column in heard:
        known = place.get(old.identities[column])
        if known is None:
            known = len(identities)
            identities.append(old.identities[column])
            names.append(old.names[column])
        elif not names[known]:
            names[known] = old.names[column]
        columns_of[column] = known
    added = sp.coo_array(new.plays)
    return arrange(
        np.concatenate((old.people[kept], new.people)),
        identities,
        names,
        np.concatenate((remaining.row, added.row + len(kept))),
        np.concatenate((columns_of[remaining.col], added.col)),
        np.concatenate((remaining.data, added.data)),
    )


def join_names(identities: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The column that each column belongs to; -1 for those that are no artist.

    An artist known by name only is the one artist with an MBID of that name. Where several have it, nobody
    can say which is meant, and the name stays a column of its own.
    """
    bearers: defaultdict[str, list[int]] = defaultdict(list)
    for column, (known, name) in enumerate(zip(identities, names, strict=True)):
        if not known.startswith(NAMED) and known not in SPECIAL_PURPOSE_ARTISTS and name:
            bearers[name_key(name)].append(column)
    target = np.arange(len(identities))
    for column, known in enumerate(identities):
        if known in SPECIAL_PURPOSE_ARTISTS or known[1:] in NOBODY:
            target[column] = -1
        elif known.startswith(NAMED) and len(same := bearers.get(known[1:], ())) == 1:
            target[column] = same[0]
    return target


def core(listening: Listening, recipe: Recipe) -> Core:
    """Joins names, cuts people to their most played artists, and thins both until both have enough."""
    target = join_names(listening.identities, listening.names)
    cells = sp.coo_array(listening.plays)
    columns = target[cells.col]
    artist = columns >= 0
    plays = sp.csr_array(
        (cells.data[artist], (cells.row[artist], columns[artist])), shape=listening.plays.shape
    )
    plays.sum_duplicates()
    rows, columns = _most_played(plays, recipe.most_artists)
    for _ in range(CORE_ROUNDS):
        enough = np.bincount(columns, minlength=plays.shape[1]) >= recipe.least_listeners
        telling = np.bincount(rows, minlength=plays.shape[0]) >= recipe.least_artists
        kept = enough[columns] & telling[rows]
        if kept.all():
            break
        rows, columns = rows[kept], columns[kept]
    people, row_of = np.unique(rows, return_inverse=True)
    artists, column_of = np.unique(columns, return_inverse=True)
    interactions = sp.csr_array(
        (np.ones(len(rows), np.float64), (row_of, column_of)), shape=(len(people), len(artists))
    )
    interactions.sort_indices()
    return Core(listening.people[people], *_labels(listening, artists.tolist()), interactions)


def _most_played(plays: sp.csr_array, most: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """(rows, columns) of the cells that stay; of equally played artists the lower column."""
    cells = sp.coo_array(plays)
    order = np.lexsort((cells.col, -cells.data, cells.row))
    rows, columns = cells.row[order], cells.col[order]
    firsts = np.searchsorted(rows, np.arange(plays.shape[0]))
    kept = np.arange(len(rows)) - firsts[rows] < most
    return rows[kept], columns[kept]


def _labels(listening: Listening, columns: Iterable[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = list(columns)
    names = tuple(listening.names[column] for column in columns)
    return tuple(listening.identities[column] for column in columns), names

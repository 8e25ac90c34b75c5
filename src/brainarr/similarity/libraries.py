"""Large libraries of a dataset, and the crowd that says what a reader can know about their artists.

The dataset is a folder of `tables`: artists (artist, name), plays (user, artist), tags (artist, tag) and
libraries (library, name, plays). Every table may have more columns. Every function raises ConfigurationError,
which names file and column.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from brainarr.domain.genres import canonical_genre, known_genre
from brainarr.similarity.models import Interactions, popularity
from brainarr.similarity.named import NameIndex
from brainarr.similarity.tables import read_table, unusable

FEWEST_LISTENERS = 2
"""An artist that one person listens to is close to nobody but that person's other artists."""
MOST_GENRES = 10


class Crowd(NamedTuple):
    """People and the artists that at least two of them listen to; everything by column of `interactions`."""

    names: tuple[str, ...]
    genres: tuple[tuple[str, ...], ...]
    """Known genres among the tags that people gave, most given first."""
    interactions: Interactions


class Holding(NamedTuple):
    """An artist of a library that the crowd knows, with its plays there; `name` as the library spells it."""

    name: str
    plays: int


def read_crowd(folder: Path) -> Crowd:
    """The crowd of `plays`, all people of the dataset; their artists in the order of `artists`."""
    listening = {cells for _, cells in read_table(folder, "plays", ("user", "artist"))}
    listeners = Counter(artist for _, artist in listening)
    columns: dict[str, int] = {}
    names: list[str] = []
    for _, (artist, name) in read_table(folder, "artists", ("artist", "name")):
        if listeners[artist] >= FEWEST_LISTENERS and artist not in columns:
            columns[artist] = len(columns)
            names.append(name)
    people = {user: row for row, user in enumerate(sorted({user for user, _ in listening}))}
    pairs = np.array(
        sorted((people[user], columns[artist]) for user, artist in listening if artist in columns),
        dtype=np.intp,
    ).reshape(-1, 2)
    interactions = sp.csr_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(people), len(columns))
    )
    return Crowd(tuple(names), _read_genres(folder, columns), interactions)


def _read_genres(folder: Path, columns: dict[str, int]) -> tuple[tuple[str, ...], ...]:
    given: dict[int, Counter[str]] = defaultdict(Counter)
    for _, (artist, tag) in read_table(folder, "tags", ("artist", "tag")):
        if artist in columns and known_genre(tag):
            given[columns[artist]][canonical_genre(tag)] += 1
    return tuple(
        tuple(genre for genre, _ in given[column].most_common(MOST_GENRES)) for column in range(len(columns))
    )


def read_libraries(folder: Path, crowd: Crowd) -> dict[str, dict[int, Holding]]:
    """Each library's artists that the crowd knows, by column, found by name at the earliest tier that agrees;
    of namesakes the better known. Two spellings of one artist are one holding, their plays added."""
    known_first = np.argsort(-popularity(crowd.interactions), kind="stable")
    index = NameIndex((column, crowd.names[column]) for column in map(int, known_first))
    libraries: dict[str, dict[int, Holding]] = {}
    for where, (library, name, plays) in read_table(folder, "libraries", _LIBRARY):
        if not (plays.isascii() and plays.isdigit()):
            raise unusable(where, f"plays {plays!r:.40}", "a whole number, 0 or more")
        held = libraries.setdefault(library, {})
        column = index.find(name)
        if column is not None:
            known = held.get(column, Holding(name, 0))
            held[column] = Holding(known.name, known.plays + int(plays))
    return libraries


_LIBRARY = ("library", "name", "plays")

"""Large libraries of a dataset, and the crowd that says what a reader can know about their artists.

The dataset is a folder of gzip TSV tables with a header: artists (artist, name), plays (user, artist), tags
(artist, tag) and libraries (library, name, plays). Every table may have more columns. Every function raises
ConfigurationError, which names file and column.
"""

import csv
import gzip
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from brainarr.domain.genres import canonical_genre, known_genre
from brainarr.domain.names import NAMELESS, Tier, name_keys
from brainarr.errors import ConfigurationError, Fault
from brainarr.similarity.models import Interactions, popularity

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
    listening = {(user, artist) for user, artist in read_table(folder, "plays", ("user", "artist"))}
    listeners = Counter(artist for _, artist in listening)
    columns: dict[str, int] = {}
    names: list[str] = []
    for artist, name in read_table(folder, "artists", ("artist", "name")):
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
    for artist, tag in read_table(folder, "tags", ("artist", "tag")):
        if artist in columns and known_genre(tag):
            given[columns[artist]][canonical_genre(tag)] += 1
    return tuple(
        tuple(genre for genre, _ in given[column].most_common(MOST_GENRES)) for column in range(len(columns))
    )


def read_libraries(folder: Path, crowd: Crowd) -> dict[str, dict[int, Holding]]:
    """Each library's artists that the crowd knows, by column, found by name at the earliest tier that agrees;
    of namesakes the better known. Two spellings of one artist are one holding, their plays added."""
    index: list[dict[str, int]] = [{} for _ in Tier]
    listeners = popularity(crowd.interactions)
    for column in map(int, np.argsort(-listeners, kind="stable")):
        for tier, key in zip(Tier, name_keys(crowd.names[column]), strict=True):
            index[tier].setdefault(key, column)
    libraries: dict[str, dict[int, Holding]] = {}
    for place, (library, name, plays) in enumerate(read_table(folder, "libraries", _LIBRARY), start=2):
        if not (plays.isascii() and plays.isdigit()):
            raise _fault("libraries", f"column plays, line {place}", repr(plays), "a whole number, 0 or more")
        held = libraries.setdefault(library, {})
        column = _find(name, index)
        if column is not None:
            known = held.get(column, Holding(name, 0))
            held[column] = Holding(known.name, known.plays + int(plays))
    return libraries


_LIBRARY = ("library", "name", "plays")


def _find(name: str, index: list[dict[str, int]]) -> int | None:
    for tier, key in zip(Tier, name_keys(name), strict=True):
        if key != NAMELESS and key in index[tier]:
            return index[tier][key]
    return None


def read_table(folder: Path, table: str, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The cells of `columns` in each row of `table`."""
    file = folder / f"{table}.tsv.gz"
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            header: list[str] = next(rows, [""])
            absent = [column for column in columns if column not in header]
            if absent:
                given = ", ".join(header) or "an empty first line"
                raise _fault(table, f"column {absent[0]}", given, f"the columns {', '.join(columns)}")
            places = [header.index(column) for column in columns]
            for number, row in enumerate(rows, start=2):
                if len(row) <= max(places):
                    raise _fault(table, f"line {number}", f"{len(row)} cells", f"{len(header)} cells")
                yield tuple(row[place] for place in places)
    except FileNotFoundError:
        raise _fault(table, "", f"nothing in {folder}", f"a table with {', '.join(columns)}") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise _fault(table, "", str(error), "a readable gzip file of UTF-8 text") from error


def _fault(table: str, place: str, given: str, allowed: str) -> ConfigurationError:
    file = f"{table}.tsv.gz"
    return ConfigurationError([Fault(f"{file}, {place}" if place else file, given, allowed)])

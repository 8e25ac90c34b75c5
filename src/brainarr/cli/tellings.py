"""A library told in some order: by Brainarr's real compressor, and by the simple ways it is compared with."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.pipeline.compress import compress
from brainarr.pipeline.plaintext import quote
from brainarr.pipeline.ports import TokenCounter
from brainarr.pipeline.profile import profile_library
from brainarr.similarity.libraries import Crowd, Holding
from brainarr.similarity.models import Floats, popularity
from brainarr.similarity.retention import (
    Columns,
    by_popularity,
    co_listening_lists,
    in_random_order,
    stratified,
)

PREFIX = "Artists: "
GENRES = "Brainarr, genres alone"
NEIGHBOURS = "Brainarr, neighbour lists"
PLAYS = "Brainarr, plays"
BOTH = "Brainarr, plays and neighbour lists"

_LONGEST_NAME = 60
_AMPLE = 1_000_000
_AT = datetime(2011, 1, 1, tzinfo=UTC)  # no artist of a dataset is dated, so any moment does


class Surroundings(NamedTuple):
    """What is known about artists beyond the library: by column, and by MBID as the pipeline knows them."""

    genres: tuple[tuple[str, ...], ...]
    listeners: Floats
    mbids: list[Mbid]
    """Made up for one measurement: a dataset knows the real ones of some artists only."""
    near: Mapping[Mbid, Sequence[Mbid]]
    """As ListenBrainz would list them."""


class Telling(NamedTuple):
    """Artists in the order in which they are told, and as they are spelt there."""

    columns: Columns
    names: list[str]


def surroundings(crowd: Crowd) -> Surroundings:
    mbids = [Mbid(str(UUID(int=column))) for column in range(len(crowd.names))]
    near = {
        mbids[column]: [mbids[other] for other in listed.tolist()]
        for column, listed in enumerate(co_listening_lists(crowd.interactions))
    }
    return Surroundings(crowd.genres, popularity(crowd.interactions), mbids, near)


def tellings(
    owned: Columns,
    held: Mapping[int, Holding],
    around: Surroundings,
    counter: TokenCounter,
    rng: np.random.Generator,
) -> dict[str, Telling]:
    """By system. Not to be called from a running event loop: the profile brings its own."""
    strata = {column: next(iter(around.genres[column]), "") for column in owned.tolist()}
    simple = {
        "random": in_random_order(owned, rng),
        "most popular": by_popularity(owned, around.listeners),
        "stratified by genre": stratified(owned, strata, rng),
    }
    told = {
        system: Telling(order, [_spelling(held[column].name) for column in order.tolist()])
        for system, order in simple.items()
    }
    silent = _library(owned, held, around, with_plays=False)
    played = _library(owned, held, around, with_plays=True)
    told[GENRES] = _told_by_brainarr(silent, {}, counter)
    told[NEIGHBOURS] = _told_by_brainarr(silent, around.near, counter)
    told[PLAYS] = _told_by_brainarr(played, {}, counter)
    told[BOTH] = _told_by_brainarr(played, around.near, counter)
    return told


def _spelling(name: str) -> str:
    return quote(name, _LONGEST_NAME)


def _library(
    owned: Columns, held: Mapping[int, Holding], around: Surroundings, *, with_plays: bool
) -> Library:
    artists = tuple(
        OwnedArtist(
            column,
            held[column].name,
            around.mbids[column],
            around.genres[column],
            plays=held[column].plays if with_plays else 0,
        )
        for column in owned.tolist()
    )
    return Library(artists, {}, frozenset(), _AT)


def _told_by_brainarr(
    library: Library, near: Mapping[Mbid, Sequence[Mbid]], counter: TokenCounter
) -> Telling:
    """The names as they stand in the compressed text. With an ample budget it holds hundreds; a smaller one
    only ends it earlier, so its first names are the text of that budget."""
    profile = asyncio.run(profile_library(library, _AT))
    compressed = compress(
        library, profile, level="moderate", budget=_AMPLE, overhead=0, counter=counter, neighbours=near
    )
    names = compressed.text.splitlines()[-1].removeprefix(PREFIX).split("; ")
    # Of two artists that are spelt alike a reader sees one.
    spelt = {_spelling(artist.name): artist.id for artist in reversed(library.artists)}
    names = list(dict.fromkeys(names))
    return Telling(np.array([spelt[name] for name in names], dtype=np.intp), names)

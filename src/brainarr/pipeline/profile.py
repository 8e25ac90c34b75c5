"""Library → Profile: what this person loves, in numbers.

The library is read in batches of 100 artists whose partial tallies merge in any grouping: weights are whole
millionths, so that `merge` is associative to the last bit.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import add
from typing import TypeVar

import msgspec
import numpy as np

from brainarr.domain.genres import canonical_genre, lineage
from brainarr.domain.music import Library, Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.taste import Profile, Shape
from brainarr.pipeline.clusters import Member, cluster_members
from brainarr.pipeline.seeds import draw_seeds

BATCH = 100
_MILLIONTHS = 1_000_000
# More batches at once gain nothing on two cores; fewer would leave one idle while the other waits for the
# lock.
_CONCURRENT_BATCHES = 4
_GENRES_PER_ARTIST = 30
_RECENT_DAYS = 90
_RECENT_KEPT = 30
_RECENCY_HALF_LIFE_DAYS = 180.0
_DAY_SECONDS = 86_400
# Where files and plays have said what they can: a handful of albums, and an artist heard for years.
_MANY_FILES = math.log1p(60)
_MANY_PLAYS = math.log1p(1000)

K = TypeVar("K", str, int)


class Tally(msgspec.Struct, frozen=True, gc=False):
    """What a batch of artists adds to the profile; all weights in millionths."""

    shape: Shape = Shape()
    genres: Mapping[str, int] = {}
    genre_artists: Mapping[str, int] = {}
    years: Mapping[int, int] = {}
    members: tuple[Member, ...] = ()
    recent: tuple[tuple[float, str], ...] = ()
    """(days ago, name), newest first, bounded."""


def artist_weight(artist: OwnedArtist, days_owned: float | None) -> float:
    """How much an artist counts, about 0.1 to 4: plays say most, then files on disk, then how new it is.

    Lidarr's rating is the community's, not the owner's, and so counts least.
    """
    weight = 0.25 + min(1.0, math.log1p(artist.track_files) / _MANY_FILES)
    if artist.plays:
        weight += 1.5 * min(1.5, math.log1p(artist.plays) / _MANY_PLAYS)
    if days_owned is not None:
        weight += 0.25 * 0.5 ** (days_owned / _RECENCY_HALF_LIFE_DAYS)
    if artist.rating is not None:
        weight += 0.025 * artist.rating
    return weight if artist.monitored else weight / 2


def tally(
    artists: Iterable[OwnedArtist], albums: Mapping[int, tuple[OwnedAlbum, ...]], now: datetime
) -> Tally:
    """The partial profile of one batch."""
    shape = [0] * 8
    genres: dict[str, int] = {}
    carried: list[str] = []
    years: dict[int, int] = {}
    members: list[Member] = []
    recent: list[tuple[float, str]] = []
    for artist in artists:
        days = None if artist.added is None else max(0.0, (now - artist.added).total_seconds() / _DAY_SECONDS)
        weight = round(artist_weight(artist, days) * _MILLIONTHS)
        counted = _lineages(artist.genres)
        for genre, step in counted.items():
            genres[genre] = genres.get(genre, 0) + int(weight * step)
        carried.extend(counted)
        release_years = _release_years(artist, albums.get(artist.id, ()))
        for year in release_years:
            years[year] = years.get(year, 0) + weight // len(release_years)
        if days is not None and days <= _RECENT_DAYS:
            recent.append((days, artist.name))
        members.append(Member(artist.id, artist.name, artist.mbid, weight, artist.plays, _own(artist.genres)))
        shape[0] += 1
        shape[1] += artist.monitored
        shape[2] += artist.album_count
        shape[3] += artist.track_files
        shape[4] += artist.rating is not None
        shape[5] += artist.plays > 0
        shape[6] += artist.mbid is None
        shape[7] += not artist.genres
    return Tally(
        Shape(*shape), genres, Counter(carried), years, tuple(members), tuple(sorted(recent)[:_RECENT_KEPT])
    )


# Libraries repeat the same few thousand genre lists, so both readings of one are remembered.
@lru_cache(maxsize=8192)
def _own(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_genre(name) for name in names[:_GENRES_PER_ARTIST]))


@lru_cache(maxsize=8192)
def _lineages(names: tuple[str, ...]) -> dict[str, float]:
    """Each genre and ancestor once, with its largest weight: two kinds of rock are still one vote for
    rock."""
    counted: dict[str, float] = {}
    for name in names[:_GENRES_PER_ARTIST]:
        for genre, step in lineage(name):
            if step > counted.get(genre, 0.0):
                counted[genre] = step
    return counted


def _release_years(artist: OwnedArtist, albums: tuple[OwnedAlbum, ...]) -> list[int]:
    """First-release years of the albums on disk, else of all albums, else the last release Lidarr names.

    Compilations are left out: they date the label's calendar, not the music.
    """
    dated = [album for album in albums if album.year and "compilation" not in album.secondary_kinds]
    years = [album.year for album in dated if album.track_files and album.year]
    years = years or [album.year for album in dated if album.year]
    return years or ([artist.last_release_year] if artist.last_release_year else [])


def merge(one: Tally, other: Tally) -> Tally:
    """Both tallies in one; associative, with `Tally()` as its neutral element."""
    return Tally(
        Shape(*map(add, msgspec.structs.astuple(one.shape), msgspec.structs.astuple(other.shape))),
        _add(one.genres, other.genres),
        _add(one.genre_artists, other.genre_artists),
        _add(one.years, other.years),
        one.members + other.members,
        tuple(sorted(one.recent + other.recent)[:_RECENT_KEPT]),
    )


def _add(one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    total = dict(one)
    for key, count in other.items():
        total[key] = total.get(key, 0) + count
    return total


def merge_all(tallies: Sequence[Tally]) -> Tally:
    """Merges neighbours pairwise: each entry is copied log n times, not n times."""
    level = list(tallies) or [Tally()]
    while len(level) > 1:
        merged = [merge(one, other) for one, other in zip(level[::2], level[1::2], strict=False)]
        level = merged + level[len(merged) * 2 :]
    return level[0]


async def profile_library(
    library: Library, now: datetime, *, neighbours: Mapping[Mbid, Sequence[Mbid]] | None = None, seed: int = 0
) -> Profile:
    """The profile of a library; works for none, one and 50,000 artists.

    `neighbours` (similar artists by artist, as far as earlier runs fetched them) refines the clusters; `seed`
    decides which exemplars are drawn beside each cluster's best. Runs in worker threads, so the event loop
    stays free.
    """
    slots = asyncio.Semaphore(_CONCURRENT_BATCHES)

    async def one_batch(start: int) -> Tally:
        async with slots:
            artists = library.artists[start : start + BATCH]
            return await asyncio.to_thread(tally, artists, library.albums, now)

    tallies = await asyncio.gather(*(one_batch(start) for start in range(0, len(library.artists), BATCH)))
    return await asyncio.to_thread(_finish, tallies, library.album_coverage, neighbours or {}, seed)


def _finish(
    tallies: Sequence[Tally], coverage: float, neighbours: Mapping[Mbid, Sequence[Mbid]], seed: int
) -> Profile:
    whole = merge_all(tallies)
    # numpy orders 50,000 members in 3 ms; list.sort would hold the interpreter, and so the event loop, for
    # 40.
    order = np.argsort([-member.weight for member in whole.members], kind="stable")
    heaviest = [whole.members[int(index)] for index in order]
    clusters = cluster_members(heaviest, whole.genres, whole.genre_artists, neighbours)
    total = sum(member.weight for member in heaviest) or 1
    return Profile(
        shape=whole.shape,
        genres=_shares(whole.genres),
        genre_artists=whole.genre_artists,
        years=_shares(whole.years),
        clusters=tuple(cluster.described for cluster in clusters),
        seeds=draw_seeds(clusters, seed),
        weights={member.id: member.weight / total for member in heaviest},
        recent=tuple(name for _, name in whole.recent),
        album_coverage=coverage,
    )


def _shares(weights: Mapping[K, int]) -> dict[K, float]:
    total = sum(weights.values())
    if not total:
        return {}
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    return {key: weight / total for key, weight in ordered if weight}

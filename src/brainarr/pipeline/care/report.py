"""Library and what is known of the catalogue → CareReport. Asks nobody: the rest is for a run to find out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from brainarr.domain.care import CareReport, Drift, DriftKind, Loved, MissingAlbum, Remembered
from brainarr.domain.music import Library, Mbid, ReleaseGroup
from brainarr.domain.recommendation import Memory
from brainarr.pipeline.care.albums import gaps_of, is_new, releases_of
from brainarr.pipeline.care.drift import find_drift
from brainarr.pipeline.care.love import favourites

MOST_OF_A_KIND = 1_000
MOST_ALBUMS = 1_000


def report_on(
    library: Library,
    loved: Sequence[Loved],
    discographies: Mapping[Mbid, Sequence[ReleaseGroup]],
    releases: Mapping[Mbid, Remembered],
    memory: Memory,
    now: datetime,
) -> CareReport:
    """`loved`: all artists of `library`, most loved first. Of 50,000 artists it takes some seconds: to be
    called in a thread."""
    today = now.date()
    drift = find_drift(loved, now)
    wanted = favourites(loved)
    known = [one for one in wanted if one.artist.mbid in discographies and one.artist.id in library.albums]
    gaps = [item for one in known for item in _gaps(one, library, discographies, today)]
    gaps.sort(key=lambda item: (-item.confidence, item.loved.artist.name, item.album.title))
    new = [item for one in loved for item in _releases(one, library, releases, today)]
    new.sort(key=lambda item: item.facts.released or "", reverse=True)
    announced = [item for item in reversed(new) if item.facts.upcoming]
    new = [*(item for item in new if not item.facts.upcoming), *announced]
    gaps, new = ([*_open(found, library, memory)] for found in (gaps, new))
    return CareReport(
        read_at=library.read_at,
        artists=len(loved),
        played=sum(one.artist.plays > 0 for one in loved),
        counts=Counter(one.kind for one in drift),
        drift=tuple(_some_of_each(drift)),
        loved=len(wanted),
        known=len(known),
        gaps=tuple(gaps[:MOST_ALBUMS]),
        all_gaps=len(gaps),
        watched=len(releases),
        releases=tuple(new[:MOST_ALBUMS]),
        all_releases=len(new),
        proposed=memory.waiting & {item.album.mbid for item in (*gaps, *new)},
    )


def _gaps(
    one: Loved, library: Library, discographies: Mapping[Mbid, Sequence[ReleaseGroup]], today: date
) -> Sequence[MissingAlbum]:
    mbid = one.artist.mbid
    catalogue = discographies.get(mbid, ()) if mbid is not None else ()
    return gaps_of(one, catalogue, library.albums[one.artist.id], today)


def _releases(
    one: Loved, library: Library, releases: Mapping[Mbid, Remembered], today: date
) -> Sequence[MissingAlbum]:
    told = releases.get(one.artist.mbid) if one.artist.mbid is not None else None
    new = [album for album in told.albums if is_new(album, today)] if told else []
    owned = library.albums.get(one.artist.id)
    # Before its albums are read nobody knows whether it is there already.
    return releases_of(one, new, owned, today) if owned is not None else ()


def _open(found: Iterable[MissingAlbum], library: Library, memory: Memory) -> Iterator[MissingAlbum]:
    """Without what nobody wants."""
    albums = library.exclusions | memory.rejected
    artists = library.exclusions | memory.blocks.artists.keys()
    for item in found:
        if item.album.mbid not in albums and item.loved.artist.mbid not in artists:
            yield item


def _some_of_each(drift: Iterable[Drift]) -> Iterator[Drift]:
    seen: Counter[DriftKind] = Counter()
    for one in drift:
        seen[one.kind] += 1
        if seen[one.kind] <= MOST_OF_A_KIND:
            yield one

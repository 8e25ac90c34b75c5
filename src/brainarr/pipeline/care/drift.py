"""Library → drift: what went astray between the library, Lidarr and MusicBrainz. Asks nobody."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from brainarr.domain.care import Drift, DriftArtist, DriftKind, Loved
from brainarr.domain.music import OwnedArtist
from brainarr.domain.names import Tier, name_keys
from brainarr.pipeline.care.love import as_if_monitored

NOTHING_AFTER = timedelta(days=30)
"""So long a monitored artist may be without a file before that is worth a word."""
LISTED_AFTER = timedelta(days=2)
"""By then Lidarr has refreshed whom it took in."""

MOST_NAMED = 20
"""Artists that one finding names; its detail counts all."""

K = TypeVar("K", bound=Hashable)


def find_drift(loved: Sequence[Loved], now: datetime) -> tuple[Drift, ...]:
    """Every finding, the gravest kind first, within a kind the most loved artist first.

    `loved`: the whole library, most loved first.
    """
    artists = [one.artist for one in loved]
    found: list[Drift] = []
    for artist in artists:
        found += _alone(artist, now)
    found += _same_mbid(artists)
    found += _shared_folders(artists)
    found += _namesakes(artists)
    found += _unmonitored(loved)
    order = list(DriftKind)
    # The sort is stable: within a kind the order in which they were found stays.
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _alone(artist: OwnedArtist, now: datetime) -> Iterator[Drift]:
    """What can be said of one artist by itself."""
    here = (_named(artist),)
    if artist.gone:
        yield Drift(DriftKind.GONE, here, "Lidarr says that MusicBrainz has deleted it.")
    if artist.mbid is None:
        yield Drift(DriftKind.NO_MBID, here, "Lidarr names no MusicBrainz identifier for it.")
    if not artist.monitored or artist.gone:
        return
    since = artist.added
    for kind, empty, after, what in (
        (DriftKind.NO_ALBUMS, not artist.album_count, LISTED_AFTER, "no album is listed"),
        (
            DriftKind.NO_FILES,
            artist.album_count > 0 and not artist.track_files,
            NOTHING_AFTER,
            f"no file of {_count(artist.album_count, 'album')} is there",
        ),
    ):
        if empty and (since is None or now - since >= after):
            taken_in = f"Taken in on {since:%d %B %Y}" if since else "Monitored"
            yield Drift(kind, here, f"{taken_in}, and {what}.")


def _same_mbid(artists: Sequence[OwnedArtist]) -> Iterator[Drift]:
    for mbid, same in _groups(artists, lambda artist: artist.mbid):
        yield Drift(DriftKind.SAME_MBID, _all(same), f"{len(same)} entries have the identifier {mbid}.")


def _namesakes(artists: Sequence[OwnedArtist]) -> Iterator[Drift]:
    for _, same in _groups(artists, lambda artist: name_keys(artist.name)[Tier.WORDS] or None):
        if len({artist.mbid for artist in same}) == 1 and same[0].mbid is not None:
            continue  # One artist twice: told by its identifier.
        files = ", ".join(_count(artist.track_files, "file") for artist in same[:MOST_NAMED])
        yield Drift(DriftKind.NAMESAKES, _all(same), f"{len(same)} artists of one name, with {files}.")


def _shared_folders(artists: Sequence[OwnedArtist]) -> Iterator[Drift]:
    """The same folder, or one inside another's."""
    by_folder: dict[tuple[str, ...], list[OwnedArtist]] = defaultdict(list)
    for artist in artists:
        if steps := _steps(artist.folder):
            by_folder[steps].append(artist)
    for steps, there in by_folder.items():
        if len(there) > 1:
            told = f"{len(there)} artists keep their files in {there[0].folder}"
            yield Drift(DriftKind.SHARED_FOLDER, _all(there), told)
        above = next((steps[:cut] for cut in range(len(steps) - 1, 0, -1) if steps[:cut] in by_folder), None)
        if above is not None:
            both = (by_folder[above][0], there[0])
            yield Drift(DriftKind.SHARED_FOLDER, _all(both), f"{both[1].folder} lies in {both[0].folder}")


def _steps(folder: str) -> tuple[str, ...]:
    """The parts of a path, on either sort of system, as one that does not know capitals tells them apart."""
    return tuple(part for part in folder.replace("\\", "/").casefold().split("/") if part)


def _unmonitored(loved: Sequence[Loved]) -> Iterator[Drift]:
    for one in as_if_monitored(loved):
        why = " and ".join(one.because) or "by the weight that the profile gives it"
        yield Drift(DriftKind.UNMONITORED, (_named(one.artist),), f"Loved, with {why}, but not monitored.")


def _groups(
    artists: Iterable[OwnedArtist], key: Callable[[OwnedArtist], K | None]
) -> Iterator[tuple[K, list[OwnedArtist]]]:
    """Those that share a key with others."""
    groups: dict[K, list[OwnedArtist]] = defaultdict(list)
    for artist in artists:
        if (shared := key(artist)) is not None:
            groups[shared].append(artist)
    return ((shared, group) for shared, group in groups.items() if len(group) > 1)


def _all(artists: Iterable[OwnedArtist]) -> tuple[DriftArtist, ...]:
    return tuple(map(_named, islice(artists, MOST_NAMED)))


def _named(artist: OwnedArtist) -> DriftArtist:
    return DriftArtist(artist.id, artist.name, artist.mbid)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

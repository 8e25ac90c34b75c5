"""Which albums of an owned artist the library lacks: old ones of a loved artist, new ones of any. Asks
nobody."""

from collections.abc import Sequence
from datetime import date, timedelta

from brainarr.domain.care import CareFacts, Loved, MissingAlbum
from brainarr.domain.music import Mbid, OwnedAlbum, ReleaseGroup
from brainarr.domain.names import title_key

NEW_FOR = timedelta(days=365)
"""So long after its first day an album is a new release."""

_ENOUGH_VOTES = 3
# Of an album that nobody ranked or rated: as much as the least loved of a long chart.
_UNKNOWN = 0.3
# An EP by somebody loved is worth a look, an album comes first.
_EP = 0.6
# A release of a year ago is half as much news as one of today.
_OLDEST_NEWS = 0.5
NEW_KINDS = frozenset({"album", "ep"})


def first_new_day(today: date) -> date:
    return today - NEW_FOR


def gaps_of(
    loved: Loved,
    catalogue: Sequence[ReleaseGroup],
    owned: Sequence[OwnedAlbum],
    today: date,
    chart: tuple[str, Sequence[str]] | None = None,
) -> tuple[MissingAlbum, ...]:
    """The studio albums that are out and that the library neither has nor waits for, the best first.

    `chart`: (its name, titles by the artist, most loved first). An album that Lidarr knows under another
    identifier is told by its title.
    """
    out = [album for album in catalogue if album.studio_album and _is_out(album, today)]
    shelf = Shelf(owned)
    missing = [album for album in out if not shelf.holds(album)]
    places = _places(chart[1], out) if chart else {}
    found = [
        MissingAlbum(
            loved,
            album,
            _standing(album, places.get(album.mbid), len(out)),
            CareFacts(
                new=False,
                because=loved.because,
                held=len(out) - len(missing),
                studio=len(out),
                chosen_by=chart[0] if chart and album.mbid in places else None,
                place=places.get(album.mbid),
                rating=_rating(album),
                released=album.released,
                listed=shelf.lists(album),
            ),
        )
        for album in missing
    ]
    return tuple(sorted(found, key=lambda one: (-one.standing, one.album.year or 9999, one.album.title)))


def releases_of(
    loved: Loved, catalogue: Sequence[ReleaseGroup], owned: Sequence[OwnedAlbum], today: date
) -> tuple[MissingAlbum, ...]:
    """Studio albums and EPs of the last year, or announced, that the library neither has nor waits for; the
    newest first.

    `catalogue`: what MusicBrainz says; Lidarr's own list of the artist's albums counts as well.
    """
    shelf = Shelf(owned)
    known = {album.mbid: album for album in (*_listed(loved, owned), *catalogue)}
    found = [
        MissingAlbum(
            loved,
            album,
            newness(album, today),
            CareFacts(
                new=True,
                because=loved.because,
                released=_date(album),
                upcoming=not _is_out(album, today),
                listed=shelf.lists(album),
            ),
        )
        for album in known.values()
        if is_new(album, today) and not unfit(album) and not shelf.holds(album)
    ]
    return tuple(sorted(found, key=lambda one: (one.facts.released or "", one.album.title), reverse=True))


def is_new(album: ReleaseGroup, today: date) -> bool:
    """Whether it came out within the last year, as far as its date is known, or is announced."""
    return _date(album) >= first_new_day(today).isoformat()


def unfit(album: ReleaseGroup) -> str:
    """What it is instead of an album or EP of new music; "" where it is one."""
    if album.secondary_kinds:
        return " ".join((*album.secondary_kinds, album.kind))
    return "" if album.kind in NEW_KINDS else album.kind


def newness(album: ReleaseGroup, today: date) -> float:
    """1 on its first day and before it, ½ a year later; of an EP less."""
    released = _date(album)
    first = _day(released)
    age = max(0, (today - first).days) / NEW_FOR.days if first else 1.0
    standing = 1.0 - (1.0 - _OLDEST_NEWS) * min(1.0, age)
    return standing * (_EP if album.kind == "ep" else 1.0)


class Shelf:
    """What Lidarr says of one artist's albums."""

    def __init__(self, owned: Sequence[OwnedAlbum]) -> None:
        self._held = {album.mbid for album in owned if album.held and album.mbid is not None}
        self._listed = {album.mbid for album in owned if album.mbid is not None}
        self._titles = {title_key(album.title) for album in owned if album.held}

    def holds(self, album: ReleaseGroup) -> bool:
        """There, or waited for: by identifier, and by title where Lidarr does not list the identifier."""
        if album.mbid in self._listed:
            return album.mbid in self._held
        return title_key(album.title) in self._titles

    def lists(self, album: ReleaseGroup) -> bool:
        return album.mbid in self._listed


def _listed(loved: Loved, owned: Sequence[OwnedAlbum]) -> list[ReleaseGroup]:
    artist = loved.artist.mbid
    return [
        ReleaseGroup(
            album.mbid,
            album.title,
            artist,
            album.year,
            album.kind,
            album.secondary_kinds,
            released=album.released,
        )
        for album in owned
        if album.mbid is not None and artist is not None
    ]


def _places(titles: Sequence[str], albums: Sequence[ReleaseGroup]) -> dict[Mbid, int]:
    """Where each album stands among those of `albums` that the chart names, from 1."""
    by_title = {title_key(album.title): album.mbid for album in reversed(albums)}
    named = dict.fromkeys(mbid for title in titles if (mbid := by_title.get(title_key(title))) is not None)
    return {mbid: place for place, mbid in enumerate(named, start=1)}


def _standing(album: ReleaseGroup, place: int | None, albums: int) -> float:
    """Among its artist's studio albums: from 1 for the listeners' first down to `_UNKNOWN`; where they say
    nothing, by its rating."""
    if place is not None:
        return 1.0 - (1.0 - _UNKNOWN) * (place - 1) / max(1, albums)
    rating = _rating(album)
    return _UNKNOWN if rating is None else max(_UNKNOWN, rating / 10.0 - 0.1)


def _rating(album: ReleaseGroup) -> float | None:
    """A rating by one person is that person's."""
    return album.rating if album.votes >= _ENOUGH_VOTES else None


def _date(album: ReleaseGroup) -> str:
    return album.released or (f"{album.year:04d}" if album.year else "")


def _is_out(album: ReleaseGroup, today: date) -> bool:
    """An album without a date is old; one whose date is known to the month only is out with its month's
    beginning."""
    return _date(album) <= today.isoformat()


def _day(released: str) -> date | None:
    """The first day that `released` may mean; None of nothing, and of a day that no calendar has."""
    try:
        return date.fromisoformat(f"{released}-01-01"[:10] if len(released) == 4 else f"{released}-01"[:10])
    except ValueError:
        return None

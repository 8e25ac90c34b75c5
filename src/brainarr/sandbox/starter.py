"""The starter set: well-known music, written down for Brainarr: the demo and the tests need no network.

Names, years and discographies are the world's; identifiers, popularity and ratings are made up here. The
tables in `music/` read: name / alias | country and year of foundation (b.: of birth) | popularity 0–100 |
genres, strongest first | scenes, strongest first. Indented lines list albums: title, year, marks (* is a
favourite).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import msgspec

from brainarr.domain.music import Mbid
from brainarr.sandbox.world import Owned, Relation, World, WorldAlbum, WorldArtist, sandbox_mbid

TABLES = ("electronic", "rock", "alternative", "roots")
_ALBUM = re.compile(r"(?P<title>.+) (?P<year>\d{4})(?: (?P<marks>[a-z*,-]+))?")
_SECONDARY = {mark: mark.capitalize() for mark in ("compilation", "live", "soundtrack", "remix")} | {
    "dj-mix": "DJ-mix"
}
_GENRE_VOTES = (12, 8, 5, 3)
_SCENE_WEIGHTS = (1.0, 0.7, 0.5, 0.35)
_NEIGHBOURS = 60


class Entry(msgspec.Struct, frozen=True):
    """One artist of a table with what closeness is made from."""

    artist: WorldArtist
    albums: tuple[WorldAlbum, ...]
    scenes: dict[str, float]


@cache
def starter_world() -> World:
    entries = list(_read_tables())
    artists = [entry.artist for entry in entries]
    albums = [album for entry in entries for album in entry.albums]
    return World(artists, albums, _neighbours(entries), relations=_read_relations(artists))


def demo_library(world: World) -> list[Owned]:
    """Some forty-five artists: electronics, trip hop, dream pop and post-rock, and a long tail."""
    library = []
    for line in _lines("demo_library"):
        name, added, holds = line.split(" | ")
        artist = world.named(name).mbid
        albums = world.discography(artist)
        loved = max((album.fans for album in albums), default=0) * 0.9
        held = {
            "all": [album for album in albums if not album.secondary_kinds],
            "favourites": [album for album in albums if album.fans >= loved],
            "none": [],
        }[holds]
        day = datetime.combine(date.fromisoformat(added), datetime.min.time(), UTC)
        library.append(
            Owned(artist, day, frozenset(album.mbid for album in held), only_held=holds == "favourites")
        )
    return library


def _lines(table: str) -> Iterator[str]:
    text = files("brainarr.sandbox").joinpath("music", f"{table}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _read_relations(artists: list[WorldArtist]) -> Iterator[Relation]:
    named = {artist.name: artist.mbid for artist in artists}
    for line in _lines("relations"):
        artist, kind, other = line.split(" | ")
        yield Relation(named[artist], kind, named[other])


def _read_tables() -> Iterator[Entry]:
    number = 1000
    for table in TABLES:
        blocks: list[tuple[str, str]] = []
        for line in _lines(table):
            if line.startswith(" "):
                head, albums = blocks[-1]
                blocks[-1] = (head, f"{albums};{line}")
            else:
                blocks.append((line, ""))
        for head, albums in blocks:
            number += 1
            yield _entry(head, albums, number)


def _entry(head: str, albums: str, number: int) -> Entry:
    names, origin, popularity, genres, scenes = (field.strip() for field in head.split("|"))
    name, *aliases = names.split(" / ")
    country, begin = origin.split()
    artist = WorldArtist(
        mbid=sandbox_mbid("artist", name),
        name=name,
        number=number,
        person=begin.startswith("b."),
        genres=tuple(zip(genres.split(", "), _GENRE_VOTES, strict=False)),
        begin=int(begin.removeprefix("b.")),
        country=country,
        # Listeners spread over four orders of magnitude, as they do on public listening services.
        listeners=int(10 ** (2.5 + float(popularity) / 25)),
        aliases=tuple(aliases),
        disambiguation="sandbox",
    )
    titles = [text.strip() for text in albums.split(";") if text.strip()]
    return Entry(
        artist,
        tuple(_album(artist, text) for text in titles),
        dict(zip(scenes.split(), _SCENE_WEIGHTS, strict=False)),
    )


def _album(artist: WorldArtist, text: str) -> WorldAlbum:
    match = _ALBUM.fullmatch(text)
    if match is None:
        raise ValueError(f"unreadable album of {artist.name}: {text}")
    marks = (match["marks"] or "").split(",")
    mbid = sandbox_mbid("release-group", artist.name, match["title"], match["year"])
    jitter = int(mbid[:4], 16) / 0xFFFF
    loved = "*" in marks
    return WorldAlbum(
        mbid=mbid,
        title=match["title"],
        artist=artist.mbid,
        year=int(match["year"]),
        kind="EP" if "ep" in marks else "Album",
        secondary_kinds=tuple(_SECONDARY[mark] for mark in marks if mark in _SECONDARY),
        fans=int(artist.listeners * ((0.6 if loved else 0.15) + 0.05 * jitter)),
        rating=round((4.3 if loved else 3.4) + 0.5 * jitter, 2),
        votes=3 + artist.listeners // 50_000,
    )


def _neighbours(entries: list[Entry]) -> dict[Mbid, tuple[tuple[Mbid, int], ...]]:
    """Co-listen counts as a listening service has them: high for close artists and for popular ones."""
    scenes: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for scene in entry.scenes:
            scenes[scene].append(entry)
    found: dict[Mbid, tuple[tuple[Mbid, int], ...]] = {}
    for entry in entries:
        close: dict[Mbid, float] = defaultdict(float)
        others: dict[Mbid, Entry] = {}
        for scene, weight in entry.scenes.items():
            for other in scenes[scene]:
                if other is not entry:
                    close[other.artist.mbid] += weight * other.scenes[scene]
                    others[other.artist.mbid] = other
        own_genres = {genre for genre, _ in entry.artist.genres}
        counts = []
        for mbid, closeness in close.items():
            other = others[mbid].artist
            shared = len(own_genres & {genre for genre, _ in other.genres}) / 4
            together = (closeness + shared) ** 2 * (entry.artist.listeners * other.listeners) ** 0.5 / 1000
            counts.append((mbid, int(together) + 1))
        counts.sort(key=lambda pair: (-pair[1], pair[0]))
        found[entry.artist.mbid] = tuple(counts[:_NEIGHBOURS])
    return found

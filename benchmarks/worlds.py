"""Invented music of any size, the same for the same size: for load and faults, where the starter set ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from brainarr.domain.music import Mbid
from brainarr.sandbox.world import Owned, World, WorldAlbum, WorldArtist, sandbox_mbid

GENRES = (
    ("shoegaze", "dream pop"),
    ("trip hop", "downtempo"),
    ("post-punk", "new wave"),
    ("techno", "house"),
    ("indie folk", "folk"),
    ("bebop", "jazz"),
    ("doom metal", "metal"),
    ("soul", "funk"),
)
ALBUMS = 2
"""Of each artist."""
NEARBY = 24
"""Neighbours of each artist in its own scene; as many again are anywhere."""
_SYLLABLES = (
    "ka",
    "ro",
    "min",
    "te",
    "lu",
    "sar",
    "vo",
    "ne",
    "dri",
    "pha",
    "gol",
    "ui",
    "zen",
    "tam",
    "be",
    "ox",
)


def invented_world(size: int) -> World:
    """`size` artists in eight scenes, with albums and neighbour lists."""
    rng = Random(size)
    artists = [_artist(number, rng) for number in range(1, size + 1)]
    albums = [album for artist in artists for album in _albums(artist)]
    return World(artists, albums, {one.mbid: _neighbours(one.number, artists, rng) for one in artists})


def owned_of(world: World, count: int) -> list[Owned]:
    """The first `count` artists, each with its first album on disk."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return [
        Owned(mbid, start + timedelta(hours=place), frozenset([world.discography(mbid)[0].mbid]))
        for place, mbid in enumerate(list(world.artists)[:count])
    ]


def _artist(number: int, rng: Random) -> WorldArtist:
    genres = GENRES[number % len(GENRES)]
    return WorldArtist(
        mbid=sandbox_mbid("invented", str(number)),
        name=" ".join(_word(number * 7_919 + place) for place in (1, 500_009)).title(),
        number=number,
        genres=tuple(zip(genres, (9, 4), strict=True)),
        begin=rng.randint(1960, 2015),
        country="DE",
        listeners=int(10 ** rng.uniform(2.5, 6.5)),
        disambiguation="invented",
    )


def _word(number: int) -> str:
    """Another word for another number: names that share none are told apart as real ones mostly are."""
    syllables: list[str] = []
    while number or not syllables:
        number, place = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables)


def _albums(artist: WorldArtist) -> Iterator[WorldAlbum]:
    for place in range(ALBUMS):
        title = f"{artist.name} {('First', 'Second')[place]}"
        yield WorldAlbum(
            mbid=sandbox_mbid("invented album", str(artist.number), str(place)),
            title=title,
            artist=artist.mbid,
            year=(artist.begin or 1960) + 3 + 4 * place,
            fans=artist.listeners // (2 + place),
            rating=3.5,
            votes=10,
        )


def _neighbours(number: int, artists: list[WorldArtist], rng: Random) -> tuple[tuple[Mbid, int], ...]:
    size, scenes = len(artists), len(GENRES)
    near = [(number - 1 + scenes * step) % size for step in range(1, NEARBY + 1)]
    far = [rng.randrange(size) for _ in range(NEARBY)]
    places = [place for place in dict.fromkeys((*near, *far)) if place != number - 1]
    return tuple((artists[place].mbid, 10 * (len(places) - rank)) for rank, place in enumerate(places))

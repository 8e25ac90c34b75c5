"""Worlds and libraries whose past can be predicted, or cannot."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from brainarr.domain.music import Mbid
from brainarr.sandbox.world import Owned, World, WorldArtist, sandbox_mbid

SCENES = 5
MEMBERS = 16
FIRST = datetime(2024, 1, 6, 20, tzinfo=UTC)
STRANGERS = [sandbox_mbid("stranger", str(number)) for number in range(12)]
"""Artists that are near to nobody."""
_WORDS = ("Glass", "Harbour", "Moss", "Static", "Lantern", "Ferry", "Parade", "Echo", "Cinder", "Tide")
_GENRES = ("shoegaze", "techno", "bebop", "dub", "indie folk", "doom metal")


def artist_of(scene: int, member: int) -> Mbid:
    return sandbox_mbid("backtest", str(scene), str(member))


def name_of(scene: int, member: int) -> str:
    return f"{_WORDS[scene]} {_WORDS[member % 10]} {'I' * (member // 10 + 1)}"


def world_of_scenes() -> World:
    """Listeners of an artist listen to its scene; those of the best known in it to a few famous ones too.

    To the less known members of a scene they listen a little less. ListenBrainz tells by how much; Deezer
    tells fans, and dividing by those draws the least known ones too far forward.
    """
    places = [(scene, member) for scene in range(SCENES) for member in range(MEMBERS)]
    artists = [
        WorldArtist(
            artist_of(*place),
            name_of(*place),
            number=number,
            genres=((_GENRES[place[0]], 9),),
            begin=1990,
            # The last members of each scene are the ones that nobody else knows.
            listeners=100_000 // (place[1] + 1),
        )
        for number, place in enumerate(places, start=1)
    ]
    famous = [
        WorldArtist(
            sandbox_mbid("famous", str(number)),
            f"Famous {number}",
            number=1000 + number,
            genres=(("pop", 9),),
            listeners=5_000_000 - number,
        )
        for number in range(20)
    ]
    near = {
        artist_of(scene, member): (
            *((artist_of(scene, other), 900 - 20 * other) for other in range(MEMBERS) if other != member),
            *((one.mbid, 1000) for one in famous if member < 2),
        )
        for scene, member in places
    }
    strangers = [
        WorldArtist(mbid, f"Stranger {number}", number=2000 + number, genres=(("polka", 5),), listeners=7)
        for number, mbid in enumerate(STRANGERS)
    ]
    return World([*artists, *famous, *strangers], (), near)


def followed() -> list[Owned]:
    """A person who adds one artist a week, and more of the scenes they know: what comes can be foreseen."""
    places = [(scene, member) for member in range(MEMBERS - 4) for scene in range(SCENES)]
    return [
        Owned(artist_of(*place), FIRST + timedelta(days=7 * number)) for number, place in enumerate(places)
    ]


def unrelated() -> list[Owned]:
    """A person whose latest artists stand in nobody's list."""
    places = [(scene, member) for scene in range(2) for member in range(MEMBERS)]
    came = [*(artist_of(*place) for place in places), *STRANGERS]
    return [Owned(mbid, FIRST + timedelta(days=7 * number)) for number, mbid in enumerate(came)]


def at_once(library: Sequence[Owned]) -> list[Owned]:
    """The same library, taken in on one day."""
    return [Owned(one.artist, FIRST, one.held) for one in library]

"""Small libraries and candidates for the stage tests."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from brainarr.domain.music import CatalogArtist, Library, Mbid, OwnedAlbum, OwnedArtist, ReleaseGroup
from brainarr.domain.recommendation import Fused, Verified, Voice
from brainarr.llm.tokens import counter_for
from tests.conftest import NOW

O200K = counter_for("gpt-5-mini")


def mbid(name: str) -> Mbid:
    return Mbid(str(uuid.uuid5(uuid.NAMESPACE_OID, name)))


def owned(number: int, name: str, *genres: str, **facts: object) -> OwnedArtist:
    known: dict[str, object] = {
        "mbid": mbid(name),
        "added": NOW - timedelta(days=400),
        "track_files": 20,
        "album_count": 2,
        **facts,
    }
    return OwnedArtist(number, name, genres=genres, **known)  # type: ignore[arg-type]


def library(
    *artists: OwnedArtist,
    albums: Mapping[int, Sequence[OwnedAlbum]] | None = None,
    exclusions: Sequence[Mbid] = (),
) -> Library:
    known = {number: tuple(found) for number, found in (albums or {}).items()}
    return Library(artists, known, frozenset(exclusions), NOW)


def generated_library(size: int, albums_each: int = 4) -> Library:
    """Names, genres and albums of ordinary length: what 1,000 real artists look like to a tokenizer."""
    words = ["Velvet", "Harbor", "Static", "Lantern", "Northern", "Glass", "Parade", "Echo", "Mono", "River"]
    genres = ["shoegaze", "trip hop", "post-punk", "techno", "indie folk", "bebop", "doom metal", "soul"]
    artists = tuple(
        owned(
            number,
            " ".join(words[number // step % 10] for step in (1, 10, 100)) + f" {number // 1000}",
            genres[number % 8],
            genres[number // 8 % 8],
            rating=7.5,
        )
        for number in range(size)
    )
    catalogue = {
        artist.id: [
            OwnedAlbum(
                artist.id * 10 + k, f"{words[k]} of the {words[(artist.id + k) % 10]}", None, 1980 + k * 7
            )
            for k in range(albums_each)
        ]
        for artist in artists
    }
    return library(*artists, albums=catalogue)


def fused(name: str, **facts: object) -> Fused:
    known: dict[str, object] = {
        "album": None,
        "mbid": mbid(name),
        "voices": (Voice("listenbrainz", 1.0, 0.9, seeds=(("Slowdive", 1.0),)),),
        "score": 1.0,
        "confidence": 0.9,
        **facts,
    }
    return Fused(artist=name, **known)  # type: ignore[arg-type]


def verified(name: str, genres: Mapping[str, float], year: int | None, confidence: float = 0.9) -> Verified:
    album = ReleaseGroup(mbid(name + " album"), name + " album", mbid(name), year)
    return Verified(
        fused(name, confidence=confidence, score=confidence),
        CatalogArtist(mbid(name), name),
        album,
        "deezer",
        genres,
        year,
    )

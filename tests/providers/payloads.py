"""Answers in the documented shapes, written by hand around invented artists."""

from typing import Any

from brainarr.domain.music import Mbid


def mbid(number: int) -> Mbid:
    return Mbid(f"{number:08x}-0000-4000-8000-000000000000")


HOSTILE = "Evil\u0000\u202e\n<script>alert(1)</script> " + "x" * 5000


def musicbrainz_artist(number: int, name: str, **fields: Any) -> dict[str, Any]:
    """https://musicbrainz.org/doc/MusicBrainz_API/Examples#Artist"""
    return {
        "id": mbid(number),
        "name": name,
        "sort-name": name,
        "type": "Group",
        "type-id": "e431f5f6-b5d2-343d-8b36-72607fffb74b",
        "disambiguation": "",
        "country": "GB",
        "area": {"id": mbid(999), "name": "United Kingdom", "sort-name": "United Kingdom"},
        "life-span": {"begin": "1991-04", "end": None, "ended": False},
        "aliases": [],
        "genres": [],
        "tags": [],
        "isnis": [],
        "ipis": [],
    } | fields


def musicbrainz_group(number: int, title: str, **fields: Any) -> dict[str, Any]:
    """https://musicbrainz.org/doc/MusicBrainz_API/Examples#Release_Group"""
    return {
        "id": mbid(number),
        "title": title,
        "primary-type": "Album",
        "primary-type-id": "f529b476-6e62-324f-b0aa-1f3e33d313fc",
        "secondary-types": [],
        "secondary-type-ids": [],
        "first-release-date": "1998-04-20",
        "disambiguation": "",
        "rating": {"value": None, "votes-count": 0},
        "genres": [],
        "tags": [],
    } | fields


def labs_row(number: int, name: str, score: Any, reference: Mbid) -> dict[str, Any]:
    return {
        "artist_mbid": mbid(number),
        "name": name,
        "comment": "",
        "type": "Group",
        "gender": None,
        "score": score,
        "reference_mbid": reference,
    }


def radio_row(number: int, name: str, listens: int) -> dict[str, Any]:
    return {
        "recording_mbid": mbid(number + 1000),
        "similar_artist_mbid": mbid(number),
        "similar_artist_name": name,
        "total_listen_count": listens,
    }


def deezer_artist(number: int, name: str, fans: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "link": f"https://www.deezer.com/artist/{number}",
        "nb_album": 7,
        "nb_fan": fans,
        "radio": True,
        "type": "artist",
    }


def deezer_album(number: int, title: str, fans: int, record_type: str = "album") -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "genre_id": 106,
        "fans": fans,
        "release_date": "1998-04-20",
        "record_type": record_type,
        "explicit_lyrics": False,
        "type": "album",
    }


def lastfm_artist(name: str, match: str, number: int | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "mbid": mbid(number) if number else "",
        "match": match,
        "url": "https://www.last.fm/music/x",
        "image": [{"#text": "", "size": "small"}],
        "streamable": "0",
    }


def lastfm_fault(code: int) -> dict[str, Any]:
    return {"error": code, "message": "the words of Last.fm", "links": []}

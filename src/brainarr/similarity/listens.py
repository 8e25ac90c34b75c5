"""One listen as ListenBrainz writes it, in a person's export and in the public dumps.

The shape: https://listenbrainz.readthedocs.io/en/latest/users/json.html and …/users/listenbrainz-dumps.html.
"""

from typing import Any, cast

import msgspec

from brainarr.domain.music import parse_mbid
from brainarr.similarity.heard import UnusableLine

ARTISTS_LIMIT = 10
"""Artists of one listen that count; more is an orchestra, not a taste."""

ListenFields = tuple[str, str, str]
"""Person, name and MBID of an artist, unchecked."""


class _Credit(msgspec.Struct):
    artist_mbid: str = ""
    artist_credit_name: str = ""


class _Mapping(msgspec.Struct):
    artist_mbids: list[str] | None = None
    artists: list[_Credit] | None = None


class _Track(msgspec.Struct):
    artist_name: str = ""
    # What clients send is theirs: it may be anything.
    additional_info: Any = None
    # What ListenBrainz found in MusicBrainz for it; null where it found nothing.
    mbid_mapping: _Mapping | None = None


class _Listen(msgspec.Struct):
    track_metadata: _Track
    user_name: str | None = None
    user_id: int | str | None = None


_decode = msgspec.json.Decoder(_Listen).decode


def read_listen(line: str, person: str) -> list[ListenFields]:
    """The artists of a listen; `person` where the line names nobody. Raises UnusableLine."""
    try:
        listen = _decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise UnusableLine(f"not a listen ({str(error)[:120]})") from None
    person = listen.user_name or (f"#{listen.user_id}" if listen.user_id is not None else person)
    track, mapping = listen.track_metadata, listen.track_metadata.mbid_mapping
    if mapping and mapping.artists and all(credit.artist_mbid for credit in mapping.artists):
        found = [(credit.artist_credit_name, credit.artist_mbid) for credit in mapping.artists]
    elif mapping and mapping.artist_mbids:
        found = _named(track.artist_name, mapping.artist_mbids)
    else:
        found = _named(track.artist_name, _sent(track.additional_info))
    return [(person, name, mbid) for name, mbid in found[:ARTISTS_LIMIT]]


def _named(name: str, mbids: list[str]) -> list[tuple[str, str]]:
    """A credit of several artists is the name of none of them."""
    return [(name if len(mbids) < 2 else "", mbid) for mbid in mbids] or [(name, "")]


def _sent(info: object) -> list[str]:
    """`artist_mbids` as a client sent them: a list, or one as text; nonsense is nothing, for the name is
    left.
    """
    if not isinstance(info, dict):
        return []
    sent = cast(dict[str, object], info).get("artist_mbids")
    mbids = cast(list[object], sent) if isinstance(sent, list) else [sent]
    usable = [mbid for mbid in mbids if isinstance(mbid, str) and parse_mbid(mbid)]
    return usable if len(usable) == len(mbids) else []

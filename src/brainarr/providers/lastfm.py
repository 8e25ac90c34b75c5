"""Last.fm: similar artists and a person's listens, with an API key of one's own. https://www.last.fm/api"""

from typing import Annotated

import msgspec
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from brainarr.domain.music import Plays, parse_mbid
from brainarr.domain.names import clean_name, same_name
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnreadableAnswer,
)
from brainarr.http import Http
from brainarr.http.rows import read_rows
from brainarr.settings.values import Section, WebAddress

MOST_NEIGHBOURS = 100
MOST_LISTENED = 1000


class LastfmSettings(Section):
    base_url: WebAddress = "https://ws.audioscrobbler.com/2.0/"
    api_key: SecretStr | None = None
    """From https://www.last.fm/api/account/create; without it Last.fm is not asked."""
    user: Annotated[str, Field(min_length=1, max_length=100)] | None = None

    @field_validator("user")
    @classmethod
    def _asked_with_a_key(cls, user: str | None, info: ValidationInfo) -> str | None:
        if user is not None and info.data.get("api_key") is None:
            raise ValueError("null while there is no lastfm.api_key, which reading listens needs")
        return user


def connect(settings: LastfmSettings) -> Http:
    # Accounts are suspended for "several calls per second" over a while: https://www.last.fm/api/tos
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    return Http("lastfm", settings.base_url, requests_per_second=3.0, secrets=(key,))


class Lastfm:
    """A similarity source (pipeline.ports.CandidateSource)."""

    name = "lastfm"
    kind = "lastfm"
    weight = 1.0
    allowance = None

    def __init__(self, settings: LastfmSettings, http: Http) -> None:
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""
        self._http = http

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        # It knows few of MusicBrainz' newer identifiers, hence the second question.
        rows = await self._neighbours({"mbid": seed.mbid}) or await self._neighbours({"artist": seed.name})
        found: dict[str, _Similar] = {}
        for row in read_rows(self.name, rows, _Similar, MOST_NEIGHBOURS):
            name = clean_name(row.name)
            if name and same_name(name, seed.name) is None:
                found.setdefault(name, row)
        ranked = sorted(found.items(), key=lambda item: -item[1].match)
        return tuple(
            Candidate(
                artist=name,
                source=self.name,
                rank=rank,
                mbid=parse_mbid(row.mbid),
                seed=seed.mbid,
                strength=row.match,
            )
            for rank, (name, row) in enumerate(ranked, start=1)
        )

    async def plays(self, user: str) -> tuple[Plays, ...]:
        """The artists a person listened to most, all time."""
        params = {"method": "user.getTopArtists", "user": user, "period": "overall", "limit": MOST_LISTENED}
        answer = await self._ask(params)
        if answer is None:
            raise ProviderRejected(
                self.name, "knows no such user.", remedy="Correct lastfm.user in the settings."
            )
        rows = read_rows(self.name, self._several(answer.topartists), _Listened, MOST_LISTENED)
        return tuple(
            Plays(name, row.playcount, parse_mbid(row.mbid)) for row in rows if (name := clean_name(row.name))
        )

    async def check(self) -> str:
        found = await self._neighbours({"artist": "Radiohead"})
        return f"answers: {len(found)} artists similar to Radiohead"

    async def _neighbours(self, whom: dict[str, str | int]) -> list[msgspec.Raw]:
        # Without autocorrect: it turns small names into famous ones.
        answer = await self._ask(
            {"method": "artist.getSimilar", **whom, "limit": MOST_NEIGHBOURS, "autocorrect": 0}
        )
        return [] if answer is None else self._several(answer.similarartists)

    async def _ask(self, params: dict[str, str | int]) -> "_Answer | None":
        """The answer, without a fault in it; None when Last.fm knows no such artist or user."""
        if not self._key:
            raise ProviderRejected(self.name, "has no API key.", remedy="Set lastfm.api_key in the settings.")
        question = {**params, "api_key": self._key, "format": "json"}
        try:
            answer = await self._http.get_json("", question, shape=_Answer)
            code = answer.error
        except MissingResource:
            return None
        except ProviderError as error:
            # Some faults come with status 200, some with 4xx and the same body.
            answer, code = None, _code(error)
            if code is None:
                raise
        if code is None:
            return answer
        if code == _NOT_FOUND:
            return None
        raise _fault(code)

    def _several(self, items: "_Items | None") -> list[msgspec.Raw]:
        if items is None:
            raise UnreadableAnswer(self.name, "the answer holds neither artists nor an error.")
        # Its JSON is made from XML: a list of one arrives without the brackets.
        one = not bytes(items.artist).lstrip().startswith(b"[")
        return [items.artist] if one else msgspec.json.decode(items.artist, type=list[msgspec.Raw])


class _Items(msgspec.Struct):
    artist: msgspec.Raw


class _Answer(msgspec.Struct):
    error: int | None = None
    similarartists: _Items | None = None
    topartists: _Items | None = None


class _Similar(msgspec.Struct):
    name: str
    match: Annotated[float, msgspec.Meta(ge=0, le=1)]
    mbid: str | None = None


class _Listened(msgspec.Struct):
    name: str
    playcount: Annotated[int, msgspec.Meta(ge=0, le=10**12)]
    mbid: str | None = None


# https://www.last.fm/api/errorcodes; the words are ours, for its own may hold the key.
_NOT_FOUND = 6
_REFUSED = {
    4: "refuses the API key.",
    9: "wants a new session.",
    10: "does not know the API key.",
    13: "refuses the request's signature.",
    14: "refuses the API key.",
    17: "keeps this user's listens private.",
    26: "has suspended the API key.",
}
_AWAY = {
    8: "failed on its side.",
    11: "is offline.",
    16: "is away for the moment.",
    29: "got too many requests.",
}


def _fault(code: int) -> ProviderError:
    if code in _AWAY:
        return ProviderUnavailable(
            "lastfm", f"{_AWAY[code]} (code {code})", retry_after=60.0 if code == 29 else None
        )
    said = _REFUSED.get(code, "refused the request.")
    return ProviderRejected("lastfm", f"{said} (code {code})", remedy="Check lastfm.api_key in the settings.")


def _code(error: ProviderError) -> int | None:
    body = error.body if isinstance(error, ProviderRejected) else None
    code = body.get("error") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None

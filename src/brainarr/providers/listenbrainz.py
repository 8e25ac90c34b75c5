"""ListenBrainz: similar artists from shared listening sessions, and what a person listened to.

https://listenbrainz.readthedocs.io/en/latest/users/api/ and https://labs.api.listenbrainz.org/similar-artists
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

import msgspec
from pydantic import Field, SecretStr

from brainarr.domain.music import Mbid, Plays, parse_mbid
from brainarr.domain.names import clean_name
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.errors import MissingResource, ProviderError, ProviderRejected
from brainarr.http import Http
from brainarr.http.rows import Count, read_rows
from brainarr.settings.values import Section, WebAddress

MOST_NEIGHBOURS = 100
MOST_RADIO_ARTISTS = 25
"""Drawn at random from the 50 nearest: further down they are hardly neighbours."""
PAGE = 100
MOST_PAGES = 10
"""ListenBrainz keeps the first 1,000 artists of a person."""
REST_S = 600.0
"""How long a part that failed is left alone: a dead labs server must not cost a time-out per seed."""


class ListenBrainzSettings(Section):
    base_url: WebAddress = "https://api.listenbrainz.org"
    labs_url: WebAddress = "https://labs.api.listenbrainz.org"
    token: SecretStr | None = None
    """Only for popularity, which is closed to strangers since July 2026, and for private statistics."""
    user: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    enabled: bool = True
    algorithm: Annotated[str, Field(min_length=1, max_length=200)] = (
        "session_based_days_7500_session_300_contribution_5_threshold_10_limit_100_filter_True_skip_30"
    )
    """Which of the labs' similarity tables is read."""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 2.0
    """To either server. The public API allows 3, its labs ask for restraint; more is for a stand-in."""


def connect(settings: ListenBrainzSettings) -> Http:
    token = settings.token.get_secret_value() if settings.token else ""
    return Http(
        "listenbrainz",
        settings.base_url.rstrip("/") + "/1",
        headers={"Authorization": f"Token {token}"} if token else {},
        requests_per_second=settings.requests_per_second,
    )


def connect_labs(settings: ListenBrainzSettings) -> Http:
    return Http(
        "listenbrainz labs",
        settings.labs_url,
        requests_per_second=settings.requests_per_second,
        timeout=20.0,
        attempts=2,
    )


class ListenBrainz:
    """A similarity source (pipeline.ports.CandidateSource): the labs' table, else the radio."""

    name = "listenbrainz"
    kind = "listenbrainz"
    weight = 1.0
    allowance = None

    def __init__(self, settings: ListenBrainzSettings, http: Http, labs: Http) -> None:
        self._settings = settings
        self._http = http
        self._labs = labs
        self._resting_until: dict[str, float] = {}

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        if self._rests("labs"):
            return await self._from_radio(seed)
        try:
            return await self._from_labs(seed)
        except ProviderError as away:
            self._rest("labs")
            try:
                return await self._from_radio(seed)
            except ProviderError as failed:
                raise failed from away

    async def plays(self, user: str) -> tuple[Plays, ...]:
        """The artists a person listened to most, all time; empty when ListenBrainz has no statistics yet."""
        found: list[Plays] = []
        for page in range(MOST_PAGES):
            params = {"range": "all_time", "count": PAGE, "offset": page * PAGE}
            try:
                answer = await self._http.get_json(
                    f"stats/user/{quote(user, safe='')}/artists", params, shape=_Statistics | None
                )
            except MissingResource as error:
                raise ProviderRejected(
                    self.name, "knows no such user.", remedy="Correct listenbrainz.user in the settings."
                ) from error
            if answer is None:  # 204: nothing counted for this person yet
                break
            rows = read_rows(self.name, answer.payload.artists, _Listened, PAGE)
            found += [plays for row in rows if (plays := _plays(row)) is not None]
            if len(answer.payload.artists) < PAGE:
                break
        return tuple(found)

    async def check(self) -> str:
        radiohead = Seed(Mbid("a74b1b7f-71a5-4011-9441-d0b5e4122711"), "Radiohead", 1.0, "")
        found = await self.similar(radiohead)
        source = "the radio (labs is away, so neighbours come unranked)" if self._rests("labs") else "labs"
        return f"answers from {source}: {len(found)} artists similar to Radiohead"

    async def _from_labs(self, seed: Seed) -> tuple[Candidate, ...]:
        # One seed a call: of a batch the server keeps one reference per artist.
        question = [{"artist_mbids": [seed.mbid], "algorithm": self._settings.algorithm}]
        rows = await self._labs.post_json(
            "similar-artists/json", question, shape=list[msgspec.Raw], repeatable=True
        )
        found: dict[Mbid, _Similar] = {}
        for row in read_rows(self.name, rows, _Similar, MOST_NEIGHBOURS):
            mbid = parse_mbid(row.artist_mbid)
            if mbid is not None and mbid != seed.mbid and clean_name(row.name):
                found.setdefault(mbid, row)
        listeners = await self._listeners(tuple(found))
        ranked = sorted(found.items(), key=lambda item: -item[1].score)
        return tuple(
            Candidate(
                artist=clean_name(row.name),
                source=self.name,
                rank=rank,
                mbid=mbid,
                seed=seed.mbid,
                strength=row.score,
                counted=True,
                popularity=listeners.get(mbid),
            )
            for rank, (mbid, row) in enumerate(ranked, start=1)
        )

    async def _from_radio(self, seed: Seed) -> tuple[Candidate, ...]:
        """Near artists in the order of their listeners' favourites: the radio tells no similarity."""
        params = {
            "mode": "easy",
            "max_similar_artists": MOST_RADIO_ARTISTS,
            "max_recordings_per_artist": 3,
            "pop_begin": 0,
            "pop_end": 100,
        }
        answer = await self._http.get_json(
            f"lb-radio/artist/{seed.mbid}", params, shape=dict[str, list[msgspec.Raw]]
        )
        found: dict[Mbid, _Recording] = {}
        rows = [row for recordings in answer.values() for row in recordings]
        for row in read_rows(self.name, rows, _Recording, 1000):
            mbid = parse_mbid(row.similar_artist_mbid)
            if mbid is not None and mbid != seed.mbid and clean_name(row.similar_artist_name):
                known = found.get(mbid)
                if known is None or row.total_listen_count > known.total_listen_count:
                    found[mbid] = row
        ranked = sorted(found.items(), key=lambda item: -item[1].total_listen_count)[:MOST_NEIGHBOURS]
        return tuple(
            Candidate(
                artist=clean_name(row.similar_artist_name),
                source=self.name,
                rank=rank,
                mbid=mbid,
                seed=seed.mbid,
            )
            for rank, (mbid, row) in enumerate(ranked, start=1)
        )

    async def _listeners(self, artists: Sequence[Mbid]) -> Mapping[Mbid, float]:
        """How many people listened to each; empty without a token or when popularity is away.

        Unknown popularity only dulls the ranking, so its failure must not cost the neighbours.
        """
        if not artists or self._settings.token is None or self._rests("popularity"):
            return {}
        try:
            rows = await self._http.post_json(
                "popularity/artist", {"artist_mbids": artists}, shape=list[msgspec.Raw], repeatable=True
            )
            counts = read_rows(self.name, rows, _Popularity, len(artists))
        except ProviderError:
            self._rest("popularity")
            return {}
        return {
            mbid: row.total_user_count
            for row in counts
            if row.total_user_count and (mbid := parse_mbid(row.artist_mbid)) is not None
        }

    def _rest(self, part: str) -> None:
        self._resting_until[part] = asyncio.get_running_loop().time() + REST_S

    def _rests(self, part: str) -> bool:
        return asyncio.get_running_loop().time() < self._resting_until.get(part, 0.0)


class _Similar(msgspec.Struct):
    artist_mbid: str
    name: str
    score: Count


class _Recording(msgspec.Struct):
    similar_artist_mbid: str
    similar_artist_name: str
    total_listen_count: Count = 0.0


class _Popularity(msgspec.Struct):
    artist_mbid: str
    total_user_count: Count | None = None


class _Listened(msgspec.Struct):
    artist_name: str
    listen_count: Annotated[int, msgspec.Meta(ge=0, le=10**12)]
    artist_mbid: str | None = None
    artist_mbids: list[str] | None = None


class _Payload(msgspec.Struct):
    artists: list[msgspec.Raw]


class _Statistics(msgspec.Struct):
    payload: _Payload


def _plays(row: _Listened) -> Plays | None:
    name = clean_name(row.artist_name)
    several = row.artist_mbids or []
    # Of a collaboration the listens belong to nobody alone.
    mbid = parse_mbid(row.artist_mbid or (several[0] if len(several) == 1 else None))
    return Plays(name, row.listen_count, mbid) if name else None

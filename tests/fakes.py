"""Hand-written stand-ins for the ports, held to the same tests as the real adapters (tests/providers)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TypeVar

import msgspec

from brainarr.domain.caching import Key
from brainarr.domain.import_lists import Unreached
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.names import same_name
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.domain.webhooks import Switch, WebhookFound, WebhookPlan
from brainarr.errors import ProviderError, ProviderRejected
from brainarr.pipeline.ports import Allowance, Clock, Fresh, ImportChoices, RootFolderChoice, Unusable

T = TypeVar("T")


class FakeCatalog:
    """pipeline.ports.Catalog over what it is given; `failure` makes every question fail from then on."""

    def __init__(
        self,
        artists: Iterable[CatalogArtist] = (),
        albums: Iterable[ReleaseGroup] = (),
        merged: Mapping[Mbid, Mbid] | None = None,
    ) -> None:
        self.artists = {artist.mbid: artist for artist in artists}
        self.groups = tuple(albums)
        self.merged = dict(merged or {})
        self.failure: ProviderError | None = None
        self.asked: list[str] = []

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        self._ask(f"find {name}")
        tiers = {
            mbid: min(agreed)
            for mbid, artist in self.artists.items()
            if (agreed := [tier for known in _names(artist) if (tier := same_name(name, known)) is not None])
        }
        return tuple(self.artists[mbid] for mbid in sorted(tiers, key=lambda mbid: tiers[mbid]))

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        self._ask(f"artist {mbid}")
        return self.artists.get(self.merged.get(mbid, mbid))

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        self._ask(f"albums {artist}")
        found = (group for group in self.groups if group.artist == self.merged.get(artist, artist))
        kept = (group for group in found if group.kind in ("album", "ep"))
        return tuple(sorted(kept, key=lambda group: (group.year or 9999, group.title)))

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure


class FakeCalendar:
    """pipeline.ports.ReleaseCalendar over what it is given."""

    def __init__(self, albums: Iterable[ReleaseGroup] = (), most: int = 40) -> None:
        self.most = most
        self.albums = tuple(albums)
        self.asked: list[Mbid] = []
        self.questions = 0
        self.failure: ProviderError | None = None

    async def released_since(
        self, artists: Sequence[Mbid], day: date
    ) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        assert len(artists) <= self.most
        self.questions += 1
        if self.failure is not None:
            raise self.failure
        self.asked += artists
        return {mbid: tuple(one for one in self.albums if one.artist == mbid) for mbid in artists}


class FakeSource:
    """pipeline.ports.CandidateSource: neighbours by seed, best first, each (name, mbid or None)."""

    kind = "fake"

    def __init__(
        self,
        neighbours: Mapping[Mbid, Sequence[tuple[str, Mbid | None]]] | None = None,
        *,
        name: str = "fake",
        weight: float = 1.0,
    ) -> None:
        self.name = name
        self.weight = weight
        self.allowance: Allowance | None = None
        self.neighbours = dict(neighbours or {})
        self.failure: ProviderError | None = None
        self.asked: list[Mbid] = []

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        self.asked.append(seed.mbid)
        if self.failure is not None:
            raise self.failure
        return tuple(
            Candidate(artist=name, source=self.name, rank=rank, mbid=mbid, seed=seed.mbid)
            for rank, (name, mbid) in enumerate(self.neighbours.get(seed.mbid, ()), start=1)
        )


class FakeCharts:
    """pipeline.ports.AlbumCharts: titles by artist, most loved first."""

    def __init__(self, titles: Mapping[Mbid, Sequence[str]] | None = None, *, name: str = "fake") -> None:
        self.name = name
        self.titles = dict(titles or {})
        self.failure: ProviderError | None = None

    async def favourites(self, artist: CatalogArtist) -> tuple[str, ...]:
        if self.failure is not None:
            raise self.failure
        return tuple(self.titles.get(artist.mbid, ()))


class FakeCache:
    """pipeline.ports.Cache in memory; it forgets when the clock it was given says so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[Key, tuple[bytes, datetime]] = {}

    async def get(self, key: Key) -> bytes | None:
        value, until = self.kept.get(key, (None, None))
        return value if until is not None and self._clock() < until else None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, bytes]:
        return {key: value for key in keys if (value := await self.get(key)) is not None}

    async def put(self, key: Key, value: bytes, lifetime: timedelta) -> None:
        self.kept[key] = (value, self._clock() + lifetime)

    async def fetch(self, key: Key, read: Callable[[bytes], T], make: Callable[[], Awaitable[Fresh]]) -> T:
        if (kept := await self.get(key)) is not None:
            with suppress(Unusable, msgspec.DecodeError):
                return read(kept)
        fresh = await make()
        await self.put(key, fresh.value, fresh.lifetime)
        return read(fresh.value)


class Offers:
    """The part of pipeline.ports.Importer that tells what a Lidarr has to choose from."""

    async def choices(self) -> ImportChoices:
        folders = (RootFolderChoice("/music", 2**40, 1, 1), RootFolderChoice("/more", None, 0, 0))
        return ImportChoices(
            folders,
            ((1, "Any"), (2, "Lossless")),
            ((1, "Standard"), (2, "None")),
            ("brainarr", "live", "recs"),
        )


def _names(artist: CatalogArtist) -> tuple[str, ...]:
    return (artist.name, artist.sort_name, *artist.aliases)


class FakeWebhooks:
    """pipeline.ports: Webhooks. A Lidarr that forgets nothing; `unreached`: what its test calls run into."""

    def __init__(self) -> None:
        self.rows: dict[int, WebhookFound] = {}
        self.unreached: Unreached | None = None

    async def read(self) -> tuple[WebhookFound, ...]:
        return tuple(self.rows.values())

    async def test(self, plan: WebhookPlan, number: int | None) -> Unreached | None:
        self._refuse_known_name(plan, number)
        return self.unreached

    async def make(self, plan: WebhookPlan) -> None:
        self._refuse_known_name(plan, None)
        if plan.enabled and self.unreached is not None:
            raise ProviderRejected("fake", self.unreached.said, status=400)
        self._store(max(self.rows, default=0) + 1, plan)

    async def change(self, number: int, plan: WebhookPlan) -> None:
        self._refuse_known_name(plan, number)
        self._store(number, plan)

    async def remove(self, number: int) -> None:
        self.rows.pop(number, None)

    def _refuse_known_name(self, plan: WebhookPlan, number: int | None) -> None:
        if any(row.name == plan.name for row in self.rows.values() if row.number != number):
            raise ProviderRejected("fake", "it refuses (Name: Should be unique).", status=400)

    def _store(self, number: int, plan: WebhookPlan) -> None:
        told = frozenset(Switch) if plan.enabled else frozenset[Switch]()
        self.rows[number] = WebhookFound(
            number=number, name=plan.name, address=plan.address, key=plan.key, told=told, tags=()
        )

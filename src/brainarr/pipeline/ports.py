"""Where the pipeline meets the world: what llm, providers and store must offer it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from brainarr.domain.caching import Key
from brainarr.domain.circuit import Circuit
from brainarr.domain.import_lists import Choices, ListFound, ListPlan, Unreached
from brainarr.domain.lidarr_events import LidarrEvent
from brainarr.domain.list_syncs import ListSync
from brainarr.domain.media import Picture, Sound
from brainarr.domain.money import Limits, Reservation
from brainarr.domain.music import CatalogArtist, Library, Mbid, OwnedAlbum, OwnedArtist, ReleaseGroup
from brainarr.domain.people import Departure, Identity
from brainarr.domain.prompt import Answer, ChainAnswer, Completion, ModelCard, Prompt, Usage
from brainarr.domain.recommendation import Candidate
from brainarr.domain.taste import Seed
from brainarr.domain.webhooks import WebhookFound, WebhookPlan

T = TypeVar("T")

Clock = Callable[[], datetime]
"""Now, in UTC, aware."""


class Preflight(Protocol):
    """Asks the receiving Lidarr whether an import of this identifier would succeed.

    Returns the canonical identifier, or None when Lidarr's metadata does not know it. Raises
    ProviderUnavailable when the metadata server is away: the item is then held, not dropped.
    """

    async def artist(self, mbid: Mbid) -> Mbid | None: ...

    async def album(self, mbid: Mbid) -> Mbid | None: ...


class LibrarySource(Preflight, Protocol):
    """Where the owned music is read from, and who knows under which identifier it goes by now. Every method
    raises ProviderError."""

    def read_artists(self) -> AsyncIterator[Sequence[OwnedArtist]]:
        """The whole library in batches, without ever holding the remote answer in memory."""
        ...

    async def read_albums(self, artist_id: int) -> tuple[OwnedAlbum, ...]: ...

    async def read_exclusions(self) -> frozenset[Mbid]: ...

    async def read_tags(self) -> Mapping[int, str]: ...


class WatchedLibrary(LibrarySource, Protocol):
    """A library that also tells what happened to it, and may be told what never to take in. Every method
    raises ProviderError."""

    async def events_since(self, moment: datetime) -> tuple[LidarrEvent, ...]:
        """What it has on record from that moment on, oldest first. It forgets what concerns an artist when
        that is deleted."""
        ...

    async def exclude(self, mbid: Mbid, name: str) -> bool:
        """From now on no list brings this artist in. False: it was excluded already."""
        ...

    async def lift_exclusion(self, mbid: Mbid) -> None:
        """Also succeeds when there is none."""
        ...


class Recipient(Preflight, Protocol):
    """The Lidarr that fetches our feeds. Every method raises ProviderError."""

    async def read_list_syncs(self) -> tuple[ListSync, ...]:
        """Its list syncs of the last minutes at least, by its clock."""
        ...

    async def sync_lists(self, url_part: str) -> int:
        """As `Importer.sync_lists`."""
        ...


class Allowance(msgspec.Struct, frozen=True):
    """How much of a dear source one run may use up."""

    seeds: int
    """How many of the run's seeds it is asked about, the heaviest. For the rest its earlier answers count."""
    seconds: float
    """After that the run goes on without the rest."""


class CandidateSource(Protocol):
    """A similarity source. `weight` is its vote in the fusion (SCIENCE §6)."""

    name: str
    kind: str
    weight: float

    @property
    def allowance(self) -> Allowance | None:
        """None: it may be asked about every seed."""
        ...

    async def similar(self, seed: Seed) -> tuple[Candidate, ...]:
        """Artists close to `seed`, best first (rank 1, 2, …); raises ProviderError. Empty: it knows none."""
        ...


class LibraryReader(Protocol):
    """A source that looks at the whole library at once, not at one seed after the other."""

    name: str
    kind: str
    weight: float

    async def propose(self, library: Library, weights: Mapping[int, float]) -> tuple[Candidate, ...]:
        """Artists that fit, best first, each with `strength` and `because`; raises ProviderError.

        `weights`: how much each artist stands for the taste, by `OwnedArtist.id`. Empty: it knows none.
        """
        ...


class AlbumCharts(Protocol):
    """Knows which albums of an artist listeners like best (DESIGN §3: chosen by listeners)."""

    name: str

    async def favourites(self, artist: CatalogArtist) -> tuple[str, ...]:
        """Album titles, most loved first; raises ProviderError."""
        ...


class Catalog(Protocol):
    """The encyclopaedia that says what exists. Every method raises ProviderError."""

    async def find_artists(self, name: str) -> tuple[CatalogArtist, ...]:
        """Best matches first, with aliases; `score` set."""
        ...

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        """None: no such artist. A merged identifier answers with the canonical one."""
        ...

    async def albums(self, artist: Mbid) -> tuple[ReleaseGroup, ...]:
        """Every release group of primary type album or EP by the artist, oldest first."""
        ...


class ReleaseCalendar(Protocol):
    """Knows what artists have brought out lately, and what they announce."""

    most: int
    """So many artists one question may name."""

    async def released_since(
        self, artists: Sequence[Mbid], day: date
    ) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        """Albums and EPs first released on `day` or later, by each of `artists`, which are `most` at most;
        raises ProviderError. An artist without any has ()."""
        ...


class ChatModel(Protocol):
    """One language model behind a provider. Every method but `aclose` raises ProviderError."""

    name: str
    """The chain entry's name."""
    kind: str
    card: ModelCard | None
    """What `describe` found; None before it was asked."""

    async def describe(self) -> ModelCard:
        """What a prompt for it must know. The first call may ask the server which models it has."""
        ...

    async def complete(self, prompt: Prompt) -> Completion: ...

    async def list_models(self) -> tuple[ModelCard, ...]:
        """Every model that can be asked there; only the configured one where the server has no list."""
        ...

    async def probe(self) -> str:
        """Finds out, without billed tokens, whether it would answer, and says so in one line."""
        ...

    async def aclose(self) -> None: ...


WritePrompt = Callable[[ModelCard], Prompt]
ReadAnswer = Callable[[ModelCard, str], Answer]
AskModels = Callable[[WritePrompt, ReadAnswer], Awaitable[ChainAnswer]]
"""The provider chain: writes the prompt for each model it asks, reads each answer, never raises
ProviderError."""


class TokenCounter(Protocol):
    def count(self, text: str) -> int: ...


class Fresh(msgspec.Struct, frozen=True):
    """An answer just made, encoded, and how long it is good; with no lifetime it is not remembered."""

    value: bytes
    lifetime: timedelta


class Unusable(Exception):
    """What was remembered is past its time: as good as absent."""


class Cache(Protocol):
    """Remembers answers. Values are msgpack-encoded bytes that nobody vouches for: what reads them raises
    `Unusable` or msgspec.DecodeError for what is none. Where it cannot remember it forgets, and never raises
    for that."""

    async def get(self, key: Key) -> bytes | None:
        """None: nothing is remembered."""
        ...

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        """Those of `keys` that are remembered."""
        ...

    async def put(self, key: Key, value: bytes, lifetime: timedelta) -> None: ...

    async def fetch(self, key: Key, read: Callable[[bytes], T], make: Callable[[], Awaitable[Fresh]]) -> T:
        """What is remembered under `key`, else what `make` answers, which is remembered from then on.

        Who asks for the same key meanwhile waits for the same answer, in other processes too where they share
        a Redis. What `make` raises all of them get, and it is not remembered. A caller that is cancelled does
        not take the answer from the others.
        """
        ...


class Ledger(Protocol):
    """What the models cost, kept on the account of one run."""

    async def record(self, usage: Usage, settles: int | None = None, /) -> None:
        """Writes the call down, and releases the reservation that it `settles` in the same step."""
        ...

    async def reserve(self, microdollars: int, limits: Limits) -> Reservation:
        """Keeps the money aside if that fits within the limits, in one step: calls under way at the same
        time, also those of other processes, never break a limit together."""
        ...

    async def release(self, reservation: int) -> None:
        """The call is over and recorded; safe to repeat."""
        ...


class Messenger(Protocol):
    """One place that notifications go to."""

    name: str
    """What people may see of it: the service, never the address."""
    fingerprint: str
    """Names it for good without giving its address away."""

    async def send(self, title: str, text: str) -> None:
        """Raises ProviderError."""
        ...


class BreakerState(Protocol):
    """Where the circuits of the provider chain are kept. A provider that never failed may have none."""

    async def read(self, provider: str) -> Circuit | None: ...

    async def change(self, provider: str, to: Callable[[Circuit | None], Circuit]) -> Circuit:
        """Stores what `to` makes of the present circuit, and answers it; nobody else changes it meanwhile.

        `to` may be called more than once.
        """
        ...


class Wake(Protocol):
    """Nudges the worker: a job row was just inserted."""

    def __call__(self) -> None: ...


Reserve = Callable[[str, float], Awaitable[float | None]]
"""Takes the next free moment of all who ask an address, given the seconds between two requests there. Answers
the seconds until then; None: it is unknown, and everyone keeps his own pace. Never raises."""


class AlbumPictures(Protocol):
    """Knows covers. https://musicbrainz.org/doc/Cover_Art_Archive/API has the sizes."""

    name: str

    async def album_picture(self, mbid: Mbid, size: int) -> Picture | None:
        """The cover of a release group, about `size` (250 or 500) pixels wide; None: it has none. Raises
        ProviderError."""
        ...


class ArtistPictures(Protocol):
    """Knows what artists look like."""

    name: str

    async def artist_picture(self, mbid: Mbid, artist: str | None, size: int) -> Picture | None:
        """About `size` (250 or 500) pixels wide; None: it has none. `artist`: the name, where it is known.
        Raises ProviderError."""
        ...


class PreviewSource(Protocol):
    """Has some thirty seconds of most recordings."""

    name: str

    async def preview(self, artist: str, album: str | None) -> Sound | None:
        """Of the album where there is one, else of the artist's best known track; None: it has none. Raises
        ProviderError."""
        ...


class ImportOptions(msgspec.Struct, frozen=True):
    """How a pushed item is taken in. What is None, Lidarr's root folder says."""

    tags: tuple[str, ...] = ("brainarr",)
    search: bool = False
    monitor: str = "all"
    """For an artist: all, future, missing, existing, latest, first or none."""
    root_folder: str | None = None
    """Its path; None: the one in the settings, else the usable one with the most free space."""
    quality_profile: int | None = None
    metadata_profile: int | None = None
    beside: tuple[Mbid, ...] = ()
    """For an album: others of its artist that are added along with it and must stay monitored."""
    new_releases: bool = False
    """For an album: whether what its artist releases from now on is monitored too."""


class Taken(StrEnum):
    """How something that was pushed came to be in Lidarr."""

    ADDED = "added"
    KNOWN = "known"
    """It had it already; an artist that it has stays as it is."""
    MONITORED = "monitored"
    """It listed the album already, and monitors it now."""


class RootFolderChoice(msgspec.Struct, frozen=True):
    path: str
    free_bytes: int | None
    quality_profile: int
    """What it gives an artist by default; 0: nothing."""
    metadata_profile: int


class ImportChoices(msgspec.Struct, frozen=True):
    """What Lidarr offers for a new artist."""

    folders: tuple[RootFolderChoice, ...]
    """Those that it can write to; the first is the one that is taken unless told otherwise."""
    qualities: tuple[tuple[int, str], ...]
    """(number, name) of each quality profile."""
    metadata: tuple[tuple[int, str], ...]
    tags: tuple[str, ...] = ()
    """Labels that it knows; others are made when they are named."""


class Importer(Protocol):
    """Pushes into Lidarr what a person approved. Every method raises ProviderError."""

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        """Also succeeds when Lidarr has the artist already."""
        ...

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken: ...

    async def choices(self) -> ImportChoices:
        """What `ImportOptions` may name."""
        ...

    async def sync_lists(self, url_part: str) -> int:
        """Asks Lidarr to sync at once its import lists whose address contains `url_part`; how many there
        are."""
        ...


class Webhooks(Protocol):
    """The webhooks of one Lidarr. Every method raises ProviderError."""

    async def read(self) -> tuple[WebhookFound, ...]:
        """All of them, whomever they tell."""
        ...

    async def test(self, plan: WebhookPlan, number: int | None) -> Unreached | None:
        """Lidarr tries to tell; None: it was heard. `number` is the webhook's own, where it has one."""
        ...

    async def make(self, plan: WebhookPlan) -> None: ...

    async def change(self, number: int, plan: WebhookPlan) -> None:
        """What the plan does not name stays as a person has it."""
        ...

    async def remove(self, number: int) -> None:
        """Also succeeds when there is no such webhook any more."""
        ...


class ImportLists(Protocol):
    """The import lists of one Lidarr. Every method raises ProviderError."""

    @property
    def webhooks(self) -> Webhooks:
        """Those of the same Lidarr."""
        ...

    async def version(self) -> str:
        """Of that Lidarr, such as 2.14.5.4836."""
        ...

    async def read(self) -> tuple[ListFound, ...]:
        """Those of the two kinds that can read our feeds, whomever they read."""
        ...

    async def choices(self) -> Choices: ...

    async def tag(self, label: str) -> int:
        """The number of the tag, which is made where it is missing."""
        ...

    async def test(self, plan: ListPlan, number: int | None) -> Unreached | None:
        """Lidarr tries to read the list; None: it could. `number` is the list's own, where it has one.

        What is wrong with the list itself is a ProviderRejected.
        """
        ...

    async def make(self, plan: ListPlan) -> None: ...

    async def change(self, number: int, plan: ListPlan) -> None: ...

    async def readdress(self, number: int, address: str, key: str) -> None:
        """Where it reads and with what key; all else stays."""
        ...

    async def remove(self, number: int) -> None:
        """Also succeeds when there is no such list any more."""
        ...


class IdentityProvider(Protocol):
    """A service that signs people in and vouches for them."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    async def depart(self, back_to: str) -> Departure:
        """A sign-in that begins; the browser is to come back to that address. Raises ProviderError."""
        ...

    async def arrive(self, departure: Departure, code: str, back_to: str, issuer: str = "") -> Identity:
        """Who came back with that code, from that `issuer` if one is named. Raises ProviderError, whatever is
        not right about them."""
        ...

"""From proposal to recommendation: one type for each fact that becomes known on the way (see
docs/how-it-works.md)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from brainarr.domain.care import CareFacts
from brainarr.domain.learning import FacetWeights, Learnt, Liking
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup

FIRST_STUDIO_ALBUM = "first studio album"
"""Who chose an album when nobody did."""


class Target(StrEnum):
    """What a run looks for."""

    ARTISTS = "artists"
    ALBUMS = "albums"
    MIXED = "mixed"


class Discovery(StrEnum):
    """How far from the known a run reaches."""

    SIMILAR = "similar"
    ADJACENT = "adjacent"
    EXPLORATORY = "exploratory"


class Mode(StrEnum):
    """What language models are asked for."""

    PROPOSE = "propose"
    """Names of their own."""
    RANK = "rank"
    """An order of what the similarity sources found and the catalogue confirmed."""


class Verdict(StrEnum):
    """Why a candidate was kept or dropped; every candidate of a run ends with exactly one."""

    KEPT = "kept"
    BLOCKED = "blocked"
    """Before any other: never again, whatever else is true of it."""
    OWNED = "owned"
    EXCLUDED = "excluded"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    UNREADABLE = "unreadable"
    REJECTED_BEFORE = "rejected before"
    RECOMMENDED_BEFORE = "recommended before"
    BELOW_CONFIDENCE = "below confidence"
    NOT_REACHED = "not reached"
    NOT_CHOSEN = "not chosen"
    NO_ALBUM = "no album"
    HELD = "held"
    AVOIDED_STYLE = "avoided style"
    ALBUM_AS_ARTIST = "album as artist"
    COLLABORATION = "collaboration"
    LOOP = "loop"
    NOT_A_CANDIDATE = "not a candidate"


class Status(StrEnum):
    """The life of a recommendation: pending → approved → delivered → imported → kept | removed; or the other
    three."""

    PENDING = "pending"
    APPROVED = "approved"
    DELIVERED = "delivered"
    IMPORTED = "imported"
    KEPT = "kept"
    REMOVED = "removed"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    FAILED = "failed"


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """An unchecked proposal of one source."""

    artist: str
    source: str
    """Name of the provider that proposed it."""
    rank: int
    """1 is the source's best, within `seed` where the source answers per seed."""
    album: str | None = None
    mbid: Mbid | None = None
    """The artist's identifier where the source names one."""
    seed: Mbid | None = None
    """The owned artist it was found from; None for a model's proposal."""
    strength: float | None = None
    """The source's own score, at least 0. Within one seed's list its raw similarity, comparable there only
    unless `counted`; in a list for the whole library how far above anybody it stands."""
    counted: bool = False
    """`strength` counts listening in common with the seed, so that lists of different seeds compare."""
    because: tuple[tuple[str, float], ...] = ()
    """(owned artist's name, share of the score that it contributed), strongest first, where the source looked
    at the whole library."""
    popularity: float | None = None
    """Listeners or fans as the source counts them; None when it does not tell."""
    confidence: float | None = None
    """What a model claimed, 0 to 1; None is unscored, never invented."""
    genres: tuple[str, ...] = ()
    year: int | None = None
    reason: str | None = None
    """A model's own words: shown as its opinion only, never taken for evidence."""


class Voice(msgspec.Struct, frozen=True, gc=False):
    """What one source said in favour of a fused candidate."""

    source: str
    weight: float
    """The source's weight in the fusion, 0 to 1."""
    rank_score: float
    """r in (0, 1]: 1 is the source's first place."""
    stated: float | None = None
    """The confidence a model stated, which counts as its r; None: it stated none."""
    seeds: tuple[tuple[str, float], ...] = ()
    """(owned artist's name, share of this source's vote that it contributed), strongest first."""
    opinion: str | None = None
    popularity: float | None = None
    """As far as the source shows it, against the median of its lists: 1 is usual, 10 is famous."""


class Fused(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One artist (or one album) with all voices for it, ranked among the rest."""

    artist: str
    album: str | None
    mbid: Mbid | None
    voices: tuple[Voice, ...]
    named_by: str | None = None
    """The source that named `album`."""
    score: float
    """Over all sources; unit-free, higher is better."""
    votes: Mapping[str, float] = {}
    """Source → what it says for the artist before its weight counts; `score` is the weighted sum of them,
    less what the novelty dial takes."""
    confidence: float
    """Absolute, in [0, 1]: the user's minimum acts on it."""
    popularity: float | None = None
    """Geometric mean of the voices' own; None where no source shows any."""
    genres: tuple[str, ...] = ()
    """As claimed by the sources, for corroboration; not facts."""
    year: int | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(voice.source for voice in self.voices)


class Verified(msgspec.Struct, frozen=True):
    """A fused candidate that exists under a canonical MBID, is not owned and may be recommended."""

    fused: Fused
    artist: CatalogArtist
    album: ReleaseGroup | None
    """None when the run looks for artists."""
    album_choice: str | None = None
    """Who chose the album: a source's name, "listeners", or "first studio album"; None without an album."""
    genres: Mapping[str, float] = {}
    """Share of each genre, summing to 1; empty when the catalogue knows none."""
    year: int | None = None
    """First release of the album, or the year the artist's first album came out."""


class Scored(msgspec.Struct, frozen=True):
    """A verified candidate with the three facets that do not depend on what else is picked, each in [0,
    1]."""

    verified: Verified
    genre: float
    era: float
    confidence: float
    """Absolute, as fused."""
    relative_confidence: float
    """How sure the sources together are against the rest of the run's pool, min-max scaled: this one enters
    the score."""


class Parts(msgspec.Struct, frozen=True):
    """The four facets as they entered the score, each in [0, 1]."""

    genre: float
    era: float
    diversity: float
    confidence: float


class Evidence(msgspec.Struct, frozen=True):
    """The stored facts an explanation may use."""

    seeds: tuple[str, ...] = ()
    """Owned artists it was found from, strongest first."""
    asked: tuple[str, ...] = ()
    """Artists that the person asked for more of and that it was found from, strongest first."""
    sources: tuple[str, ...] = ()
    seed_sources: Mapping[str, tuple[str, ...]] = {}
    """Of each of `seeds` and `asked`: the sources that found it from that artist."""
    named_by: tuple[str, ...] = ()
    """Those of `sources` that named it by themselves, from no owned artist: models."""
    shared_genres: tuple[str, ...] = ()
    decade: int | None = None
    decade_share: float | None = None
    """Share of the library's first releases from that decade, 0 to 1."""
    album_choice: str | None = None
    opinions: tuple[str, ...] = ()
    """What models said, in their words, bounded; not facts."""
    care: CareFacts | None = None
    """Of an album by an owned artist; None where the artist is new."""


class Recommendation(msgspec.Struct, frozen=True):
    """Verified, scored, chosen and explained: what a person sees and Lidarr receives."""

    artist: str
    artist_mbid: Mbid
    album: str | None
    release_group_mbid: Mbid | None
    year: int | None
    genres: tuple[str, ...]
    score: float
    parts: Parts
    confidence: float
    """Absolute confidence in [0, 1]; `parts.confidence` is the same scaled over the run's pool."""
    evidence: Evidence
    voices: tuple[Voice, ...]
    reason: str = ""
    worded_by: str | None = None
    """The model whose words `reason` is, checked against the evidence; None: the template's."""
    explored: bool = False
    """Whether its slot was drawn (Thompson sampling) and not ranked."""
    propensity: float = 1.0
    """How likely its slot was to go to it, in (0, 1]; 1 for a ranked one."""


class Judged(msgspec.Struct, frozen=True):
    """One candidate's verdict, kept for the user to read."""

    artist: str
    album: str | None
    verdict: Verdict
    detail: str = ""
    sources: tuple[str, ...] = ()
    mbid: Mbid | None = None


class Outcome(StrEnum):
    """How one provider did in a run. Only OK and EMPTY mean that it answered."""

    OK = "ok"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    OVER_BUDGET = "over budget"
    BREAKER_OPEN = "breaker open"
    """Not asked, because it failed too often of late; `detail` says since when, why, and until when."""
    RATE_LIMITED = "rate limited"
    """Not asked, because its turn would come too late."""
    NOT_NEEDED = "not needed"


class ProviderReport(msgspec.Struct, frozen=True):
    """What one provider did for a run, as the run shows it."""

    name: str
    kind: str
    outcome: Outcome
    detail: str = ""
    """For people: what went wrong and what to do about it."""
    candidates: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_microdollars: int | None = 0
    """None is "unpriced": the model's price is not known, and no guess is made."""
    seconds: float = 0.0


class Exchange(msgspec.Struct, frozen=True):
    """One question to a language model and what it answered, for a person to read: bounded, and without
    secrets."""

    provider: str
    model: str
    outcome: Outcome
    system: str
    """"" where it was sent no system message."""
    user: str
    answer: str
    """"" where none came; the provider's report says why."""
    purpose: str = ""
    """What it was asked for: propose, rank, word."""
    round: int = 0
    """0 is the first question, 1 the one after too little could be used of that."""
    at: datetime | None = None


class RunResult(msgspec.Struct, frozen=True):
    """Everything one pass of the pipeline found out."""

    recommendations: tuple[Recommendation, ...]
    judged: tuple[Judged, ...]
    providers: tuple[ProviderReport, ...]
    prompt_tokens: int = 0
    """Tokens of everything the (first) model's server receives; 0 without a model."""
    level: str = "none"
    compression_ratio: float = 1.0
    notes: tuple[str, ...] = ()
    """What the user should know: "Lidarr was away, the library is of yesterday", …"""
    finished_at: datetime | None = None
    stopped: bool = False
    """It was told to stop: this is what it had by then."""
    exchanges: tuple[Exchange, ...] = ()
    """What models were asked and what they answered, in that order."""


class Wording(StrEnum):
    """Who puts the reason of a recommendation into words."""

    TEMPLATE = "template"
    MODEL = "model"
    """A language model, from the same facts and checked against them; the template where it fails."""


class Caps(msgspec.Struct, frozen=True):
    """The largest share of one batch, above 0 to 1, that may have the same of each; None: any."""

    genre: float | None = None
    """The finest genre of an artist (`pipeline.caps.Traits`)."""
    era: float | None = None
    """The decade."""
    seed: float | None = None
    """The owned artist that speaks for it most."""


NO_CAPS = Caps()


class RunOptions(msgspec.Struct, frozen=True):
    """What the user asked a run for (settings section `recommend`)."""

    max_recommendations: int = 20
    minimum_confidence: float = 0.3
    target: Target = Target.ALBUMS
    discovery: Discovery = Discovery.ADJACENT
    compression: str = "auto"
    prompt_tokens: int | None = None
    seed: int = 0
    """Of every random draw: the same library, sources and seed give the same run."""
    mode: Mode = Mode.PROPOSE
    styles_include: tuple[str, ...] = ()
    """Genres to lean towards."""
    styles_avoid: tuple[str, ...] = ()
    """Genres that nothing recommended may belong to, those below them in the genre tree included."""
    wish: str | None = None
    """What the person would like, in their own words."""
    score_weights: FacetWeights = FacetWeights()
    source_weights: Mapping[str, float] = {}
    """Source → its vote in the fusion, 0 to 1, where the person set it; the others keep their own."""
    decades_include: tuple[int, ...] = ()
    """Decades to lean towards: 1990 for the nineties."""
    seeds: tuple[Liking, ...] = ()
    """Artists, owned or not, whose neighbourhood leads."""
    calibration: float = 0.0
    """How much the shares of the library's genres say against the score in the choice, 0 to 1."""
    caps: Caps = NO_CAPS
    wording: Wording = Wording.TEMPLATE

    @property
    def leans(self) -> bool:
        """Whether there are styles or decades that come first."""
        return bool(self.styles_include or self.decades_include)

    exploration: int | None = None
    """Slots of the batch that are drawn instead of ranked; None: one from 5 on, two from 15 on."""


# Characters and counts, of settings and of what one run is asked for alike.
WISH_LIMIT = 300
STYLE_LIMIT = 60
MOST_STYLES = 20
MOST_DECADES = 10
MOST_LEADING = 5
FIRST_DECADE, LAST_DECADE = 1900, 2090
MOST_RECOMMENDATIONS = 100


def as_decade(year: int) -> int:
    """The decade that starts in `year`. Raises ValueError for any other number."""
    if year % 10 or not FIRST_DECADE <= year <= LAST_DECADE:
        raise ValueError(f"decades by their first year, {FIRST_DECADE} to {LAST_DECADE}, such as 1990")
    return year


class RunOverrides(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one run was asked for instead of what the settings say; None leaves the setting."""

    wish: str | None = None
    styles_include: tuple[str, ...] | None = None
    styles_avoid: tuple[str, ...] | None = None
    decades_include: tuple[int, ...] | None = None
    target: Target | None = None
    discovery: Discovery | None = None
    max_recommendations: int | None = None
    seeds: tuple[Liking, ...] | None = None

    def over(self, options: RunOptions) -> RunOptions:
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(options, **given)


class Blocks(msgspec.Struct, frozen=True):
    """What must never be recommended again."""

    artists: Mapping[Mbid, str] = {}
    """Identifier → name."""
    styles: tuple[str, ...] = ()
    """Genres, those below them in the genre tree included."""


class Memory(msgspec.Struct, frozen=True):
    """What earlier runs and the user's feedback mean for this one."""

    rejected: frozenset[Mbid] = frozenset()
    """Artists the user said no to."""
    waiting: frozenset[Mbid] = frozenset()
    """Artists recommended before and not yet decided, or on their way to Lidarr."""
    names: tuple[str, ...] = ()
    """Of both, without artists whom the library has; the latest first: what models are asked not to propose
    again."""
    learnt: Learnt = Learnt()
    blocks: Blocks = Blocks()


class Progress(msgspec.Struct, frozen=True):
    """One step of a run, for whoever watches."""

    stage: str
    """library, profile, albums, candidates, fuse, verify, rank, score, word, done."""
    detail: str = ""
    done: int = 0
    total: int = 0

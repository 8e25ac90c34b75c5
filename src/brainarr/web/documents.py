"""What the outside sees of runs and recommendations: one shape for the API and for `brainarr run --json`.

Kept apart from the domain types on purpose: those may be renamed, these may not.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.recommendation import Discovery, Judged, Outcome, ProviderReport, Status, Target, Verdict
from brainarr.service.runs import RunDetail
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.runs import RunRow, RunStatus

_ARTIST = "069a1c1f-14eb-4d36-b0a0-77dffbd67713"
_GROUP = "7b8d5d4a-5a38-4a0e-9c4c-6a1d3b6d7a11"


class Document(BaseModel):
    """Read out of the attributes of stored rows and domain types."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class PartsDocument(Document):
    """The four facets as they entered the score, each from 0 to 1."""

    genre: float
    era: float
    diversity: float
    confidence: float


class CareFactsDocument(Document):
    """Why an album of an owned artist is proposed."""

    new: bool = Field(description="A new release; else a gap.")
    because: tuple[str, ...] = Field(
        description="Why its artist counts.", examples=[["812 plays", "40 files"]]
    )
    held: int = Field(description="Studio albums of the artist that the library has or waits for.")
    studio: int = Field(description="Of so many that are out.")
    chosen_by: str | None = Field(description="The chart that ranks it.", examples=["deezer"])
    place: int | None = Field(description="Its place there, among the studio albums.")
    rating: float | None = Field(description="At MusicBrainz, 0 to 10.")
    released: str | None = Field(description="As much of its date as is known.", examples=["2026-05-08"])
    upcoming: bool
    listed: bool = Field(description="Lidarr lists it, and does not monitor it.")


class EvidenceDocument(Document):
    """The stored facts that the reason was written from."""

    seeds: tuple[str, ...] = Field(description="Owned artists it was found from, strongest first.")
    asked: tuple[str, ...] = Field(description="Artists that more was asked of and that it was found from.")
    sources: tuple[str, ...]
    seed_sources: Mapping[str, tuple[str, ...]] = Field(
        description="Of each of `seeds`, the sources that found it from that artist."
    )
    named_by: tuple[str, ...] = Field(description="The sources that named it from no owned artist: models.")
    shared_genres: tuple[str, ...]
    decade: int | None
    decade_share: float | None
    album_choice: str | None = Field(description='A source, "listeners", or "first studio album".')
    opinions: tuple[str, ...] = Field(description="What language models said, in their words; not facts.")
    care: CareFactsDocument | None = Field(description="Of an album by an owned artist; null for others.")


class RecommendationDocument(Document):
    """One artist or album that was proposed, and what became of it."""

    id: int | None = Field(description="null in a dry run, which stores none.", examples=[7])
    run_id: int = Field(examples=[3])
    list: str = Field(examples=["default"])
    status: Status = Field(examples=[Status.PENDING])
    artist: str = Field(examples=["Plaid"])
    artist_mbid: str = Field(examples=[_ARTIST])
    album: str | None = Field(examples=["Double Figure"])
    release_group_mbid: str | None = Field(examples=[_GROUP])
    year: int | None = Field(examples=[2001])
    genres: tuple[str, ...] = Field(examples=[["idm", "electronic"]])
    score: float = Field(examples=[0.71])
    parts: PartsDocument
    confidence: float = Field(description="Absolute, from 0 to 1; `parts.confidence` is relative to the run.")
    reason: str = Field(examples=["Listeners of Autechre and Boards of Canada also play Plaid."])
    worded_by: str | None = Field(description="The model that put `reason` into words; null: a template.")
    sources: tuple[str, ...] = Field(examples=[["listenbrainz", "deezer"]])
    evidence: EvidenceDocument
    place: int | None = Field(description="In its batch, from 1; null where that was not noted.")
    explored: bool = Field(description="Its slot was drawn, to learn something new, and not ranked.")
    propensity: float = Field(description="How likely its slot was to go to it; 1 for a ranked one.")
    created_at: datetime
    decided_at: datetime | None
    note: str
    delivered_at: datetime | None
    deliveries: int
    imported_at: datetime | None
    settled_at: datetime | None = Field(description="When it was found to be kept, or removed.")
    first_delivered_at: datetime | None = Field(description="Since then it has been on its way.")
    failure: str | None = Field(description="Why Lidarr did not take it at the last push.")
    remedy: str | None = Field(description="What to do about `failure`.")
    attempts: int = Field(description="Pushes since its approval, whatever came of them.")
    tried_at: datetime | None = Field(description="The last of them.")
    given_up_at: datetime | None = Field(description="Since then it is not tried any more.")

    @classmethod
    def of(cls, row: RecommendationRow) -> "RecommendationDocument":
        found = row.recommendation
        return cls(
            id=row.id or None,
            run_id=row.run_id,
            list=row.list,
            status=row.status,
            artist=found.artist,
            artist_mbid=found.artist_mbid,
            album=found.album,
            release_group_mbid=found.release_group_mbid,
            year=found.year,
            genres=found.genres,
            score=found.score,
            parts=PartsDocument.model_validate(found.parts),
            confidence=found.confidence,
            reason=found.reason,
            worded_by=found.worded_by,
            sources=found.evidence.sources,
            evidence=EvidenceDocument.model_validate(found.evidence),
            place=row.place,
            explored=found.explored,
            propensity=found.propensity,
            created_at=row.created_at,
            decided_at=row.decided_at,
            note=row.note,
            delivered_at=row.delivered_at,
            deliveries=row.deliveries,
            imported_at=row.imported_at,
            settled_at=row.settled_at,
            first_delivered_at=row.first_delivered_at,
            failure=row.failure,
            remedy=row.remedy,
            attempts=row.attempts,
            tried_at=row.tried_at,
            given_up_at=row.given_up_at,
        )


class ProgressDocument(Document):
    """Where a run is."""

    stage: str = Field(examples=["verify"])
    detail: str
    done: int = Field(examples=[12])
    total: int = Field(examples=[60])


class SeedDocument(Document):
    """An artist that a run was to start from."""

    mbid: str
    name: str


class OverridesDocument(Document):
    """What a run was asked for instead of what the settings say; null: the setting."""

    wish: str | None = None
    styles_include: tuple[str, ...] | None = None
    styles_avoid: tuple[str, ...] | None = None
    decades_include: tuple[int, ...] | None = None
    target: Target | None = None
    discovery: Discovery | None = None
    max_recommendations: int | None = None
    seeds: tuple[SeedDocument, ...] | None = None


class RunSummary(Document):
    """A run without what it found."""

    id: int = Field(examples=[3])
    list: str = Field(examples=["default"])
    status: RunStatus
    dry_run: bool
    trigger: str = Field(examples=["api"])
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressDocument | None
    error: str | None
    remedy: str | None
    recommended: int = Field(examples=[20])
    notes: tuple[str, ...] = Field(description="What you should know of it, e.g. how old the library was.")
    overrides: OverridesDocument

    @classmethod
    def of(cls, row: RunRow) -> "RunSummary":
        return cls.model_validate(row)


class JudgedDocument(Document):
    """One candidate's verdict."""

    artist: str
    album: str | None
    verdict: Verdict
    detail: str
    sources: tuple[str, ...]
    mbid: str | None


class ReportDocument(Document):
    """How one provider did in a run."""

    name: str = Field(examples=["listenbrainz"])
    kind: str = Field(examples=["listenbrainz"])
    outcome: Outcome
    detail: str = Field(description="What went wrong, and what to do about it.")
    candidates: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None = Field(description="US dollars; null is unpriced.")
    seconds: float

    @classmethod
    def of(cls, report: ProviderReport) -> "ReportDocument":
        return cls(
            name=report.name,
            kind=report.kind,
            outcome=report.outcome,
            detail=report.detail,
            candidates=report.candidates,
            prompt_tokens=report.prompt_tokens,
            completion_tokens=report.completion_tokens,
            cost=dollars(report.cost_microdollars),
            seconds=report.seconds,
        )


class ExchangeDocument(Document):
    """One question to a language model and its answer."""

    provider: str = Field(examples=["cloud"])
    model: str = Field(examples=["gpt-5-mini"])
    purpose: str = Field(description="propose, rank or word.", examples=["propose"])
    round: int = Field(description="0 is the first question; it is asked again when too little was usable.")
    outcome: Outcome
    system: str
    user: str
    answer: str = Field(description="As it came; empty where none did.")
    at: datetime | None


class PromptDocument(Document):
    """The prompt of the first language model that was asked; 0 tokens when none was."""

    tokens: int
    level: str = Field(examples=["minimal"])
    compression_ratio: float = Field(examples=[31.4])


class RunDocument(RunSummary):
    """A run with everything it found out."""

    run_id: int = Field(description="The same as `id`.", examples=[3])
    recommendations: tuple[RecommendationDocument, ...]
    verdicts: Mapping[Verdict, int] = Field(
        description="How many candidates ended with each verdict.", examples=[{"kept": 60, "owned": 41}]
    )
    judged: tuple[JudgedDocument, ...]
    providers: tuple[ReportDocument, ...]
    cost: float | None = Field(description="US dollars, of the providers whose price is known.")
    unpriced: tuple[str, ...] = Field(description="Providers that were asked at a price nobody knows.")
    prompt: PromptDocument

    @classmethod
    def of_detail(cls, detail: RunDetail) -> "RunDocument":
        run = detail.run
        return cls(
            **dict(RunSummary.of(run)),
            run_id=run.id,
            recommendations=tuple(map(RecommendationDocument.of, detail.recommendations)),
            verdicts=detail.verdicts,
            judged=tuple(map(_judged, detail.judged)),
            providers=tuple(map(ReportDocument.of, detail.providers)),
            cost=dollars(sum(report.cost_microdollars or 0 for report in detail.providers)),
            unpriced=tuple(report.name for report in detail.providers if report.cost_microdollars is None),
            prompt=PromptDocument(
                tokens=run.prompt_tokens, level=run.level, compression_ratio=run.compression_ratio
            ),
        )


def _judged(item: Judged) -> JudgedDocument:
    return JudgedDocument.model_validate(item)


def dollars(microdollars: int | None) -> float | None:
    return None if microdollars is None else microdollars / 1_000_000

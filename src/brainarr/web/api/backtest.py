"""backtest: would Brainarr have named what the library took in last? And the weights that this suggests."""

from collections.abc import Mapping
from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from brainarr.domain.backtest import FEWEST_HIDDEN, MOST_FOLDS, MOST_HIDDEN, USUAL_FOLDS, BacktestOptions
from brainarr.domain.backtest import Backtest as Made
from brainarr.service.backtest import (
    SOURCE_WEIGHTS,
    apply_weights,
    backtest_state,
    read_backtest,
    request_backtest,
)
from brainarr.web.auth import AdminCaller
from brainarr.web.deps import Deps
from brainarr.web.documents import Document, ProgressDocument
from brainarr.web.problems import CONFLICT, NOT_FOUND, problems

router = APIRouter(prefix="/backtest", tags=["backtest"])


class BacktestRequest(BaseModel):
    """What to measure. An empty body takes what is usual."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"folds": 5}]})

    hide: int | None = Field(
        None,
        ge=FEWEST_HIDDEN,
        le=MOST_HIDDEN,
        description="How many of the latest artists to hide; else a fifth, 10 to 50.",
    )
    folds: int = Field(USUAL_FOLDS, ge=1, le=MOST_FOLDS, description="At how many points in time to cut.")
    offline: bool = Field(False, description="Ask nobody: remembered library and neighbour lists only.")


class EstimateDocument(Document):
    """A mean with its 95 % interval."""

    value: float = Field(examples=[0.24])
    low: float = Field(examples=[0.14])
    high: float = Field(examples=[0.36])


class BulkDayDocument(Document):
    """A day on which more came in than a person chooses; its artists are not hidden."""

    day: date
    artists: int


class SystemDocument(Document):
    """How one way of ranking did, over all cuts."""

    name: str = Field(
        description="`present` weights, `default` ones (where other than those), `suggested` ones (each cut "
        "with weights found on the others), a source alone by its name, or `popularity`.",
        examples=["present"],
    )
    recall20: EstimateDocument = Field(description="Share of the hidden artists among the first 20.")
    ndcg20: EstimateDocument = Field(description="The same with early places counting more.")
    ndcg100: EstimateDocument
    weights: Mapping[str, float]


class CutDocument(Document):
    """One point in time at which the library was cut."""

    at: datetime = Field(description="What was there before is known.")
    until: datetime = Field(description="When the last artist hidden here was added.")
    known: int
    seeds: int
    hidden: int
    found20: int = Field(description="Of those hidden, how many stood among the first 20.")


class TestedDocument(Document):
    """One hidden artist."""

    artist: str = Field(examples=["Slowdive"])
    added: datetime
    cut: datetime
    place: int | None = Field(description="In the ranking as of the cut; null: no source named it.")
    days_before: int = Field(description="How long before it was added that was.")


class AskedDocument(Document):
    """What one source was asked."""

    source: str = Field(examples=["listenbrainz"])
    seeds: int
    known: int = Field(description="Neighbour lists that were remembered.")
    fetched: int
    missing: int
    detail: str = Field(description="What went wrong.")


class SuggestionDocument(Document):
    """Weights under which the past would have been predicted better."""

    weights: Mapping[str, float] = Field(description="Empty: keep what you have.")
    gain: EstimateDocument | None = Field(description="In NDCG@100, on cuts they were not chosen on.")
    reason: str = Field(description="Why none are suggested.")


class OptionsDocument(Document):
    """What was asked for."""

    hide: int | None
    folds: int
    offline: bool


class BacktestDocument(Document):
    """A whole backtest; the same object that `brainarr backtest --json` prints."""

    made_at: datetime
    library_read_at: datetime
    options: OptionsDocument
    artists: int
    undated: int
    bulk_days: tuple[BulkDayDocument, ...]
    recommended: int = Field(
        description="Artists that Brainarr had named before they were added; not hidden."
    )
    eligible: int = Field(description="Artists that could be hidden.")
    hidden: int
    cuts: tuple[CutDocument, ...]
    systems: tuple[SystemDocument, ...] = Field(description="Empty: nothing could be measured.")
    lead: EstimateDocument | None = Field(
        description="Recall@20 of the present weights less that of popularity; may be below 0."
    )
    tested: tuple[TestedDocument, ...]
    asked: tuple[AskedDocument, ...]
    suggestion: SuggestionDocument
    trouble: str = Field(description="Why nothing could be measured.")
    remedy: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, made: Made) -> "BacktestDocument":
        return cls.model_validate(made)


class BacktestState(Document):
    """The newest backtest, and the one under way."""

    running: bool
    progress: ProgressDocument | None
    error: str | None = Field(description="Why the last one ended without a result.")
    remedy: str | None
    backtest: BacktestDocument | None = Field(description="null before the first one.")


class StartedDocument(Document):
    created: bool = Field(description="false: one was under way already, and this is it.")


class AppliedDocument(Document):
    """The setting as it holds now."""

    key: str = Field(examples=[SOURCE_WEIGHTS])
    weights: Mapping[str, float] = Field(examples=[{"listenbrainz": 1.0, "deezer": 0.25}])


@router.get("")
async def backtest(deps: Deps) -> BacktestState:
    """The newest result, and whether one is under way."""
    # Looked at before the result is read: one that ends meanwhile would seem to have left none.
    state = await backtest_state(deps.db)
    made = await read_backtest(deps.db)
    return BacktestState(
        running=state.progress is not None,
        progress=ProgressDocument.model_validate(state.progress) if state.progress else None,
        error=state.error,
        remedy=state.remedy,
        backtest=BacktestDocument.of(made) if made else None,
    )


@router.post("", status_code=202)
async def start_backtest(deps: Deps, wanted: BacktestRequest | None = None) -> StartedDocument:
    """Starts one in the background; one that is under way is answered instead. Asks no language model."""
    asked = wanted or BacktestRequest()  # pyright: ignore[reportCallIssue]
    options = BacktestOptions(hide=asked.hide, folds=asked.folds, offline=asked.offline)
    created = await request_backtest(deps.db, options, clock=deps.clock)
    deps.wake()
    return StartedDocument(created=created)


@router.post("/apply", dependencies=[AdminCaller], responses=problems(NOT_FOUND, CONFLICT))
async def apply_backtest(deps: Deps) -> AppliedDocument:
    """Makes the suggested weights the setting `recommend.source_weights`; they count from the next run on."""
    return AppliedDocument(key=SOURCE_WEIGHTS, weights=await apply_weights(deps.backtests))

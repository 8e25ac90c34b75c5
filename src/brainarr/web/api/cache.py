"""cache: what is remembered, where, for how long, and how often that helped."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from brainarr.domain.caching import Kind
from brainarr.service.cache import FEEDS, LevelState, empty_cache, read_levels
from brainarr.service.feed_cache import HELD
from brainarr.store.cache.tally import LevelName, Tally
from brainarr.web.deps import Deps, WebDeps
from brainarr.web.documents import Document
from brainarr.web.problems import NOT_FOUND, STORAGE, problems

router = APIRouter(prefix="/cache", tags=["cache"])


class CountsDocument(Document):
    """Since this process started."""

    hits: int
    misses: int
    hit_rate: float | None = Field(description="0 to 1; null before anybody asked.", examples=[0.93])
    written: int
    bytes_written: int
    evictions: int = Field(description="Forgotten before their time, for want of room.")
    too_large: int = Field(description="Too large for the level, and skipped there.")
    errors: int

    @classmethod
    def of(cls, tally: Tally) -> "CountsDocument":
        asked = tally.hits + tally.misses
        return cls(
            hits=tally.hits,
            misses=tally.misses,
            hit_rate=round(tally.hits / asked, 4) if asked else None,
            written=tally.written,
            bytes_written=tally.bytes_written,
            evictions=tally.evictions,
            too_large=tally.too_large,
            errors=tally.errors,
        )


class LevelDocument(Document):
    """One level; they are asked from the first to the last."""

    name: LevelName
    state: Literal["up", "away"]
    reason: str | None = Field(description="Why it is away.", examples=["it cannot be reached"])
    since: datetime | None
    entries: int | None = Field(description="Null while that cannot be found out.")
    bytes: int | None = Field(description="Keys and values; at Redis taken from a sample.")
    limit: int | None = Field(description="Bytes; null where the level bounds itself.")
    counts: CountsDocument

    @classmethod
    def of(cls, level: LevelState) -> "LevelDocument":
        trouble = level.trouble
        return cls(
            name=level.name,
            state="away" if trouble else "up",
            reason=trouble.what if trouble else None,
            since=trouble.since if trouble else None,
            entries=level.holding.entries,
            bytes=level.holding.bytes,
            limit=level.limit,
            counts=CountsDocument.of(level.tally),
        )


class KindDocument(Document):
    """One sort of answers, with its lifetimes in seconds; each is up to a fifth shorter or longer."""

    name: str = Field(examples=["artist"])
    memory: float
    redis: float | None = Field(description="Null: never there.")
    database: float | None = Field(description="Null: never there.")
    nothing: float | None = Field(description="How long it counts that there is nothing.")
    levels: dict[str, CountsDocument]


class CacheDocument(Document):
    levels: tuple[LevelDocument, ...]
    kinds: tuple[KindDocument, ...]


@router.get("", responses=problems(STORAGE))
async def cache(deps: Deps) -> CacheDocument:
    """The levels of this process from the first to the last, and the kinds of what is remembered."""
    levels = await read_levels(deps.cache)
    return CacheDocument(
        levels=tuple(map(LevelDocument.of, levels)),
        kinds=(*(_kind(kind, deps) for kind in deps.cache.kinds), _feeds(deps)),
    )


@router.delete("", responses=problems(NOT_FOUND, STORAGE))
async def empty(
    deps: Deps, kind: Annotated[str | None, Query(max_length=64, description="That kind only.")] = None
) -> CacheDocument:
    """Forgets everything, or one kind; it is found out anew when it is needed. Other processes hold what they
    have in memory for five minutes at most."""
    await empty_cache(deps.cache, deps.feeds, kind)
    return await cache(deps)


def _kind(kind: Kind, deps: WebDeps) -> KindDocument:
    tallies = deps.cache.tallies
    return KindDocument(
        name=kind.name,
        memory=min(kind.memory, kind.lifetime).total_seconds(),
        redis=min(kind.shared, kind.lifetime).total_seconds() if "redis" in tallies else None,
        database=kind.lifetime.total_seconds() if kind.stored else None,
        nothing=kind.nothing.total_seconds(),
        levels={
            name: CountsDocument.of(level[kind.name]) for name, level in tallies.items() if kind.name in level
        },
    )


def _feeds(deps: WebDeps) -> KindDocument:
    return KindDocument(
        name=FEEDS,
        memory=HELD.total_seconds(),
        redis=None,
        database=None,
        nothing=None,
        levels={"memory": CountsDocument.of(deps.feeds.tally)},
    )

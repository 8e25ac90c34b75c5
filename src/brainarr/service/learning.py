"""Learning: what a person's decisions have taught, computed from what is stored; shown, and forgotten."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.learning import FacetWeights, Feedback, Learnt
from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Library, Mbid
from brainarr.domain.presence import KEPT_AFTER
from brainarr.domain.recommendation import Memory
from brainarr.errors import NotFound
from brainarr.loading import load
from brainarr.pipeline.labels import Fate, label_of
from brainarr.pipeline.ports import Clock
from brainarr.pipeline.words import words
from brainarr.service.blocks import revoke
from brainarr.store import learning as rows
from brainarr.store import recommendations
from brainarr.store.blocks import Block, blocks_of
from brainarr.store.history import write_history
from brainarr.store.learning import Direction, StoredFate, StoredLiking
from brainarr.store.memory import read_memory
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database


class Taste(msgspec.Struct, frozen=True):
    """What was learnt, and how it differs from what is configured."""

    learnt: Learnt
    weights: FacetWeights
    """Those that a run now goes by."""
    configured: FacetWeights
    blocks: tuple[Block, ...]
    forgotten_until: datetime | None
    words: tuple[str, ...]


async def remember(db: Database, configured: FacetWeights, *, clock: Clock) -> Memory:
    """What the next run must know of the earlier ones, and what they taught."""
    async with db.reading() as connection:
        memory = await read_memory(connection)
        learnt = await _learnt(connection, configured, clock())
    return msgspec.structs.replace(memory, learnt=learnt)


async def read_taste(db: Database, configured: FacetWeights, *, clock: Clock) -> Taste:
    """As a run that starts now would see it."""
    async with db.reading() as connection:
        memory = await read_memory(connection)
        learnt = await _learnt(connection, configured, clock())
        return Taste(
            learnt=learnt,
            weights=learnt.weights or configured,
            configured=configured,
            blocks=await blocks_of(connection),
            forgotten_until=await rows.forgotten_until(connection),
            words=words(learnt, configured, memory.blocks),
        )


async def forget(db: Database, *, clock: Clock, blocks: bool = False, actor: Actor = Actor.PERSON) -> None:
    """Everything learnt so far, likings included, and with `blocks` those too; history stays as it is."""
    async with db.transaction() as connection:
        await rows.forget(connection, clock())
        await rows.delete_likings(connection)
        if blocks:
            await revoke(connection, await blocks_of(connection), clock(), actor)


async def like(
    db: Database, recommendation_id: int, direction: Direction | None, *, clock: Clock
) -> RecommendationRow:
    """From now on more like its artist, or less; None takes either back. Raises NotFound."""
    async with db.transaction() as connection:
        row = await recommendations.recommendation(connection, recommendation_id, to_change=True)
        if row is None:
            raise NotFound(f"There is no recommendation {recommendation_id}.")
        if direction is None:
            await rows.delete_likings(connection, row.recommendation.artist_mbid)
        else:
            await rows.write_liking(connection, row.id, row.recommendation, direction, clock())
    return row


async def take_back_liking(db: Database, artist: Mbid) -> None:
    """Neither more nor less like that artist from now on; nothing happens where nobody asked for either."""
    async with db.transaction() as connection:
        await rows.delete_likings(connection, artist)


async def note_plays(db: Database, library: Library, *, clock: Clock) -> None:
    """Counts the plays of what was imported; `library` knows them. The first ones are an event."""
    plays = {artist.mbid: artist.plays for artist in library.artists if artist.mbid is not None}
    async with db.transaction() as connection:
        noted = await rows.plays_noted(connection)
        changed = {
            number: (before, plays[artist])
            for number, artist, before in noted
            if artist in plays and plays[artist] != before
        }
        await rows.note_plays(connection, {number: after for number, (_, after) in changed.items()})
        first = [number for number, (before, after) in changed.items() if after and not before]
        heard = await recommendations.by_ids(connection, first) if first else ()
        await write_history(connection, heard, Event.PLAYED, clock(), actor=Actor.PERSON)


async def _learnt(connection: AsyncConnection, configured: FacetWeights, now: datetime) -> Learnt:
    fates = await rows.fates_of(connection, since=await rows.forgotten_until(connection))
    likings = await rows.likings_of(connection)
    # With numpy, which an idle server does without.
    await load("brainarr.pipeline.learn")
    # Ten thousand decisions take a tenth of a second: not on the event loop.
    learnt = await asyncio.to_thread(_learn, fates, likings, configured, now)
    return msgspec.structs.replace(
        learnt,
        more=tuple(one.artist for one in likings if one.direction is Direction.MORE),
        less=tuple(one.artist for one in likings if one.direction is Direction.LESS),
    )


def _learn(
    fates: Sequence[StoredFate], likings: Sequence[StoredLiking], configured: FacetWeights, now: datetime
) -> Learnt:
    from brainarr.pipeline.learn import learn

    said = {one.recommendation_id: 1 if one.direction is Direction.MORE else -1 for one in likings}
    return learn([_feedback(fate, said.get(fate.id, 0), now) for fate in fates], configured)


def _feedback(fate: StoredFate, liking: int, now: datetime) -> Feedback:
    parts = fate.shown.parts
    known = Fate(
        status=fate.status,
        automatic=fate.automatic,
        days_waiting=_days(fate.created_at, now),
        days_imported=_days(fate.imported_at, now),
        plays=fate.plays,
        liking=liking,
        was_kept=_held_for(fate) >= KEPT_AFTER,
    )
    latest = max(at for at in (fate.created_at, fate.decided_at, fate.imported_at, fate.settled_at) if at)
    return Feedback(
        facets=(parts.genre, parts.era, parts.diversity, parts.confidence),
        label=label_of(known),
        genres=fate.shown.genres,
        sources=fate.sources,
        age_days=_days(latest, now),
        propensity=fate.propensity,
    )


def _held_for(fate: StoredFate) -> timedelta:
    """How long it was in the library until it was settled."""
    if fate.imported_at is None or fate.settled_at is None:
        return timedelta()
    return fate.settled_at - fate.imported_at


def _days(since: datetime | None, now: datetime) -> float:
    # Whole ones: else no two looks at what was learnt would say the same.
    return float(max(0, (now - since).days)) if since else 0.0

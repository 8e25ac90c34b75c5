"""Signing in: a name and its password become a session, whose cookie only the browser has."""

import secrets as tokens
from datetime import timedelta
from hashlib import sha256

import msgspec
import structlog

from brainarr.domain.people import LONGEST_PASSWORD, Person
from brainarr.errors import NotFound, StorageError
from brainarr.pipeline.ports import Clock
from brainarr.service.passwords import Passwords
from brainarr.store import people, sessions
from brainarr.store.people import PersonRow
from brainarr.store.session import Database
from brainarr.store.sessions import SessionRow

TOKEN_BYTES = 32
"""256 random bits: its fast hash needs no salt, as with keys (service/keys.py)."""

NOTED_EVERY = timedelta(minutes=5)
BROWSER_LIFE = timedelta(hours=24)
"""Without a sign of life, of a session that is to end with the browser: some never close."""

log = structlog.get_logger("brainarr.people")


class Session(msgspec.Struct, frozen=True):
    """Somebody in a browser of theirs."""

    id: int
    person: Person
    kept: bool
    """Whether it outlives the browser."""
    renewed: bool = False
    """Whether it was just prolonged, so that the cookie should be, too."""


async def by_password(db: Database, passwords: Passwords, name: str, password: str) -> PersonRow | None:
    """Who that is; None, after as long a time, when name and password do not belong together.

    Somebody who is disabled is nobody, and so is whoever has no password.
    """
    if len(password) > LONGEST_PASSWORD:
        return None
    async with db.reading() as connection:
        found = await people.person_named(connection, name)
        hashed = await people.password_hash_of(connection, found.id) if found else None
    fits = await passwords.fits(password, hashed)
    if not fits or found is None or hashed is None or found.disabled_at is not None:
        return None
    if passwords.is_dated(hashed):
        fresh = await passwords.hash(password)
        async with db.transaction(aside=True) as connection:
            await people.set_password_hash(connection, found.id, fresh)
        log.info("a password was hashed anew, as is usual today", person=found.id)
    return found


async def open_session(
    db: Database,
    person: PersonRow,
    *,
    kept: bool,
    life: timedelta,
    agent: str,
    address: str,
    clock: Clock,
    instead_of: str | None = None,
) -> str:
    """The token of a new session, which is nowhere to be read again; the one `instead_of` ends with it."""
    token, now = tokens.token_urlsafe(TOKEN_BYTES), clock()
    async with db.transaction(aside=True) as connection:
        if instead_of:
            await sessions.delete_hash(connection, _hash(instead_of))
        await sessions.insert_session(
            connection,
            person.id,
            _hash(token),
            now,
            now + _life(kept, life),
            kept=kept,
            agent=agent,
            address=address,
        )
        await people.mark_signed_in(connection, person.id, now)
    log.info("signed in", person=person.id, name=person.name, address=address)
    return token


async def recognise_session(
    db: Database, token: str, *, life: timedelta, address: str, clock: Clock
) -> Session | None:
    """Whose cookie that is; None: nobody's, or nobody's any more. It lives on with each visit."""
    now = clock()
    async with db.reading() as connection:
        found = await sessions.session_of_hash(connection, _hash(token), now)
    if found is None:
        return None
    row, person = found
    renewed = now - row.last_seen_at >= NOTED_EVERY
    if renewed:
        try:
            async with db.transaction(aside=True) as connection:
                await sessions.mark_seen(connection, row.id, now, now + _life(row.kept, life), address)
        except StorageError as error:
            # A full disk must not lock people out who only want to look.
            log.warning("a visit was not noted", session=row.id, reason=error.message)
    return Session(row.id, person, row.kept, renewed)


async def end_session(db: Database, token: str) -> None:
    """The cookie opens nothing any more."""
    async with db.transaction(aside=True) as connection:
        await sessions.delete_hash(connection, _hash(token))


async def list_sessions(db: Database, person_id: int, *, clock: Clock) -> list[SessionRow]:
    """The one used last first."""
    async with db.reading() as connection:
        return list(await sessions.sessions_of(connection, person_id, clock()))


async def end_one(db: Database, person_id: int, session_id: int) -> None:
    """One of a person's own. Raises NotFound."""
    async with db.transaction(aside=True) as connection:
        was_there = await sessions.delete_session(connection, person_id, session_id)
    if not was_there:
        raise NotFound("That browser is signed out already.")
    log.info("a session was ended", person=person_id, session=session_id)


async def end_others(db: Database, person_id: int, *, but: int | None) -> int:
    """All of a person's but session `but`; how many those were."""
    async with db.transaction(aside=True) as connection:
        count = await sessions.delete_sessions(connection, person_id, but=but)
    log.info("other sessions were ended", person=person_id, sessions=count)
    return count


def _life(kept: bool, life: timedelta) -> timedelta:
    return life if kept else min(life, BROWSER_LIFE)


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()

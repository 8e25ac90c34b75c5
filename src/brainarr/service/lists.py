"""Lists: what a person hands Lidarr an address and a key for."""

import re
import secrets as tokens
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec
from anyascii import anyascii
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr import log
from brainarr.domain.feed_words import FeedWords
from brainarr.domain.lists import DEFAULT_INSTANCE, NO_TERMS, ListKind, ListTerms
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound
from brainarr.pipeline.ports import Clock, Importer
from brainarr.service.feed_words import feed_words
from brainarr.service.instances import of_instance
from brainarr.store import lists
from brainarr.store.figures import recommendation_figures
from brainarr.store.lists import Poll, StoredList
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

DEFAULT_LIST = "default"
DEFAULT_NAME = "Brainarr AI Recommendations"
MOST_LISTS = 50
LONGEST_NAME = 100
POLLS_SHOWN = 5


class ListRow(msgspec.Struct, frozen=True):
    slug: str
    name: str
    key: str
    """The feed key in clear: it is copied into Lidarr."""
    created_at: datetime
    key_made_at: datetime
    kind: ListKind = ListKind.DISCOVER
    instance: str = DEFAULT_INSTANCE
    """Which Lidarr it is for: its library is what runs go by, and what is pushed goes there."""
    terms: ListTerms = NO_TERMS


class ListAtWork(msgspec.Struct, frozen=True):
    """A list with what waits in it and what Lidarr fetched of it."""

    row: ListRow
    counts: Mapping[Status, int]
    polls: tuple[Poll, ...]
    """The newest that carried something, newest first."""
    feed: FeedWords
    """What its feed gives, or why nothing."""


async def ensure_default_list(connection: AsyncConnection, secrets: Secrets, at: datetime) -> None:
    if await lists.list_named(connection, DEFAULT_LIST) is None:
        await lists.insert_list(connection, DEFAULT_LIST, DEFAULT_NAME, secrets.encrypt(new_key()), at)


async def read_lists(db: Database, secrets: Secrets) -> tuple[ListRow, ...]:
    async with db.reading() as connection:
        return tuple(_row(stored, secrets) for stored in await lists.lists_of(connection))


async def read_list(db: Database, secrets: Secrets, slug: str) -> ListRow:
    """Raises NotFound."""
    async with db.reading() as connection:
        return _row(await find_list(connection, slug), secrets)


async def read_lists_at_work(
    db: Database, secrets: Secrets, guarded: Collection[str], *, clock: Clock
) -> tuple[ListAtWork, ...]:
    """`guarded`: the instances whose Lidarr is configured."""
    async with db.reading() as connection:
        rows = [_row(stored, secrets) for stored in await lists.lists_of(connection)]
        counted = await recommendation_figures(connection)
        polls = await lists.latest_polls(connection, POLLS_SHOWN)
        words = await feed_words(connection, guarded, clock())
    return tuple(
        ListAtWork(
            row,
            {Status(status): count for (slug, status), count in counted.items() if slug == row.slug},
            tuple(poll for poll in polls if poll.slug == row.slug),
            words[row.slug],
        )
        for row in rows
    )


async def create_list(
    db: Database,
    secrets: Secrets,
    name: str,
    *,
    kind: ListKind = ListKind.DISCOVER,
    instance: str = DEFAULT_INSTANCE,
    terms: ListTerms = NO_TERMS,
    clock: Clock,
) -> ListRow:
    """One more list, with feeds and a key of its own. Its kind is for good. Raises Conflict."""
    wanted, key = _usable_name(name), new_key()
    log.hide([key])
    async with db.transaction() as connection:
        known = await lists.lists_of(connection)
        _refuse_known_name(known, wanted)
        if len(known) >= MOST_LISTS:
            raise Conflict(f"There are {MOST_LISTS} lists already.", remedy="Delete one that is not used.")
        # Those that were retired keep theirs: history names them by it.
        slug = _free_slug(wanted, set(await lists.names_of_lists(connection)))
        await lists.insert_list(
            connection,
            slug,
            wanted,
            secrets.encrypt(key),
            clock(),
            kind=kind,
            instance=instance,
            terms=terms,
        )
        return _row(await find_list(connection, slug), secrets)


async def change_list(
    db: Database,
    secrets: Secrets,
    slug: str,
    *,
    name: str | None = None,
    instance: str | None = None,
    terms: ListTerms | None = None,
    clock: Clock,
) -> ListRow:
    """Another name or Lidarr, or other terms for its next runs; None leaves them. Its addresses stay, and so
    does the name it has in Lidarr; its key stays with its Lidarr: for another one there is a new key, or
    the one before would go on fetching. Raises NotFound and Conflict."""
    async with db.transaction() as connection:
        stored = await find_list(connection, slug)
        wanted = stored.name if name is None else _usable_name(name)
        _refuse_known_name((one for one in await lists.lists_of(connection) if one.id != stored.id), wanted)
        changed = msgspec.structs.replace(
            stored,
            name=wanted,
            instance=stored.instance if instance is None else instance,
            terms=stored.terms if terms is None else terms,
        )
        await lists.change_list(connection, changed)
        if changed.instance != stored.instance:
            await _renew_key(connection, secrets, stored, clock)
        return _row(await find_list(connection, slug), secrets)


async def rotate_key(db: Database, secrets: Secrets, slug: str, *, clock: Clock) -> ListRow:
    """A new feed key; the old one opens nothing any more. Raises NotFound."""
    async with db.transaction() as connection:
        await _renew_key(connection, secrets, await find_list(connection, slug), clock)
        return _row(await find_list(connection, slug), secrets)


async def _renew_key(connection: AsyncConnection, secrets: Secrets, stored: StoredList, clock: Clock) -> None:
    key = new_key()
    log.hide([key])
    await lists.set_feed_key(connection, stored.id, secrets.encrypt(key), clock())


async def sync_now(db: Database, importers: Mapping[str, Importer], slug: str) -> int:
    """Asks its Lidarr to fetch this list at once, for a Custom List else waits six hours; how many lists do.

    Raises NotFound, ProviderError, and Conflict where that Lidarr is not configured.
    """
    async with db.reading() as connection:
        stored = await find_list(connection, slug)
    return await of_instance(importers, stored.instance).sync_lists(f"/lists/{slug}")


async def find_list(connection: AsyncConnection, slug: str) -> StoredList:
    """Raises NotFound."""
    stored = await lists.list_named(connection, slug)
    if stored is None:
        raise no_list(slug)
    return stored


def no_list(slug: str) -> NotFound:
    return NotFound(f"There is no list {slug!r}.", remedy="GET /api/v1/lists names those that exist.")


def new_key() -> str:
    """For feeds: 32 hexadecimal digits."""
    return tokens.token_hex(16)


def _usable_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Conflict("That is no usable name.", remedy=f"1 to {LONGEST_NAME} printable characters.")
    return name


def _refuse_known_name(known: Iterable[StoredList], name: str) -> None:
    # They become names in Lidarr, which must be unique there.
    if any(stored.name.casefold() == name.casefold() for stored in known):
        raise Conflict(f"There is a list {name} already.", remedy="Choose another name.")


def _free_slug(name: str, taken: Collection[str]) -> str:
    """A short word for addresses: "Late Night" becomes late-night, or late-night-2."""
    plain = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower()).strip("-")[:40].strip("-") or "list"
    numbers = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (plain, *numbers) if slug not in taken)


def _row(stored: StoredList, secrets: Secrets) -> ListRow:
    return ListRow(
        stored.slug,
        stored.name,
        secrets.decrypt(stored.feed_key),
        stored.created_at,
        stored.key_made_at,
        stored.kind,
        stored.instance,
        stored.terms,
    )

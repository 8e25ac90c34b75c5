"""Settings as the app reads and changes them: stored in the database, below environment and file."""

import asyncio
import secrets as tokens
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from brainarr import log as logs
from brainarr.errors import ConfigurationError, Conflict, Fault
from brainarr.pipeline.ports import Clock
from brainarr.service.setup import API_KEY
from brainarr.settings.bound import carried_off, fault_of, typed_secrets
from brainarr.settings.concealed import reveal
from brainarr.settings.layers import Path, dotted
from brainarr.settings.load import Loaded
from brainarr.settings.schema import Schema
from brainarr.settings.setting import Fixed, Setting, describe, has_password, plain, within
from brainarr.settings.words import Chapter
from brainarr.store import settings
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

MOST_TRIES = 5
"""So often a change is checked anew because somebody else saved meanwhile."""

log = structlog.get_logger("brainarr.settings")


async def read_settings(db: Database, secrets: Secrets) -> dict[str, object]:
    """Dotted key (`recommend.target`) → value, secrets decrypted."""
    async with db.reading() as connection:
        return await settings.all_settings(connection, secrets)


async def read_setting(db: Database, secrets: Secrets, key: str) -> object | None:
    """What is stored under this very key; None: nothing is."""
    async with db.reading() as connection:
        return await settings.setting(connection, secrets, key)


async def write_settings(
    db: Database,
    secrets: Secrets,
    changes: Mapping[str, object],
    *,
    forget: Collection[str] = (),
    secret_keys: Collection[str] = (),
    seen: Mapping[str, object] | None = None,
    clock: Clock,
) -> bool:
    """Stores JSON-like values under dotted keys, in place of all that was stored under or inside them, those
    in `secret_keys` encrypted; takes away what is to be forgotten. The caller validates.

    False, and nothing is written, where the database no longer says what was `seen`.
    """
    now = clock()
    async with db.transaction() as connection:
        stored = await settings.all_settings(connection, secrets)
        if seen is not None and stored != seen:
            return False
        replaced = [key for key in stored if _is_in(key, (*changes, *forget))]
        await settings.delete_settings(connection, replaced)
        for key, value in changes.items():
            await settings.put_setting(connection, secrets, key, value, secret=key in secret_keys, at=now)
    return True


@dataclass(frozen=True)
class Configuration:
    """Every setting, to read and to change; wiring binds it."""

    db: Database
    secrets: Secrets
    clock: Clock
    schema: Schema
    chapters: tuple[Chapter, ...]
    fixed: Fixed
    load: Callable[[Mapping[str, object]], Loaded[Any]]
    """The configuration as a start would see it with these stored settings. Raises ConfigurationError."""
    try_out: Callable[[Loaded[Any]], Awaitable[None]]
    """Raises BrainarrError where Brainarr could not work with that configuration."""
    take_over: Callable[[], Awaitable[None]]
    """Tells every process that the settings have changed, and waits a little for this one to follow."""

    async def read(self) -> tuple[Setting, ...]:
        """Every setting, in the order of the chapters. Raises ConfigurationError where what is stored, or
        what config.yaml says by now, would keep a start from succeeding."""
        loaded = await self._load(await read_settings(self.db, self.secrets))
        return describe(loaded, self.schema, self.chapters, self.fixed)

    async def check(self, values: Mapping[str, object], forget: Collection[str] = ()) -> list[Fault]:
        """What `change` would refuse, as far as that is known without trying. Stores nothing."""
        try:
            await self._with(await read_settings(self.db, self.secrets), values, forget)
        except ConfigurationError as error:
            return error.faults
        return []

    async def change(
        self, values: Mapping[str, object], forget: Collection[str] = (), *, by: str = "the API"
    ) -> None:
        """Stores JSON-like values under dotted keys and forgets others, all of it or nothing; the running
        Brainarr follows. Marks of unchanged secrets keep them (settings.concealed). `by` is for the log.

        Raises ConfigurationError, whose faults name the keys, and Conflict when others save all the time.
        """
        if API_KEY in forget:
            # What is generated has no default to go back to.
            values = {**values, API_KEY: tokens.token_hex(16)}
            forget = set(forget) - {API_KEY}
        for _ in range(MOST_TRIES):
            stored = await read_settings(self.db, self.secrets)
            loaded, values_now = await self._with(stored, values, forget)
            logs.hide(loaded.secrets)
            await self.try_out(loaded)
            secret = [key for key, value in values_now.items() if self._is_secret(key, value)]
            if await write_settings(
                self.db,
                self.secrets,
                values_now,
                forget=forget,
                secret_keys=secret,
                seen=stored,
                clock=self.clock,
            ):
                log.info("settings changed", changed=sorted(values), back_to_default=sorted(forget), by=by)
                await self.take_over()
                return
        raise Conflict("Others change the settings at this moment.", remedy="Try again.")

    async def _with(
        self, stored: Mapping[str, object], values: Mapping[str, object], forget: Collection[str]
    ) -> tuple[Loaded[Any], Mapping[str, object]]:
        """The configuration with this change, and its values with the secrets that stay."""
        if faults := self._unusable(values, forget):
            raise ConfigurationError(faults)
        present = await self._load(stored)
        if faults := [fault for key in (*values, *forget) for fault in self._locked(key, present)]:
            raise ConfigurationError(faults)
        known = plain(present.values)
        typed = typed_secrets(values, self.schema)
        values = {
            key: reveal(value, _path(key), self.schema, within(known, _path(key)))
            for key, value in values.items()
        }
        kept = {key: value for key, value in stored.items() if not _is_in(key, (*values, *forget))}
        loaded = await self._load({**kept, **values})
        if faults := self._carried_off(present, loaded, typed):
            raise ConfigurationError(faults)
        return loaded, values

    def _carried_off(self, before: Loaded[Any], after: Loaded[Any], typed: frozenset[str]) -> list[Fault]:
        """A saved secret must not be sent elsewhere by somebody who may not even read it."""
        away = carried_off(plain(before.values), plain(after.values), typed, self.schema)
        return [
            fault_of(address, after.place(key) if after.locked(key := dotted(secret)) else "")
            for address, secret in away
        ]

    def _unusable(self, values: Mapping[str, object], forget: Collection[str]) -> list[Fault]:
        known = {".".join(map(str, path)) for path in self.schema.settings()}
        faults = [
            Fault(key, "this name", f"known settings; the nearest one is {self.schema.nearest(_path(key))}")
            for key in (*values, *forget)
            if key not in known
        ]
        twice = sorted(values.keys() & set(forget))
        return [
            *faults,
            *(Fault(key, "a value and none", "either a new value or the default") for key in twice),
        ]

    def _locked(self, key: str, present: Loaded[Any]) -> list[Fault]:
        if present.locked(key):
            return [Fault(key, "another value", f"what {present.place(key)} says; change it there")]
        if place := self.fixed.elsewhere.get(key):
            return [Fault(key, "a value in the database", f"a value in {place}")]
        return []

    def _is_secret(self, key: str, value: object) -> bool:
        return self.schema.holds_secret(_path(key)) or has_password(value)

    async def _load(self, stored: Mapping[str, object]) -> Loaded[Any]:
        # It reads config.yaml and the files that variables name.
        return await asyncio.to_thread(self.load, stored)


def _path(key: str) -> Path:
    return tuple(key.split("."))


def _is_in(key: str, keys: Collection[str]) -> bool:
    """Whether it is one of `keys`, or inside one."""
    return any(f"{key}.".startswith(f"{each}.") for each in keys)

"""The key of the secrets: closed to others, and replaced without ever losing what it opened."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from brainarr.errors import StorageError
from brainarr.service.lists import read_list, rotate_key
from brainarr.service.secrets import rotate_secrets
from brainarr.service.settings import read_settings, write_settings
from brainarr.service.setup import ensure_installed
from brainarr.service.webhook_keys import known_webhook_key, webhook_key
from brainarr.store import private, tables
from brainarr.store.private import close_to_others, write_private
from brainarr.store.secrets import KEY_FILE, Secrets, begin_rotation, open_secrets, opens_everything
from tests.conftest import house as stored
from tests.planted import ATTIC_KEY, found_in
from tests.store.given import House

# The database alone, not the web app that the other tests here stand before.
house = stored


def keys(folder: Path) -> list[bytes]:
    return (folder / KEY_FILE).read_bytes().split()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def tokens(house: House) -> list[str]:
    """All that looks like a Fernet token, wherever it lies."""
    found: list[str] = []
    async with house.db.reading() as connection:
        for table in tables.metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                found += [value for value in row if isinstance(value, str) and value.startswith("gAAAA")]
    return found


async def filled(house: House) -> dict[str, object]:
    """Some secrets; all that is stored in clear."""
    changes = {"lidarr.api_key": "sesame-open", "lastfm.api_key": "another-one"}
    await write_settings(house.db, house.secrets, changes, secret_keys=changes, clock=house.clock)
    return await everything(house, house.secrets)


async def everything(house: House, secrets: Secrets) -> dict[str, object]:
    feed = await read_list(house.db, secrets, "default")
    return {**await read_settings(house.db, secrets), "feed": feed.key}


async def test_a_rotation_leaves_nothing_that_the_old_key_opens(house: House) -> None:
    before = await filled(house)
    (old,) = keys(house.folder)
    count = await rotate_secrets(house.db, house.folder)
    (new,) = keys(house.folder)
    assert new != old
    assert count == len(await tokens(house)) == 5
    for token in await tokens(house):
        Fernet(new).decrypt(token)
        with pytest.raises(StorageError):
            Secrets([old]).decrypt(token)
    assert await everything(house, open_secrets(house.folder)) == before
    await ensure_installed(house.db, house.folder, clock=house.clock)
    assert mode(house.folder / KEY_FILE) == 0o600


async def test_the_keys_of_webhooks_and_of_every_lidarr_are_encrypted_and_rotated_too(house: House) -> None:
    hook = await webhook_key(house.db, house.secrets, "attic", clock=house.clock)
    attic = {"name": "attic", "url": "http://attic:8686", "api_key": ATTIC_KEY}
    settings = {"lidarrs": [attic]}
    await write_settings(house.db, house.secrets, settings, secret_keys=settings, clock=house.clock)
    async with house.db.reading() as connection:
        for table in tables.metadata.sorted_tables:
            rows = str((await connection.execute(select(table))).all())
            assert hook not in rows and found_in(rows) == {}, table.name
    # Two of these, the feed's, the API's and the known word.
    assert await rotate_secrets(house.db, house.folder) == len(await tokens(house)) == 5
    fresh = open_secrets(house.folder)
    assert await known_webhook_key(house.db, fresh, "attic") == hook
    assert (await read_settings(house.db, fresh))["lidarrs"] == [attic]


async def test_a_running_server_reads_and_writes_on_through_a_rotation(house: House) -> None:
    before = await filled(house)
    await rotate_secrets(house.db, house.folder)
    # `house.secrets` was opened long before, as a running server's was.
    assert await everything(house, house.secrets) == before
    fresh = await rotate_key(house.db, house.secrets, "default", clock=house.clock)
    assert (await read_list(house.db, open_secrets(house.folder), "default")).key == fresh.key


class Killed(BaseException):
    """Nothing of what comes after it happens."""


@contextmanager
def killed_at(house: House, step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The process ends at its `step`-th move that anybody could see afterwards; the moves so far."""
    moves: list[str] = []

    def move(name: str) -> None:
        moves.append(name)
        if len(moves) == step:
            raise Killed(name)

    def watched(owner: object, name: str) -> None:
        real: Callable[..., object] = getattr(owner, name)

        def first_count(*args: object, **options: object) -> object:
            move(name)
            return real(*args, **options)

        monkeypatch.setattr(owner, name, first_count)

    for name in ("fsync", "replace"):
        watched(os, name)
    watched(Path, "replace")
    engine = house.db._engine.sync_engine

    def statement(*_: object) -> None:
        move("statement")

    def commit(*_: object) -> None:
        move("commit")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield moves
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
        monkeypatch.undo()


async def test_a_rotation_that_dies_at_any_moment_loses_nothing_and_is_finished_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await filled(house)
    deaths: list[str] = []
    for step in range(1, 200):
        try:
            with killed_at(house, step, monkeypatch):
                await rotate_secrets(house.db, house.folder)
        except Killed as death:
            deaths.append(str(death))
        else:
            break
        assert await everything(house, open_secrets(house.folder)) == before, deaths
        # What was written by whoever started in between is not lost either.
        between = open_secrets(house.folder)
        await write_settings(
            house.db,
            between,
            {"lastfm.api_key": f"n{step}"},
            secret_keys=["lastfm.api_key"],
            clock=house.clock,
        )
        before["lastfm.api_key"] = f"n{step}"
        if step % 2:
            await rotate_secrets(house.db, house.folder)
            assert len(keys(house.folder)) == 1
            assert await everything(house, open_secrets(house.folder)) == before
    # Both transactions, both writings of the file.
    assert deaths.count("commit") >= 2
    assert {"fsync", "replace", "statement"} <= set(deaths)
    assert len(keys(house.folder)) == 1


async def test_the_old_key_stays_while_something_needs_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(house)
    stranger = Secrets(keys(house.folder))
    begin_rotation(house.folder)

    # Somebody on another machine, with a copy of the old key, writes after everything was encrypted again.
    async def late(connection: AsyncConnection, secrets: Secrets) -> bool:
        await connection.execute(tables.lists.update().values(feed_key=stranger.encrypt("late")))
        return await opens_everything(connection, secrets)

    monkeypatch.setattr("brainarr.service.secrets.opens_everything", late)
    await rotate_secrets(house.db, house.folder)
    assert len(keys(house.folder)) == 2
    assert (await read_list(house.db, open_secrets(house.folder), "default")).key == "late"


def test_a_key_that_others_can_read_is_closed_and_the_log_says_so(tmp_path: Path) -> None:
    open_secrets(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with capture_logs() as said:
        open_secrets(tmp_path)
    assert mode(tmp_path / KEY_FILE) == 0o600
    assert [line["log_level"] for line in said] == ["warning"]
    with capture_logs() as said:
        open_secrets(tmp_path)
    assert said == []


def test_a_key_that_cannot_be_closed_is_used_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounted").write_bytes(Fernet.generate_key())
    (tmp_path / "mounted").chmod(0o444)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with capture_logs() as said:
        close_to_others(tmp_path / "mounted")
    assert "others can read" in said[0]["event"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_private_file_is_closed_from_its_first_byte_whatever_the_umask(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(private.os, "fsync", look)
    before = os.umask(umask)
    try:
        write_private(tmp_path / "key", b"x", replace=True)
    finally:
        os.umask(before)
    assert seen[0] == mode(tmp_path / "key") == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_a_first_start_never_overwrites_a_key_that_is_there(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"first", replace=False)
    write_private(tmp_path / "key", b"second", replace=False)
    assert (tmp_path / "key").read_bytes() == b"first"


def test_a_planted_link_does_not_lead_the_new_key_elsewhere(tmp_path: Path) -> None:
    """Names that somebody could guess and lay out beforehand are not used."""
    (tmp_path / "loot").write_bytes(b"")
    (tmp_path / f"{KEY_FILE}.{os.getpid()}").symlink_to(tmp_path / "loot")
    open_secrets(tmp_path)
    assert (tmp_path / "loot").read_bytes() == b""


async def test_a_key_that_lies_elsewhere_behind_a_link_is_rotated_there(tmp_path: Path, house: House) -> None:
    safe = tmp_path / "safe"
    safe.mkdir()
    (house.folder / KEY_FILE).rename(safe / "brainarr.key")
    (house.folder / KEY_FILE).symlink_to(safe / "brainarr.key")
    before = (safe / "brainarr.key").read_bytes()
    await rotate_secrets(house.db, house.folder)
    assert (house.folder / KEY_FILE).is_symlink()
    assert (safe / "brainarr.key").read_bytes() != before
    await ensure_installed(house.db, house.folder, clock=house.clock)

"""The first start, the keys it makes, and what lies encrypted in the file."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from brainarr.errors import StorageError
from brainarr.service.lists import read_list, read_lists, rotate_key
from brainarr.service.settings import read_settings, write_settings
from brainarr.service.setup import ensure_installed, rotate_api_key
from brainarr.store.secrets import KEY_FILE
from tests.conftest import sqlite_only
from tests.store.given import House


def file_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("brainarr.db*"))


async def test_the_first_start_makes_an_api_key_and_the_default_list(house: House) -> None:
    (first,) = await read_lists(house.db, house.secrets)
    assert (first.slug, first.name) == ("default", "Brainarr AI Recommendations")
    assert len(house.api_key) == len(first.key) == 32
    assert house.api_key != first.key


async def test_a_later_start_finds_what_the_first_one_made(house: House) -> None:
    before = await read_list(house.db, house.secrets, "default")
    again = await ensure_installed(house.db, house.folder, clock=house.clock)
    assert again.api_key == house.api_key
    assert not again.first_start
    assert await read_lists(house.db, again.secrets) == (before,)


@sqlite_only
async def test_no_secret_lies_readable_in_the_file_and_the_key_is_for_its_owner_alone(house: House) -> None:
    feed_key = (await read_list(house.db, house.secrets, "default")).key
    await write_settings(
        house.db,
        house.secrets,
        {"lidarr.api_key": "sesame-open", "lidarr.url": "http://lidarr:8686"},
        secret_keys={"lidarr.api_key"},
        clock=house.clock,
    )
    stored = file_bytes(house.folder)
    assert b"http://lidarr:8686" in stored
    assert not any(secret.encode() in stored for secret in (house.api_key, feed_key, "sesame-open"))
    assert stat.S_IMODE((house.folder / KEY_FILE).stat().st_mode) == 0o600


async def test_settings_come_back_as_they_were_and_can_be_forgotten(house: House) -> None:
    changes = {"recommend.target": "mixed", "notifications.urls": ["a", "b"], "lastfm.api_key": None}
    await write_settings(house.db, house.secrets, changes, clock=house.clock)
    await write_settings(house.db, house.secrets, {"recommend.target": "artists"}, clock=house.clock)
    await write_settings(house.db, house.secrets, {}, forget=["notifications.urls"], clock=house.clock)
    stored = await read_settings(house.db, house.secrets)
    assert stored == {"recommend.target": "artists", "lastfm.api_key": None, "server.api_key": house.api_key}


async def test_a_new_feed_key_makes_the_old_one_useless(house: House) -> None:
    before = await read_list(house.db, house.secrets, "default")
    house.clock.advance(hours=1)
    after = await rotate_key(house.db, house.secrets, "default", clock=house.clock)
    assert after.key != before.key
    assert after.key_made_at == house.clock()
    assert await read_list(house.db, house.secrets, "default") == after


async def test_a_new_api_key_is_found_by_the_next_start(house: House) -> None:
    fresh = await rotate_api_key(house.db, house.secrets, clock=house.clock)
    assert fresh != house.api_key
    assert (await ensure_installed(house.db, house.folder, clock=house.clock)).api_key == fresh


async def test_the_key_of_another_database_is_refused_before_anything_is_changed(house: House) -> None:
    (house.folder / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(StorageError) as caught:
        await ensure_installed(house.db, house.folder, clock=house.clock)
    assert "does not open the secrets" in caught.value.message
    assert "back" in caught.value.remedy
    (first,) = await read_lists(house.db, house.secrets)
    assert first.slug == "default"


async def test_a_key_file_that_is_no_key_is_said_so(house: House) -> None:
    (house.folder / KEY_FILE).write_bytes(b"")
    with pytest.raises(StorageError, match="is not a key"):
        await ensure_installed(house.db, house.folder, clock=house.clock)

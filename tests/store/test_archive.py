"""What is taken for a backup, and above all what is not: changed ones, and those made to do harm."""

import asyncio
import hashlib
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainarr.errors import StorageError
from brainarr.store.archive import DATABASE, MANIFEST, Manifest, Origin, Packed, unpack
from brainarr.store.backup import SHELF, find_backup, list_backups, write_backup
from brainarr.store.secrets import KEY_FILE
from brainarr.store.session import database_url
from tests.conftest import NOW, Place, examples
from tests.store.given import URL, installed

Members = dict[str, bytes]


@pytest.fixture
async def backup(on_sqlite: Place) -> Path:
    address = database_url(URL, on_sqlite.folder)
    return (await write_backup(address, on_sqlite.folder, SHELF, Origin.MANUAL, NOW)).path


def members_of(backup: Path) -> Members:
    with zipfile.ZipFile(backup) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(backup: Path, members: Members) -> Path:
    forged = backup.with_name("forged.zip")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return forged


def with_manifest(members: Members, **changes: object) -> Members:
    manifest = msgspec.json.decode(members[MANIFEST], type=Manifest)
    return members | {MANIFEST: msgspec.json.encode(msgspec.structs.replace(manifest, **changes))}


def honest(members: Members) -> Members:
    """With a manifest that describes what is really there."""
    files = {
        name: Packed(len(content), hashlib.sha256(content).hexdigest())
        for name, content in members.items()
        if name != MANIFEST
    }
    return with_manifest(members, files=files)


def altered(members: Members, folder: Path, *statements: str) -> Members:
    file = folder / "altered.db"
    file.write_bytes(members[DATABASE])
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return honest(members | {DATABASE: file.read_bytes()})


def refusal(path: Path, folder: Path) -> str:
    (place := folder / "place").mkdir(exist_ok=True)
    with pytest.raises(StorageError) as caught:
        unpack(path, place)
    return str(caught.value)


async def test_a_backup_holds_what_it_says_and_is_for_its_owner_alone(backup: Path, tmp_path: Path) -> None:
    members = members_of(backup)
    manifest = msgspec.json.decode(members[MANIFEST], type=Manifest)
    assert (await asyncio.to_thread(backup.stat)).st_mode & 0o777 == 0o600
    assert set(members) == {MANIFEST, DATABASE, KEY_FILE}
    assert (manifest.made_at, manifest.database, manifest.origin) == (NOW, "sqlite", Origin.MANUAL)
    assert manifest.rows["lists"] == 1
    (tmp_path / "place").mkdir()
    assert unpack(backup, tmp_path / "place") == manifest
    assert (tmp_path / "place" / KEY_FILE).read_bytes() == (tmp_path / KEY_FILE).read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda members: honest(members | {"../outside": b"x"}), "files that no backup has"),
        (lambda members: honest(members | {"/etc/passwd": b"x"}), "files that no backup has"),
        (lambda members: members | {"more": b"x"}, "other files than its manifest"),
        (lambda members: {MANIFEST: members[MANIFEST]}, "other files than its manifest"),
        (lambda members: {DATABASE: members[DATABASE]}, "no manifest"),
        (lambda members: members | {MANIFEST: b"{}"}, "makes no sense"),
        (lambda members: members | {MANIFEST: b" " * (1 << 21)}, "too large"),
        (lambda members: members | {KEY_FILE: b"y" * 44}, "was changed or is damaged"),
        (lambda members: honest(members | {KEY_FILE: b"y" * (1 << 20)}), "has not the size"),
        (lambda members: honest(members | {DATABASE: b"no database" * 99}), "cannot be read"),
        (lambda members: with_manifest(members, rows={"lists": 7}), "not the one that the manifest"),
        (lambda members: with_manifest(members, revision="0001"), "not the one that the manifest"),
        (lambda members: with_manifest(members, revision="9999"), "newer Brainarr"),
        (lambda members: with_manifest(members, format=2), "newer Brainarr"),
    ],
)
async def test_what_was_changed_is_refused(
    backup: Path, tmp_path: Path, change: Callable[[Members], Members], reason: str
) -> None:
    said = refusal(rewritten(backup, change(members_of(backup))), tmp_path)
    assert reason in said
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["CREATE TRIGGER t AFTER INSERT ON lists BEGIN DELETE FROM runs; END"], "holds programs"),
        (["CREATE VIEW v AS SELECT * FROM lists"], "holds programs"),
        (["PRAGMA foreign_keys = OFF", "UPDATE lists SET id = 9"], ""),
    ],
)
async def test_a_database_that_does_things_or_contradicts_itself_is_refused(
    backup: Path, tmp_path: Path, statements: list[str], reason: str
) -> None:
    members = members_of(backup)
    if not reason:
        statements = [
            *statements,
            "INSERT INTO runs (list_id, status, dry_run, trigger, requested_at) "
            "VALUES (1, 'done', 0, 'cli', '2026-01-01 00:00:00')",
        ]
        reason = "rows that are not there"
    said = refusal(rewritten(backup, altered(members, tmp_path, *statements)), tmp_path)
    assert reason in said


async def test_a_bomb_is_refused_before_it_is_unpacked(backup: Path, tmp_path: Path) -> None:
    """64 MB of nothing, a thousandth of that packed, by a manifest that says 200 KB."""
    members = members_of(backup)
    forged = backup.with_name("bomb.zip")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, members[MANIFEST])
        archive.writestr(KEY_FILE, members[KEY_FILE])
        with archive.open(DATABASE, "w", force_zip64=True) as bomb:
            for _ in range(64):
                bomb.write(bytes(1 << 20))
    assert "has not the size" in refusal(forged, tmp_path)
    assert list((tmp_path / "place").iterdir()) == []


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans())
async def test_any_damage_is_noticed_or_harmless(
    backup: Path, tmp_path: Path, place: float, flip: int, cut: bool
) -> None:
    """One byte changed, or the end missing: never a traceback, and what is taken is what was packed."""
    content = bytearray(await asyncio.to_thread(backup.read_bytes))
    at = int(place * len(content))
    if cut:
        del content[at:]
    else:
        content[at] ^= flip
    damaged = backup.with_name("damaged.zip")
    damaged.write_bytes(content)
    aside = tmp_path / "aside"
    aside.mkdir(exist_ok=True)
    for left in aside.iterdir():
        left.unlink()
    try:
        unpack(damaged, aside)
    except StorageError:
        return
    assert (aside / DATABASE).read_bytes() == members_of(backup)[DATABASE]


async def test_only_backups_are_listed_and_no_name_leads_out(backup: Path, tmp_path: Path) -> None:
    place = backup.parent
    (place / "holiday.zip").write_bytes(b"PK not really")
    (place / "link.zip").symlink_to(backup)
    shutil.copy(backup, tmp_path / "outside.zip")
    assert [found.name for found in list_backups(place)] == [backup.name]
    names = (
        "../outside.zip",
        "..",
        "",
        "link.zip",
        "holiday.zip",
        str(backup),
        f"./{backup.name}",
        "a\0.zip",
    )
    assert [find_backup(place, name) for name in names] == [None] * len(names)


async def test_what_a_killed_process_left_unfinished_goes_with_a_later_backup(
    on_sqlite: Place, backup: Path
) -> None:
    left = backup.parent / ".unfinished-1-abc"
    left.mkdir()
    (left / DATABASE).write_bytes(b"half")
    os.utime(left, (NOW.timestamp() - 90_000, NOW.timestamp() - 90_000))
    fresh = backup.parent / ".unfinished-2-abc"
    fresh.mkdir()
    os.utime(fresh, (NOW.timestamp(), NOW.timestamp()))
    async with installed(*on_sqlite) as house:
        await write_backup(database_url(house.url, house.folder), house.folder, SHELF, Origin.MANUAL, NOW)
    assert not left.exists()
    assert fresh.exists()
    assert len(list_backups(backup.parent)) == 2

"""The shelf of pictures: bounded, whole or not there, and honest about what nobody has."""

import os
from pathlib import Path

import pytest

from brainarr.domain.media import Picture
from brainarr.errors import StorageError
from brainarr.sandbox.media import cover
from brainarr.store.pictures import PictureShelf
from tests.store.given import NOW, StandingClock

LARGE = 40_000


def picture(name: str, size: int = LARGE) -> Picture:
    content = cover(name, 250)
    return Picture(content + bytes(size - len(content)), "image/png")


def shelf(folder: Path, clock: StandingClock | None = None, most: int = 10 * LARGE) -> PictureShelf:
    return PictureShelf(folder / "artwork", most, clock or StandingClock())


async def test_what_was_put_there_is_there_with_its_age(tmp_path: Path):
    ours = shelf(tmp_path)
    assert await ours.get("a") is None
    await ours.put("a", picture("a"))
    await ours.put("b", None)
    kept, nothing = await ours.get("a"), await ours.get("b")
    assert kept is not None and kept.picture == picture("a") and kept.since == NOW
    assert nothing is not None and nothing.picture is None
    assert (tmp_path / "artwork").stat().st_mode & 0o77 == 0


async def test_the_oldest_give_way_and_the_bound_holds(tmp_path: Path):
    clock = StandingClock()
    ours = shelf(tmp_path, clock)
    for number in range(25):
        clock.advance(seconds=1)
        await ours.put(f"a{number}", picture(str(number)))
        stored = sum(file.stat().st_size for file in (tmp_path / "artwork").iterdir())
        assert stored <= 10 * LARGE
    assert await ours.get("a24") is not None
    assert await ours.get("a0") is None


async def test_another_process_and_what_a_killed_one_left_count_too(tmp_path: Path):
    clock = StandingClock()
    await shelf(tmp_path, clock).put("first", picture("first"))
    left = tmp_path / "artwork" / ".unfinished-0"
    left.write_bytes(bytes(9 * LARGE))
    os.utime(left, (NOW.timestamp() - 60, NOW.timestamp() - 60))
    clock.advance(seconds=1)
    await shelf(tmp_path, clock).put("second", picture("second"))
    assert not left.exists()
    assert await shelf(tmp_path, clock).get("second") is not None


async def test_a_damaged_file_is_as_good_as_none(tmp_path: Path):
    ours = shelf(tmp_path)
    await ours.put("a", picture("a"))
    (tmp_path / "artwork" / "a").write_bytes(b"<svg onload=alert(1)>")
    assert await ours.get("a") is None


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "artwork").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="could not be kept"):
        await shelf(tmp_path).put("a", picture("a"))
    with pytest.raises(StorageError, match="larger than all"):
        await shelf(tmp_path / "other", most=10).put("a", picture("a"))

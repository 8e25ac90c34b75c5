"""Modules that are loaded when they are first needed."""

import asyncio
import sys
from pathlib import Path

import pytest

from brainarr.loading import load

SLOW = """
import threading, time
time.sleep(0.2)
thread = threading.current_thread()
"""


async def test_the_event_loop_goes_on_while_a_module_is_loaded_and_all_who_wait_get_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    async def wait() -> bool:
        await load("slow_to_import")
        return hasattr(sys.modules["slow_to_import"], "thread")

    ticking = asyncio.create_task(tick())
    first = asyncio.create_task(wait())
    await asyncio.sleep(0.05)
    # Somebody else comes while it is half loaded.
    assert await asyncio.gather(first, wait()) == [True, True]
    ticking.cancel()
    assert ticks > 3


async def test_a_module_that_cannot_be_loaded_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError):
        await load("not_there_yet")
    (tmp_path / "not_there_yet.py").touch()
    await load("not_there_yet")
    assert "not_there_yet" in sys.modules

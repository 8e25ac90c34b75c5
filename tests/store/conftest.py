from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.given import House, installed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with installed(tmp_path) as house:
        yield house

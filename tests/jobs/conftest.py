from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.given import House, installed, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
async def house(tmp_path: Path, template: Path) -> AsyncIterator[House]:
    async with installed(tmp_path, template) as house:
        yield house

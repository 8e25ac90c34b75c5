"""The settings of a house as a test sees them: what its database says, and what variables fix."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brainarr.service.settings import read_settings
from brainarr.service.setup import API_KEY
from brainarr.wiring.configuration import load_settings
from tests.web.conftest import House


class Settings:
    def __init__(self, house: House) -> None:
        self._house = house
        self.environ: dict[str, str] = {}
        """What a test puts in here is fixed."""
        before = house.deps.configuration
        folder = house.folder
        configuration = replace(before, load=lambda stored: load_settings(folder, self.environ, stored))
        house.deps = replace(house.deps, configuration=configuration)

    async def stored(self) -> dict[str, Any]:
        """All that the app wrote, secrets in the clear."""
        found = await read_settings(self._house.deps.db, self._house.deps.secrets)
        return {key: value for key, value in found.items() if key != API_KEY}

    async def put(self, values: Mapping[str, object]) -> None:
        await self._house.deps.configuration.change(values)

    async def chain(self) -> list[dict[str, Any]]:
        return (await self.stored())["provider_chain"]

"""The process that holds everything outside, and how to order it about."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2

from tests.chaos.brainarr import ROOT
from tests.chaos.outside import KEY
from tests.chaos.paid import MODEL, PRICE_IN, PRICE_OUT

NO_PACE = "1000"


class World:
    """Lidarr, catalogue and paid model, on the other end of a control line."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._control = httpx2.Client(base_url=addresses["control"], trust_env=False, timeout=120)

    def close(self) -> None:
        self._control.close()

    def environ(self) -> dict[str, str]:
        """What points a Brainarr at it."""
        at = self.addresses
        said = {
            "LIDARR__URL": at["lidarr"],
            "LIDARR__API_KEY": KEY,
            "LIDARR__TIMEOUT": "3",
            "MUSICBRAINZ__BASE_URL": f"{at['catalogue']}/ws/2",
            "LISTENBRAINZ__BASE_URL": f"{at['catalogue']}/listenbrainz",
            "LISTENBRAINZ__LABS_URL": f"{at['catalogue']}/labs",
            "DEEZER__BASE_URL": f"{at['catalogue']}/deezer",
            "COVERART__BASE_URL": f"{at['catalogue']}/coverart",
            "ITUNES__BASE_URL": f"{at['catalogue']}/itunes",
            "RECOMMEND__MAX_RECOMMENDATIONS": "6",
            "RECOMMEND__MINIMUM_CONFIDENCE_SCORE": "0",
            "RECOMMEND__TARGET": "mixed",
            "RECOMMEND__SCHEDULE": "off",
            "SERVER__REQUESTS_PER_MINUTE": "0",
            "PROVIDER_CHAIN__0__NAME": "paid",
            "PROVIDER_CHAIN__0__KIND": "anthropic",
            "PROVIDER_CHAIN__0__BASE_URL": at["paid"],
            "PROVIDER_CHAIN__0__API_KEY": "sk-chaos",
            "PROVIDER_CHAIN__0__MODEL": MODEL,
            "PROVIDER_CHAIN__0__LOCATION": "cloud",
            "PROVIDER_CHAIN__0__TIMEOUT": "5",
            "PROVIDER_CHAIN__0__PRICES__INPUT": str(PRICE_IN),
            "PROVIDER_CHAIN__0__PRICES__OUTPUT": str(PRICE_OUT),
            "PROVIDER_CHAIN__1__NAME": "builtin",
            "PROVIDER_CHAIN__1__KIND": "builtin",
        } | {
            f"{service}__REQUESTS_PER_SECOND": NO_PACE
            for service in ("MUSICBRAINZ", "LISTENBRAINZ", "DEEZER")
        }
        return {f"BRAINARR__{key}": value for key, value in said.items()}

    def state(self) -> dict[str, Any]:
        return self._control.get("/state").json()

    def sync(self) -> dict[str, Any]:
        """Lidarr fetches both lists now."""
        return self._control.post("/sync").json()

    def cut(self, line: str, state: str) -> None:
        self._control.post(f"/cut/{line}/{state}").raise_for_status()

    def fault(self, app: str, **fault: Any) -> None:
        self._control.post(f"/faults/{app}", json=fault).raise_for_status()

    def mend(self) -> None:
        self._control.delete("/faults").raise_for_status()

    def pace_model(self, seconds: float) -> None:
        self._control.post(f"/pause/{seconds}").raise_for_status()

    def add_lists(self, brainarr: str, feed_key: str) -> None:
        """What a person fills in under Settings > Import Lists, for artists and for albums."""
        artists = {"baseUrl": f"{brainarr}/lists/default/artists?apikey={feed_key}"}
        self._add("CustomImport", "artists", artists)
        self._add("LidarrImport", "albums", {"baseUrl": f"{brainarr}/lists/default", "apiKey": feed_key})

    def _add(self, implementation: str, name: str, fields: dict[str, str]) -> None:
        body = {
            "name": f"Brainarr ({name})",
            "implementation": implementation,
            "fields": [{"name": key, "value": value} for key, value in fields.items()],
            "enableAutomaticAdd": True,
            "shouldMonitor": "specificAlbum" if name == "albums" else "entireArtist",
            "shouldMonitorExisting": False,
            "shouldSearch": False,
            "qualityProfileId": 1,
            "metadataProfileId": 2 if name == "albums" else 1,
            "rootFolderPath": "/music",
            "monitorNewItems": "none",
            "tags": [],
        }
        lidarr = f"{self.addresses['lidarr']}/api/v1/importlist"
        answer = httpx2.post(lidarr, json=body, headers={"X-Api-Key": KEY}, trust_env=False, timeout=30)
        assert answer.status_code == 201, answer.text


@contextlib.contextmanager
def outside(seed: int, *, artists: int = 3_000, owned: int = 60) -> Iterator[World]:
    """Lives as long as the context."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.outside", str(seed), str(artists), str(owned)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        world = World(json.loads(process.stdout.readline()))
        try:
            yield world
        finally:
            world.close()
            process.stdin.close()
            process.wait(20)

"""A configuration that keeps what it is told in memory and judges it as a start would."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from brainarr.errors import ConfigurationError, Fault
from brainarr.wiring.configuration import load_settings

KEYS = (
    "lidarr.url",
    "lidarr.api_key",
    "lidarr.verify_tls",
    "provider_chain",
    "recommend.target",
    "recommend.discovery",
    "recommend.approval",
    "recommend.strategy",
    "listenbrainz.enabled",
    "deezer.enabled",
    "server.external_url",
)


@dataclass(frozen=True)
class Setting:
    key: str
    value: Any
    is_set: bool
    locked: bool
    place: str


@dataclass
class Configuration:
    stored: dict[str, Any] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    """Key → the place where it is fixed."""

    async def read(self) -> tuple[Setting, ...]:
        loaded = load_settings(Path(), {}, self.stored).values
        return tuple(self._setting(loaded, key) for key in KEYS)

    async def change(
        self, values: Mapping[str, object], forget: Collection[str] = (), *, by: str = ""
    ) -> None:
        if faults := [
            Fault(key, self.locks[key], "nothing: it is fixed") for key in values if key in self.locks
        ]:
            raise ConfigurationError(faults)
        kept = {
            name: entry.get("api_key")
            for entry in self.stored.get("provider_chain", ())
            for name in [entry["name"]]
        }
        revealed = {key: _revealed(value, kept) for key, value in values.items()}
        stored = {**self.stored, **revealed}
        load_settings(Path(), {}, stored)
        self.stored = stored

    def _setting(self, loaded: Any, key: str) -> Setting:
        value: Any = loaded
        for name in key.split("."):
            value = getattr(value, name)
        is_set = key in self.stored or key in self.locks
        if key == "provider_chain":
            value = [_concealed(entry.model_dump(mode="json"), bool(entry.api_key)) for entry in value]
        if isinstance(value, SecretStr):
            value, is_set = None, True
        return Setting(key, value, is_set, key in self.locks, self.locks.get(key, ""))


def _concealed(entry: dict[str, Any], has_key: bool) -> dict[str, Any]:
    return {**entry, "api_key": f"unchanged:{entry['name']}" if has_key else None}


def _revealed(value: Any, kept: Mapping[str, str]) -> Any:
    if not isinstance(value, list):
        return value
    rows = [dict(row) for row in value]
    for row in rows:
        if str(row.get("api_key", "")).startswith("unchanged:"):
            row["api_key"] = kept[row["api_key"].partition(":")[2]]
        row.setdefault("name", row["kind"])
    return rows

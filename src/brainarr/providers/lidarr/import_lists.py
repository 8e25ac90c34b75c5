"""Lidarr's import lists that read this Brainarr: found, tested, made, changed, removed.

https://lidarr.audio/docs/api/#/ImportList
"""

from collections.abc import Mapping
from typing import Any, cast

from brainarr.domain.import_lists import Channel, Choices, ListFound, ListPlan, Terms, Unreached
from brainarr.errors import ProviderRejected
from brainarr.http import Http
from brainarr.pipeline.ports import ImportOptions
from brainarr.providers.lidarr.failures import explained
from brainarr.providers.lidarr.importing import choose_folder, choose_terms
from brainarr.providers.lidarr.notifications import LidarrWebhooks
from brainarr.providers.lidarr.reach import unreached
from brainarr.providers.lidarr.resources import ImportListRow, NamedProfile, RootFolder, SystemStatus, Tag
from brainarr.providers.lidarr.settings import LidarrSettings

_KINDS = {
    Channel.ALBUMS: ("LidarrImport", "LidarrSettings"),
    Channel.ARTISTS: ("CustomImport", "CustomSettings"),
}
"""Implementation and contract of each channel's list type."""

_CHANNELS = {implementation: channel for channel, (implementation, _) in _KINDS.items()}

NOTHING_PICKED: Mapping[str, list[Any]] = {"profileIds": [], "tagIds": [], "rootFolderPaths": []}
"""The filters of an albums list by which it takes a part of ours: all of it."""

# What Lidarr's test of a list says by these names is about reaching us; by any other, about the list itself.
_ABOUT_US = ("", "baseurl", "apikey")


class LidarrLists:
    """pipeline.ports: ImportLists. Every method raises ProviderError."""

    def __init__(self, settings: LidarrSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self.webhooks = LidarrWebhooks(http)

    async def version(self) -> str:
        return (await self._get("system/status", SystemStatus)).version[:40]

    async def read(self) -> tuple[ListFound, ...]:
        rows = await self._get("importlist", list[ImportListRow])
        return tuple(_found(row) for row in rows if row.implementation in _CHANNELS)

    async def choices(self) -> Choices:
        folders = await self._get("rootfolder", list[RootFolder])
        qualities = await self._get("qualityprofile", list[NamedProfile])
        metadata = await self._get("metadataprofile", list[NamedProfile])
        folder = choose_folder(self._http.provider, folders, self._settings.root_folder)
        return Choices(
            root_folders=tuple(folder.path for folder in folders),
            quality_profiles={profile.id: profile.name for profile in qualities},
            metadata_profiles={profile.id: profile.name for profile in metadata},
            suited={
                channel: choose_terms(
                    self._http.provider,
                    folder,
                    qualities,
                    metadata,
                    [],
                    ImportOptions(),
                    single_album=channel is Channel.ALBUMS,
                )
                for channel in Channel
            },
        )

    async def tag(self, label: str) -> int:
        # An existing label answers with the existing tag.
        with explained(self._http, "tag"):
            return (await self._http.post_json("tag", {"label": label}, shape=Tag)).id

    async def test(self, plan: ListPlan, number: int | None) -> Unreached | None:
        # Without its number, a list would clash with its own name.
        body = self._body(plan) | ({} if number is None else {"id": number})
        try:
            with explained(self._http, "importlist/test"):
                await self._http.post_json("importlist/test", body)
        except ProviderRejected as error:
            return unreached(error, _ABOUT_US)
        return None

    async def make(self, plan: ListPlan) -> None:
        with explained(self._http, "importlist"):
            await self._http.post_json("importlist", self._body(plan))

    async def change(self, number: int, plan: ListPlan) -> None:
        path = f"importlist/{number}"
        # All of a resource goes back, with what we know nothing of as it was.
        there = await self._get(path, dict[str, Any])
        body = there | self._body(plan, _picked(there))
        with explained(self._http, path):
            # Whoever could not be reached just now must be corrected all the same.
            await self._http.put_json(path, body, {"forceSave": "true"})

    async def readdress(self, number: int, address: str, key: str) -> None:
        path = f"importlist/{number}"
        there = await self._get(path, dict[str, Any])
        values = {"baseUrl": address, "apiKey": key}
        fields = [
            field | {"value": values[field["name"]]} if field.get("name") in values else field
            for field in _fields(there)
        ]
        with explained(self._http, path):
            await self._http.put_json(path, there | {"fields": fields}, {"forceSave": "true"})

    async def remove(self, number: int) -> None:
        try:
            with explained(self._http, "importlist"):
                await self._http.delete(f"importlist/{number}")
        except ProviderRejected as error:
            if error.status != 404:
                raise

    def _body(self, plan: ListPlan, picked: Mapping[str, Any] = NOTHING_PICKED) -> dict[str, Any]:
        self._http.hide(plan.key)
        return _body(plan, picked)

    async def _get(self, path: str, shape: Any) -> Any:
        with explained(self._http, path):
            return await self._http.get_json(path, shape=shape)


def _fields(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    fields = resource.get("fields")
    return cast("list[dict[str, Any]]", fields) if isinstance(fields, list) else []


def _picked(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Which parts of our list a person picked for it (domain.pickers)."""
    picked = {row.get("name"): row.get("value") for row in _fields(resource)}
    return {name: value for name in NOTHING_PICKED if isinstance(value := picked.get(name), list)}


def _body(plan: ListPlan, picked: Mapping[str, Any]) -> dict[str, Any]:
    implementation, contract = _KINDS[plan.channel]
    values: dict[str, Any] = {"baseUrl": plan.address}
    if plan.channel is Channel.ALBUMS:
        values |= {"apiKey": plan.key, **NOTHING_PICKED, **picked}
    return {
        "name": plan.name,
        "implementation": implementation,
        "configContract": contract,
        "enableAutomaticAdd": plan.enabled,
        "shouldMonitor": plan.monitor,
        "shouldMonitorExisting": plan.monitor_existing,
        "shouldSearch": plan.search,
        "monitorNewItems": plan.monitor_new,
        "rootFolderPath": plan.terms.root_folder,
        "qualityProfileId": plan.terms.quality_profile,
        "metadataProfileId": plan.terms.metadata_profile,
        "tags": list(plan.terms.tags),
        "fields": [{"name": name, "value": value} for name, value in values.items()],
    }


def _found(row: ImportListRow) -> ListFound:
    return ListFound(
        number=row.id,
        channel=_CHANNELS[row.implementation],
        name=row.name[:200],
        address=row.address,
        enabled=row.enable_automatic_add,
        monitor=row.should_monitor,
        monitor_new=row.monitor_new_items,
        monitor_existing=row.should_monitor_existing,
        search=row.should_search,
        terms=Terms(row.root_folder_path, row.quality_profile_id, row.metadata_profile_id, row.tags),
    )

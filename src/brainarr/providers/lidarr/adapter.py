"""The adapter to one Lidarr: reads its library, asks it whether an import would succeed, adds to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import msgspec

from brainarr.domain.import_lists import Terms
from brainarr.domain.lidarr_events import LidarrEvent
from brainarr.domain.list_syncs import ListSync
from brainarr.domain.music import Mbid, OwnedAlbum, OwnedArtist, parse_mbid
from brainarr.errors import ProviderRejected, UnreadableAnswer
from brainarr.http import Http, Params
from brainarr.pipeline.ports import ImportChoices, ImportOptions, Taken
from brainarr.providers.lidarr.failures import already_there, explained
from brainarr.providers.lidarr.history import read_history
from brainarr.providers.lidarr.import_lists import LidarrLists
from brainarr.providers.lidarr.importing import (
    album_body,
    artist_body,
    choose_folder,
    choose_terms,
    import_choices,
)
from brainarr.providers.lidarr.list_syncs import list_syncs
from brainarr.providers.lidarr.reading import read_albums, read_artist_batches
from brainarr.providers.lidarr.resources import (
    Command,
    Exclusion,
    ImportListRow,
    Known,
    ListedAlbum,
    NamedProfile,
    RootFolder,
    SystemStatus,
    Tag,
)
from brainarr.providers.lidarr.settings import LidarrSettings


class LidarrStatus(msgspec.Struct, frozen=True):
    """Which Lidarr it is."""

    version: str
    url_base: str
    """As Lidarr knows it: "" or "/lidarr"."""
    instance_name: str = "Lidarr"


class Lidarr:
    """One Lidarr (pipeline.ports: WatchedLibrary, Recipient, Importer). Every method raises ProviderError."""

    kind = "lidarr"

    def __init__(self, settings: LidarrSettings, http: Http) -> None:
        self.name = http.provider
        self._settings = settings
        self._http = http
        self.lists = LidarrLists(settings, http)

    async def status(self) -> LidarrStatus:
        row = await self._get("system/status", SystemStatus)
        if row.app_name != "Lidarr":
            raise ProviderRejected(
                self.name, f"this is {row.app_name[:40] or 'something else'}.", remedy="Check lidarr.url."
            )
        return LidarrStatus(row.version[:40], row.url_base[:200], row.instance_name[:100])

    async def check(self) -> str:
        status = await self.status()
        folder = choose_folder(self.name, await self._root_folders(), self._settings.root_folder)
        return f"Lidarr {status.version} answers; it keeps music in {folder.path[:200]}"

    async def read_artists(self) -> AsyncIterator[tuple[OwnedArtist, ...]]:
        with explained(self._http, "artist"):
            async with (
                self._http.stream("artist") as chunks,
                aclosing(read_artist_batches(chunks)) as batches,
            ):
                async for batch in batches:
                    yield batch

    async def read_albums(self, artist_id: int) -> tuple[OwnedAlbum, ...]:
        with explained(self._http, "album"):
            async with self._http.stream("album", {"artistId": artist_id}) as chunks:
                return await read_albums(chunks)

    async def read_exclusions(self) -> frozenset[Mbid]:
        rows = await self._get("importlistexclusion", list[Exclusion])
        return frozenset(mbid for row in rows if (mbid := parse_mbid(row.foreign_id)))

    async def exclude(self, mbid: Mbid, name: str) -> bool:
        try:
            await self._post("importlistexclusion", {"foreignId": mbid, "artistName": name})
        except ProviderRejected as error:
            # A second one of the same identifier is refused in words that differ from version to version.
            if error.status == 400 and mbid in await self.read_exclusions():
                return False
            raise
        return True

    async def lift_exclusion(self, mbid: Mbid) -> None:
        rows = await self._get("importlistexclusion", list[Exclusion])
        for row in rows:
            if row.id and parse_mbid(row.foreign_id) == mbid:
                with explained(self._http, "importlistexclusion"):
                    await self._http.delete(f"importlistexclusion/{row.id}")

    async def events_since(self, moment: datetime) -> tuple[LidarrEvent, ...]:
        asked = {
            "date": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "includeArtist": "true",
            "includeAlbum": "true",
        }
        with explained(self._http, "history/since"):
            async with self._http.stream("history/since", asked) as chunks:
                return await read_history(chunks)

    async def read_tags(self) -> Mapping[int, str]:
        return {row.id: row.label[:100] for row in await self._get("tag", list[Tag])}

    async def artist(self, mbid: Mbid) -> Mbid | None:
        rows = await self._get("artist/lookup", list[Known], {"term": f"lidarr:{mbid}"})
        return self._canonical(rows[0].foreign_artist_id) if rows else None

    async def album(self, mbid: Mbid) -> Mbid | None:
        rows = await self._get("album/lookup", list[Known], {"term": f"lidarr:{mbid}"})
        return self._canonical(rows[0].foreign_album_id) if rows else None

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        terms = await self._terms(options, single_album=False)
        try:
            await self._post("artist", artist_body(mbid, name, terms, options))
        except ProviderRejected as error:
            if not already_there(error):
                raise
            return Taken.KNOWN
        return Taken.ADDED

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        # The profile that takes nothing else would keep new releases out as well.
        terms = await self._terms(options, single_album=not options.new_releases)
        try:
            await self._post("album", album_body(album, artist, name, terms, options))
        except ProviderRejected as error:
            if not already_there(error):
                raise
            return await self._monitor(album, options)
        return Taken.ADDED

    async def choices(self) -> ImportChoices:
        folders = await self._root_folders()
        return import_choices(
            folders,
            choose_folder(self.name, folders, self._settings.root_folder),
            await self._get("qualityprofile", list[NamedProfile]),
            await self._get("metadataprofile", list[NamedProfile]),
            (await self.read_tags()).values(),
        )

    async def sync_lists(self, url_part: str) -> int:
        lists = [row.id for row in await self._get("importlist", list[ImportListRow]) if row.reads(url_part)]
        for definition in lists:
            await self._post("command", {"name": "ImportListSync", "definitionId": definition})
        return len(lists)

    async def read_list_syncs(self) -> tuple[ListSync, ...]:
        return list_syncs(await self._get("command", list[Command]))

    async def _monitor(self, album: Mbid, options: ImportOptions) -> Taken:
        """Lidarr lists an owned artist's albums whether wanted or not: this one is wanted now."""
        rows = await self._get("album", list[ListedAlbum], {"foreignAlbumId": album})
        ids = [row.id for row in rows]
        if not ids:
            message = "it says that it has the album, but does not list it."
            raise UnreadableAnswer(self.name, message, remedy="Refresh the artist in Lidarr.")
        with explained(self._http, "album/monitor"):
            await self._http.put_json("album/monitor", {"albumIds": ids, "monitored": True})
        if options.search:
            await self._post("command", {"name": "AlbumSearch", "albumIds": ids})
        return Taken.KNOWN if all(row.monitored for row in rows) else Taken.MONITORED

    async def _terms(self, options: ImportOptions, *, single_album: bool) -> Terms:
        folders = await self._root_folders()
        if options.root_folder is None:
            folder = choose_folder(self.name, folders, self._settings.root_folder)
        else:
            folder = choose_folder(self.name, folders, options.root_folder, remedy="Choose one of them.")
        return choose_terms(
            self.name,
            folder,
            await self._get("qualityprofile", list[NamedProfile]),
            await self._get("metadataprofile", list[NamedProfile]),
            [await self.lists.tag(label) for label in options.tags],
            options,
            single_album=single_album,
        )

    async def _root_folders(self) -> list[RootFolder]:
        return await self._get("rootfolder", list[RootFolder])

    def _canonical(self, text: str | None) -> Mbid:
        mbid = parse_mbid(text)
        if mbid is None:
            raise UnreadableAnswer(self.name, "its lookup answers without an identifier.")
        return mbid

    async def _get(self, path: str, shape: Any, params: Params | None = None) -> Any:
        with explained(self._http, path):
            return await self._http.get_json(path, params or {}, shape=shape)

    async def _post(self, path: str, body: dict[str, Any], shape: Any = Any) -> Any:
        with explained(self._http, path):
            return await self._http.post_json(path, body, shape=shape)

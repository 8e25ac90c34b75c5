"""Lidarr's resources as far as we read them.

Lidarr omits what is null; where other versions may not, None is allowed. Unknown members are ignored.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Id = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Resource(msgspec.Struct, rename="camel", gc=False):
    """Common to all: camelCase on the wire, unknown members ignored."""


class Ratings(Resource):
    votes: Count | None = None
    value: float | None = None


class Statistics(Resource):
    album_count: Count | None = None
    track_file_count: Count | None = None
    track_count: Count | None = None
    total_track_count: Count | None = None
    size_on_disk: Count | None = None


class LastAlbum(Resource):
    foreign_album_id: str | None = None
    release_date: str | None = None


class BareArtist(Resource):
    """Enough to know that it is owned."""

    id: Id
    artist_name: str | None = None
    foreign_artist_id: str | None = None


class Artist(BareArtist):
    genres: tuple[str, ...] | None = None
    ratings: Ratings | None = None
    added: datetime | None = None
    monitored: bool | None = None
    tags: tuple[Id, ...] | None = None
    statistics: Statistics | None = None
    last_album: LastAlbum | None = None
    path: str | None = None
    status: str | None = None
    """continuing, ended or deleted."""


class BareAlbum(Resource):
    id: Id
    title: str | None = None
    foreign_album_id: str | None = None


class Album(BareAlbum):
    release_date: str | None = None
    album_type: str | None = None
    secondary_types: tuple[str, ...] | None = None
    monitored: bool | None = None
    statistics: Statistics | None = None


class SystemStatus(Resource):
    app_name: str = ""
    instance_name: str = ""
    version: str = ""
    url_base: str = ""


class Exclusion(Resource):
    foreign_id: str | None = None
    id: Id = 0


class BareHistoryRow(Resource):
    id: Id


class HistoryRow(BareHistoryRow):
    event_type: str | int | None = None
    date: datetime | None = None
    source_title: str | None = None
    download_id: str | None = None
    data: dict[str, Any] | None = None
    artist: BareArtist | None = None
    album: BareAlbum | None = None


class Tag(Resource):
    id: Id
    label: str = ""


class Known(Resource):
    """A row of a lookup: the canonical identifier of what was asked for."""

    foreign_artist_id: str | None = None
    foreign_album_id: str | None = None


class Image(Resource):
    cover_type: str = ""
    """poster, cover, headshot, fanart, banner, logo, …"""
    remote_url: str | None = None


class Pictured(Resource):
    """A row of a lookup with its pictures; `id` is 0 for what Lidarr does not hold."""

    id: Id = 0
    images: tuple[Image, ...] | None = None


class ListedAlbum(Resource):
    id: Id
    monitored: bool = False


class Field(Resource):
    name: str = ""
    value: Any = None


class ImportListRow(Resource):
    id: Id
    fields: tuple[Field, ...] = ()
    name: str = ""
    implementation: str = ""
    enable_automatic_add: bool = False
    should_monitor: str = "none"
    should_monitor_existing: bool = False
    should_search: bool = False
    monitor_new_items: str = "all"
    root_folder_path: str = ""
    quality_profile_id: int = 0
    metadata_profile_id: int = 0
    tags: tuple[int, ...] = ()

    @property
    def address(self) -> str:
        """Where it reads; "": a list type that has no address."""
        values = (field.value for field in self.fields if field.name == "baseUrl")
        return next((value[:2_000] for value in values if isinstance(value, str)), "")

    def reads(self, url_part: str) -> bool:
        """Whether its address has `url_part` as whole steps of its path: /lists/a is no part of /lists/ab."""
        path = self.address.partition("?")[0].partition("#")[0]
        return f"{url_part.rstrip('/')}/" in f"{path.rstrip('/')}/"


class NotificationRow(Resource):
    """A notification, or a kind of one that the schema offers."""

    id: Id = 0
    name: str = ""
    implementation: str = ""
    fields: tuple[Field, ...] = ()
    tags: tuple[int, ...] = ()
    on_grab: bool = False
    on_release_import: bool = False
    on_upgrade: bool = False
    on_download_failure: bool = False
    on_import_failure: bool = False
    on_artist_add: bool = False
    on_artist_delete: bool = False
    on_album_delete: bool = False
    on_health_issue: bool = False
    on_health_restored: bool = False
    on_application_update: bool = False

    def value(self, name: str) -> Any:
        """Of a field; None where it has none, too."""
        return next((field.value for field in self.fields if field.name == name), None)


class RootFolder(Resource):
    path: str
    default_quality_profile_id: int = 0
    default_metadata_profile_id: int = 0
    default_tags: tuple[int, ...] = ()
    accessible: bool = True
    free_space: int | None = None


class NamedProfile(Resource):
    id: Id
    name: str = ""


class Command(Resource):
    """Something that Lidarr was asked to do, or does by itself."""

    id: Id
    name: str = ""
    status: str = ""
    """queued, started, completed, failed, aborted, cancelled or orphaned."""
    started: datetime | None = None
    ended: datetime | None = None
    message: str | None = None
    exception: str | None = None
    """Of a failed one, with its stack."""

"""Import lists as they stand in a Lidarr, and as they should."""

from enum import StrEnum

import msgspec


class Channel(StrEnum):
    """Which of a list's two feeds Lidarr reads, each through a list type of its own."""

    ALBUMS = "albums"
    """The "Lidarr" list: single albums."""
    ARTISTS = "artists"
    """The Custom List."""


class ListMonitor(StrEnum):
    """What Lidarr monitors of what a list names (its `shouldMonitor`)."""

    NONE = "none"
    SPECIFIC_ALBUM = "specificAlbum"
    ENTIRE_ARTIST = "entireArtist"


class MonitorNew(StrEnum):
    """What it monitors of what such artists release later (its `monitorNewItems`)."""

    ALL = "all"
    NONE = "none"
    NEW = "new"


class Terms(msgspec.Struct, frozen=True):
    """Where and as what something is taken in, as Lidarr numbers it."""

    root_folder: str
    quality_profile: int
    metadata_profile: int
    tags: tuple[int, ...]


class Choices(msgspec.Struct, frozen=True):
    """What a list can be given in this Lidarr, and what suits each channel."""

    root_folders: tuple[str, ...]
    quality_profiles: dict[int, str]
    metadata_profiles: dict[int, str]
    suited: dict[Channel, Terms]


class ListPlan(msgspec.Struct, frozen=True, kw_only=True):
    """An import list as it should stand in Lidarr."""

    channel: Channel
    name: str
    """Unique in Lidarr."""
    address: str
    """What Lidarr fetches; of artists with the key in its query."""
    key: str
    """The feed key; of albums it is sent in a header."""
    enabled: bool
    """Off: Lidarr fetches the list and adds nothing."""
    monitor: ListMonitor
    monitor_new: MonitorNew
    monitor_existing: bool
    """Whether that goes for what Lidarr lists already, too."""
    search: bool
    """Whether Lidarr looks for a download at once."""
    terms: Terms


class ListFound(msgspec.Struct, frozen=True, kw_only=True):
    """An import list that a Lidarr has. Its key is not readable there."""

    number: int
    channel: Channel
    name: str
    address: str
    enabled: bool
    monitor: str
    monitor_new: str
    monitor_existing: bool
    search: bool
    terms: Terms


class State(StrEnum):
    """How something of ours stands in a Lidarr."""

    MISSING = "missing"
    SET_UP = "set up"
    DIFFERS = "differs"


WHOLE_LISTS = (2, 10, 0, 4574)
"""The first Lidarr that takes more than the first artist of a Custom List (Lidarr #5399)."""


def is_outdated(version: str) -> bool:
    """Whether a Lidarr is too old for a list of artists; a version that says nothing is not."""
    numbers = [int(part) for part in version.split(".") if part.isascii() and part.isdecimal()]
    return bool(numbers) and tuple(numbers) < WHOLE_LISTS


def version_warning(version: str) -> str:
    """What a Lidarr of this version cannot do, and what to do about it; "": nothing."""
    if not is_outdated(version):
        return ""
    needed = ".".join(map(str, WHOLE_LISTS))
    return f"Lidarr {version} takes only the first artist of a list; albums work. Update it to {needed}."


class Unreached(msgspec.Struct, frozen=True):
    """Lidarr tested a list and could not read it."""

    said: str
    """By Lidarr, one line."""
    remedy: str

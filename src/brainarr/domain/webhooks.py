"""The webhook by which a Lidarr tells us what happens there: as it stands, and as it should."""

from enum import StrEnum

import msgspec

from brainarr.domain.addresses import host_and_path, without_query


class Switch(StrEnum):
    """What Lidarr tells of, by the names of its switches (contract C.4).

    Renamed and retagged files say nothing of what became of a recommendation: those switches stay as a person
    has them.
    """

    GRAB = "onGrab"
    RELEASE_IMPORT = "onReleaseImport"
    UPGRADE = "onUpgrade"
    DOWNLOAD_FAILURE = "onDownloadFailure"
    IMPORT_FAILURE = "onImportFailure"
    ARTIST_ADD = "onArtistAdd"
    ARTIST_DELETE = "onArtistDelete"
    ALBUM_DELETE = "onAlbumDelete"
    HEALTH_ISSUE = "onHealthIssue"
    HEALTH_RESTORED = "onHealthRestored"
    APPLICATION_UPDATE = "onApplicationUpdate"


class WebhookPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it should stand in Lidarr."""

    name: str
    """Unique in Lidarr."""
    address: str
    key: str
    """What it shows us, in a header; in an old Lidarr that has no headers, as a Basic password."""
    enabled: bool
    """Off: it is there, with every switch off, and tells nothing."""


class WebhookFound(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that a Lidarr has."""

    number: int
    name: str
    address: str
    key: str | None
    """What it shows in its header; None: a password, which Lidarr shows nobody."""
    told: frozenset[Switch]
    tags: tuple[int, ...]

    @property
    def enabled(self) -> bool:
        return bool(self.told)


def webhook_differences(found: WebhookFound, plan: WebhookPlan) -> tuple[str, ...]:
    """What keeps it from telling us what it should, each in words."""
    said: list[str] = []
    if host_and_path(found.address) != host_and_path(plan.address):
        said.append(f"it tells {without_query(found.address)}, not {plan.address}")
    if found.key is not None and found.key != plan.key:
        said.append("it has an old key, or another one" if found.key else "it shows no key")
    if not found.enabled:
        said.append("all its events are off, so it tells nothing")
    elif silent := [event.removeprefix("on") for event in Switch if event not in found.told]:
        said.append(f"it does not tell of {', '.join(silent)}")
    if found.tags:
        said.append("it has tags, so it tells only of artists that carry one of them")
    return tuple(said)

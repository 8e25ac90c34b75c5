"""How an artist or album is added: under which folder, profiles and tags, and the bodies Lidarr wants."""

from collections.abc import Sequence
from typing import Any

from brainarr.domain.import_lists import Terms
from brainarr.domain.music import Mbid
from brainarr.errors import ProviderRejected
from brainarr.pipeline.ports import ImportOptions
from brainarr.providers.lidarr.resources import NamedProfile, RootFolder

TAKES_NOTHING = "none"
"""Name (in lower case) of Lidarr's built-in metadata profile that keeps an artist's other albums out."""

_WANTS_NEW_RELEASES = ("all", "future", "missing")


def choose_folder(provider: str, folders: Sequence[RootFolder], wanted: str | None) -> RootFolder:
    """The folder the user wants, or else the usable one with the most free space; raises ProviderRejected."""
    if wanted is not None:
        named = [folder for folder in folders if folder.path.rstrip("/\\") == wanted.rstrip("/\\")]
        if not named:
            known = ", ".join(folder.path[:200] for folder in folders[:10]) or "none"
            message = f"it has no root folder {wanted} (it has: {known})."
            raise ProviderRejected(provider, message, remedy="Correct lidarr.root_folder.")
        return named[0]
    usable = [folder for folder in folders if folder.accessible]
    if not usable:
        message = "it has no root folder that it can write to."
        remedy = "Add one in Lidarr under Settings > Media Management."
        raise ProviderRejected(provider, message, remedy=remedy)
    return max(usable, key=lambda folder: folder.free_space or 0)


def choose_terms(
    provider: str,
    folder: RootFolder,
    qualities: Sequence[NamedProfile],
    metadata: Sequence[NamedProfile],
    tags: Sequence[int],
    *,
    single_album: bool,
) -> Terms:
    """The folder's own defaults where they exist. For a single album the profile that takes nothing else.

    Raises ProviderRejected when Lidarr has no profile at all.
    """
    if not qualities or not metadata:
        raise ProviderRejected(
            provider,
            "it has no quality or no metadata profile.",
            remedy="Add one in Lidarr under Settings > Profiles.",
        )
    nothing = [profile.id for profile in metadata if profile.name.lower() == TAKES_NOTHING]
    something = [profile.id for profile in metadata if profile.id not in nothing]
    if single_album and nothing:
        metadata_profile = nothing[0]
    elif folder.default_metadata_profile_id in something:
        metadata_profile = folder.default_metadata_profile_id
    else:
        metadata_profile = (something or nothing)[0]
    quality_ids = [profile.id for profile in qualities]
    default = folder.default_quality_profile_id
    return Terms(
        root_folder=folder.path,
        quality_profile=default if default in quality_ids else quality_ids[0],
        metadata_profile=metadata_profile,
        tags=tuple(sorted({*folder.default_tags, *tags})),
    )


def artist_body(mbid: Mbid, name: str, terms: Terms, options: ImportOptions) -> dict[str, Any]:
    """For `POST /artist`."""
    wants_new = options.monitor in _WANTS_NEW_RELEASES
    return _artist(mbid, name, terms, monitor_new="all" if wants_new else "none") | {
        "addOptions": {
            "monitor": options.monitor,
            "albumsToMonitor": [],
            "searchForMissingAlbums": options.search,
        }
    }


def album_body(album: Mbid, artist: Mbid, name: str, terms: Terms, options: ImportOptions) -> dict[str, Any]:
    """For `POST /album`: this album of the artist and no other, now or later."""
    return {
        "foreignAlbumId": album,
        "monitored": True,
        "anyReleaseOk": True,
        "addOptions": {"searchForNewAlbum": options.search},
        "artist": _artist(artist, name, terms, monitor_new="none")
        # `albumsToMonitor` overrides `monitor`; "none" would leave the artist unmonitored.
        | {"addOptions": {"monitor": "all", "albumsToMonitor": [album], "searchForMissingAlbums": False}},
    }


def _artist(mbid: Mbid, name: str, terms: Terms, *, monitor_new: str) -> dict[str, Any]:
    return {
        "artistName": name,
        "foreignArtistId": mbid,
        "qualityProfileId": terms.quality_profile,
        "metadataProfileId": terms.metadata_profile,
        "rootFolderPath": terms.root_folder,
        "monitored": True,
        "monitorNewItems": monitor_new,
        "tags": list(terms.tags),
    }

"""How an artist or album is added: under which folder, profiles and tags, and the bodies Lidarr wants."""

from collections.abc import Iterable, Sequence
from typing import Any

from brainarr.domain.import_lists import Terms
from brainarr.domain.music import Mbid
from brainarr.errors import ProviderRejected
from brainarr.pipeline.ports import ImportChoices, ImportOptions, RootFolderChoice
from brainarr.providers.lidarr.resources import NamedProfile, RootFolder

TAKES_NOTHING = "none"
"""Name (in lower case) of Lidarr's built-in metadata profile that keeps an artist's other albums out."""

_WANTS_NEW_RELEASES = ("all", "future", "missing")


def choose_folder(
    provider: str,
    folders: Sequence[RootFolder],
    wanted: str | None,
    *,
    remedy: str = "Correct lidarr.root_folder.",
) -> RootFolder:
    """The folder the user wants, or else the usable one with the most free space; raises ProviderRejected."""
    if wanted is not None:
        named = [folder for folder in folders if folder.path.rstrip("/\\") == wanted.rstrip("/\\")]
        if not named:
            known = ", ".join(folder.path[:200] for folder in folders[:10]) or "none"
            message = f"it has no root folder {wanted[:200]} (it has: {known})."
            raise ProviderRejected(provider, message, remedy=remedy)
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
    options: ImportOptions,
    *,
    single_album: bool,
) -> Terms:
    """What `options` name, else the folder's own defaults where they exist. For a single album the profile
    that takes nothing else.

    Raises ProviderRejected when Lidarr has no profile at all, or not the one that is named.
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
    quality_profile = default if default in quality_ids else quality_ids[0]
    return Terms(
        root_folder=folder.path,
        quality_profile=_named(provider, "quality", qualities, options.quality_profile) or quality_profile,
        metadata_profile=_named(provider, "metadata", metadata, options.metadata_profile) or metadata_profile,
        tags=tuple(sorted({*folder.default_tags, *tags})),
    )


def _named(provider: str, kind: str, known: Sequence[NamedProfile], wanted: int | None) -> int | None:
    if wanted is None or any(profile.id == wanted for profile in known):
        return wanted
    names = ", ".join(profile.name[:60] for profile in known[:10])
    raise ProviderRejected(
        provider,
        f"it has no {kind} profile {wanted} (it has: {names}).",
        remedy="Choose another one; it may have been deleted in Lidarr meanwhile.",
    )


def import_choices(
    folders: Sequence[RootFolder],
    taken: RootFolder,
    qualities: Sequence[NamedProfile],
    metadata: Sequence[NamedProfile],
    tags: Iterable[str],
) -> ImportChoices:
    """`taken`: the folder for whoever names none, which comes first."""
    usable = [taken, *(folder for folder in folders if folder.accessible and folder is not taken)]
    return ImportChoices(
        folders=tuple(
            RootFolderChoice(
                folder.path[:1_000],
                folder.free_space,
                folder.default_quality_profile_id,
                folder.default_metadata_profile_id,
            )
            for folder in usable
        ),
        qualities=tuple((profile.id, profile.name[:100]) for profile in qualities),
        metadata=tuple((profile.id, profile.name[:100]) for profile in metadata),
        tags=tuple(sorted(tags)),
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
    """For `POST /album`: of the artist this album and those beside it; others only if new releases are
    wanted."""
    return {
        "foreignAlbumId": album,
        "monitored": True,
        "anyReleaseOk": True,
        "addOptions": {"searchForNewAlbum": options.search},
        "artist": _artist(artist, name, terms, monitor_new="all" if options.new_releases else "none")
        | {
            "addOptions": {
                # `albumsToMonitor` overrides `monitor`; "none" would leave the artist unmonitored.
                "monitor": "all",
                "albumsToMonitor": [album, *(other for other in options.beside if other != album)],
                "searchForMissingAlbums": False,
            }
        },
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

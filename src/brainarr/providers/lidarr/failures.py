"""What Lidarr's refusals mean for its owner, and what to do about each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Redirected,
    UnreadableAnswer,
    redact,
)
from brainarr.http import Http, excerpt
from brainarr.providers.lidarr.settings import API

ALREADY_THERE = ("ArtistExistsValidator", "AlbumExistsValidator")

_CHECK_ADDRESS = "Check lidarr.url: host, port and URL base. A proxy's sign-in page may stand in front of it."
_COPY_KEY = "Copy it from Settings > General > Security in Lidarr into lidarr.api_key."
_ROOT_FOLDER = "Set lidarr.root_folder to one of Lidarr's root folders (Settings > Media Management)."
_REMEDIES = {
    "rootfolderpath": _ROOT_FOLDER,
    "path": _ROOT_FOLDER,
    "qualityprofileid": "Give the root folder a default quality profile in Lidarr.",
    "metadataprofileid": "Give the root folder a default metadata profile in Lidarr.",
    "foreignartistid": "Lidarr's metadata does not know the artist yet: it follows MusicBrainz by some days.",
    "foreignalbumid": "Lidarr's metadata does not know the album yet: it follows MusicBrainz by some days.",
}
_TAKEN_FOLDER = (
    "Another artist has this folder in Lidarr, perhaps one of the same name: give that one another folder."
)
_REMEDIES_BY_CODE = {
    "ArtistPathValidator": _TAKEN_FOLDER,
    "ArtistAncestorValidator": _TAKEN_FOLDER,
}
"""Where the rule that was broken says more than the property that it is about."""


@contextmanager
def explained(http: Http, path: str) -> Iterator[None]:
    """Turns what HTTP says about `path` ("artist", "album/lookup") into what it means in Lidarr.

    Of the errors that come out, only a ProviderRejected of status 400 is about the thing sent; the others are
    about the address, the key, or a service that is away.
    """
    try:
        yield
    except ProviderError as error:
        raise _in_lidarrs_terms(error, http, path) from error


def already_there(error: ProviderRejected) -> bool:
    """Whether Lidarr refused only because it has the artist or album already."""
    return error.status == 409 or any(row.get("errorCode") in ALREADY_THERE for row in validations(error))


def _in_lidarrs_terms(error: ProviderError, http: Http, path: str) -> ProviderError:
    address = http.base_url.removesuffix(API)
    match error:
        case Redirected():
            return _redirected(error, http, path)
        case MissingResource():
            message = f"there is no Lidarr API at {address}."
            return ProviderRejected(http.provider, message, remedy=_CHECK_ADDRESS, status=404)
        case ProviderRejected(status=401 | 403):
            message = "it refuses the API key."
            return ProviderRejected(http.provider, message, remedy=_COPY_KEY, status=error.status)
        case ProviderRejected(status=400 | 409):
            return _refused(error)
        case ProviderUnavailable(status=503):
            away = (
                "its metadata server is away"
                if path.endswith("lookup")
                else "it, or its metadata server, is not ready"
            )
            return ProviderUnavailable(
                http.provider,
                f"{away} (503).",
                remedy="Nothing needs to be done unless it lasts: it is tried again later.",
                retry_after=error.retry_after,
                status=503,
            )
        case UnreadableAnswer() if error.excerpt.startswith("<"):
            message = f"{address} answers with a web page instead of Lidarr's data."
            return UnreadableAnswer(http.provider, message, excerpt=error.excerpt, remedy=_CHECK_ADDRESS)
    return error


def _redirected(error: Redirected, http: Http, path: str) -> ProviderRejected:
    """Lidarr sends who left out its URL base there (307); others redirect to https or to a sign-in page."""
    parts = urlsplit(http.base_url.removesuffix(API))
    wanted = error.location.removesuffix(f"{API}/{path}")
    if wanted == error.location:
        message, remedy = "something redirects us to a page that is not Lidarr's.", _CHECK_ADDRESS
    elif wanted == parts.path:
        message, remedy = "its address redirects elsewhere.", "Does lidarr.url have to begin with https://?"
    else:
        base = excerpt(wanted.removesuffix(parts.path).encode(), 100)
        message = f"lidarr.url lacks Lidarr's URL base {base}."
        remedy = f"Set lidarr.url to {parts.scheme}://{parts.netloc}{base}"
    return ProviderRejected(http.provider, message, remedy=remedy, status=error.status)


def _refused(error: ProviderRejected) -> ProviderRejected:
    """A 400: Lidarr's validation errors in its own words, with the setting that cures each."""
    rows = validations(error)
    if not rows:
        return error
    said = "; ".join(f"{told(row, 'propertyName')}: {told(row, 'errorMessage')}" for row in rows[:5])
    cures = map(_cure, rows)
    return ProviderRejected(
        error.provider,
        f"it refuses ({said.rstrip('.')}).",
        remedy=" ".join(dict.fromkeys(cure for cure in cures if cure)),
        status=error.status,
        body=error.body,
    )


def _cure(row: dict[str, Any]) -> str:
    by_code = _REMEDIES_BY_CODE.get(told(row, "errorCode"))
    return by_code or _REMEDIES.get(told(row, "propertyName").rpartition(".")[2].lower(), "")


def validations(error: ProviderRejected) -> list[dict[str, Any]]:
    """The rows of a 400: each names a property (`propertyName`) and what is wrong (`errorMessage`)."""
    return [row for row in error.body if isinstance(row, dict)] if isinstance(error.body, list) else []


def told(row: dict[str, Any], key: str) -> str:
    """What a row of a 400 says by that key: bounded, one line, without secrets, without a full stop."""
    return redact(excerpt(str(row.get(key, "")).encode("utf-8", "replace"), 200)).strip(" .")

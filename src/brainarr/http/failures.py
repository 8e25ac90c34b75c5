"""What a refusal or a lost connection means, and what the user can do about it."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2

from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Redirected,
    redact,
)
from brainarr.http.answers import excerpt


def shown(url: str) -> str:
    """An address for people: without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def refused(
    provider: str, asked: str, address: str, status: int, headers: Mapping[str, str], body: object
) -> ProviderError:
    """What an answer of `status` 300 or above to `asked` ("GET /artist") stands for.

    `body` is its decoded JSON, or None where it had none.
    """
    what = f"{asked} answered {status}"
    if status < 400:
        location = _path_of(headers.get("Location", ""))
        return Redirected(
            provider,
            f"{what}, a redirect to {excerpt(location.encode(), 200) or 'nowhere'}.",
            location=location,
            status=status,
            remedy=f"Correct its address in the settings; it is now {address}.",
        )
    if status == 404:
        return MissingResource(provider, f"{what}: there is no such thing.")
    if status in (408, 425, 429) or status >= 500:
        pause = retry_after(headers)
        return ProviderUnavailable(provider, f"{what}{said(body)}.", retry_after=pause, status=status)
    if status in (401, 403):
        # The body is not shown: services echo the key they refuse.
        remedy = f"Check the key or token of {provider} in the settings."
        return ProviderRejected(provider, f"{what}.", remedy=remedy, status=status, body=body)
    return ProviderRejected(provider, f"{what}{said(body)}.", status=status, body=body)


def forbidden(provider: str, address: str, where: str) -> ProviderRejected:
    """What an address stands for that leads to `where`, to which nobody may be led."""
    return ProviderRejected(
        provider,
        f"{address} leads to {where}, which is not spoken to.",
        remedy="Correct its address in the settings.",
    )


def unreachable(provider: str, address: str, timeout: float, error: Exception) -> ProviderError:
    """What a request that brought no answer at all stands for."""
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        remedy = "It must look like http://host:port or https://host."
        return ProviderRejected(provider, f"{address} is not a usable address.", remedy=remedy)
    if isinstance(error, httpx2.LocalProtocolError):
        remedy = "Enter it again, without line breaks."
        return ProviderRejected(provider, "its key holds characters that HTTP cannot carry.", remedy=remedy)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ProviderRejected(
            provider,
            f"the certificate of {address} is not trusted.",
            remedy="Install its authority's certificate, or turn verify_tls off for this address.",
        )
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        message = f"no answer within {timeout:g} s."
    else:
        message = f"no connection to {address} ({excerpt(str(error).encode(), 120)})."
    return ProviderUnavailable(
        provider,
        message,
        remedy=f"Is {address} running and reachable?",
        reached=not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds named by Retry-After, as a number or as a date relative to the server's own `Date`; else by
    X-RateLimit-Reset-In, which ListenBrainz sends instead.

    https://listenbrainz.readthedocs.io/en/latest/users/api/index.html#rate-limiting
    """
    given = (headers.get("Retry-After") or headers.get("X-RateLimit-Reset-In", "")).strip()
    if given.isascii() and given.isdecimal():
        return float(given[:9])
    try:
        pause = parsedate_to_datetime(given) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, pause.total_seconds())


def _path_of(location: str) -> str:
    try:
        return urlsplit(location).path
    except ValueError:
        return ""


def said(body: object) -> str:
    """What a JSON error body says in words, bounded and without secrets; empty when it says nothing."""
    if not isinstance(body, dict):
        return ""
    for key in ("message", "error", "detail", "title"):
        text = body.get(key)
        if isinstance(text, dict):
            # {"error": {"message": …}}, as OpenAI and all who imitate it have it.
            text = text.get("message")
        if isinstance(text, str) and text:
            return f": {redact(excerpt(text.encode('utf-8', 'replace'), 200)).rstrip('.')}"
    return ""

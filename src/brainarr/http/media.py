"""Pictures and sounds from addresses that a service named in its answer."""

from contextlib import aclosing
from urllib.parse import urlsplit

from brainarr.domain.media import MOST_BYTES, Picture, Sound, picture_type, sound_type
from brainarr.errors import MissingResource, ProviderRejected, UnreadableAnswer
from brainarr.http.answers import excerpt
from brainarr.http.client import Http
from brainarr.http.guard import Resolve, resolve_by_system

PICTURES = "image/webp, image/jpeg, image/png, image/gif"
SOUNDS = "audio/mpeg, audio/mp4"
SLOWEST_S = 20.0


class Media:
    """Fetches what answers of `provider` name, from the public internet alone.

    `home` is the provider's configured address: what lies on that very host and port is its own, wherever
    that is. Every method raises ProviderError; what is no picture or sound is an UnreadableAnswer.
    """

    def __init__(self, provider: str, home: str, *, resolve: Resolve = resolve_by_system) -> None:
        self._provider = provider
        self._home = _origin(home)
        self._resolve = resolve

    async def picture(self, address: str) -> Picture:
        return read_picture(self._provider, await self._fetch(address, PICTURES))

    async def sound(self, address: str) -> Sound:
        content = await self._fetch(address, SOUNDS)
        media_type = sound_type(content)
        if media_type is None:
            raise _other(self._provider, "a sound", content)
        return Sound(content, media_type)

    async def _fetch(self, address: str, accept: str) -> bytes:
        origin = _origin(address)
        if origin is None:
            raise UnreadableAnswer(self._provider, "it names an address that cannot be used.")
        http = Http(
            self._provider,
            address,
            timeout=SLOWEST_S,
            max_body=MOST_BYTES,
            attempts=2,
            public_only=origin != self._home,
            resolve=self._resolve,
        )
        async with aclosing(http):
            try:
                return await http.get_bytes("", accept=accept)
            except ProviderRejected as error:
                # Its address is none of the user's settings, so there is nothing to correct.
                raise MissingResource(
                    self._provider, f"{urlsplit(address).hostname}: {_said(error)}"
                ) from error


def read_picture(provider: str, content: bytes) -> Picture:
    """Raises UnreadableAnswer for what is none."""
    media_type = picture_type(content)
    if media_type is None:
        raise _other(provider, "a picture", content)
    return Picture(content, media_type)


def _other(provider: str, wanted: str, content: bytes) -> UnreadableAnswer:
    return UnreadableAnswer(
        provider, f"something else than {wanted} came.", excerpt=excerpt(content) if content else ""
    )


def _said(error: ProviderRejected) -> str:
    return error.message.removeprefix(f"{error.provider}: ")


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)

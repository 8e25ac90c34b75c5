"""The client of one remote service."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import cache
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies

# httpx2 would have anyio import this within the first request: 20 ms in which the event loop stands still.
import anyio._backends._asyncio  # noqa: F401
import httpx2
import msgspec
import stamina

from brainarr import __version__, metrics
from brainarr.errors import HIDDEN, ProviderError, ProviderUnavailable, UnreadableAnswer, looks_secret
from brainarr.http.answers import decode_json, excerpt
from brainarr.http.failures import forbidden, refused, shown, unreachable
from brainarr.http.guard import ForbiddenAddress, GuardedTransport, Reach, Resolve, resolve_by_system
from brainarr.pipeline.ports import Reserve

LONGEST_WAIT_S = 30.0
"""A Retry-After beyond this is not slept through: it is handed to the caller as `retry_after`."""

MAX_REDIRECTS = 3
MAX_ERROR_BODY = 64 * 1024

Params = Mapping[str, str | int | float | bool | Sequence[str]]
NO_PARAMS: Params = MappingProxyType({})
T = TypeVar("T")


class Http:
    """A client of one remote service.

    Every call raises ProviderUnavailable (it may work later; the retries are spent), ProviderRejected (the
    user must act; `body` has the JSON of a refusal), MissingResource (404) or UnreadableAnswer. Only what may
    be repeated without harm is tried again: GET, PUT, DELETE, and a POST that says it is `repeatable`.

    `timeout` bounds a whole exchange in seconds, except for `stream`, where it bounds each silence;
    `connect_timeout` bounds its beginning, the connection; `max_body` bounds a decoded answer in bytes;
    `requests_per_second` spaces the requests of all concurrent callers, retries included (waiting for one's
    turn is no part of `timeout`); `reserve`, where set, spaces them with those of other processes. Of
    redirects only those within the same host are followed, and only if told so. No error shows one of
    `secrets`, whatever the server says.

    `public_only` is for addresses that somebody else named: it speaks to the public internet alone, follows
    redirects there, and takes no secrets, which would go along. `resolve` finds the addresses of a name then.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        timeout: float = 30.0,
        connect_timeout: float | None = None,
        verify: bool = True,
        requests_per_second: float | None = None,
        max_body: int = 16 * 2**20,
        attempts: int = 3,
        follow_redirects_same_host: bool = False,
        secrets: Collection[str] = (),
        public_only: bool = False,
        resolve: Resolve = resolve_by_system,
    ) -> None:
        if public_only and (secrets or headers):
            raise ValueError("what goes to addresses of others carries no secrets and no headers")
        self.provider = provider
        self.base_url = base_url
        self._shown = shown(base_url)
        self._timeout = timeout
        self._connect_timeout = min(connect_timeout or timeout, timeout)
        self._interval = 1 / requests_per_second if requests_per_second else 0.0
        self._free_at = 0.0
        self.reserve: Reserve | None = None
        self._max_body = max_body
        self._attempts = attempts
        self._redirects = MAX_REDIRECTS if follow_redirects_same_host or public_only else 0
        self._public_only = public_only
        # What a secret header carries is one, whoever forgot to say so; "Bearer" before it is none.
        carried = [value.rpartition(" ")[2] for name, value in headers.items() if looks_secret(name)]
        self._secrets = tuple(dict.fromkeys(secret for secret in (*secrets, *carried) if secret))
        # A proxy from the environment is for the outside world; where it connects to is its own affair.
        proxied = bool(getproxies().keys() & {"http", "https", "all"}) and not _is_loopback(base_url)
        reach = Reach.PUBLIC if public_only else Reach.CONFIGURED
        self._client = httpx2.AsyncClient(
            headers={"User-Agent": f"Brainarr/{__version__}", "Accept": "application/json", **headers},
            timeout=httpx2.Timeout(timeout, connect=self._connect_timeout),
            verify=_trust(verify),
            trust_env=proxied,
            transport=None
            if proxied and not public_only
            else GuardedTransport(reach, resolve, verify=_trust(verify)),
        )

    def hide(self, *secrets: str) -> None:
        """From now on no error of this client shows these: what it is about to carry in bodies."""
        self._secrets = tuple(dict.fromkeys((*self._secrets, *filter(None, secrets))))

    async def get_json(self, path: str, params: Params = NO_PARAMS, *, shape: Any = Any) -> Any:
        """The decoded answer, validated against `shape` (a msgspec type) where given; None for a 204."""
        return await self._retried(lambda: self._exchange("GET", path, params, None, shape))

    async def get_bytes(self, path: str, params: Params = NO_PARAMS, *, accept: str) -> bytes:
        """The body as it is, at most `max_body` of it. `accept`: the media types asked for; what comes may be
        anything, so look at it."""

        async def ask() -> bytes:
            return (await self._whole("GET", path, params, None, accept))[1]

        return await self._retried(ask)

    async def post_json(
        self, path: str, body: Any, params: Params = NO_PARAMS, *, shape: Any = Any, repeatable: bool = False
    ) -> Any:
        """The decoded answer; None for an empty one. `repeatable`: a question that merely needs a body."""
        return await self._retried(
            lambda: self._exchange("POST", path, params, body, shape), repeatable=repeatable
        )

    async def post_form(self, path: str, fields: Mapping[str, str], *, shape: Any = Any) -> Any:
        """The decoded answer to what a form would send; never repeated."""
        return await self._retried(
            lambda: self._exchange("POST", path, NO_PARAMS, _Form(urlencode(fields).encode()), shape),
            repeatable=False,
        )

    async def put_json(self, path: str, body: Any, params: Params = NO_PARAMS, *, shape: Any = Any) -> Any:
        return await self._retried(lambda: self._exchange("PUT", path, params, body, shape))

    async def delete(self, path: str, params: Params = NO_PARAMS) -> None:
        await self._retried(lambda: self._exchange("DELETE", path, params, None, Any))

    @asynccontextmanager
    async def stream(self, path: str, params: Params = NO_PARAMS) -> AsyncIterator[AsyncIterator[bytes]]:
        """The decompressed bytes of the answer as they arrive, without a limit on their sum.

        Opening is retried; a body that breaks off half-way raises UnreadableAnswer from the iteration.
        """
        response = await self._retried(lambda: self._open("GET", path, params, None))
        async with aclosing(response), aclosing(self._pieces(response)) as pieces:
            yield pieces

    @asynccontextmanager
    async def post_stream(
        self,
        path: str,
        body: Any,
        *,
        first: float,
        idle: float,
        begun: Callable[[], bool] = lambda: True,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The decompressed bytes of an answer that is still being written, at most `max_body` of them.

        `first` bounds the time until it has begun in seconds, `idle` each silence after that, `timeout` the
        whole. It has begun with its first byte, or once `begun`, asked after each piece, says so.
        """
        now = asyncio.get_running_loop().time
        silent = f"said nothing for {first:g} s"

        async def heard(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
            nonlocal silent
            size = 0
            async for piece in pieces:
                size += len(piece)
                if size > self._max_body:
                    raise self._too_large(piece, self._max_body)
                yield piece
                if begun():
                    silent = f"fell silent for {idle:g} s in the middle of its answer"
                    silence.reschedule(now() + idle)

        whole, silence = asyncio.timeout(self._timeout), asyncio.timeout(first)
        try:
            async with whole, silence:
                response = await self._retried(
                    lambda: self._open("POST", path, NO_PARAMS, body), repeatable=False
                )
                async with (
                    aclosing(response),
                    aclosing(self._pieces(response)) as pieces,
                    aclosing(heard(pieces)) as answer,
                ):
                    yield answer
        except TimeoutError as error:
            if silence.expired() and not whole.expired():
                raise ProviderUnavailable(self.provider, f"{silent}.") from error
            raise unreachable(self.provider, self._shown, self._timeout, error) from error

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _retried(self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        async for trial in stamina.retry_context(
            on=_pause_before_retry,
            attempts=self._attempts if repeatable else 1,
            timeout=None,
            wait_initial=0.5,
            wait_max=10.0,
        ):
            with trial:
                await self._pace()
                try:
                    with metrics.remote_request(self.provider):
                        return await attempt()
                except ProviderError as error:
                    self._hide_secrets(error)
                    raise
        raise AssertionError("stamina always returns or raises")

    def _hide_secrets(self, error: ProviderError) -> None:
        for secret in self._secrets:
            error.hide(secret)

    async def _exchange(self, method: str, path: str, params: Params, body: Any, shape: Any) -> Any:
        response, content = await self._whole(method, path, params, body, None)
        if response.status_code == 204 or (not content and method != "GET"):
            return None
        return decode_json(self.provider, content, shape)

    async def _whole(
        self, method: str, path: str, params: Params, body: Any, accept: str | None
    ) -> tuple[httpx2.Response, bytes]:
        try:
            async with asyncio.timeout(self._timeout), AsyncExitStack() as stack:
                response = await self._open(method, path, params, body, accept)
                await stack.enter_async_context(aclosing(response))
                return response, await self._content(response, self._max_body)
        except TimeoutError as error:
            raise unreachable(self.provider, self._shown, self._timeout, error) from error

    async def _open(
        self, method: str, path: str, params: Params, body: Any, accept: str | None = None
    ) -> httpx2.Response:
        """An answer with a good status, its body not yet read."""
        kind, content = _encoded(body)
        try:
            request = self._client.build_request(
                method,
                self._address(path),
                params=dict(params) or None,
                content=content,
                headers=({} if kind is None else {"Content-Type": kind})
                | ({} if accept is None else {"Accept": accept}),
            )
        except httpx2.InvalidURL as error:
            raise unreachable(self.provider, self._shown, self._timeout, error) from error
        url = request.url
        response = await self._send(request)
        for _ in range(self._redirects):
            follow = response.next_request
            if follow is None or not self._may_follow(url, follow.url):
                break
            await response.aclose()
            await self._pace()
            response = await self._send(follow)
        if response.status_code < 300:
            return response
        async with aclosing(response):
            raise await self._refusal(method, path, response)

    def _may_follow(self, first: httpx2.URL, then: httpx2.URL) -> bool:
        if (then.scheme, then.netloc) == (first.scheme, first.netloc):
            return True
        # Its connection is judged like the first; only in clear it must not go on.
        return self._public_only and then.scheme in ("https", first.scheme)

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._client.send(request, stream=True)
        except ForbiddenAddress as error:
            raise forbidden(self.provider, shown(str(request.url)), str(error)) from error
        except httpx2.HTTPError as error:
            connecting = isinstance(error, httpx2.ConnectTimeout)
            patience = self._connect_timeout if connecting else self._timeout
            raise unreachable(self.provider, self._shown, patience, error) from error

    def _address(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}" if path else self.base_url

    async def _pace(self) -> None:
        """Reserves the next free moment and waits for it: callers queue in the order they came."""
        if self._interval:
            now = asyncio.get_running_loop().time()
            start = max(now, self._free_at)
            self._free_at = start + self._interval
            await asyncio.sleep(start - now)
            # Not before one's turn here: a moment that is reserved early is lost with whoever is cancelled.
            if self.reserve is not None and (wait := await self.reserve(self.base_url, self._interval)):
                await asyncio.sleep(wait)

    async def _pieces(self, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    yield piece
        except httpx2.TimeoutException as error:
            raise ProviderUnavailable(
                self.provider, f"fell silent for {self._timeout:g} s in the middle of its answer."
            ) from error
        except httpx2.DecodingError as error:
            raise UnreadableAnswer(self.provider, "the answer's compression is broken.") from error
        except httpx2.TransportError as error:
            raise UnreadableAnswer(self.provider, "the answer broke off half-way.") from error

    async def _content(self, response: httpx2.Response, limit: int) -> bytes:
        content = bytearray()
        async with aclosing(self._pieces(response)) as pieces:
            async for piece in pieces:
                content += piece
                if len(content) > limit:
                    raise self._too_large(content, limit)
        return bytes(content)

    def _too_large(self, content: bytes | bytearray, limit: int) -> UnreadableAnswer:
        error = UnreadableAnswer(
            self.provider,
            f"the answer is larger than {limit / 2**20:g} MiB.",
            excerpt=excerpt(bytes(content[:2000])),
        )
        self._hide_secrets(error)
        return error

    async def _refusal(self, method: str, path: str, response: httpx2.Response) -> ProviderError:
        try:
            content = await self._content(response, MAX_ERROR_BODY)
            # Adapters explain refusals from their JSON, long after this.
            for secret in self._secrets:
                content = content.replace(secret.encode(), HIDDEN.encode())
            body = decode_json(self.provider, content)
        except ProviderError:
            body = None
        asked = f"{method} /{urlsplit(path).path.lstrip('/')}"
        return refused(self.provider, asked, self._shown, response.status_code, response.headers, body)


class _Form(bytes):
    """The encoded fields of a form."""


def _encoded(body: Any) -> tuple[str | None, bytes | None]:
    """Media type and bytes."""
    if isinstance(body, _Form):
        return "application/x-www-form-urlencoded", bytes(body)
    return (None, None) if body is None else ("application/json", msgspec.json.encode(body))


def _pause_before_retry(error: BaseException) -> bool | float:
    """For stamina: whether to try again, in seconds where the server named them."""
    if not isinstance(error, ProviderUnavailable):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT_S else False


@cache
def _trust(verify: bool) -> ssl.SSLContext:
    """Shared by all clients: reading the certificate authorities takes 60 ms."""
    return httpx2.create_ssl_context(verify=verify)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

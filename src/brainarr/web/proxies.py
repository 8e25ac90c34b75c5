"""Where a request really comes from: reverse proxies that we trust say it, others are not believed.

This replaces uvicorn's own, which forgets who the proxy was: whose header names the person that it signed in
must be one of the trusted.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from brainarr.web.entrance import Network

Address = IPv4Address | IPv6Address

THIS_MACHINE: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# RFC 1918, RFC 4193, and what a link gives itself. Not all that Python calls private: 100.64.0.0/10 is a
# provider's, 198.18.0.0/15 is anybody's.
_HOME: tuple[Network, ...] = (
    *THIS_MACHINE,
    *map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")),
    *map(ip_network, ("fc00::/7", "fe80::/10")),
)
# Each of them says that somebody else is behind whoever speaks to us.
_TRACES = frozenset(
    (
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-real-ip",
        b"forwarded",
        b"via",
        b"cf-connecting-ip",
        b"true-client-ip",
    )
)
_MOST_REMEMBERED = 1024


class Forwarded:
    """Makes `client` and `scheme` those of the other end, where a proxy that is trusted says so.

    `trusted` is asked for each request, so that changed settings count at once; a proxy on this machine is
    always trusted with that. In the request's state stay `peer`, who speaks to us, and `unclear`: somebody
    stands behind them, and nobody trusted says who.
    """

    def __init__(self, app: ASGIApp, trusted: Callable[[], Sequence[Network]]) -> None:
        self.app = app
        self.trusted = trusted
        self._asked: Sequence[Network] = ()
        self._vouched: dict[str, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._look(scope)
        await self.app(scope, receive, send)

    def _look(self, scope: Scope) -> None:
        peer, port = scope.get("client") or ("", 0)
        present = {name for name, _ in scope["headers"]}
        unclear = not _TRACES.isdisjoint(present)
        says = unclear or b"x-forwarded-proto" in present
        if says and self._is_trusted(peer):
            headers = Headers(scope=scope)
            if headers.get("x-forwarded-proto", "").strip() in ("http", "https"):
                scope["scheme"] = headers["x-forwarded-proto"].strip()
            if chain := [
                one.strip() for line in headers.getlist("x-forwarded-for") for one in line.split(",")
            ]:
                # Each proxy adds whom it heard: from the end back to the first that nobody vouches for.
                other = next((one for one in reversed(chain) if not self._is_trusted(one)), chain[0])
                scope["client"] = (_without_port(other)[:100], 0)
                unclear = False
        scope.setdefault("state", {}).update(peer=peer, unclear=unclear)
        if scope.get("client") and (address := _as_written(scope["client"][0])):
            scope["client"] = (address, scope["client"][1] or port)

    def _is_trusted(self, text: str) -> bool:
        """Remembered, because each request of a proxy asks it anew."""
        networks = self.trusted()
        if networks is not self._asked or len(self._vouched) >= _MOST_REMEMBERED:
            self._asked, self._vouched = networks, {}
        if text not in self._vouched:
            self._vouched[text] = within(text, (*THIS_MACHINE, *networks))
        return self._vouched[text]


@lru_cache(maxsize=_MOST_REMEMBERED)
def _as_written(text: str) -> str | None:
    """As people write it: a socket for both families says ::ffff:192.0.2.1. None: that is no address."""
    address = _parse(text)
    return str(address) if address else None


def within(text: str, networks: Collection[Network]) -> bool:
    address = _parse(text)
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def address_of(request: Request) -> str:
    """Of the other end, as far as it is known."""
    return request.client.host if request.client else ""


def is_at_home(request: Request) -> bool:
    """Whether the other end is on this machine or in a private network, and nobody hides behind it."""
    return not getattr(request.state, "unclear", True) and within(address_of(request), _HOME)


def speaks_for_proxy(request: Request, trusted: Collection[Network]) -> bool:
    """Whether whoever is connected to us is one of the trusted, whatever they say of others."""
    return within(getattr(request.state, "peer", ""), trusted)


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(_without_port(text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

"""Whom a browser speaks for: names that lead here from elsewhere, and pages that are not ours.

Every door but `/ping`, the page and the API's description wants a key, which no foreign page has. This
keeps such a page from trying keys, and from using one that stands in an address.
"""

from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from brainarr.web.envelope import header_of
from brainarr.web.problems import FORBIDDEN, MISDIRECTED, Kind, answer

ANY = "*"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Nobody can have such a name in the public name service, and so let it lead to an address of yours (DNS
# rebinding): RFC 6761, RFC 6762, RFC 8375, what ICANN keeps for private use, and what routers give out.
_HOME = (".localhost", ".local", ".home.arpa", ".internal", ".lan", ".home", ".localdomain")


class KnownNames:
    """Answers requests to the names that this server is known by; of foreign pages, none that change things.

    `names` are those of the settings, "*" for any.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self.names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (problem := self._problem(scope)) is None:
            await self.app(scope, receive, send)
            return
        kind, detail, remedy = problem
        await answer(Request(scope), kind, detail, remedy=remedy)(scope, receive, send)

    def _problem(self, scope: Scope) -> tuple[Kind, str, str] | None:
        host = header_of(scope, b"host") or ""
        if not is_known(host, self.names):
            return (
                MISDIRECTED,
                "This server is not known by the name that the request was sent to.",
                "Add the name to server.allowed_hosts, or set server.external_url.",
            )
        origin = header_of(scope, b"origin")
        if origin is not None and scope["method"] not in _SAFE_METHODS and not self._is_ours(origin, host):
            return (
                FORBIDDEN,
                "A page from elsewhere may not change anything here.",
                "Behind a reverse proxy, set server.external_url to the address that people use.",
            )
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        return bool(name) and (parts.netloc.lower() == host.lower() or name in self.names)


@lru_cache(maxsize=32)  # a server is called by few names, and a foreign one may be long
def is_known(host: str, names: Collection[str]) -> bool:
    """Whether `host`, a Host header, is an address, a name for use at home, or one of `names`."""
    name = host.lower().rpartition(":")[0] if _has_port(host) else host.lower()
    name = name.rstrip(".")
    if ANY in names or name in names or "." not in name or name.endswith(_HOME):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)

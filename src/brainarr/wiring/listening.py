"""Sockets that listen, and the servers on them."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from brainarr.errors import BrainarrError
from brainarr.web.connection import MOST_CONNECTIONS, PatientConnection

GRACE_S = 5
"""How long answers under way may take once the server was told to stop."""


class Uvicorn(uvicorn.Server):
    """Leaves the signals to us: uvicorn repeats them at its end, which would skip our own tidying."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: ASGIApp) -> Uvicorn:
    return Uvicorn(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            # web/proxies.py does that.
            proxy_headers=False,
            lifespan="off",
            ws="none",
            http=PatientConnection,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


def listen(host: str, port: int, key: str) -> socket.socket:
    """`key` is the setting of the port. Raises BrainarrError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        dual = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=dual)
        # Inherited by its connections; asyncio sets it only where the protocol was named. Without it an
        # answer of two segments waits 40 ms for a delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise BrainarrError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
            remedy=f"Choose another server.host or {key}, or stop the program that uses it.",
        ) from error

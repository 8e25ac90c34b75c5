"""One connection of a client, with an end to our patience.

uvicorn waits for ever for the rest of a request's head: a few hundred connections that each say a letter a
minute ("slowloris") would occupy it.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 15.0
"""From the first byte, or from the connection, to the end of a request's head. Lidarr takes milliseconds."""

MOST_CONNECTIONS = 500
"""At once; a home has a handful. Every one takes a file of the thousand that a process usually may open."""


class PatientConnection(H11Protocol):
    """Closes itself when no request has come about within `HEAD_S`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        # A body that nobody reads any more is waited for like a head: it precedes the next one.
        if answering or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unwatch()
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_S, self.transport.close)

    def _unwatch(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

"""One house at work: requests that it answers, its worker, and how it is left without dropping anything."""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from brainarr.jobs.worker import Worker
from brainarr.wiring.build import House

PATIENCE_S = 60.0
"""How long a request under way may take once its house is left: a model's test may take as long."""


class Tenancy:
    """Begins where it is made; `live` is its whole life."""

    def __init__(self, house: House, app: FastAPI | None, worker: Worker | None) -> None:
        self.house = house
        self.app = app
        self._worker = worker
        self._working: asyncio.Task[None] | None = None
        self._visits: set[_Visit] = set()
        self._left = asyncio.Event()
        self._empty = asyncio.Event()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The house's app, as ASGI. A stream of events ends properly when the house is left."""
        if self.app is None:
            raise RuntimeError("this process has no web app")
        visit = _Visit(send)
        self._visits.add(visit)
        try:
            await self.app(scope, receive, visit.send)
        except asyncio.CancelledError:
            if not visit.shown_out:
                raise
            await visit.finish()
        finally:
            self._visits.discard(visit)
            if not self._visits:
                self._empty.set()

    def leave(self) -> None:
        """It gets no request and no work any more; `live` returns when what is under way has ended."""
        self._left.set()

    def stop_working(self) -> None:
        """Ends work under way within the worker's grace time; called once more, at once."""
        if self._working is not None:
            self._working.cancel()

    async def live(self, worker_failed: Callable[[BaseException], object]) -> None:
        """Until it was left and is empty, or the task is cancelled."""
        if self._worker is not None:
            self._working = asyncio.create_task(self._worker.work())
            self._working.add_done_callback(
                lambda done: done.cancelled() or (fault := done.exception()) is None or worker_failed(fault)
            )
        try:
            await self._left.wait()
            await self._see_out()
            if self._working is not None:
                await asyncio.wait([self._working])
        finally:
            if self._working is not None:
                # Told a second time it would be in a hurry.
                if not self._working.cancelling():
                    self._working.cancel()
                await asyncio.wait([self._working])

    async def _see_out(self) -> None:
        if self._worker is not None:
            self._worker.retire()
        for visit in tuple(self._visits):
            # Its client comes again by itself, to the next house.
            if visit.streams:
                visit.show_out()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._visits:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for visit in tuple(self._visits):
                visit.show_out()


class _Visit:
    """One request under way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._task = asyncio.current_task()
        self._complete = False
        self.streams = False
        """Whether it is a stream of events, which lasts as long as somebody watches."""
        self.shown_out = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.streams = (
                Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            )
        elif not message.get("more_body", False):
            self._complete = True
        await self._send(message)

    def show_out(self) -> None:
        if self._task is not None and not self.shown_out:
            self.shown_out = True
            self._task.cancel()

    async def finish(self) -> None:
        if self._task is not None:
            self._task.uncancel()
        if self.streams and not self._complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not self._complete:
            raise TimeoutError("it took too long after the settings had changed")

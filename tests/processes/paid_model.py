"""A language model that costs money: it answers with music that nobody owns, and counts what it was asked."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from brainarr.sandbox.serve import serve


class PaidModel:
    """One server of the OpenAI protocol, in a thread of its own."""

    def __init__(self, named: Sequence[tuple[str, str]], delay_s: float = 0.2) -> None:
        self.answers = 0
        self.address = ""
        self._named = named
        self._delay_s = delay_s

    def environment(self) -> dict[str, str]:
        """One entry of the chain that asks it: a dollar for a thousand tokens of an answer."""
        entry = {
            "KIND": "openai_compatible",
            "NAME": "paid",
            "BASE_URL": self.address,
            "MODEL": "gold",
            "API_KEY": "not-a-real-key",
            "LOCATION": "cloud",
            "CONTEXT_WINDOW": "16000",
            "PRICES__INPUT": "0",
            "PRICES__OUTPUT": "1000",
        }
        return {f"PROVIDER_CHAIN__0__{name}": value for name, value in entry.items()}

    async def _complete(self, request: Request) -> JSONResponse:
        await request.json()
        self.answers += 1
        await asyncio.sleep(self._delay_s)
        rows = [{"artist": artist, "album": album} for artist, album in self._named]
        message = {"role": "assistant", "content": json.dumps({"recommendations": rows})}
        usage = {
            "prompt_tokens": 1_000,
            "completion_tokens": 500,
            "total_tokens": 1_500,
        }
        return JSONResponse(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "gold",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": usage,
            }
        )

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])


@contextmanager
def paid_model(named: Sequence[tuple[str, str]], **how: Any) -> Iterator[PaidModel]:
    model = PaidModel(named, **how)
    ready, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with serve(model.app()) as address:
            model.address = f"{address}/v1"
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(20)
    try:
        yield model
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()

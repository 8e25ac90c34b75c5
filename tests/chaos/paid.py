"""A language model that costs money, over Anthropic's protocol: what it has written, it bills, heard or not.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from brainarr.sandbox.world import World

MODEL = "chaos-1"
PRICE_IN, PRICE_OUT = Decimal(3), Decimal(15)
"""US dollars for a million tokens; one token costs so many micro-dollars."""
NAMED = 8
PIECES = 12


class PaidModel:
    """Names artists of the world; `billed` is what its owner will send an invoice for, in micro-dollars."""

    def __init__(self, world: World, rng: Random) -> None:
        self.billed = 0
        self.asked = 0
        self.pause = 0.02
        """Seconds between two pieces of an answer."""
        self._names = [artist.name for artist in world.artists.values()]
        self._rng = rng

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/models/{name}", self._model),
                Route("/v1/messages", self._answer, methods=["POST"]),
            ]
        )

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"data": [_card()], "has_more": False})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(_card())

    async def _answer(self, request: Request) -> Response:
        question = await request.json()
        self.asked += 1
        text = json.dumps(
            {
                "recommendations": [
                    {"artist": self._rng.choice(self._names), "confidence": 0.7, "reason": "It fits."}
                    for _ in range(NAMED)
                ]
            }
        )
        # Fewer than the four characters of a usual token: nobody may be billed more than Brainarr foresaw.
        asked = len(json.dumps(question)) // 6
        written = min(len(text) // 5, question["max_tokens"])
        # Owed as soon as the question has arrived: a caller who hangs up does not get his money back.
        self.billed += int(asked * PRICE_IN + written * PRICE_OUT)
        return StreamingResponse(self._events(text, asked, written), media_type="text/event-stream")

    async def _events(self, text: str, asked: int, written: int) -> AsyncIterator[bytes]:
        usage = {"input_tokens": asked, "output_tokens": 1}
        head = {"id": "msg", "type": "message", "role": "assistant", "content": [], "model": MODEL}
        yield _event({"type": "message_start", "message": head | {"usage": usage}})
        block = {"type": "text", "text": ""}
        yield _event({"type": "content_block_start", "index": 0, "content_block": block})
        step = len(text) // PIECES + 1
        for start in range(0, len(text), step):
            await asyncio.sleep(self.pause)
            delta = {"type": "text_delta", "text": text[start : start + step]}
            yield _event({"type": "content_block_delta", "index": 0, "delta": delta})
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": written}})
        yield _event({"type": "message_stop"})


def _card() -> dict[str, Any]:
    return {
        "id": MODEL,
        "type": "model",
        "display_name": "Chaos",
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 32_000,
        "max_tokens": 4_000,
    }


def _event(body: dict[str, Any]) -> bytes:
    return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()

"""What the tests of the model layer start from: entries, prompts, a ledger, and asking."""

import json
import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from brainarr.domain.circuit import Circuit
from brainarr.domain.money import Limits, Reservation
from brainarr.domain.prompt import Answer, ChainAnswer, ModelCard, Prompt, Usage
from brainarr.domain.taste import Compressed
from brainarr.llm.chain import Chain
from brainarr.llm.guard import Guard, open_guards
from brainarr.llm.models import Link
from brainarr.llm.registry import ProviderEntry
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.ports import BreakerState, Clock
from tests.conftest import NOW

SLINT = {
    "artist": "Slint",
    "album": "Spiderland",
    "year": 1991,
    "genres": ["post-rock"],
    "confidence": 0.9,
    "reason": "Quiet dread.",
}
GOOD = json.dumps({"recommendations": [SLINT]})
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "recommendations": {
            "type": "array",
            "minItems": 2,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "artist": {"type": "string", "minLength": 3, "maxLength": 12},
                    "confidence": {"type": "number"},
                },
                "required": ["artist", "confidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["recommendations"],
    "additionalProperties": False,
}
IN_WORDS = "Answer with JSON."


def entry(**settings: Any) -> ProviderEntry:
    return ProviderEntry.model_validate({"kind": "openai_compatible", "name": "home", **settings})


def write(card: ModelCard) -> Prompt:
    """A prompt of 1,000 tokens for an answer of 500; a card without native schema gets it in words."""
    system = "You recommend music." if not card.in_words else f"You recommend music. {IN_WORDS}"
    listed = Compressed("minimal", "Low; Codeine", tokens=4, artists_kept=2, full_tokens=40, ratio=10.0)
    return Prompt(
        system, "<library>Low; Codeine</library>", SCHEMA, tokens=1_000, output_tokens=500, compressed=listed
    )


def read(card: ModelCard, text: str) -> Answer:
    return read_answer(card.provider, text, wanted=20)


async def ask(chain: Chain) -> ChainAnswer:
    return await chain.ask(write, read)


class MemoryBreakers:
    """pipeline.ports.BreakerState in a dictionary."""

    def __init__(self) -> None:
        self.circuits: dict[str, Circuit] = {}

    async def read(self, provider: str) -> Circuit | None:
        return self.circuits.get(provider)

    async def change(self, provider: str, to: Callable[[Circuit | None], Circuit]) -> Circuit:
        self.circuits[provider] = to(self.circuits.get(provider))
        return self.circuits[provider]


def guarded(
    links: Sequence[Link], circuits: BreakerState | None = None, clock: Clock | None = None
) -> dict[str, Guard]:
    """Guards with a past of their own, whose pauses take no time; without a clock, time stands still."""
    past = circuits or MemoryBreakers()
    return open_guards(links, past, clock or (lambda: NOW), random.Random(1), sleep=_no_time)


async def _no_time(_seconds: float) -> None:
    pass


class MemoryLedger:
    """pipeline.ports.Ledger of one run in a list; `already` is what the month has cost before."""

    def __init__(self, already: int = 0) -> None:
        self.recorded: list[Usage] = []
        self._already = already
        self._kept_aside: dict[int, int] = {}
        self._reservations = count(1)

    async def record(self, usage: Usage, settles: int | None = None, /) -> None:
        self.recorded.append(usage)
        self._kept_aside.pop(settles or 0, None)

    async def reserve(self, microdollars: int, limits: Limits) -> Reservation:
        run = sum(usage.cost_microdollars or 0 for usage in self.recorded) + sum(self._kept_aside.values())
        month = self._already + run
        over_month = limits.month is not None and month + microdollars > limits.month
        if over_month or (limits.run is not None and run + microdollars > limits.run):
            return Reservation(None, month, run)
        number = next(self._reservations)
        self._kept_aside[number] = microdollars
        return Reservation(number, month, run)

    async def release(self, reservation: int) -> None:
        self._kept_aside.pop(reservation, None)

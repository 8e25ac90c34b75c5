"""What the tests of the model layer start from: entries, prompts, a ledger, and asking."""

import json
from typing import Any

from brainarr.domain.prompt import Answer, ChainAnswer, ModelCard, Prompt, Usage
from brainarr.domain.taste import Compressed
from brainarr.llm.chain import Chain
from brainarr.llm.registry import ProviderEntry
from brainarr.pipeline.answers import read_answer

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


class MemoryLedger:
    """pipeline.ports.Ledger in a list; `already` is what the month has cost before."""

    def __init__(self, already: int = 0) -> None:
        self.recorded: list[Usage] = []
        self._already = already

    async def record(self, usage: Usage) -> None:
        self.recorded.append(usage)

    async def spent_this_month(self) -> int:
        return self._already + sum(usage.cost_microdollars or 0 for usage in self.recorded)

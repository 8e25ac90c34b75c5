"""What a model is asked, and what it answered."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from brainarr.domain.recommendation import Candidate, Exchange, Judged, ProviderReport
from brainarr.domain.taste import Compressed


class OutputMode(StrEnum):
    """How a model is held to the form of its answer."""

    NATIVE = "native"
    """The server enforces the JSON schema."""
    TOOL = "tool"
    """The schema is that of a tool which the model has to call."""
    JSON = "json"
    """The server enforces that it is JSON; which JSON is asked for in words."""
    PROMPTED = "prompted"
    """Nobody enforces anything: the form is asked for in words."""


class ModelCard(msgspec.Struct, frozen=True):
    """What a prompt must know of the model that will read it."""

    provider: str
    """The chain entry's name."""
    kind: str
    model: str
    context_window: int
    """Tokens, prompt and answer together."""
    local: bool = False
    output: OutputMode = OutputMode.NATIVE
    family: str = "generic"
    """llama, claude, gpt, gemini, qwen, deepseek, …: models that want to be spoken to alike."""
    thinks: bool = False
    """It reasons before the first word of its answer, whether or not that is shown."""
    max_output: int | None = None
    """Tokens that one answer may have at most; None: only the context window limits it."""
    prompt_price: float | None = None
    """Micro-dollars for a prompt token (that is, dollars for a million); 0 at home, None when unpriced."""
    output_price: float | None = None
    """The same for a token of the answer."""

    @property
    def in_words(self) -> bool:
        """Whether the prompt itself has to say which form the answer must have."""
        return self.output in (OutputMode.JSON, OutputMode.PROMPTED)


class Prompt(msgspec.Struct, frozen=True):
    """Everything a model's server receives."""

    system: str
    """"" for a model that is to have no system message."""
    user: str
    schema: Mapping[str, Any]
    """JSON schema of the answer; sent beside the words, or (prompted) written into them and counted there."""
    tokens: int
    """Of every message and the schema."""
    output_tokens: int
    """Reserved so that the wanted number of items always fits."""
    compressed: Compressed
    thinking_tokens: int = 0
    """Kept free in the context window for what the model thinks before it answers."""


class Completion(msgspec.Struct, frozen=True):
    """A model's raw answer with what it cost."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    truncated: bool = False
    """The server said that it stopped at the output limit."""


class Answer(msgspec.Struct, frozen=True):
    """A completion as the tolerant reader understood it."""

    candidates: tuple[Candidate, ...]
    unreadable: tuple[str, ...] = ()
    """Excerpts (bounded, one line) of the elements that could not be read."""
    judged: tuple[Judged, ...] = ()
    """Names that are no candidates: albums, joined names, loops."""


class ChainAnswer(msgspec.Struct, frozen=True):
    """What the provider chain brought back: proposals, and one report for every entry of the chain."""

    answers: tuple[Answer, ...]
    reports: tuple[ProviderReport, ...]
    prompt: Prompt | None = None
    """The prompt of the first model that was asked; None when none was."""
    exchanges: tuple[Exchange, ...] = ()
    """Of every model that was asked; their answers as they came, readable or not."""


class Usage(msgspec.Struct, frozen=True):
    """One call to a model, for the ledger."""

    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_microdollars: int | None
    """None: unpriced."""
    seconds: float
    outcome: str
    local: bool = False

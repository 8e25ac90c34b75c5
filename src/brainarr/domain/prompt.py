"""What a model is asked, and what it answered."""

from collections.abc import Mapping
from typing import Any

import msgspec

from brainarr.domain.recommendation import Candidate, ProviderReport
from brainarr.domain.taste import Compressed


class ModelCard(msgspec.Struct, frozen=True):
    """What a prompt must know of the model that will read it."""

    provider: str
    """The chain entry's name."""
    kind: str
    model: str
    context_window: int
    """Tokens, prompt and answer together."""
    local: bool = False
    native_schema: bool = True
    """False: the answer's form is asked for in words, because the server cannot enforce it."""


class Prompt(msgspec.Struct, frozen=True):
    """Everything a model's server receives."""

    system: str
    user: str
    schema: Mapping[str, Any]
    """JSON schema of the answer; sent natively or written into `system` (then already counted there)."""
    tokens: int
    """Of every message and the schema."""
    output_tokens: int
    """Reserved so that the wanted number of items always fits."""
    compressed: Compressed


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


class ChainAnswer(msgspec.Struct, frozen=True):
    """What the provider chain brought back: proposals, and one report for every entry of the chain."""

    answers: tuple[Answer, ...]
    reports: tuple[ProviderReport, ...]
    prompt: Prompt | None = None
    """The prompt of the first model that was asked; None when none was."""


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

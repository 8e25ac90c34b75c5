"""From the configured chain to models that can be asked."""

from collections.abc import Callable, Sequence

import msgspec

from brainarr.llm.anthropic_chat import AnthropicChat
from brainarr.llm.kinds import KINDS
from brainarr.llm.ollama_chat import OllamaChat
from brainarr.llm.openai_chat import OpenAIChat
from brainarr.llm.registry import ProviderEntry
from brainarr.pipeline.ports import ChatModel

PROTOCOLS: dict[str, Callable[[ProviderEntry], ChatModel]] = {
    "openai": OpenAIChat,
    "ollama": OllamaChat,
    "anthropic": AnthropicChat,
}


class Link(msgspec.Struct, frozen=True):
    """One entry of the provider chain, with its model."""

    entry: ProviderEntry
    model: ChatModel | None
    """None for the kind "builtin"."""


def open_links(entries: Sequence[ProviderEntry]) -> tuple[Link, ...]:
    """The chain's links in order. No server is asked before the first question."""
    return tuple(_open(entry) for entry in entries)


def _open(entry: ProviderEntry) -> Link:
    protocol = KINDS[entry.kind].protocol
    return Link(entry, PROTOCOLS[protocol](entry) if protocol else None)

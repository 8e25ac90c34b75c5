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


NO_MODEL = Link(ProviderEntry(name="builtin", kind="builtin"), None)
"""A chain of which nobody can be asked: similarity sources propose, templates explain."""


def links_named(links: Sequence[Link], names: Sequence[str] | None) -> tuple[Link, ...]:
    """Those of `links` that are named, in that order; None: all. Names that none of them has are left out,
    and where nobody is left, no model is asked."""
    if names is None:
        return tuple(links)
    known = {link.entry.name: link for link in links}
    return tuple(known[name] for name in names if name in known) or (NO_MODEL,)


def _open(entry: ProviderEntry) -> Link:
    protocol = KINDS[entry.kind].protocol
    return Link(entry, PROTOCOLS[protocol](entry) if protocol else None)

"""What a server has to offer, and which of it to take when the user named none."""

import re
from collections.abc import Sequence

import msgspec

from brainarr.errors import ProviderRejected

MAX_MODELS = 500
_MAX_NAMES_SHOWN = 8

_NO_CHAT = re.compile(
    r"embed|rerank|whisper|tts|speech|audio|image|diffusion|dall-e|moderation|guard|bge-|e5-|clip|minilm|ocr"
)
_SPECIALIST = re.compile(r"code|coder|math|vision|-vl|llava|realtime|search|med|sql|uncensored|base")
_BILLIONS = re.compile(r"(\d+(?:\.\d+)?)b(?![a-z])")

# A home box with 16 to 24 GB of memory answers in minutes up to here; the best answers come from the largest
# model that fits.
_COMFORTABLE_BYTES = 16 * 2**30
# Four-bit weights, the usual download.
_BYTES_PER_BILLION = 600_000_000


class Installed(msgspec.Struct, frozen=True):
    """One model as a server lists it."""

    name: str
    size: int | None = None
    """Bytes on disk."""
    context_window: int | None = None
    """What the server would really bear, where it tells."""
    max_output: int | None = None
    """Tokens of one answer."""
    chats: bool = True
    """False: the server says that it is for something else, such as embeddings."""
    loaded: bool = False
    """It is in memory already: asking it costs no minutes of loading."""
    enforces_schema: bool | None = None
    """None: the server does not tell."""
    weighs_effort: bool = False
    """It can be told how hard to think."""
    remote: bool = False
    """It runs elsewhere, though listed by a server at home."""


def same_model(asked: str, listed: str) -> bool:
    """Whether a server means `listed` when it is asked for `asked`; Ollama's tag "latest" may be left out."""
    return listed.lower() in (asked.lower(), f"{asked.lower()}:latest")


def pick(models: Sequence[Installed]) -> Installed | None:
    """A model for general talk; None when there is none.

    What is loaded already, else the largest that a home box bears comfortably, else the smallest; specialists
    only where nothing else is there, and never one that would send the library elsewhere.
    """
    talkers = [
        model
        for model in models
        if model.chats and not model.remote and not _NO_CHAT.search(model.name.lower())
    ]
    general = [model for model in talkers if not _SPECIALIST.search(model.name.lower())]
    return min(general or talkers, key=_preference, default=None)


def _preference(model: Installed) -> tuple[bool, int, float]:
    size = _size(model)
    if size is None:
        return (not model.loaded, 1, 0)
    return (not model.loaded, 0, -size) if size <= _COMFORTABLE_BYTES else (not model.loaded, 2, size)


def _size(model: Installed) -> float | None:
    if model.size:
        return model.size
    billions = _BILLIONS.search(model.name.lower())
    return float(billions[1]) * _BYTES_PER_BILLION if billions else None


def require(provider: str, asked: str, models: Sequence[Installed], remedy: str) -> Installed:
    """The listed model that `asked` means; raises ProviderRejected, which names what is there instead."""
    for model in models:
        if same_model(asked, model.name):
            return model
    names = ", ".join(model.name for model in models[:_MAX_NAMES_SHOWN])
    if len(models) > _MAX_NAMES_SHOWN:
        names += f" and {len(models) - _MAX_NAMES_SHOWN} more"
    raise ProviderRejected(
        provider, f"the model {asked!r} is not there; installed: {names or 'none'}.", remedy=remedy
    )


def require_pick(provider: str, models: Sequence[Installed], remedy: str) -> Installed:
    """The model to take when none was named; raises ProviderRejected when the server has none for talk."""
    found = pick(models)
    if found is None:
        raise ProviderRejected(provider, "no model for conversation is installed there.", remedy=remedy)
    return found


def counted(models: Sequence[Installed]) -> str:
    return "1 model" if len(models) == 1 else f"{len(models)} models"

"""What servers of the OpenAI protocol say of their models, each in its own dialect."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from brainarr.errors import MissingResource, ProviderRejected, UnreadableAnswer
from brainarr.http import Http
from brainarr.llm.installed import MAX_MODELS, Installed
from brainarr.llm.wire import count

# No model in use is smaller; servers send 0 or -1 for what they do not know.
_SMALLEST_WINDOW = 512

_TALKERS = ("llm", "vlm", "chat", "language", "model", "base", "text")


class _Row(msgspec.Struct):
    """One row of /models, with all the ways in which a context window or a limit is told."""

    id: str
    type: Any = None
    max_model_len: Any = None
    """vLLM"""
    context_length: Any = None
    """OpenRouter, Together AI, Fireworks AI"""
    context_window: Any = None
    """Groq"""
    max_context_length: Any = None
    """Mistral AI, LM Studio"""
    max_completion_tokens: Any = None
    """Groq"""
    supported_parameters: Any = None
    """OpenRouter"""
    top_provider: Any = None
    """OpenRouter"""
    capabilities: Any = None
    """Mistral AI"""
    meta: Any = None
    """llama.cpp"""


class _Data(msgspec.Struct):
    data: list[_Row]


async def openai_models(http: Http, path: str) -> list[Installed]:
    """`path` is that of the list; raises MissingResource where the server has no such list.

    https://platform.openai.com/docs/api-reference/models/list
    """
    answer = await http.get_json(path, shape=_Data | list[_Row])
    rows = answer if isinstance(answer, list) else answer.data
    return [_read(row) for row in rows[:MAX_MODELS] if row.id]


async def llama_cpp_models(http: Http, path: str) -> list[Installed]:
    """The model, with the window of one slot, which `/props` tells and older lists do not.

    https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    """
    models = await openai_models(http, path)
    if len(models) != 1:
        # A router: each model has a server of its own, which runs only when it is asked.
        return models
    try:
        props = await http.get_json("/props", shape=_Props)
    except (MissingResource, ProviderRejected, UnreadableAnswer):
        return models
    window = count(props.default_generation_settings.get("n_ctx"))
    if window < _SMALLEST_WINDOW:
        return models
    return [msgspec.structs.replace(models[0], context_window=window, loaded=True)]


async def lm_studio_models(http: Http, path: str) -> list[Installed]:
    """LM Studio's own list tells what is loaded and how much context it was given.

    https://lmstudio.ai/docs/developer/rest/endpoints
    """
    try:
        answer = await http.get_json("/api/v0/models", shape=_LMStudioData)
    except (MissingResource, UnreadableAnswer):
        # Before 0.3.6, and for any address that it does not know, it sends an error with status 200.
        return await openai_models(http, path)
    return [
        Installed(
            row.id[:200],
            # What is not loaded yet gets the user's default when it is, not the most it could have.
            context_window=count(row.loaded_context_length) or None,
            chats=row.type in _TALKERS,
            loaded=row.state == "loaded",
        )
        for row in answer.data[:MAX_MODELS]
        if row.id
    ]


LISTINGS: dict[str, Callable[[Http, str], Awaitable[list[Installed]]]] = {
    "llamacpp": llama_cpp_models,
    "lmstudio": lm_studio_models,
}
"""Kinds whose servers tell more in another way than `openai_models` knows."""


class _Props(msgspec.Struct):
    default_generation_settings: dict[str, Any]


class _LMStudioRow(msgspec.Struct):
    id: str
    type: str
    state: str
    loaded_context_length: Any = None


class _LMStudioData(msgspec.Struct):
    data: list[_LMStudioRow]


def _read(row: _Row) -> Installed:
    parameters = row.supported_parameters if isinstance(row.supported_parameters, list) else None
    top = row.top_provider if isinstance(row.top_provider, dict) else {}
    abilities = row.capabilities if isinstance(row.capabilities, dict) else {}
    return Installed(
        # Gemini lists "models/gemini-…" and is asked for "gemini-…".
        row.id.removeprefix("models/")[:200],
        context_window=_window(row),
        max_output=count(row.max_completion_tokens) or count(top.get("max_completion_tokens")) or None,
        chats=abilities.get("completion_chat") is not False
        and (not isinstance(row.type, str) or row.type in _TALKERS),
        enforces_schema=None if parameters is None else "structured_outputs" in parameters,
    )


def _window(row: _Row) -> int | None:
    meta = row.meta if isinstance(row.meta, dict) else {}
    told = (
        row.max_model_len,
        row.context_length,
        row.context_window,
        row.max_context_length,
        meta.get("n_ctx"),
    )
    return next((count(window) for window in told if count(window) >= _SMALLEST_WINDOW), None)

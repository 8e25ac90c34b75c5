"""Models behind the OpenAI chat completions protocol: OpenAI's own, and every server that speaks it.

https://platform.openai.com/docs/api-reference/chat
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from brainarr.domain.prompt import Completion, ModelCard, OutputMode, Prompt
from brainarr.errors import MissingResource, ProviderRejected
from brainarr.llm.installed import MAX_MODELS, Installed, counted, require, require_pick
from brainarr.llm.pricing import listed_context_window
from brainarr.llm.registry import KINDS, ProviderEntry
from brainarr.llm.wire import SchemaRefused, count, open_http, refuses_schema


class OpenAIChat:
    """One model of one chain entry of protocol "openai"."""

    def __init__(self, entry: ProviderEntry) -> None:
        self.name = entry.name
        self.kind = entry.kind
        self._entry = entry
        self._http = open_http(entry)
        self._card: ModelCard | None = None

    async def describe(self) -> ModelCard:
        if self._card is None:
            self._card = await self._introduce()
        return self._card

    async def complete(self, prompt: Prompt) -> Completion:
        card = await self.describe()
        put = await asyncio.to_thread(self._question, card)
        try:
            return await put(prompt)
        except MissingResource:
            raise await self._missing(card.model) from None
        except ProviderRejected as refusal:
            if not (card.native_schema and self._entry.native_schema is None and refuses_schema(refusal)):
                raise
            self._card = msgspec.structs.replace(card, output=OutputMode.PROMPTED)
            raise SchemaRefused(
                self.name,
                "the server cannot enforce a JSON schema.",
                status=refusal.status,
                body=refusal.body,
            ) from refusal

    def _question(self, card: ModelCard) -> Callable[[Prompt], Awaitable[Completion]]:
        # 2.5 s of imports that only those pay who ask such a model, and in a thread.
        from brainarr.llm.structured import ask, open_model

        return partial(ask, open_model(self.kind, card.model, self._http), card)

    async def probe(self) -> str:
        model = self._entry.model or KINDS[self.kind].default_model
        try:
            models = await self._list()
        except MissingResource:
            return f"answers, but does not list its models; {model or 'none'} is configured"
        if model is None:
            return f"has {counted(models)}; {require_pick(self.name, models, _LOAD).name} is taken"
        return f"has {require(self.name, model, models, _NAME).name}"

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _introduce(self) -> ModelCard:
        kind = KINDS[self.kind]
        model = self._entry.model or kind.default_model
        listed: Installed | None = None
        if model is None:
            listed = await self._pick()
        elif self._entry.context_window is None and self._entry.local:
            # Servers at home tell what their memory really bears; not all of them have the listing.
            listed = await self._look_up(model)
        name = model or (listed.name if listed else "")
        window = (
            self._entry.context_window
            or (listed.context_window if listed else None)
            or (None if self._entry.local else listed_context_window(self._entry, name))
            or kind.context_window
        )
        return ModelCard(
            provider=self.name,
            kind=self.kind,
            model=name,
            context_window=window,
            local=self._entry.local,
            output=OutputMode.PROMPTED if self._entry.native_schema is False else OutputMode.NATIVE,
        )

    async def _pick(self) -> Installed:
        try:
            return require_pick(self.name, await self._list(), _LOAD)
        except MissingResource:
            raise ProviderRejected(
                self.name, "the server does not list its models.", remedy="Set `model`, and check `base_url`."
            ) from None

    async def _look_up(self, model: str) -> Installed | None:
        try:
            models = await self._list()
        except MissingResource:
            return None
        return next((listed for listed in models if listed.name == model), None)

    async def _list(self) -> list[Installed]:
        """GET /models; raises MissingResource where the server has no such list."""
        answer = await self._http.get_json("/models", shape=_Models)
        return [
            Installed(row.id[:200], context_window=_window(row)) for row in answer.data[:MAX_MODELS] if row.id
        ]

    async def _missing(self, model: str) -> ProviderRejected:
        """What a 404 for a chat means: the model is not there, or the address is wrong."""
        try:
            require(self.name, model, await self._list(), _NAME)
        except ProviderRejected as refusal:
            return refusal
        except MissingResource:
            pass
        return ProviderRejected(
            self.name,
            f"there are no chat completions at {self._entry.address}.",
            remedy="Set `base_url` to the address of the OpenAI-compatible API; it usually ends in /v1.",
        )


_NAME = "Set `model` to one of them."
_LOAD = "Load a model in the server, or set `model`."


class _Listed(msgspec.Struct):
    """One row of /models. Where vLLM, OpenRouter, Groq, Mistral and llama.cpp tell the context window."""

    id: str
    max_model_len: Any = None
    context_length: Any = None
    context_window: Any = None
    max_context_length: Any = None
    meta: Any = None


class _Models(msgspec.Struct):
    data: list[_Listed]


def _window(row: _Listed) -> int | None:
    meta = row.meta if isinstance(row.meta, dict) else {}
    named = (
        row.max_model_len,
        row.context_length,
        row.context_window,
        row.max_context_length,
        meta.get("n_ctx"),
    )
    return next((count(window) for window in named if count(window) >= 512), None)

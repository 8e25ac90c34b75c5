"""Models behind the OpenAI chat completions protocol: OpenAI's own, and every server that speaks it.

https://platform.openai.com/docs/api-reference/chat
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

from brainarr.domain.prompt import Completion, ModelCard, Prompt
from brainarr.errors import MissingResource, ProviderRejected
from brainarr.llm.capabilities import card_of, weaker
from brainarr.llm.installed import Installed, counted, require, require_pick, same_model
from brainarr.llm.kinds import KINDS
from brainarr.llm.listings import LISTINGS, openai_models
from brainarr.llm.openai_stream import OpenAIStream
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.wire import SchemaRefused, open_http


class OpenAIChat:
    """One model of one chain entry of protocol "openai"."""

    def __init__(self, entry: ProviderEntry) -> None:
        self.name = entry.name
        self.kind = entry.kind
        self.card: ModelCard | None = None
        self._entry = entry
        self._http = open_http(entry)
        chat, self._models = _paths(entry)
        self._stream = OpenAIStream(self._http, chat, entry)
        self._wanted = entry.model or KINDS[entry.kind].default_model

    async def describe(self) -> ModelCard:
        if self.card is None:
            listed = await self._find()
            name = self._wanted or listed.name
            self.card = await asyncio.to_thread(card_of, self._entry, name, listed)
        return self.card

    async def complete(self, prompt: Prompt) -> Completion:
        card = await self.describe()
        put = await asyncio.to_thread(self._question, card)
        try:
            return await put(prompt)
        except MissingResource:
            raise await self._missing(card.model) from None
        except ProviderRejected as refusal:
            self.card = weaker(self._entry, card, refusal)
            raise SchemaRefused(
                self.name,
                f"the server refuses the output mode {card.output!r}.",
                status=refusal.status,
                body=refusal.body,
            ) from refusal

    async def list_models(self) -> tuple[ModelCard, ...]:
        if not KINDS[self.kind].lists:
            return (await self.describe(),)
        try:
            models = await self._list()
        except MissingResource:
            return (await self.describe(),)
        return await asyncio.to_thread(
            lambda: tuple(card_of(self._entry, model.name, model) for model in models)
        )

    async def probe(self) -> str:
        try:
            models = await self._list()
        except MissingResource:
            if self._wanted is None:
                await self._pick()
            return f"answers, but does not list its models; {self._wanted} is configured"
        if not KINDS[self.kind].lists:
            return f"answers; {self._wanted} is configured"
        if self._wanted is None:
            return f"has {counted(models)}; {require_pick(self.name, models, _LOAD).name} is taken"
        return f"has {require(self.name, self._wanted, models, _NAME).name}"

    async def aclose(self) -> None:
        await self._http.aclose()

    def _question(self, card: ModelCard) -> Callable[[Prompt], Awaitable[Completion]]:
        # 2.5 s of imports that only those pay who ask such a model, and in a thread.
        from brainarr.llm.structured import ask, open_model

        return partial(ask, open_model(card, self._stream), card)

    async def _find(self) -> Installed:
        """How the server lists the model to be asked; the bare name where nothing more is known."""
        if self._wanted is None:
            return await self._pick()
        named = Installed(self._wanted)
        # At home a server tells what its memory really bears; in the cloud the price table knows.
        if self._entry.context_window or not self._entry.local or not KINDS[self.kind].lists:
            return named
        try:
            models = await self._list()
        except MissingResource:
            return named
        return next((listed for listed in models if same_model(self._wanted, listed.name)), named)

    async def _pick(self) -> Installed:
        try:
            return require_pick(self.name, await self._list(), _LOAD)
        except MissingResource:
            raise ProviderRejected(
                self.name, "the server does not list its models.", remedy="Set `model`, and check `base_url`."
            ) from None

    async def _list(self) -> list[Installed]:
        """Raises MissingResource where the server has no such list."""
        return await LISTINGS.get(self.kind, openai_models)(self._http, self._models)

    async def _missing(self, model: str) -> ProviderRejected:
        """What a 404 for a chat means: the model is not there, or the address is wrong."""
        if not KINDS[self.kind].lists:
            return ProviderRejected(
                self.name, f"there is no {model!r} at {self._entry.address}.", remedy=_NAME_OR_ADDRESS
            )
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
_NAME_OR_ADDRESS = "Set `model` to the name of a model (Azure: of a deployment), and check `base_url`."


def _paths(entry: ProviderEntry) -> tuple[str, str]:
    """Where to ask, and where to list models, below the entry's address."""
    if entry.api_version:
        # https://learn.microsoft.com/azure/ai-foundry/openai/reference
        version = f"?api-version={entry.api_version}"
        deployment = f"/openai/deployments/{quote(entry.model or '', safe='')}"
        return f"{deployment}/chat/completions{version}", f"/openai/models{version}"
    path = KINDS[entry.kind].api_path
    return f"{path}/chat/completions", f"{path}/models"

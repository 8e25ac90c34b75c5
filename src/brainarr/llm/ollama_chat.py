"""Models behind Ollama's native API: its OpenAI-compatible route cannot set the context window.

https://docs.ollama.com/api/chat
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from brainarr.domain.prompt import Completion, ModelCard, OutputMode, Prompt
from brainarr.errors import MissingResource, ProviderRejected, UnreadableAnswer
from brainarr.http import decode_json, excerpt, said
from brainarr.llm.capabilities import card_of, weaker
from brainarr.llm.installed import MAX_MODELS, Installed, counted, require, require_pick
from brainarr.llm.kinds import KINDS
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.streams import as_object, kept, read_lines
from brainarr.llm.wire import SchemaRefused, count, open_http, output_allowance

# The memory for a context grows with its length: who can run a model cannot always run its 128k window.
_LARGEST_WINDOW_UNASKED = 16_384
# Ollama loads the model anew for every new size, so sizes are few.
_WINDOW_STEP = 2_048
# What the chat template puts around the messages, generously.
_TEMPLATE_TOKENS = 256
# Long enough for a second question of the same run, short enough to give the memory back.
_KEEP_ALIVE = "10m"


class OllamaChat:
    """One model of one chain entry of protocol "ollama"."""

    def __init__(self, entry: ProviderEntry) -> None:
        self.name = entry.name
        self.kind = entry.kind
        self.card: ModelCard | None = None
        self._entry = entry
        self._http = open_http(entry)
        self._think: bool | str | None = None

    async def describe(self) -> ModelCard:
        if self.card is None:
            self.card = await self._introduce()
        return self.card

    async def complete(self, prompt: Prompt) -> Completion:
        card = await self.describe()
        try:
            return await self._converse(self._question(card, prompt))
        except MissingResource:
            raise await self._missing(card.model) from None
        except ProviderRejected as refusal:
            # Before version 0.5, `format` was a word.
            self.card = weaker(self._entry, card, refusal)
            raise SchemaRefused(
                self.name,
                "this Ollama cannot enforce a JSON schema.",
                status=refusal.status,
                body=refusal.body,
            ) from refusal

    async def list_models(self) -> tuple[ModelCard, ...]:
        models = await self._list()
        return await asyncio.to_thread(
            lambda: tuple(card_of(self._entry, model.name, model) for model in models)
        )

    async def probe(self) -> str:
        models = await self._list()
        if self._entry.model is None:
            return f"has {counted(models)}; {require_pick(self.name, models, _PULL_ANY).name} is taken"
        return f"has {require(self.name, self._entry.model, models, _pull(self._entry.model)).name}"

    async def aclose(self) -> None:
        await self._http.aclose()

    def _question(self, card: ModelCard, prompt: Prompt) -> dict[str, Any]:
        answer = output_allowance(card, prompt)
        # Ollama silently cuts the front off a prompt that is too long; it may count a tenth more than we do.
        needed = prompt.tokens * 11 // 10 + _TEMPLATE_TOKENS + answer
        question: dict[str, Any] = {
            "model": card.model,
            "messages": [
                *([{"role": "system", "content": prompt.system}] if prompt.system else ()),
                {"role": "user", "content": prompt.user},
            ],
            "stream": True,
            "keep_alive": _KEEP_ALIVE,
            "options": {
                "num_ctx": min(-(-needed // _WINDOW_STEP) * _WINDOW_STEP, card.context_window),
                "num_predict": answer,
            },
        }
        if card.output is OutputMode.NATIVE:
            question["format"] = prompt.schema
        elif card.output is OutputMode.JSON:
            question["format"] = "json"
        if self._think is not None:
            question["think"] = self._think
        return question

    async def _converse(self, question: dict[str, Any]) -> Completion:
        whole = bytearray()
        message = _Message(self.name)
        async with self._http.post_stream(
            "/api/chat",
            question,
            first=self._entry.first_patience,
            idle=self._entry.idle_timeout,
            begun=lambda: message.begun,
        ) as pieces:
            async for line in read_lines(kept(pieces, whole)):
                message.take(as_object(line) or {})
        if not message.came:
            # A proxy may have made one indented object of it.
            answer = decode_json(self.name, bytes(whole))
            message.take(answer if isinstance(answer, dict) else {})
            if not message.came:
                raise UnreadableAnswer(
                    self.name, "its answer is no chat message.", excerpt=excerpt(bytes(whole[:2_000]))
                )
        return message.completion()

    async def _introduce(self) -> ModelCard:
        model = self._entry.model or require_pick(self.name, await self._list(), _PULL_ANY).name
        try:
            facts = await self._http.post_json("/api/show", {"model": model}, repeatable=True, shape=_Facts)
        except MissingResource:
            raise await self._missing(model) from None
        if "thinking" in facts.capabilities:
            # A list of names gains nothing from long thought, and gpt-oss cannot do without.
            self._think = "low" if "gptoss" in str(facts.model_info.get("general.architecture")) else False
        own = next(
            (count(value) for key, value in facts.model_info.items() if key.endswith(".context_length")), 0
        )
        window = min(own or KINDS[self.kind].context_window, _LARGEST_WINDOW_UNASKED)
        listed = Installed(model, context_window=window)
        card = await asyncio.to_thread(card_of, self._entry, model, listed)
        return msgspec.structs.replace(card, thinks=self._think is not None)

    async def _list(self) -> list[Installed]:
        try:
            answer = await self._http.get_json("/api/tags", shape=_Tags)
        except MissingResource:
            raise ProviderRejected(
                self.name,
                f"there is no Ollama at {self._entry.address}.",
                remedy="Set `base_url` to Ollama's own address, such as http://127.0.0.1:11434.",
            ) from None
        return [
            Installed(
                row.name[:200],
                size=row.size if isinstance(row.size, int) else None,
                remote=bool(row.remote_host),
            )
            for row in answer.models[:MAX_MODELS]
            if row.name
        ]

    async def _missing(self, model: str) -> ProviderRejected:
        """What a 404 means: it is not installed, or this is no Ollama."""
        try:
            require(self.name, model, await self._list(), _pull(model))
        except ProviderRejected as refusal:
            return refusal
        return ProviderRejected(
            self.name,
            f"it lists {model!r} but does not answer for it.",
            remedy="Update Ollama, or pull it again.",
        )


class _Message:
    """An answer, put together from its lines; one that is not streamed has one line."""

    def __init__(self, provider: str) -> None:
        self.came = False
        self.begun = False
        """Whether a word has come, of the answer or of a thought."""
        self._provider = provider
        self._text: list[str] = []
        self._end: Mapping[str, Any] = {}

    def take(self, line: Mapping[str, Any]) -> None:
        """Raises UnreadableAnswer where the line is an error."""
        if line.get("error"):
            raise UnreadableAnswer(
                self._provider,
                f"its answer broke off{said(dict(line))}.",
                excerpt=excerpt("".join(self._text)[:1_000].encode("utf-8", "replace")),
            )
        match line.get("message"):
            case {"content": str(text), **rest}:
                self.came = True
                self._text.append(text)
                self.begun = self.begun or bool(text or rest.get("thinking"))
            case {"thinking": str(thought)}:
                self.came = True
                self.begun = self.begun or bool(thought)
        if line.get("done"):
            self._end = line

    def completion(self) -> Completion:
        """One that is cut off is used as far as it came."""
        return Completion(
            text="".join(self._text),
            prompt_tokens=count(self._end.get("prompt_eval_count")),
            completion_tokens=count(self._end.get("eval_count")),
            # Without its end, the stream broke off.
            truncated=not self._end or self._end.get("done_reason") == "length",
        )


_PULL_ANY = "Pull a model first, for example: ollama pull qwen3:8b"


def _pull(model: str) -> str:
    return f"Pull it (ollama pull {model}), or set `model` to an installed one."


class _Tag(msgspec.Struct):
    name: str
    size: Any = None
    remote_host: Any = None


class _Tags(msgspec.Struct):
    models: list[_Tag]


class _Facts(msgspec.Struct):
    capabilities: list[str] = []
    model_info: dict[str, Any] = {}

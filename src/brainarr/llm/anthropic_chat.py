"""Models behind Anthropic's Messages API, read as they are written: a long answer is no silence.

https://platform.claude.com/docs/en/api/messages, https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from brainarr.domain.prompt import Completion, ModelCard, OutputMode, Prompt
from brainarr.errors import (
    MissingResource,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnreadableAnswer,
)
from brainarr.http import excerpt, said
from brainarr.llm.capabilities import card_of, weaker
from brainarr.llm.installed import MAX_MODELS, Installed, require
from brainarr.llm.kinds import KINDS
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.streams import as_object, read_events
from brainarr.llm.wire import ANSWER_NAME, SchemaRefused, count, open_http, output_allowance

API_VERSION = "2023-06-01"

# Its schemas have no such bounds, and are refused with them:
# https://platform.claude.com/docs/en/build-with-claude/structured-outputs
_UNKNOWN_BOUNDS = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "multipleOf", "pattern"}
)
_PASSING = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
_CUT_OFF = frozenset({"max_tokens", "model_context_window_exceeded"})


class AnthropicChat:
    """One model of one chain entry of protocol "anthropic"."""

    def __init__(self, entry: ProviderEntry) -> None:
        self.name = entry.name
        self.kind = entry.kind
        self.card: ModelCard | None = None
        self._entry = entry
        self._http = open_http(entry, {"anthropic-version": API_VERSION})
        self._path = KINDS[entry.kind].api_path
        self._model = entry.model or KINDS[entry.kind].default_model or ""
        self._weighs_effort = False

    async def describe(self) -> ModelCard:
        if self.card is None:
            listed = await self._look_up()
            self._weighs_effort = listed.weighs_effort
            self.card = await asyncio.to_thread(card_of, self._entry, listed.name, listed)
        return self.card

    async def complete(self, prompt: Prompt) -> Completion:
        card = await self.describe()
        message = _Message(self.name)
        try:
            async with self._http.post_stream(
                f"{self._path}/messages",
                self._question(card, prompt),
                first=self._entry.first_patience,
                idle=self._entry.idle_timeout,
            ) as pieces:
                async for data in read_events(pieces):
                    message.take(as_object(data) or {})
        except MissingResource:
            raise await self._missing() from None
        except ProviderRejected as refusal:
            self.card = weaker(self._entry, card, refusal)
            raise SchemaRefused(
                self.name,
                f"{card.model} refuses the output mode {card.output!r}.",
                status=refusal.status,
                body=refusal.body,
            ) from refusal
        return message.completion()

    async def list_models(self) -> tuple[ModelCard, ...]:
        models = await self._list()
        return await asyncio.to_thread(
            lambda: tuple(card_of(self._entry, model.name, model) for model in models)
        )

    async def probe(self) -> str:
        return f"has {require(self.name, self._model, await self._list(), _NAME).name}"

    async def aclose(self) -> None:
        await self._http.aclose()

    def _question(self, card: ModelCard, prompt: Prompt) -> dict[str, Any]:
        question: dict[str, Any] = {
            "model": card.model,
            "max_tokens": max(256, min(output_allowance(card, prompt), card.context_window - prompt.tokens)),
            **({"system": prompt.system} if prompt.system else {}),
            "messages": [{"role": "user", "content": prompt.user}],
            "stream": True,
        }
        how: dict[str, Any] = {}
        if self._weighs_effort:
            # A list of names gains nothing from long thought, which is billed.
            how["effort"] = "low"
        if card.output is OutputMode.NATIVE:
            how["format"] = {"type": "json_schema", "schema": _without_bounds(prompt.schema)}
        if how:
            question["output_config"] = how
        if card.output is OutputMode.TOOL:
            question["tools"] = [
                {
                    "name": ANSWER_NAME,
                    "description": "Takes the recommendations.",
                    "input_schema": _without_bounds(prompt.schema),
                }
            ]
            question["tool_choice"] = {"type": "tool", "name": ANSWER_NAME}
        return question

    async def _look_up(self) -> Installed:
        """https://platform.claude.com/docs/en/api/models/retrieve; the bare name where it knows no more."""
        try:
            row = await self._http.get_json(
                f"{self._path}/models/{quote(self._model, safe='')}", shape=_Listed
            )
        except (MissingResource, UnreadableAnswer):
            # A proxy in front of it may only know messages.
            return Installed(self._model)
        return msgspec.structs.replace(_read(row), name=self._model)

    async def _list(self) -> list[Installed]:
        """https://platform.claude.com/docs/en/api/models/list"""
        try:
            answer = await self._http.get_json(f"{self._path}/models", {"limit": MAX_MODELS}, shape=_Models)
        except MissingResource:
            raise ProviderRejected(
                self.name,
                f"there is no Messages API at {self._entry.address}.",
                remedy="Correct `base_url`, or leave it out.",
            ) from None
        return [_read(row) for row in answer.data[:MAX_MODELS] if row.id]

    async def _missing(self) -> ProviderRejected:
        try:
            require(self.name, self._model, await self._list(), _NAME)
        except ProviderRejected as refusal:
            return refusal
        return ProviderRejected(
            self.name, f"it lists {self._model!r} but does not answer for it.", remedy=_NAME
        )


_NAME = "Set `model` to one of them."


class _Message:
    """An answer, put together from its events."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._text: list[str] = []
        self._tokens = {"prompt": 0, "completion": 0, "cached": 0}
        self._stop = ""
        self._began = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Raises ProviderError for an error event. Unknown events and blocks are left out, as documented."""
        match event:
            case {"type": "message_start", "message": dict(message)}:
                self._began = True
                self._count(message.get("usage"))
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
                self._text.append(text)
            case {
                "type": "content_block_delta",
                "delta": {"type": "input_json_delta", "partial_json": str(text)},
            }:
                self._text.append(text)
            case {"type": "message_delta"}:
                delta = event.get("delta")
                self._stop = str(delta.get("stop_reason") or "") if isinstance(delta, dict) else ""
                self._count(event.get("usage"))
            case {"type": "error"}:
                raise self._failure(event)

    def completion(self) -> Completion:
        """Raises UnreadableAnswer when this was no message; one that is cut off is used as far as it came."""
        text = "".join(self._text)
        if not self._began:
            raise UnreadableAnswer(
                self._provider, "its answer is no message.", excerpt=excerpt(text.encode())
            )
        return Completion(
            text=text,
            prompt_tokens=self._tokens["prompt"],
            completion_tokens=self._tokens["completion"],
            cached_tokens=self._tokens["cached"],
            # Without a reason to stop, the stream broke off.
            truncated=self._stop in _CUT_OFF or not self._stop,
        )

    def _count(self, usage: Any) -> None:
        """The counts are of all so far; what is cached is not among `input_tokens`."""
        if not isinstance(usage, dict):
            return
        cached = count(usage.get("cache_read_input_tokens"))
        prompt = count(usage.get("input_tokens")) + count(usage.get("cache_creation_input_tokens")) + cached
        if prompt:
            self._tokens |= {"prompt": prompt, "cached": cached}
        self._tokens["completion"] = count(usage.get("output_tokens")) or self._tokens["completion"]

    def _failure(self, event: Mapping[str, Any]) -> ProviderError:
        error = event.get("error")
        kind = error.get("type") if isinstance(error, dict) else ""
        message = f"its answer broke off{said(dict(event))}."
        return (ProviderUnavailable if kind in _PASSING else ProviderRejected)(self._provider, message)


def _without_bounds(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {key: _without_bounds(value) for key, value in schema.items() if key not in _UNKNOWN_BOUNDS}
    return [_without_bounds(value) for value in schema] if isinstance(schema, list) else schema


class _Listed(msgspec.Struct):
    id: str
    max_input_tokens: Any = None
    max_tokens: Any = None
    capabilities: Any = None


class _Models(msgspec.Struct):
    data: list[_Listed]


def _read(row: _Listed) -> Installed:
    return Installed(
        row.id[:200],
        context_window=count(row.max_input_tokens) or None,
        max_output=count(row.max_tokens) or None,
        enforces_schema=_supports(row, "structured_outputs"),
        weighs_effort=_supports(row, "effort") is True,
    )


def _supports(row: _Listed, ability: str) -> bool | None:
    abilities = row.capabilities if isinstance(row.capabilities, dict) else {}
    told = abilities.get(ability)
    supported = told.get("supported") if isinstance(told, dict) else None
    return supported if isinstance(supported, bool) else None

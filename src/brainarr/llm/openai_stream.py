"""Asking over the OpenAI protocol for an answer that is streamed, and putting it together again.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from brainarr.errors import ProviderRejected, UnreadableAnswer
from brainarr.http import Http, decode_json, excerpt, said
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.streams import as_object, kept, read_events

_DONE = b"[DONE]"
_FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_THOUGHT = ("reasoning_content", "reasoning")
"""Shows that the model lives; it is no part of the answer."""
_MOST_TOOL_CALLS = 16


Manner = Literal["counted", "streamed", "whole"]

_CARRIED: dict[Manner, Mapping[str, Any]] = {
    "counted": {"stream": True, "stream_options": {"include_usage": True}},
    "streamed": {"stream": True},
    "whole": {},
}
"""What a question carries for the manner of its answer, best first."""


class OpenAIStream:
    """The chat completions of one chain entry: streamed where the server can, whole where it cannot."""

    def __init__(self, http: Http, path: str, entry: ProviderEntry) -> None:
        self._http = http
        self._path = path
        self._first = entry.first_patience
        self._idle = entry.idle_timeout
        self.manner: Manner = "counted"
        """The best that the server has not refused."""

    async def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The chat completion, as if it had come in one piece; its usage may be missing or nonsense.

        A manner that the server refuses is not used again. Raises ProviderError.
        """
        while True:
            manner = self.manner
            try:
                return await self._ask({**question, **_CARRIED[manner]})
            except ProviderRejected as refusal:
                lesser = _lesser(manner, question, refusal)
                if lesser is None:
                    raise
                self.manner = lesser

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        whole = bytearray()
        answer = _Assembled(self._http.provider)
        async with self._http.post_stream(
            self._path, question, first=self._first, idle=self._idle, begun=lambda: answer.begun
        ) as pieces:
            async for data in read_events(kept(pieces, whole)):
                if data == _DONE:
                    answer.ended = True
                    break
                answer.take(as_object(data) or {})
        completion: Any = answer.completion()
        if completion is None and whole:
            completion = decode_json(self._http.provider, bytes(whole))
        if not (isinstance(completion, dict) and _has_choice(completion)):
            raise UnreadableAnswer(
                self._http.provider,
                f"its answer is no chat completion{said(completion)}.",
                excerpt=excerpt(bytes(whole[:2_000])),
            )
        return completion


def _has_choice(completion: Mapping[str, Any]) -> bool:
    choices = completion.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict)


def _lesser(manner: Manner, question: Mapping[str, Any], refusal: ProviderRejected) -> Manner | None:
    """The next manner to try; None where the refusal is about something else."""
    if refusal.status not in (400, 422) or manner == "whole":
        return None
    told = "" if refusal.body is None else msgspec.json.encode(refusal.body).decode().lower()[:4_000]
    if not told:
        # It may also be the form that is refused, which is given up first.
        formed = "response_format" in question or "tools" in question
        return None if formed else "whole"
    if manner == "counted" and re.search("stream_options|include_usage", told):
        return "streamed"
    # OpenAI streams some models to verified organisations only.
    return "whole" if re.search(r"\bstream(ed|ing)?\b", told) else None


class _Assembled:
    """A chat completion, put together from its chunks."""

    def __init__(self, provider: str) -> None:
        self.begun = False
        """Whether a word has come, of the answer or of a thought."""
        self.ended = False
        self._provider = provider
        self._head: Mapping[str, Any] | None = None
        self._text: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._finish: str | None = None
        self._usage: Any = None

    def take(self, chunk: Mapping[str, Any]) -> None:
        """Raises UnreadableAnswer for an error within the stream; what is no chunk is left out."""
        if chunk.get("error"):
            raise UnreadableAnswer(
                self._provider,
                f"its answer broke off{said(dict(chunk))}.",
                excerpt=excerpt("".join(self._text)[:1_000].encode("utf-8", "replace")),
            )
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
        match chunk.get("choices"):
            case [{**choice}, *_]:
                self._head = self._head or chunk
                self._listen(choice)
                finish = choice.get("finish_reason")
                if isinstance(finish, str) and finish:
                    self._finish = finish if finish in _FINISHES else "stop"

    def completion(self) -> dict[str, Any] | None:
        """None when no chunk came; what is cut off is used as far as it came."""
        if self._head is None:
            return None
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._calls:
            message["tool_calls"] = [call for _, call in sorted(self._calls.items())]
        # Without an end of any kind, the stream broke off.
        finish = self._finish or ("stop" if self.ended else "length")
        return {
            "id": str(self._head.get("id") or "streamed"),
            "object": "chat.completion",
            "created": 0,
            "model": str(self._head.get("model") or ""),
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": self._usage,
        }

    def _listen(self, choice: Mapping[str, Any]) -> None:
        # Some send the whole message as their only event.
        said_now = choice.get("delta") or choice.get("message")
        if not isinstance(said_now, dict):
            return
        self.begun = self.begun or any(said_now.get(key) for key in ("content", "tool_calls", *_THOUGHT))
        match said_now.get("content"):
            case str(text):
                self._text.append(text)
            case [*parts]:
                # Mistral's thinking models: https://docs.mistral.ai/capabilities/reasoning
                self._text += [part["text"] for part in parts if _is_text(part)]
        calls = said_now.get("tool_calls")
        for part in calls if isinstance(calls, list) else ():
            self._call(part)

    def _call(self, part: Any) -> None:
        match part:
            case {"function": {**function}}:
                place = part.get("index")
                place = place if isinstance(place, int) else 0
            case _:
                return
        if place not in self._calls and len(self._calls) == _MOST_TOOL_CALLS:
            return
        call = self._calls.setdefault(
            place,
            {
                "id": str(part.get("id") or f"call-{place}"),
                "type": "function",
                "function": {"name": str(function.get("name") or ""), "arguments": ""},
            },
        )
        if isinstance(function.get("arguments"), str):
            call["function"]["arguments"] += function["arguments"]


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)

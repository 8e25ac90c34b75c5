"""Reading what came back: JSON within bounds, and an excerpt of what was no JSON."""

from typing import Any

import msgspec

from brainarr.errors import UnreadableAnswer


def decode_json(provider: str, content: bytes, shape: Any = Any) -> Any:
    """The JSON in `content`, validated against `shape` (a msgspec type) where one is given.

    Raises UnreadableAnswer, which shows how the content begins.
    """
    try:
        return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=shape)
    except (ValueError, RecursionError) as error:
        raise unreadable(provider, content, error) from error


def unreadable(provider: str, content: bytes, error: Exception) -> UnreadableAnswer:
    """What to tell the user of `content`, the start of an answer, which msgspec refused with `error`."""
    start = excerpt(content)
    if start.startswith("<"):
        message, remedy = "a web page came instead of JSON.", "Is a proxy or a sign-in page in front of it?"
    elif not start:
        message, remedy = "an empty answer came instead of JSON.", ""
    elif isinstance(error, msgspec.ValidationError):
        message, remedy = f"the answer has an unexpected shape: {str(error)[:200]}.", ""
    else:
        message, remedy = "the answer is not JSON, or was cut off.", ""
    return UnreadableAnswer(provider, message, excerpt=start, remedy=remedy)


def excerpt(content: bytes, length: int = 300) -> str:
    """How `content` begins, as one printable line of at most `length` characters."""
    text = content[: 4 * length].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:length]

"""What can be saved of a model's answer: JSON values amid prose, whole or broken; numbered or bulleted lines.

Everything here is bounded: the text is hostile, and no input may take longer than a fraction of a second.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

LONGEST_TEXT = 400_000
"""Characters of an answer that are looked at; 200 items take less than 100,000."""

_MAX_LINES = 3_000
_LONGEST_LINE = 1_000
_LONGEST_BROKEN_OBJECT = 4_000
# Each failure costs what the parser had read until then; hostile nesting would make that quadratic.
_EFFORT = 4 * LONGEST_TEXT

_THINKING = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)|<\|channel\|>analysis.*?<\|end\|>",
    re.DOTALL | re.IGNORECASE,
)
_END_OF_THINKING = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",\s*(?=[}\]])")
_OPENING = re.compile(r"[{\[]")
_FIELD = re.compile(
    r"""(?<![\w"'])["'“”]?(?P<key>[A-Za-z_][\w -]{0,30})["'“”]?\s{0,20}[:=]\s{0,20}
        (?P<value>"(?:[^"\\]|\\.){0,2000}" | '(?:[^'\\]|\\.|'(?!\s*[,}\]])){0,2000}' | -?\d[\d.]{0,20}%?)""",
    re.VERBOSE,
)
_NUMBERED = re.compile(r"\s{0,12}(?:\*\*)?\#?\d{1,4}\\?[.):\]](?:\*\*)?(?:\s+|(?=[^\s\d]))(?P<text>\S.*)")
_BULLETED = re.compile(r"\s{0,12}[-*•–·]\s+(?P<text>\S.*)")


def without_thinking(text: str) -> str:
    """The answer after a model's reasoning; the reasoning itself where nothing came after it."""
    # Half a surrogate pair would stop every encoder behind this.
    text = text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    # Chat templates often open the block themselves, so that only its end is in the text.
    *_, spoken = _END_OF_THINKING.split(_THINKING.sub(" ", text))
    return spoken if spoken.strip() else text


def json_values(text: str) -> Iterator[Any]:
    """The JSON values in `text`, in order. Of a broken one, its parts that can be read."""
    decoder = json.JSONDecoder(strict=False, parse_int=_integer)
    at, effort = 0, _EFFORT
    while effort > 0 and (opening := _OPENING.search(text, at)):
        start = opening.start()
        try:
            value, at = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            # The error itself has counted every line up to it.
            effort -= error.pos - start + start // 32 + 64
            if comma := _TRAILING_COMMA.search(text, max(start, error.pos - 40), error.pos + 2):
                effort -= len(text) // 16
                text = text[: comma.start()] + text[comma.start() + 1 :]
            elif _reaches_the_end(text, error):
                yield from _cut_off(text[start:])
                return
            else:
                fields, at = _broken_object(text, start)
                effort -= at - start
                if fields:
                    yield fields
        except (ValueError, RecursionError):
            effort -= len(text)
            at = start + 1
        else:
            yield value


def listed_lines(text: str) -> list[str]:
    """The entries of a plain list: numbered lines, else bulleted ones, else short lines and nothing else."""
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()[:_MAX_LINES]]
    for entry in (_NUMBERED, _BULLETED):
        if found := [match["text"] for match in map(entry.match, lines) if match]:
            return found
    bare = [line.strip() for line in lines if line.strip()]
    if len(bare) >= 3 and all(len(line) <= 60 and not line.endswith((".", ":", "?", ",")) for line in bare):
        return bare
    return []


def _reaches_the_end(text: str, error: json.JSONDecodeError) -> bool:
    """Whether nothing is wrong with the JSON but that it stops; a literal may have stopped half-way."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - len("-Infinit")


def _cut_off(text: str) -> Iterator[Any]:
    """`text` as the beginning of a JSON value, without the string that was cut off in its middle."""
    try:
        yield from_json(text, allow_partial=True)
    except ValueError:
        return


def _broken_object(text: str, start: int) -> tuple[dict[str, Any], int]:
    """The simple fields of an object that is no JSON, and where to read on."""
    if text[start] != "{":
        return {}, start + 1
    limit = min(len(text), start + _LONGEST_BROKEN_OBJECT)
    following = text.find("{", start + 1, limit)
    end = following if following >= 0 else limit
    fields = {field["key"]: _plain(field["value"]) for field in _FIELD.finditer(text, start + 1, end)}
    return fields, end if fields else start + 1


def _integer(digits: str) -> int | float:
    # Python refuses to read more than 4,300 digits, and would lose the whole answer over them.
    return int(digits) if len(digits) < 20 else float("inf")


def _plain(value: str) -> str:
    if value[0] != '"':
        return value.strip("'")
    try:
        return str(json.loads(value, strict=False))
    except ValueError:
        return value[1:-1]

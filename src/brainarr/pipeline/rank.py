"""list[Verified] → Prompt → Answer: what the sources found is put before a model, which answers an order.

A model that is asked to re-rank names fills its answer with what the person owns (SCIENCE §2): so candidates
carry short ids, stand in no telling order, and whatever is no candidate is refused.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer, ModelCard, Prompt
from brainarr.domain.recommendation import Candidate, Judged, RunOptions, Verdict, Verified
from brainarr.pipeline.compose import ROLE, Compress, asked_for, compose, steering, terms_of, wish
from brainarr.pipeline.dialects import Question, dialect_of
from brainarr.pipeline.plaintext import clean, quote
from brainarr.pipeline.ports import TokenCounter
from brainarr.pipeline.salvage import json_values, listed_lines, without_thinking

# An id and the names of both fields, as JSON.
_ITEM_TOKENS = 24
_GENRES_SHOWN = 3
_MOST_READ = 500
_MOST_REFUSED = 50
_ID = re.compile(r"\W{0,4}(m\d{1,3})\b[\s:.)\]*-]*(.*)", re.DOTALL | re.IGNORECASE)
_IDS, _REASONS = ("id", "candidate", "candidate_id", "name", "artist"), ("reason", "why", "explanation")


def give_ids(kept: Sequence[Verified], seed: int) -> dict[str, Verified]:
    """Short id → candidate, in an order that `seed` alone decides: first places bias models."""
    shuffled = list(kept)
    random.Random(seed).shuffle(shuffled)
    return {f"m{number}": item for number, item in enumerate(shuffled, start=1)}


def write_ranking(
    card: ModelCard,
    options: RunOptions,
    ids: Mapping[str, Verified],
    counter: TokenCounter,
    compress: Compress,
) -> Prompt:
    """As `write_prompt`, for the candidates in `ids`; what does not fit into half of it is left out."""
    terms = terms_of(card, options.prompt_tokens)
    lines: list[str] = []
    room = min(terms.prompt, card.context_window) // 2
    for line in (f"{short}: {_described(item)}" for short, item in ids.items()):
        room -= counter.count(line + "\n")
        if room < 0 and lines:
            break
        lines.append(line)
    wanted = min(asked_for(options), len(lines))
    bounded = dialect_of(card).bounded_lists

    def ask(count: int, words: int) -> Question:
        return Question(
            role=ROLE,
            task=f"Choose the {count} <candidates> that this listener will love most, best first.",
            rules=(
                "Answer ids of candidates and nothing else; each at most once.",
                f"reason: one sentence, at most {words} words.",
                *steering(options),
            ),
            example={"ranking": [{"id": "id of a candidate", "reason": "one short sentence"}]},
            schema=ranking_schema(count if bounded else None),
            asides=(*wish(options), ("candidates", "\n".join(lines))),
        )

    return compose(card, ask, wanted, _ITEM_TOKENS, terms, counter, compress)


def ranking_schema(count: int | None) -> dict[str, Any]:
    """JSON schema of the answer, as strict as `answer_schema`."""
    item = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "reason": {"type": "string"}},
        "required": ["id", "reason"],
        "additionalProperties": False,
    }
    items = {"type": "array", "items": item} | ({} if count is None else {"maxItems": count})
    return {
        "type": "object",
        "properties": {"ranking": items},
        "required": ["ranking"],
        "additionalProperties": False,
    }


def read_ranking(source: str, text: str, ids: Mapping[str, Verified]) -> Answer:
    """The candidates in the model's order, each once, under the names they were proposed with.

    What is no candidate is judged, never taken. Never raises; a candidate may also be called by its name.
    """
    by_name = {name_keys(item.artist.name)[Tier.WORDS]: short for short, item in ids.items()}
    chosen: dict[str, str] = {}
    refused: dict[str, Judged] = {}
    for _, (said, reason) in zip(range(_MOST_READ), _entries(without_thinking(text)), strict=False):
        match = _ID.match(said)
        short = match[1].lower() if match and match[1].lower() in ids else ""
        short = short or by_name.get(name_keys(said)[Tier.WORDS], "")
        if short:
            chosen.setdefault(short, reason or (clean(match[2]) if match else ""))
        elif said and len(refused) < _MOST_REFUSED:
            detail = f"{source} named it, but it was not among the candidates"
            refused.setdefault(said, Judged(said[:80], None, Verdict.NOT_A_CANDIDATE, detail, (source,)))
    order = [
        Candidate(ids[short].fused.artist, source, rank, mbid=ids[short].fused.mbid, reason=reason or None)
        for rank, (short, reason) in enumerate(chosen.items(), start=1)
    ]
    return Answer(tuple(order), judged=tuple(refused.values()))


def _described(item: Verified) -> str:
    album = f", {quote(item.album.title, 60)}" if item.album else ""
    year = f" ({item.year})" if item.year else ""
    genres = ", ".join(quote(name, 30) for name, _ in item.artist.genres[:_GENRES_SHOWN])
    return f"{quote(item.artist.name, 60)}{album}{year}" + (f": {genres}" if genres else "")


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """(id or name, reason) of each entry, from JSON in whatever wrapping, else from a plain list."""
    found = [entry for value in json_values(text) for entry in _unwrapped(value, depth=5)]
    yield from found or ((clean(line), "") for line in listed_lines(text))


def _unwrapped(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield clean(value), ""
    elif depth and isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _unwrapped(inner, depth - 1)
    elif depth and isinstance(value, dict):
        fields = {name.lower(): inner for name, inner in cast(dict[str, Any], value).items()}
        said = next((fields[name] for name in _IDS if isinstance(fields.get(name), str)), None)
        if said is not None:
            reason = next((fields[name] for name in _REASONS if isinstance(fields.get(name), str)), "")
            yield clean(said), clean(reason)
        else:
            for inner in fields.values():
                if isinstance(inner, list | dict):
                    yield from _unwrapped(inner, depth - 1)

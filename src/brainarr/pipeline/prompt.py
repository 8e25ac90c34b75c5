"""Compressed → Prompt: what a model is asked to propose, and the room its answer gets."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from brainarr.domain.prompt import ModelCard, Prompt
from brainarr.domain.recommendation import Discovery, Judged, RunOptions, Target
from brainarr.pipeline.compose import (
    ROLE,
    Compress,
    Terms,
    asked_for,
    compose,
    names_within,
    steering,
    terms_of,
    wish,
)
from brainarr.pipeline.dialects import Question, dialect_of
from brainarr.pipeline.ports import TokenCounter

# Artist, album, year, genres and the names of their fields as JSON: 55 to 75 tokens.
_ITEM_TOKENS = 82

_REACH = {
    Discovery.SIMILAR: "close to what the library already loves",
    Discovery.ADJACENT: "one step beyond the library: neighbouring scenes, influences and descendants",
    Discovery.EXPLORATORY: "well beyond the library, yet with a thread that leads back to it",
}
_WANTED = {
    Target.ARTISTS: "artists (leave album null)",
    Target.ALBUMS: "single studio albums, each by another artist, each with its album title",
    Target.MIXED: "artists or single studio albums (leave album null where the whole artist is meant)",
}
_EXAMPLE = {
    "artist": "artist name",
    "album": "album title or null",
    "year": 1990,
    "genres": ["genre"],
    "confidence": 0.5,
    "reason": "one short sentence",
}


class Brief(msgspec.Struct, frozen=True):
    """What a model is told beside the library; names as they are, not yet quoted."""

    avoid: tuple[str, ...] = ()
    """Suggested before or refused, the latest first."""
    border: tuple[str, ...] = ()
    """Owned, and likely to be proposed all the same, the most likely first."""
    dropped: tuple[Judged, ...] = ()
    """What it proposed earlier in this run, and why that could not be used."""


def answer_schema(count: int | None) -> dict[str, Any]:
    """JSON schema of the answer. Every property is required and closed: strict modes accept nothing else.

    `count`: the most items; None where schemas cannot say it.
    """
    item = {
        "type": "object",
        "properties": {
            "artist": {"type": "string"},
            "album": {"type": ["string", "null"]},
            "year": {"type": ["integer", "null"]},
            "genres": {"type": "array", "items": {"type": "string"}},
            "confidence": {"type": "number"},
            "reason": {"type": "string"},
        },
        "required": ["artist", "album", "year", "genres", "confidence", "reason"],
        "additionalProperties": False,
    }
    items = {"type": "array", "items": item} | ({} if count is None else {"maxItems": count})
    return {
        "type": "object",
        "properties": {"recommendations": items},
        "required": ["recommendations"],
        "additionalProperties": False,
    }


def write_prompt(
    card: ModelCard, options: RunOptions, brief: Brief, counter: TokenCounter, compress: Compress
) -> Prompt:
    """The prompt for one model; its tokens and the answer's always fit the model's context window.

    Raises nothing: a window too small for anything gets the question without the library's exemplars, and is
    asked for as few items as it can answer whole.
    """
    terms = terms_of(card, options.prompt_tokens)
    asides = tuple(_asides(options, brief, terms, counter))
    bounded = dialect_of(card).bounded_lists

    def ask(count: int, words: int) -> Question:
        return Question(
            role=ROLE,
            task=f"Recommend {count} {_WANTED[options.target]}, {_REACH[options.discovery]}.",
            rules=(
                "Only real artists by their usual names, each once: none from the library, no compilations, "
                'no album title and no joined name ("A feat. B") as an artist.',
                "confidence: 0 to 1, how sure you are that this listener will love it. "
                f"reason: one sentence, at most {words} words.",
                *steering(options),
                *_about(asides),
            ),
            example={"recommendations": [_EXAMPLE]},
            schema=answer_schema(count if bounded else None),
            asides=asides,
        )

    return compose(card, ask, asked_for(options), _ITEM_TOKENS, terms, counter, compress, brief.border)


def _asides(
    options: RunOptions, brief: Brief, terms: Terms, counter: TokenCounter
) -> Iterator[tuple[str, str]]:
    yield from wish(options)
    if avoid := names_within(brief.avoid, terms.asides, counter):
        yield "avoid", avoid
    if dropped := _dropped(brief.dropped, terms.asides, counter):
        yield "dropped", dropped


def _about(asides: Sequence[tuple[str, str]]) -> Iterator[str]:
    tags = dict(asides)
    if "avoid" in tags:
        yield "Nothing from <avoid>: it was suggested before or refused."
    if "dropped" in tags:
        yield "You were asked before. <dropped> says what of it could not be used, and why: propose others."


def _dropped(judged: Sequence[Judged], tokens: int, counter: TokenCounter) -> str:
    """One line for each reason, as many names as fit."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in judged:
        by_reason[item.verdict.value].append(item.artist)
    share = tokens // max(1, len(by_reason))
    lines = ((reason, names_within(names, share, counter)) for reason, names in by_reason.items())
    return "\n".join(f"{reason}: {names}" for reason, names in lines if names)

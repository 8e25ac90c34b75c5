"""list[Verified] → Prompt → Answer: what the sources found is put before a model, which answers an order.

A model that is asked to re-rank names fills its answer with what the person owns (SCIENCE §2): so candidates
carry short ids, stand in no telling order, and whatever is no candidate is refused.
"""

import random
from collections.abc import Mapping, Sequence

from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer, ModelCard, Prompt
from brainarr.domain.recommendation import Candidate, Judged, RunOptions, Verdict, Verified
from brainarr.pipeline.compose import ROLE, Compress, asked_for, compose, steering, terms_of, wish
from brainarr.pipeline.dialects import Question, dialect_of
from brainarr.pipeline.entries import entries_schema, read_entries, split_id
from brainarr.pipeline.plaintext import quote
from brainarr.pipeline.ports import TokenCounter

# An id and the names of both fields, as JSON.
_ITEM_TOKENS = 24
_GENRES_SHOWN = 3
_MOST_REFUSED = 50


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
            schema=entries_schema("ranking", count if bounded else None),
            asides=(*wish(options), ("candidates", "\n".join(lines))),
        )

    return compose(card, ask, wanted, _ITEM_TOKENS, terms, counter, compress)


def read_ranking(source: str, text: str, ids: Mapping[str, Verified]) -> Answer:
    """The candidates in the model's order, each once, under the names they were proposed with.

    What is no candidate is judged, never taken. Never raises; a candidate may also be called by its name.
    """
    by_name = {name_keys(item.artist.name)[Tier.WORDS]: short for short, item in ids.items()}
    chosen: dict[str, str] = {}
    refused: dict[str, Judged] = {}
    for said, reason in read_entries(text):
        short, rest = split_id(said, ids)
        short = short or by_name.get(name_keys(said)[Tier.WORDS], "")
        if short:
            chosen.setdefault(short, reason or rest)
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

"""Whether the models are asked once more, and for what: when too little of what was proposed survived."""

from collections.abc import Sequence

import msgspec

from brainarr.domain.recommendation import Discovery, Judged, RunOptions, Verdict

MOST_ROUNDS = 2
"""After the first question."""

# From here on another question of the same kind mostly brings back what is known.
_SATURATED = 0.6
_KNOWN = (Verdict.OWNED, Verdict.RECOMMENDED_BEFORE, Verdict.REJECTED_BEFORE)
_WIDER = {Discovery.SIMILAR: Discovery.ADJACENT, Discovery.ADJACENT: Discovery.EXPLORATORY}
# What a model can do nothing about is not told.
_TOLD = (
    *_KNOWN,
    Verdict.BLOCKED,
    Verdict.UNKNOWN,
    Verdict.EXCLUDED,
    Verdict.NO_ALBUM,
    Verdict.AMBIGUOUS,
    Verdict.AVOIDED_STYLE,
    Verdict.ALBUM_AS_ARTIST,
    Verdict.COLLABORATION,
)


class Round(msgspec.Struct, frozen=True):
    """One question to the models within a run; number 0 is the first."""

    discovery: Discovery
    number: int = 0
    dropped: tuple[Judged, ...] = ()
    """What could not be used so far, the latest first."""


def next_round(
    last: Round, options: RunOptions, judged: Sequence[Judged], kept: int, *, answered: bool
) -> Round | None:
    """None: enough survived, nobody answers, or it was tried often enough.

    Discovery is widened by one step where most of what was proposed is known already.
    """
    if kept >= options.max_recommendations or last.number >= MOST_ROUNDS or not answered:
        return None
    known = sum(item.verdict in _KNOWN for item in judged)
    saturated = bool(judged) and known / len(judged) >= _SATURATED
    discovery = _WIDER.get(last.discovery, last.discovery) if saturated else last.discovery
    dropped = tuple(item for item in reversed(judged) if item.verdict in _TOLD)
    return Round(discovery, last.number + 1, dropped)

"""What the similarity sources would have told the runs of earlier days, and where the lists come from."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from brainarr.domain.backtest import Asked
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Outcome, Progress
from brainarr.domain.taste import Profile
from brainarr.pipeline.candidates import Heard, RecallSimilar, hear_sources, seeds_for
from brainarr.pipeline.ports import CandidateSource

OnProgress = Callable[[Progress], None]


class NeighbourCount(msgspec.Struct):
    """Where one source's lists came from, noted as they are asked for: seeds."""

    known: set[Mbid] = msgspec.field(default_factory=set[Mbid])
    fetched: set[Mbid] = msgspec.field(default_factory=set[Mbid])


class Consulted(msgspec.Struct, frozen=True):
    """Who is asked."""

    sources: Sequence[CandidateSource]
    recall: RecallSimilar
    """What stands in for a source that fails, as in a run."""
    counts: Mapping[str, NeighbourCount]
    """Source → what it and `recall` count into."""


async def hear_past(
    profiles: Sequence[Profile], whom: Consulted, on_progress: OnProgress
) -> list[list[Heard]]:
    """For each cut what its run would have heard of its own seeds, within the allowances of one run. What one
    cut has fetched is remembered for the next."""
    total = sum(len(seeds_for(source, profile.seeds)) for profile in profiles for source in whom.sources)
    done = 0

    def seed_done(source: str) -> None:
        nonlocal done
        done += 1
        on_progress(Progress("candidates", source, done, total))

    return [await hear_sources(profile.seeds, whom.sources, whom.recall, seed_done) for profile in profiles]


def questions(
    profiles: Sequence[Profile], whom: Consulted, heard: Sequence[Sequence[Heard]]
) -> tuple[Asked, ...]:
    """What each source was asked over all cuts, with the last trouble that it had."""
    asked: list[Asked] = []
    for number, source in enumerate(whom.sources):
        count = whom.counts[source.name]
        wanted = {seed.mbid for profile in profiles for seed in seeds_for(source, profile.seeds)}
        reports = [cut[number].report for cut in heard]
        troubles = [one.detail for one in reports if one.detail and one.outcome is not Outcome.NOT_NEEDED]
        asked.append(
            Asked(
                source=source.name,
                seeds=len(wanted | count.known),
                known=len(count.known - count.fetched),
                fetched=len(count.fetched),
                missing=len(wanted - count.known - count.fetched),
                detail=troubles[-1] if troubles else "",
            )
        )
    return tuple(asked)

"""Profile → list[Candidate]: asks every similarity source about every seed, all sources at once."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from brainarr.domain.recommendation import Candidate, Outcome, ProviderReport
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, UnreadableAnswer
from brainarr.pipeline.ports import CandidateSource

# A source that failed this often in a row is left alone for the rest of the run: sixty time-outs help nobody.
_GIVE_UP_AFTER = 3
_SEEDS_AT_ONCE = 4

SeedDone = Callable[[str], None]
"""Called with the source's name after each seed."""


class Heard(msgspec.Struct, frozen=True):
    """What one source said, and how it went."""

    candidates: tuple[Candidate, ...]
    report: ProviderReport


async def hear_sources(
    seeds: Sequence[Seed], sources: Sequence[CandidateSource], seed_done: SeedDone
) -> list[Heard]:
    """One `Heard` per source, in their order. A failure is a report, never an exception and never silence."""
    return list(await asyncio.gather(*(_hear_source(source, seeds, seed_done) for source in sources)))


async def _hear_source(source: CandidateSource, seeds: Sequence[Seed], seed_done: SeedDone) -> Heard:
    started = asyncio.get_running_loop().time()
    found: list[Candidate] = []
    failures: list[ProviderError] = []
    in_a_row = 0
    slots = asyncio.Semaphore(_SEEDS_AT_ONCE)

    async def ask(seed: Seed) -> None:
        nonlocal in_a_row
        async with slots:
            if in_a_row < _GIVE_UP_AFTER:
                try:
                    found.extend(await source.similar(seed))
                    in_a_row = 0
                except ProviderError as error:
                    failures.append(error)
                    # A refused key is refused for every seed; only what may pass deserves another try.
                    in_a_row = _GIVE_UP_AFTER if isinstance(error, ProviderRejected) else in_a_row + 1
            seed_done(source.name)

    await asyncio.gather(*(ask(seed) for seed in seeds))
    outcome, detail = _judge_source(found, failures, len(seeds))
    report = ProviderReport(
        name=source.name,
        kind=source.kind,
        outcome=outcome,
        detail=detail,
        candidates=len(found),
        seconds=asyncio.get_running_loop().time() - started,
    )
    return Heard(tuple(found), report)


def _judge_source(
    found: Sequence[Candidate], failures: Sequence[ProviderError], asked: int
) -> tuple[Outcome, str]:
    if not asked:
        return Outcome.NOT_NEEDED, "no seeds: no artist of the library has an MBID"
    if found:
        return (
            Outcome.OK,
            f"{len(failures)} of {asked} seeds failed, the last: {failures[-1]}" if failures else "",
        )
    if not failures:
        return Outcome.EMPTY, f"knows nothing similar to any of {asked} seeds"
    match failures[-1]:
        case ProviderRejected():
            outcome = Outcome.REJECTED
        case UnreadableAnswer():
            outcome = Outcome.UNREADABLE
        case _:
            outcome = Outcome.UNAVAILABLE
    return outcome, str(failures[-1])

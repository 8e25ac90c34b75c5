"""Profile → list[Candidate]: asks every similarity source about every seed, all sources at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from brainarr.domain.music import Library
from brainarr.domain.recommendation import Candidate, Outcome, ProviderReport
from brainarr.domain.taste import Seed
from brainarr.errors import ProviderError, ProviderRejected, UnreadableAnswer
from brainarr.pipeline.ports import CandidateSource, LibraryReader

# A source that failed this often in a row is left alone for the rest of the run: sixty time-outs help nobody.
_GIVE_UP_AFTER = 3
_SEEDS_AT_ONCE = 4

SeedDone = Callable[[str], None]
"""Called with the source's name after each seed that it is asked about."""
RecallSimilar = Callable[[CandidateSource, Seed], Awaitable[tuple[Candidate, ...]]]
"""What the source said of the seed in an earlier run, also if that is past its time; asks nobody."""


class Heard(msgspec.Struct, frozen=True):
    """What one source said, and how it went."""

    candidates: tuple[Candidate, ...]
    report: ProviderReport


def seeds_for(source: CandidateSource, seeds: Sequence[Seed]) -> Sequence[Seed]:
    """Those that the source is asked about: all, or the heaviest that its allowance covers."""
    if source.allowance is None:
        return seeds
    return sorted(seeds, key=lambda seed: -seed.weight)[: source.allowance.seeds]


async def hear_sources(
    seeds: Sequence[Seed], sources: Sequence[CandidateSource], recall: RecallSimilar, seed_done: SeedDone
) -> list[Heard]:
    """One `Heard` per source, in their order. A failure is a report, never an exception and never silence;
    where a source fails, what it said in earlier runs stands in."""
    return list(
        await asyncio.gather(*(_Hearing(source, seeds, recall, seed_done).hear() for source in sources))
    )


async def hear_readers(
    library: Library, weights: Mapping[int, float], readers: Sequence[LibraryReader]
) -> list[Heard]:
    """The same of the sources that look at the whole library."""
    return list(await asyncio.gather(*(_hear_reader(library, weights, reader) for reader in readers)))


async def _hear_reader(library: Library, weights: Mapping[int, float], reader: LibraryReader) -> Heard:
    now = asyncio.get_running_loop().time
    started = now()
    found: tuple[Candidate, ...] = ()
    try:
        found = await reader.propose(library, weights)
        outcome, detail = (
            (Outcome.OK, "") if found else (Outcome.EMPTY, "knows none of the library's artists")
        )
    except ProviderError as error:
        outcome, detail = _failed(error), str(error)
    return Heard(
        found, ProviderReport(reader.name, reader.kind, outcome, detail, len(found), seconds=now() - started)
    )


def _failed(error: ProviderError) -> Outcome:
    match error:
        case ProviderRejected():
            return Outcome.REJECTED
        case UnreadableAnswer():
            return Outcome.UNREADABLE
        case _:
            return Outcome.UNAVAILABLE


class _Hearing:
    """One source asked about its seeds."""

    def __init__(
        self, source: CandidateSource, seeds: Sequence[Seed], recall: RecallSimilar, seed_done: SeedDone
    ) -> None:
        self._source = source
        self._seeds = seeds
        self._recall = recall
        self._seed_done = seed_done
        self._found: list[Candidate] = []
        self._failures: list[ProviderError] = []
        self._in_a_row = 0
        self._answered = 0
        self._remembered = 0
        self._late = 0

    async def hear(self) -> Heard:
        now = asyncio.get_running_loop().time
        started = now()
        allowance = self._source.allowance
        deadline = started + allowance.seconds if allowance else None
        asked = seeds_for(self._source, self._seeds)
        slots = asyncio.Semaphore(_SEEDS_AT_ONCE)

        async def ask(seed: Seed) -> None:
            async with slots:
                if self._in_a_row >= _GIVE_UP_AFTER or not await self._ask(seed, deadline):
                    await self._remember(seed)
                self._seed_done(self._source.name)

        await asyncio.gather(*(ask(seed) for seed in asked))
        spoken_for = {seed.mbid for seed in asked}
        for seed in self._seeds:
            if seed.mbid not in spoken_for:
                await self._remember(seed)
        outcome, detail = self._judge(len(asked))
        report = ProviderReport(
            name=self._source.name,
            kind=self._source.kind,
            outcome=outcome,
            detail=detail,
            candidates=len(self._found),
            seconds=now() - started,
        )
        return Heard(tuple(self._found), report)

    async def _ask(self, seed: Seed, deadline: float | None) -> bool:
        """Whether the source answered."""
        try:
            async with asyncio.timeout_at(deadline):
                self._found += await self._source.similar(seed)
        except TimeoutError:
            self._late += 1
            return False
        except ProviderError as error:
            self._failures.append(error)
            # A refused key is refused for every seed; only what may pass deserves another try.
            self._in_a_row = _GIVE_UP_AFTER if isinstance(error, ProviderRejected) else self._in_a_row + 1
            return False
        self._in_a_row = 0
        self._answered += 1
        return True

    async def _remember(self, seed: Seed) -> None:
        found = await self._recall(self._source, seed)
        self._found += found
        self._remembered += bool(found)

    def _judge(self, asked: int) -> tuple[Outcome, str]:
        if not self._seeds:
            return Outcome.NOT_NEEDED, "no seeds: no artist of the library has an MBID"
        troubles: list[str] = []
        if self._failures:
            troubles.append(f"{len(self._failures)} of {asked} seeds failed, the last: {self._failures[-1]}")
        if self._late:
            troubles.append(f"its time was over before {self._late} of {asked} seeds were answered")
        if self._remembered:
            troubles.append(f"for {self._remembered} seeds, what it said in earlier runs was used")
        if self._answered or not (self._failures or self._late):
            if self._found:
                return Outcome.OK, "; ".join(troubles)
            if not troubles:
                return Outcome.EMPTY, f"knows nothing similar to any of {asked} seeds"
        outcome = _failed(self._failures[-1]) if self._failures else Outcome.UNAVAILABLE
        return outcome, "; ".join(troubles)
